"""Write the parts of a report that are words and numbers."""

from __future__ import annotations

import math
from dataclasses import asdict

import numpy as np

from dataloader_sim import LoaderConfig, Machine, Timeline, Workload, judge, metrics
from dataloader_sim.timeline import MAIN
from pages._ui import format as fmt
from pages._ui import report_spread, traced
from pages._ui.report_markup import definitions, heading, paragraph, table

MOST_ROWS = 500
_MS = 1e3
_TIMES = {
    "sent_s": "sent, ms",
    "load_start_s": "load starts, ms",
    "load_s": "load, ms",
    "held_s": "held, ms",
    "put_s": "put, ms",
    "received_s": "received, ms",
    "step_s": "step, ms",
}


def missing(timeline: Timeline, _simulated: Timeline | None) -> str:
    """Say how the run broke off and what of it is missing."""
    said = []
    if timeline.failure is not None:
        broke = timeline.failure
        said.append(paragraph(f"The run broke off: {broke.kind} after {fmt.seconds(broke.at_s)}.", "alert"))
        said.append(paragraph(broke.message, "quiet"))
    if timeline.observed is None:
        said.append(paragraph("This is no trace: it holds spans only.", "alert"))
    else:
        partial = timeline.observed.partial
        said.append(paragraph("This trace is partial: something of the run is missing." if partial else "", "alert"))
        said += [paragraph(note, "quiet") for note in timeline.observed.notes]
    return "".join(said)


def found(timeline: Timeline, simulated: Timeline | None, advice: str = "") -> str:
    """Say what limits the run, with the rates and the evidence; advice: in place of the verdict's own."""
    try:
        seen, verdict = metrics(timeline), judge(timeline)
    except ValueError as error:
        return heading("Verdict") + paragraph(f"There is none: {error}.")
    rates = [
        ("Throughput, measured", fmt.rate(seen.samples_per_s)),
        ("GPU stalled, measured", fmt.share(seen.stall_share)),
        ("First batch, measured", f"after {fmt.seconds(seen.startup_s)}"),
    ]
    if simulated is not None:
        rates.append(("Throughput, simulated", fmt.rate(metrics(simulated).samples_per_s)))
    rows = [(fmt.titled(one.name), fmt.evidence(one)) for one in verdict.evidence if math.isfinite(one.value)]
    return "".join(
        [
            heading("Verdict"),
            paragraph(verdict.finding, "finding"),
            paragraph(advice or verdict.advice),
            definitions(rates, "rates"),
            table(("What", "How much"), rows, caption="Evidence of the verdict, measured; bounds are computed."),
        ]
    )


def samples(timeline: Timeline, _simulated: Timeline | None) -> str:
    """Show the distribution of a sample's cost, the slow samples, and the steps of the transform."""
    costs = traced.costs(timeline)
    parts = []
    if costs:
        head = ("Time of a sample", "mean", *(name for name, _share in traced.QUANTILES))
        rows = [(one.name, *map(fmt.seconds, (one.mean_s, *one.quantiles_s))) for one in costs]
        parts += [heading("What one sample costs"), table(head, rows, caption="Measured, sample by sample.")]
        parts.append(report_spread.picture(traced.costs_s(timeline)["wall"]) if costs[0].name == "wall" else "")
        slow = traced.slow_samples(timeline)[: traced.MOST_NAMED]
        told = [
            (one["index"] if one["index"] >= 0 else "unknown", one["batch"], fmt.seconds(one["wall_s"])) for one in slow
        ]
        said = f"The slowest of those that took more than {traced.SLOW_TIMES:g} times as long as the median sample."
        parts.append(table(("Index", "Batch", "Time"), told, caption=said) if told else "")
    steps = traced.steps(timeline)
    if steps:
        rows = [(one.name, fmt.share(one.share), fmt.seconds(one.wall_s), f"{one.calls:,}") for one in steps]
        parts += [table(("Step", "Share", "In all", "Calls"), rows, caption="Steps of the transform, measured.")]
    return "".join(parts)


def batches(timeline: Timeline, _simulated: Timeline | None) -> str:
    """List the first batches."""
    facts = traced.batches(timeline)
    if not facts.size:
        return ""
    head = ("epoch", "batch", "worker", *_TIMES.values(), "blocked", "samples", "tensors")
    shown = f"The first {MOST_ROWS:,} of {facts.size:,}" if facts.size > MOST_ROWS else f"All {facts.size:,}"
    said = f"{shown} batches, measured, in the order handed over; times since iter(loader)."
    rows = (_row(one) for one in facts[:MOST_ROWS])
    return heading("Batches") + table(head, rows, caption=said, kind="number")


def settings(timeline: Timeline, _simulated: Timeline | None) -> str:
    """List the loader's own arguments, and what is known of the workload and the machine."""
    scenario = timeline.scenario
    named: dict[str, LoaderConfig | Workload | Machine] = {
        "DataLoader": scenario.loader,
        "Workload, seconds and bytes": scenario.workload,
        "Machine": scenario.machine,
    }
    tables = []
    for name, part in named.items():
        values = [(key, _plain(value)) for key, value in asdict(part).items()]
        tables.append(table(("Setting", "Value"), values, caption=name))
    return f'{heading("Settings")}<div class="columns">{"".join(tables)}</div>'


def origin(timeline: Timeline, _simulated: Timeline | None) -> str:
    """List the versions and the machine that the trace was made with."""
    known = timeline.observed.origin.items() if timeline.observed else ()
    return heading("Versions and machine") + table(("What", "Which"), known, caption="As traced.") if known else ""


def _row(one: np.void) -> list[object]:
    where = "main" if one["worker"] == MAIN else int(one["worker"])
    times = ["" if np.isnan(one[name]) else f"{one[name] * _MS:,.2f}" for name in _TIMES]
    blocked = "" if np.isnan(one["blocked_share"]) else fmt.share(float(one["blocked_share"]))
    samples_ = "" if one["samples"] < 0 else f"{one['samples']:,}"
    size = "" if one["tensor_bytes"] < 0 else fmt.size(float(one["tensor_bytes"]))
    return [int(one["epoch"]) + 1, int(one["batch"]), where, *times, blocked, samples_, size]


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return f"{len(value):,} measured factors" if value else "none"
    if isinstance(value, float):
        return "no limit" if math.isinf(value) else f"{value:.6g}"
    return str(value)
