"""Turn the journals of a trace into measured Timelines. Needs no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.machine import describe
from bench.tracing.collected import Collected, Epoch, collect
from bench.tracing.ending import STOPPED, Ending
from bench.tracing.joined import Load, loads_of
from bench.tracing.scenarios import scenario_of
from bench.tracing.spans import bodies, spans_of
from bench.tracing.tables import boots_table, loads_table, samples_of, transforms_table
from dataloader_sim.observed import Observed
from dataloader_sim.rules import limits
from dataloader_sim.scenario import LoaderConfig, Scenario, Workload
from dataloader_sim.timeline import Failure, Timeline

# torch's own words, which are the only sign of what happened.
_KINDS = {
    "is killed by signal": "killed",
    "exited unexpectedly": "killed",
    "timed out after": "timed out",
}
_MOST_EPOCHS = int(limits(Workload, "epochs")[1])
# torch looks for dead workers when nothing came for 5 s (MP_STATUS_CHECK_INTERVAL).
_HANGS_S = 5.0


@dataclass(frozen=True)
class TracedLoader:
    """Hold what was traced of one loader: the outermost iterators, and those that ran inside another's loop."""

    timeline: Timeline
    nested: tuple[Timeline, ...]
    dataset: str

    @property
    def batches(self) -> int:
        """Return how many batches the outermost iterators handed over."""
        return int(self.timeline.batches().size)


def assemble(folder: Path, ending: Ending) -> tuple[TracedLoader, ...]:
    """Return what was traced of each loader, in the order first used; of one that was never iterated, nothing."""
    traced = []
    for collected in collect(folder):
        collected.notes += ending.notes
        timelines = [_timeline(collected, strand, ending) for strand in strands(collected.epochs)]
        if timelines:
            dataset = str(collected.settings.get("dataset", ""))
            traced.append(TracedLoader(timelines[0], tuple(timelines[1:]), dataset))
    return tuple(traced)


def strands(epochs: Sequence[Epoch]) -> list[list[Epoch]]:
    """Divide epochs, in the order asked for, so that in each strand one is done with before the next is asked for."""
    found: list[list[Epoch]] = []
    for epoch in epochs:
        free = next((strand for strand in found if strand[-1].last_next_ns <= epoch.asked_ns), None)
        if free is None:
            found.append([epoch])
        else:
            free.append(epoch)
    return found


def _timeline(collected: Collected, whole: Sequence[Epoch], ending: Ending) -> Timeline:
    strand = whole[:_MOST_EPOCHS]
    loads = [list(loads_of(epoch)) for epoch in strand]
    seen_ns = _last_seen_ns(strand, loads)
    failure = _failure(strand, ending, seen_ns)
    end_ns = ending.at_ns or seen_ns
    broke_off_ns = strand[0].asked_ns + round(failure.at_s * 1e9) if failure else end_ns
    spans = spans_of(strand, loads, broke_off_ns, broke_off=failure is not None)
    samples, table = samples_of(loads), loads_table(strand, loads)
    notes = [*collected.notes, *_missing(strand, loads, failure), *_stopped(strand, ending, failure)]
    if len(whole) > len(strand):
        notes.append(f"of {len(whole):,} iterators of the loader the first {len(strand):,} are kept")
    body_s = np.array([(to - of) / 1e9 for epoch in strand for _, of, to in bodies(epoch, end_ns)])
    try:
        scenario = scenario_of(collected, [len(epoch.handed) for epoch in strand], samples, table, body_s)
    except ValueError as error:
        notes.append(f"the loader's settings cannot be described ({error})")
        scenario = Scenario(workload=Workload(), loader=LoaderConfig())
    observed = Observed(
        samples=samples,
        loads=table,
        boots=boots_table(strand),
        transforms=transforms_table(loads),
        steps=collected.steps,
        partial=collected.partial or bool(notes),
        notes=tuple(notes),
        origin=describe(),
    )
    return Timeline(scenario=scenario, source="measured", spans=spans, failure=failure, observed=observed)


def _failure(strand: Sequence[Epoch], ending: Ending, seen_ns: int) -> Failure | None:
    """Say how a strand broke off: by what its last `next` raised, or else by how the program ended in its midst."""
    last = strand[-1]
    start_ns = strand[0].asked_ns
    raised = max(last.raised, key=lambda one: one[2], default=None)
    if raised is not None and raised[2] == last.last_next_ns:
        kind = next((kind for words, kind in _KINDS.items() if words in raised[4]), "raised")
        return Failure(kind=kind, at_s=(raised[2] - start_ns) / 1e9, message=_short(raised[4]))
    # What the loop itself raised, or a person stopped, says nothing about the loader.
    if ending.kind not in ("killed", STOPPED) or last.ended is not None:
        return None
    kind, at_ns, message = ending.kind, max(ending.at_ns, seen_ns), _short(ending.message)
    waiting = last.waiting
    if waiting and waiting[1] == last.last_next_ns and waiting[1] - waiting[0] > _HANGS_S * 1e9:
        kind = "hangs"
        message = f"no batch came for {(waiting[1] - waiting[0]) / 1e9:.0f} s; {message}"
    return None if kind == STOPPED else Failure(kind=kind, at_s=(at_ns - start_ns) / 1e9, message=message)


def _stopped(strand: Sequence[Epoch], ending: Ending, failure: Failure | None) -> list[str]:
    """Say that the program ended in the midst of an epoch for a reason of its own."""
    if failure is not None or not ending.kind or strand[-1].ended is not None:
        return []
    return [f"the program ended early: {_short(ending.message).rstrip(': ') or ending.kind}"]


def _short(text: str) -> str:
    """Return the first and the last line of a text: in between stands the traceback of a worker."""
    lines = [line for line in text.splitlines() if line.strip()]
    return " ".join(dict.fromkeys((lines[0], lines[-1]))) if lines else ""


def _last_seen_ns(strand: Sequence[Epoch], loads: Sequence[Sequence[Load]]) -> int:
    times = [max(epoch.last_next_ns, epoch.built_ns, epoch.dropped_ns) for epoch in strand]
    times += [max(load.began_ns, load.ended_ns) for own in loads for load in own]
    return max(times)


def _missing(strand: Sequence[Epoch], loads: Sequence[Sequence[Load]], failure: Failure | None) -> list[str]:
    """Say what of a strand was not recorded."""
    notes = ["the run broke off: what came after is not known"] if failure else []
    handed = sum(len(epoch.handed) for epoch in strand)
    unseen = sum(
        len({one[0] for one in epoch.handed} - {load.task for load in own if load.is_batch})
        for epoch, own in zip(strand, loads, strict=True)
    )
    if unseen:
        notes.append(f"of {unseen} of {handed} batches the load was not seen")
    unbooted = sum(len({one[0] for one in epoch.started} - set(epoch.boots)) for epoch in strand)
    if unbooted:
        notes.append(f"{unbooted} workers left no record of their start")
    return notes
