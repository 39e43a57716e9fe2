"""Write a Timeline in the Trace Event Format, which the Perfetto UI and chrome://tracing open.

Rules followed (Trace Event Format, and Perfetto's "Visualizing external trace formats"): times in microseconds;
complete events of one thread nest; an arrow is an `s` and an `f` event with the same id, name and category, bound to
the slices that enclose their times.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from itertools import count
from operator import itemgetter
from typing import Any

from bench.export import details
from bench.export.rows import US, Row, lanes, rows
from dataloader_sim.metrics import metrics
from dataloader_sim.timeline import Activity, Timeline
from dataloader_sim.verdict import judge
from dataloader_sim.wire import scenario_to_dict

Event = dict[str, Any]
VERSION = 1
_OF_WORKERS = (Activity.START, Activity.BOOT, Activity.STOP)
_ARROW = {"name": "batch", "cat": "batch"}
_Place = tuple[int, bool, int, int]
FARTHEST_US = 1 << 60


def perfetto(timeline: Timeline) -> dict[str, Any]:
    """Return a timeline as JSON values in the format's object form."""
    return {"displayTimeUnit": "ms", "otherData": _other(timeline), "traceEvents": events(timeline)}


def events(timeline: Timeline) -> list[Event]:
    """Return all events: names first, then by time, a slice before the arrows that begin or end in it."""
    named: list[Event] = []
    timed: list[Event] = []
    ends = _Ends()
    tids, slices = count(1), _Slices(timeline)
    for rank in range(timeline.scenario.machine.ranks):
        own, pid = timeline.spans[timeline.spans["rank"] == rank], 0
        for lane in lanes(own):
            for row in rows(own, lane):
                tid = next(tids)
                if not pid:
                    # The training process comes first; a thread with its process's id is the main one.
                    pid = tid
                    named += _process(pid, rank, timeline)
                named += _thread(pid, tid, row)
                laid = [slices.of(row, at, pid, tid) for at in range(row.spans.size)]
                ends.note(laid)
                timed += laid
        if rank == 0:
            timed += _ready(timeline, pid)
    arrows = list(ends.arrows())
    # By time, what takes none before what begins then, a parent before its children.
    keyed = [((one["ts"], one.get("dur", 0) > 0, -one.get("dur", 0), 0), one) for one in timed] + arrows
    return named + [one for _, one in sorted(keyed, key=itemgetter(0))]


class _Ends:
    """Collect where each batch's arrow begins and ends: within its load, and at the start of its step."""

    def __init__(self) -> None:
        self._ids: dict[tuple[int, int, int], int] = {}
        self._from: dict[int, Event] = {}
        self._to: dict[int, Event] = {}

    def note(self, slices: list[Event]) -> None:
        for one in slices:
            # Nothing encloses the time of a slice that takes none.
            if one["name"] in {"load", "step"} and one["dur"] > 0:
                key = (one["args"]["rank"], one["args"]["epoch"], one["args"]["batch"])
                number = self._ids.setdefault(key, len(self._ids) + 1)
                (self._from if one["name"] == "load" else self._to).setdefault(number, one)

    def arrows(self) -> Iterator[tuple[_Place, Event]]:
        """Yield each end of each arrow, and its place among the events.

        Perfetto binds it to the slice that its thread began last, so it follows its own slice, and whatever else
        begins at the same time comes after it.
        """
        for number in self._from.keys() & self._to.keys():
            load, step = self._from[number], self._to[number]
            leaves_us = load["ts"] + load["dur"] - 1
            # An arrow does not go back in time, as a damaged trace might have it.
            if leaves_us <= step["ts"]:
                for within, ts, end in ((load, leaves_us, {"ph": "s"}), (step, step["ts"], {"ph": "f", "bp": "e"})):
                    at_once = ts == within["ts"]
                    place = (ts, at_once, -within["dur"] if at_once else -FARTHEST_US, 1)
                    yield place, _ARROW | end | {"id": number, "ts": ts, "pid": within["pid"], "tid": within["tid"]}


class _Slices:
    """Turn spans into complete events, with what else was seen of each load and boot as their arguments."""

    def __init__(self, timeline: Timeline) -> None:
        self._seen = {Activity.LOAD: details.of_loads(timeline), Activity.BOOT: details.of_boots(timeline)}

    def of(self, row: Row, at: int, pid: int, tid: int) -> Event:
        span = row.spans[at]
        rank, epoch, batch = (int(span[name]) for name in ("rank", "epoch", "batch"))
        activity = Activity(int(span["activity"]))
        seen = self._seen.get(activity, {}).get((rank, epoch, batch), {})
        args = {"rank": rank, "epoch": epoch, "worker" if activity in _OF_WORKERS else "batch": batch, **seen}
        name, start_us = activity.name.lower(), row.start_us[at]
        place = {"ts": start_us, "dur": row.end_us[at] - start_us, "pid": pid, "tid": tid}
        return {"ph": "X", "name": name, "cat": name, **place, "args": args}


def _process(pid: int, rank: int, timeline: Timeline) -> Iterator[Event]:
    yield _name("process_name", pid, pid, name=f"rank {rank}, {timeline.source}")
    yield _name("process_sort_index", pid, pid, sort_index=rank)


def _thread(pid: int, tid: int, row: Row) -> Iterator[Event]:
    yield _name("thread_name", pid, tid, name=row.name)
    yield _name("thread_sort_index", pid, tid, sort_index=tid)


def _name(kind: str, pid: int, tid: int, **args: object) -> Event:
    return {"ph": "M", "name": kind, "pid": pid, "tid": tid, "args": args}


def _ready(timeline: Timeline, pid: int) -> Iterator[Event]:
    """Count the batches that are loaded and not yet handed over, of all ranks together."""
    try:
        seen = metrics(timeline).ready_batches
    except ValueError:
        return
    for time_s, ready in seen.tolist():
        place = {"ts": round(time_s * US), "pid": pid, "tid": pid}
        # Perfetto names the track after both: 'batches ready'.
        yield {"ph": "C", "name": "batches", **place, "args": {"ready": max(0, ready)}}


def _other(timeline: Timeline) -> dict[str, Any]:
    """Return what stands beside the events: what was run, and what the product says about it."""
    seen = timeline.observed
    return {
        "written_by": "dataloader-lab",
        "version": VERSION,
        "source": timeline.source,
        "verdict": _verdict(timeline),
        "failure": asdict(timeline.failure) if timeline.failure else None,
        "notes": list(seen.notes) if seen else [],
        "origin": dict(seen.origin) if seen else {},
        "scenario": scenario_to_dict(timeline.scenario),
    }


def _verdict(timeline: Timeline) -> dict[str, str] | None:
    try:
        said = judge(timeline)
    except ValueError:
        # Cut off before its first step: there is nothing to judge.
        return None
    return {"limit": said.limit, "finding": said.finding, "advice": said.advice}
