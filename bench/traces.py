"""Keep traces in a folder of the user's data folder, a file each, and find them again."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import platformdirs

from bench.files import write_whole
from dataloader_sim.metrics import metrics
from dataloader_sim.rules import refuse
from dataloader_sim.timeline import Timeline
from dataloader_sim.wire import MOST_BYTES, timeline_from_bytes, timeline_to_bytes

ENDING = ".trace"
# A name is a file's name on every system: no separator, no leading dot, short enough with its ending.
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_. -]{0,99}")


@dataclass(frozen=True, kw_only=True)
class Kept:
    """Describe a kept trace: its name, when it was written, its size, and its throughput, NaN for one not readable."""

    name: str
    when: datetime
    size_bytes: int
    samples_per_s: float


def folder() -> Path:
    """Return where traces are kept: below the user's data folder, XDG_DATA_HOME on Linux."""
    return Path(platformdirs.user_data_dir("dataloader-lab")) / "traces"


def save(name: str, timeline: Timeline, place: Path | None = None) -> Path:
    """Keep a timeline under a name, whole or not at all, and return its file; an equal name is replaced.

    place: another folder. Raises ValueError for a name that is no file's name, OSError when it cannot be written.
    """
    place = place or folder()
    path = path_of(name, place)
    place.mkdir(parents=True, exist_ok=True)
    write(path, timeline)
    return path


def write(path: Path, timeline: Timeline) -> None:
    """Write a trace file, whole or not at all; raises OSError."""
    write_whole(path, timeline_to_bytes(timeline))


def read(path: Path) -> Timeline:
    """Return the timeline of a trace file from anywhere; raises ValueError, naming the file, for one of no use."""
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise ValueError(f"{path} cannot be read ({error.strerror}): give the path of a trace file") from None
    if len(data) > MOST_BYTES:
        raise ValueError(f"{path} is not a trace that can be read (it is larger than any trace)")
    try:
        return timeline_from_bytes(data)
    except ValueError as error:
        raise ValueError(f"{path} is not a trace that can be read ({error})") from None


def find(text: str) -> Timeline:
    """Return the timeline of a trace file's path or of a kept trace's name; raises ValueError for neither."""
    if text.endswith(ENDING) or Path(text).is_file():
        return read(Path(text))
    if text not in names():
        raise ValueError(f"no trace of the name {text!r} is kept: give the path of a file that ends in {ENDING}")
    return load(text)


def load(name: str, place: Path | None = None) -> Timeline:
    """Return a kept timeline; raises ValueError for a wrong name or a damaged file, OSError where there is none."""
    return timeline_from_bytes(path_of(name, place).read_bytes())


def names(place: Path | None = None) -> tuple[str, ...]:
    """Return the names of all kept traces, the latest first."""
    found = []
    for path in (place or folder()).glob(f"*{ENDING}"):
        with contextlib.suppress(OSError):
            if _NAME.fullmatch(path.stem):
                found.append((path.stat().st_mtime, path.stem))
    return tuple(name for _, name in sorted(found, reverse=True))


def kept(place: Path | None = None) -> tuple[Kept, ...]:
    """Return what is kept, the latest first; reads every file."""
    found = []
    for name in names(place):
        path = path_of(name, place)
        with contextlib.suppress(OSError):
            about = path.stat()
            rate = _samples_per_s(name, place)
            when = datetime.fromtimestamp(about.st_mtime, UTC)
            found.append(Kept(name=name, when=when, size_bytes=about.st_size, samples_per_s=rate))
    return tuple(found)


def delete(name: str, place: Path | None = None) -> None:
    """Delete a kept trace; raises ValueError for a wrong name, OSError where there is none."""
    path_of(name, place).unlink()


def _samples_per_s(name: str, place: Path | None) -> float:
    try:
        return metrics(load(name, place)).samples_per_s
    except ValueError:
        return float("nan")


def path_of(name: str, place: Path | None = None) -> Path:
    """Return the file of a trace of this name, there or not; raises ValueError for what is no file's name."""
    if not isinstance(name, str) or not _NAME.fullmatch(name) or name.endswith((" ", ".")):
        rule = "1 to 100 letters, digits, spaces, dots, dashes and underscores, starting with a letter or digit"
        raise refuse("name", rule, name, "a trace's name is its file's name")
    return (place or folder()) / f"{name}{ENDING}"
