"""Keep what this machine's plumbing costs in the user's data folder, and read it back with suspicion."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from bench import machine
from bench.calibration.quantity import Quantity
from bench.files import write_whole
from bench.runs.schema import StoreError
from dataloader_sim.scenario import Machine, Scenario
from dataloader_sim.wire import scenario_from_dict, scenario_to_dict

NAME = "host.json"
KIND, VERSION = "host calibration", 1
# A file of ours takes 8 kB.
MOST_BYTES = 1 << 20
MOST_QUANTITIES = 1000
AGAIN = "`dataloader-lab host --calibrate` measures it again"
_FIELDS = {"kind", "version", "measured_utc", "others_share", "origin", "machine", "quantities", "notes"}


@dataclass(frozen=True, kw_only=True)
class Host:
    """Hold what torch's plumbing costs on one machine.

    machine: as the simulator takes it. quantities: each measured cost with its interval, those included that the
    simulator does not know. measured_utc: when. others_share: the largest share of the machine that other programs
    used during a kept repeat, in [0, 1]. origin: `bench.machine.describe` of then. notes: what to know, sentences.
    """

    machine: Machine
    quantities: tuple[Quantity, ...]
    measured_utc: str
    others_share: float
    origin: Mapping[str, str]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class KeptHost:
    """Hold what is kept of this machine: None when there is nothing to use; notice: one sentence on why, or ''."""

    host: Host | None
    notice: str = ""


def document(host: Host) -> dict[str, Any]:
    """Return a Host as JSON values."""
    return {
        "kind": KIND,
        "version": VERSION,
        "measured_utc": host.measured_utc,
        "others_share": host.others_share,
        "origin": dict(host.origin),
        "machine": scenario_to_dict(Scenario(machine=host.machine)),
        "quantities": [asdict(one) for one in host.quantities],
        "notes": list(host.notes),
    }


def write(host: Host, folder: Path) -> Path:
    """Keep a Host, all of it or nothing; raises StoreError when the folder cannot be written."""
    path = folder / NAME
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(path, json.dumps(document(host), indent=1, allow_nan=False).encode())
    except OSError as error:
        way_out = "make it writable, or set XDG_DATA_HOME to another folder"
        raise StoreError(f"the calibration cannot be kept in {folder} ({error.strerror}): {way_out}") from None
    return path


def read(folder: Path) -> KeptHost:
    """Read what is kept of this machine; what cannot be used is said in one sentence and never raised."""
    path = folder / NAME
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return KeptHost(host=None)
    except OSError as error:
        return KeptHost(host=None, notice=f"{path} cannot be read ({error.strerror}): {AGAIN}")
    try:
        host = _parsed(data)
    except _NewerError:
        return KeptHost(host=None, notice=f"{path} was written by a newer dataloader-lab: update this one to use it")
    except (ValueError, TypeError, RecursionError) as error:
        said = " ".join(str(error).split())[:120]
        return KeptHost(host=None, notice=f"{path} is damaged and ignored ({said}): {AGAIN}")
    return _judged(host, path)


class _NewerError(ValueError):
    pass


def _judged(host: Host, path: Path) -> KeptHost:
    here = machine.describe()
    if host.origin.get("machine_id") != here["machine_id"]:
        return KeptHost(host=None, notice=f"{path} was measured on another machine and is ignored: {AGAIN}")
    then, now = host.origin.get("torch", ""), here["torch"]
    notice = "" if then == now else f"the plumbing was measured with torch {then}, and this is {now}: {AGAIN}"
    usable = machine.this_machine()
    # A container's limits may have changed since.
    cores = min(host.machine.cores, usable.cores)
    current = replace(host.machine, cores=cores, ram_bytes=usable.ram_bytes, shm_bytes=usable.shm_bytes)
    return KeptHost(host=replace(host, machine=current), notice=notice)


def _parsed(data: bytes) -> Host:
    if len(data) > MOST_BYTES:
        raise ValueError("it is too large")
    whole = json.loads(data)
    if not isinstance(whole, dict) or whole.get("kind") != KIND:
        raise ValueError("it is no calibration")
    version = whole.get("version")
    if isinstance(version, int) and version > VERSION:
        raise _NewerError
    if version != VERSION or whole.keys() != _FIELDS:
        raise ValueError("its fields are not those of a calibration")
    return Host(
        machine=scenario_from_dict(whole["machine"]).machine,
        quantities=_quantities(whole["quantities"]),
        measured_utc=_text(whole["measured_utc"]),
        others_share=_number(whole["others_share"]),
        origin=_texts(whole["origin"]),
        notes=tuple(map(_text, whole["notes"])),
    )


def _quantities(rows: object) -> tuple[Quantity, ...]:
    names = {item.name for item in fields(Quantity)}
    if not isinstance(rows, list) or len(rows) > MOST_QUANTITIES:
        raise ValueError("its quantities are no list")
    for row in rows:
        if not isinstance(row, dict) or row.keys() != names:
            raise ValueError("a quantity lacks a field or has one too many")
        for name in ("value", "low", "high", "count"):
            _number(row[name])
        for name in ("name", "source", "note"):
            _text(row[name])
    return tuple(Quantity(**row) for row in rows)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("a number is none")
    return float(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("a text is none")  # noqa: TRY004 (a damaged file, whatever its types)
    return value


def _texts(values: object) -> dict[str, str]:
    if not isinstance(values, dict):
        raise ValueError("its origin is none")  # noqa: TRY004 (as above)
    return {_text(name): _text(value) for name, value in values.items()}
