"""Write scenarios and timelines down and read them back: versioned, plain data, no pickle."""

from __future__ import annotations

import json
import math
import struct
import zlib
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from dataloader_sim.observed import TABLES, Observed
from dataloader_sim.rules import refuse
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
    if isinstance(data, dict) and version not in READABLE:
        raise ValueError(
            f"version must be {VERSION} or less, got {version!r}: update dataloader-lab to read newer files"
        )
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
    if data[:4] != _MAGIC or len(data) < 8:  # noqa: PLR2004
        raise ValueError("not a stored timeline: it does not start as one")
    (length,) = struct.unpack_from("<I", data, 4)
    try:
        head = _expect(json.loads(data[8 : 8 + length]), _HEAD, {"failure", "observed"})
        unfold = zlib.decompressobj()
        raw = unfold.decompress(data[8 + length :], MOST_BYTES)
    except (UnicodeDecodeError, json.JSONDecodeError, zlib.error, RecursionError) as error:
        raise ValueError(f"a stored timeline is damaged: {error}") from None
    # The version comes first: a newer file may differ in all that follows.
    scenario, failed, seen = scenario_from_dict(head["scenario"]), head.get("failure"), head.get("observed")
    observed = None if seen is None else _expect(seen, _OBSERVED)
    tables = {"spans": (SPAN, head["spans"])}
    if observed is not None:
        rows = _expect(observed.pop("rows"), set(TABLES))
        tables |= {name: (dtype, rows[name]) for name, dtype in TABLES.items()}
    if not unfold.eof:
        raise ValueError("a stored timeline is damaged: it is cut off, or unfolds to more than it may")
    arrays = _split(raw, tables)
    return Timeline(
        scenario=scenario,
        source=head["source"],
        spans=arrays.pop("spans"),
        peak_memory_bytes=head["peak_memory_bytes"],
        failure=Failure(**_expect(failed, _names(Failure))) if failed is not None else None,
        observed=None if observed is None else Observed(**(observed | arrays | _texts(observed))),
    )


def _texts(observed: dict[str, Any]) -> dict[str, tuple[Any, ...]]:
    for name in ("steps", "notes"):
        if not isinstance(observed[name], list):
            raise refuse(f"a stored timeline's {name}", "a list", observed[name])
    if not isinstance(observed["origin"], dict):
        raise refuse("a stored timeline's origin", "an object", observed["origin"])
    return {name: tuple(observed[name]) for name in ("steps", "notes")}


def _split(raw: bytes, tables: dict[str, tuple[np.dtype[np.void], object]]) -> dict[str, Array]:
    """Cut the bytes into tables of the announced numbers of rows."""
    at, arrays = 0, {}
    for name, (dtype, count) in tables.items():
        if not isinstance(count, int) or isinstance(count, bool) or count < 0 or at + count * dtype.itemsize > len(raw):
            break
        piece = np.frombuffer(raw, dtype.newbyteorder("<"), count, at)
        arrays[name], at = piece.astype(dtype), at + count * dtype.itemsize
    if len(arrays) != len(tables) or at != len(raw):
        raise ValueError("a stored timeline is damaged: it does not hold the rows that it announces")
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
        raise ValueError(f"a stored scenario must hold exactly {', '.join(sorted(names))}, got {got}")
    return dict(data)
