"""Write scenarios and timelines down and read them back: versioned, plain data, no pickle."""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from dataloader_sim import wire_checks
from dataloader_sim.observed import TABLES, Observed
from dataloader_sim.scenario import Fault, LoaderConfig, Machine, Scenario, Workload
from dataloader_sim.timeline import SPAN, Activity, Array, Failure, Timeline

VERSION = 3
# Earlier versions knew fewer fields; one that a stored file lacks has its default, as it did when the file was written.
READABLE = (1, 2, VERSION)
_MAGIC = b"DLLT"
_PARTS: dict[str, type] = {"workload": Workload, "loader": LoaderConfig, "machine": Machine}
# A stored run may unfold to this much and no more (10 million batches of 4 spans take 1.4 GB; nobody stores that).
MOST_BYTES = 1 << 30
_HEAD = {"version", "source", "peak_memory_bytes", "spans", "failure", "observed", "scenario"}
_OBSERVED = {"rows", "steps", "partial", "notes", "origin"}


def scenario_to_dict(scenario: Scenario) -> dict[str, Any]:
    """Return a scenario as plain JSON values; infinity is written as the string 'inf'."""
    whole = asdict(scenario)
    for part in _PARTS:
        whole[part] = {name: _plain(value) for name, value in whole[part].items()}
    return {"version": VERSION, **whole}


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return list(value)
    return "inf" if value == math.inf else value


def scenario_from_dict(data: object) -> Scenario:
    """Build a scenario from `scenario_to_dict`'s form; raises ValueError for anything else."""
    version = data.get("version") if isinstance(data, dict) else None
    if isinstance(data, dict):
        _check_version(version)
    old = version != VERSION
    whole = _expect(data, {"version", *_names(Scenario)}, {"threads", "fault"} if old else None)
    del whole["version"]
    for part, kind in _PARTS.items():
        values = _expect(whole[part], _names(kind), _names(kind) if old else None)
        whole[part] = kind(**{name: math.inf if value == "inf" else value for name, value in values.items()})
    if whole.get("fault") is not None:
        whole["fault"] = Fault(**_expect(whole["fault"], _names(Fault)))
    return Scenario(**whole)


def _names(kind: type) -> set[str]:
    return {item.name for item in fields(kind)}


def timeline_to_bytes(timeline: Timeline) -> bytes:
    """Return a timeline as bytes: magic, length of a JSON head, the head, all its tables compressed by zlib."""
    head = {
        "version": VERSION,
        "source": timeline.source,
        "peak_memory_bytes": timeline.peak_memory_bytes,
        "spans": int(timeline.spans.size),
        "failure": _failure(timeline),
        "observed": _observed(timeline),
        "scenario": scenario_to_dict(timeline.scenario),
    }
    text = json.dumps(head, allow_nan=False).encode()
    tables = [timeline.spans, *(getattr(timeline.observed, name) for name in TABLES if timeline.observed)]
    raw = b"".join(table.astype(table.dtype.newbyteorder("<"), copy=False).tobytes() for table in tables)
    return _MAGIC + struct.pack("<I", len(text)) + text + zlib.compress(raw)


def timeline_from_bytes(data: bytes) -> Timeline:
    """Read `timeline_to_bytes`'s form; raises ValueError for anything cut off, altered or newer."""
    start = len(_MAGIC) + 4
    if data[: len(_MAGIC)] != _MAGIC or len(data) < start:
        raise ValueError("not a stored timeline: it does not start as one")
    whole = wire_checks.head_of(data, start)
    # The version comes first: a newer file may differ in all that follows.
    _check_version(whole.get("version"))
    head = _expect(whole, _HEAD, {"failure", "observed"})
    scenario, observed = scenario_from_dict(head["scenario"]), _texts(head.get("observed"))
    wire_checks.check_size("peak_memory_bytes", head["peak_memory_bytes"])
    (length,) = struct.unpack_from("<I", data, len(_MAGIC))
    rows = {} if observed is None else _expect(observed.pop("rows"), set(TABLES))
    # In the order they were written in, whatever the order of the head's names.
    counts = {"spans": head["spans"]} | {name: rows[name] for name in TABLES if rows}
    arrays = _tables(data[start + length :], counts)
    spans = arrays.pop("spans")
    wire_checks.check_spans(spans, scenario)
    wire_checks.check_rows(arrays, scenario, len(observed["steps"]) if observed else 0)
    return Timeline(
        scenario=scenario,
        source=head["source"],
        spans=spans,
        peak_memory_bytes=head["peak_memory_bytes"],
        failure=_failed(head.get("failure")),
        observed=None if observed is None else Observed(**(observed | arrays)),
    )


