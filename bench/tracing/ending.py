"""Say how a traced program ended. Needs no torch."""

from __future__ import annotations

import json
import signal
from dataclasses import asdict, dataclass
from pathlib import Path

ENDING = "ending.json"
# A person stopped the program; anything else that is not an Exception killed it.
STOPPED = "stopped"


@dataclass(frozen=True)
class Ending:
    """Say how the traced program ended: when (0: unknown), and, unless all went well, how and with what message.

    notes: what is missing besides what the journals show.
    """

    at_ns: int = 0
    kind: str = ""
    message: str = ""
    notes: tuple[str, ...] = ()


def write_ending(folder: Path, ending: Ending) -> None:
    """Leave word of the end for whoever puts the trace together."""
    (folder / ENDING).write_text(json.dumps(asdict(ending)), encoding="utf-8")


def ending_of(folder: Path, status: int) -> Ending:
    """Return what a script said of its end, or else what its exit status says; below 0: the signal that killed it."""
    try:
        said = json.loads((folder / ENDING).read_text(encoding="utf-8"))
        return Ending(int(said["at_ns"]), str(said["kind"]), str(said["message"]), tuple(map(str, said["notes"])))
    except (OSError, ValueError, KeyError, TypeError):
        pass
    if status < 0:
        return Ending(kind="killed", message=f"the script was killed by {_name(-status)}")
    return Ending(kind="killed", message=f"the script ended at once with exit status {status}")


def kind_of(error: BaseException | None) -> str:
    """Return the kind of ending that an exception makes, '' without one."""
    if error is None:
        return ""
    if isinstance(error, KeyboardInterrupt):
        return STOPPED
    return "raised" if isinstance(error, Exception | SystemExit) else "killed"


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
