"""Write a Timeline's batches and samples as CSV tables that a spreadsheet opens."""

from __future__ import annotations

import csv
import io
import math
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from bench.export import details
from bench.export.details import Key, as_dicts
from dataloader_sim.timeline import MAIN, Activity, Timeline

# A spreadsheet takes a cell that begins so for a formula (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@")
_CONTROL = ("\t", "\r", "\n")
_TIMES = ("sent_s", "load_start_s", "loaded_s", "put_s", "got_s", "pinned_s", "received_s", "held_s")
_STEP = ("step_start_s", "step_end_s")
_COSTS = ("fetch_s", "fetch_cpu_s", "blocked_s", "cpu_share", "collate_s", "collate_cpu_s", "process_cpu_s")
_SIZES = ("samples", "tensors", "tensor_bytes", "message_bytes")
BATCHES = ("rank", "epoch", "batch", "worker", *_TIMES, *_STEP, *_COSTS, *_SIZES)
SAMPLES = ("rank", "epoch", "batch", "index", "wall_s", "cpu_s", "blocked_s")
TRANSFORMS = ("rank", "epoch", "batch", "step", "calls", "wall_s")


def tables(timeline: Timeline) -> dict[str, str]:
    """Return the text of each table by its name: 'batches', and what else a trace holds.

    Times are seconds since the first `iter(loader)`, an empty cell is a value that was not seen.
    """
    found, seen = {"batches": batches_csv(timeline)}, timeline.observed
    if seen is not None and seen.samples.size:
        found["samples"] = samples_csv(timeline)
    if seen is not None and seen.transforms.size:
        found["transforms"] = transforms_csv(timeline)
    return found


def batches_csv(timeline: Timeline) -> str:
    """Return a row per batch in the order received, as text."""
    return _text(BATCHES, batches(timeline))


def samples_csv(timeline: Timeline) -> str:
    """Return a row per sample fetched on its own; only the head where none was seen."""
    return _text(SAMPLES, map(_sample, as_dicts(timeline.observed.samples)) if timeline.observed else ())


def transforms_csv(timeline: Timeline) -> str:
    """Return a row per batch and step of its transforms; only the head where none was seen."""
    seen = timeline.observed
    if seen is None:
        return _text(TRANSFORMS, ())
    named = ({**row, "step": details.step_name(seen.steps, row["step"])} for row in as_dicts(seen.transforms))
    return _text(TRANSFORMS, named)


def batches(timeline: Timeline) -> Iterator[dict[str, Any]]:
    """Yield a row per batch in the order received.

    put_s: when the worker had put it; got_s: when it was unpickled, pinned_s: when it was pinned. held_s: how long it
    then waited for its hand-over, behind an earlier one or for the loop to ask. blocked_s, cpu_share: of fetching its
    samples, the time off a core and the share on one.
    """
    loads = details.of_loads(timeline)
    ends = {one: _ends(timeline, one) for one in (Activity.PUT, Activity.GET, Activity.PIN)}
    for row in as_dicts(timeline.batches()):
        key = (row["rank"], row["epoch"], row["batch"])
        put_s, got_s, pinned_s = (_last(ends[one].get(key, ()), row["received_s"]) for one in ends)
        held_s = row["received_s"] - (got_s if math.isnan(pinned_s) else pinned_s)
        seen = loads.get(key, {})
        worker = "main" if row["worker"] == MAIN else row["worker"]
        arrived = {"put_s": put_s, "got_s": got_s, "pinned_s": pinned_s, "held_s": held_s}
        yield {**row, "worker": worker, **arrived, **seen, **_shares(seen)}


def _shares(seen: dict[str, Any]) -> dict[str, float]:
    wall_s, cpu_s = seen.get("fetch_s", math.nan), seen.get("fetch_cpu_s", math.nan)
    share = min(1.0, cpu_s / wall_s) if wall_s > 0 else math.nan
    return {"blocked_s": _blocked(wall_s, cpu_s), "cpu_share": share}


def _blocked(wall_s: float, cpu_s: float) -> float:
    # The two clocks tick apart: a little more on a core than on the wall is none blocked.
    return 0.0 if wall_s < cpu_s else wall_s - cpu_s


def _sample(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"blocked_s": _blocked(row["wall_s"], row["cpu_s"])}


def _ends(timeline: Timeline, activity: Activity) -> dict[Key, list[float]]:
    found: dict[Key, list[float]] = {}
    for span in as_dicts(timeline.of(activity)):
        found.setdefault((span["rank"], span["epoch"], span["batch"]), []).append(span["end_s"])
    return found


def _last(ends_s: Sequence[float], before_s: float) -> float:
    """Return the latest end up to the hand-over: a worker that goes on sends a message with its number, too."""
    return max((end_s for end_s in ends_s if end_s <= before_s), default=math.nan)


def _text(head: Sequence[str], rows: Iterable[dict[str, Any]]) -> str:
    room = io.StringIO()
    # Lines end as RFC 4180 has them.
    writer = csv.writer(room, lineterminator="\r\n")
    writer.writerow(head)
    writer.writerows([_cell(row.get(name, "")) for name in head] for row in rows)
    return room.getvalue()


def _cell(value: object) -> str:
    if isinstance(value, str):
        # Spaces in front and the wide forms of East Asian text do not stop it.
        plain = unicodedata.normalize("NFKC", value).lstrip()
        return f"'{value}" if plain.startswith(_FORMULA) or value.startswith(_CONTROL) else value
    if isinstance(value, float):
        # Nine digits: a microsecond in an hour. No exponent: some spreadsheets read it as text.
        return f"{value:.9f}".rstrip("0").rstrip(".") if math.isfinite(value) else ""
    return str(value)