def _check_version(version: object) -> None:
    if version not in READABLE or not isinstance(version, int) or isinstance(version, bool):
        got = repr(version)[:40]
        raise ValueError(f"version must be {VERSION} or less, got {got}: update dataloader-lab to read newer files")


def _failed(data: object) -> Failure | None:
    if data is None:
        return None
    values = _expect(data, _names(Failure))
    wire_checks.check_texts([values["message"]])
    return Failure(**values)


def _texts(data: object) -> dict[str, Any] | None:
    """Return what is observed beside the tables, its texts checked."""
    if data is None:
        return None
    observed = _expect(data, _OBSERVED)
    steps, notes, origin = observed["steps"], observed["notes"], observed["origin"]
    if not isinstance(steps, list) or not isinstance(notes, list) or not isinstance(origin, dict):
        raise wire_checks.damaged("its steps, notes or origin are none")
    wire_checks.check_texts([*steps, *notes, *origin, *origin.values()])
    return observed | {"steps": tuple(steps), "notes": tuple(notes)}


def _tables(data: bytes, counts: Mapping[str, object]) -> dict[str, Array]:
    """Unfold the bytes and cut them into tables of the announced numbers of rows."""
    dtypes = {"spans": SPAN} | TABLES
    for name, count in counts.items():
        wire_checks.check_count(name, count)
    sizes = {name: dtypes[name].itemsize * int(count) for name, count in counts.items()}  # type: ignore[call-overload]
    raw, at, arrays = wire_checks.unfolded(data, sum(sizes.values()), MOST_BYTES), 0, {}
    for name, size in sizes.items():
        dtype = dtypes[name]
        arrays[name] = np.frombuffer(raw, dtype.newbyteorder("<"), size // dtype.itemsize, at).astype(dtype)
        at += size
    return arrays


def timeline_to_dict(timeline: Timeline) -> dict[str, Any]:
    """Return a timeline as plain JSON values, a dict per span with the activity's name."""
    names = SPAN.names or ()
    spans = [dict(zip(names, row, strict=True)) for row in timeline.spans.tolist()]
    for span in spans:
        span["activity"] = Activity(span["activity"]).name.lower()
    return {
        "version": VERSION,
        "source": timeline.source,
        "peak_memory_bytes": timeline.peak_memory_bytes,
        "failure": _failure(timeline),
        "scenario": scenario_to_dict(timeline.scenario),
        "spans": spans,
    }


def _observed(timeline: Timeline) -> dict[str, Any] | None:
    seen = timeline.observed
    if seen is None:
        return None
    return {
        "rows": {name: int(getattr(seen, name).size) for name in TABLES},
        "steps": list(seen.steps),
        "partial": seen.partial,
        "notes": list(seen.notes),
        "origin": dict(seen.origin),
    }


def _failure(timeline: Timeline) -> dict[str, Any] | None:
    return asdict(timeline.failure) if timeline.failure else None


def _expect(data: object, names: set[str], optional: set[str] | None = None) -> dict[str, Any]:
    """Return a copy of a dict that holds these names and no others, perhaps without the optional ones."""
    if not isinstance(data, dict) or not names - (optional or set()) <= set(data) <= names:
        got = ", ".join(sorted(map(str, data))) if isinstance(data, dict) else type(data).__name__
        # One sentence, whatever the names are.
        raise ValueError(f"a stored scenario must hold exactly {', '.join(sorted(names))}, got {got[:200]}")
    return dict(data)
