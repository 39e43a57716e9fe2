"""`dataloader-lab simulate`: what the simulator says about a scenario at several num_workers."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from typing import Any

from bench.cli import output
from bench.cli.arguments import Parser, whole, worker_counts
from bench.cli.flags import FLAGS, SIMULATED, add_flags, add_machine, scenario
from dataloader_sim.bounds import bounds
from dataloader_sim.costs import MOST_SAMPLES
from dataloader_sim.memory import predict
from dataloader_sim.metrics import Metrics
from dataloader_sim.rules import refuse
from dataloader_sim.sweep import Sweep, sweep
from dataloader_sim.timeline import Timeline
from dataloader_sim.verdict import judge
from dataloader_sim.wire import scenario_to_dict, timeline_to_dict

HEAD = ("num_workers", "samples/s", "GPU stalled", "GPU busy", "first batch", "limit")
MOST_SIMULATED_WORKERS = 1024
MOST_SEEDS = 1000
AXIS = "loader.num_workers"


def add_parser(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the command and its options."""
    text = "Simulate torch's DataLoader at several num_workers and say what limits it."
    parser = commands.add_parser("simulate", help="simulate a DataLoader", description=text)
    parser.set_defaults(run=run)
    counts = {"type": worker_counts(MOST_SIMULATED_WORKERS), "default": (0, 1, 2, 4, 8), "metavar": "N,N"}
    parser.add_argument("--num-workers", **counts, help="values to try (default: 0,1,2,4,8)")  # type: ignore[arg-type]
    add_machine(parser)
    add_flags(parser, (*FLAGS, *SIMULATED))
    seed = whole(0, 2**63 - 1, "any whole number gives its own costs")
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="of the jitter (default: 0)")
    seeds = whole(1, MOST_SEEDS, "16 show how much the jitter matters")
    text = "run each value with so many seeds, and show the lowest and highest samples/s (default: 1)"
    parser.add_argument("--seeds", type=seeds, default=1, metavar="N", help=text)
    parser.add_argument("--json", action="store_true", help="print one JSON document, with every span, and no table")


def run(arguments: argparse.Namespace) -> int:
    """Simulate and print; raises ValueError for what cannot be simulated."""
    asked = scenario(arguments, arguments.num_workers)
    if asked.workload.samples > MOST_SAMPLES:
        way_out = "use fewer batches or a smaller --batch-size"
        raise refuse("--batches times --batch-size", f"{MOST_SAMPLES:,} or less", asked.workload.samples, way_out)
    runs = sweep(asked, AXIS, arguments.num_workers, seeds=arguments.seeds)
    if arguments.json:
        output.print_json("simulate", _document(runs))
    else:
        sys.stdout.write(f"{_text(runs)}\n")
    return 0


def _text(runs: Sweep) -> str:
    head, rows = list(HEAD), [list(_row(one, seen)) for one, seen in zip(runs.timelines, runs.metrics, strict=True)]
    if runs.band:
        head[2:2] = ["median", "lowest to highest"]
        for row, band in zip(rows, runs.band, strict=True):
            row[2:2] = [f"{band.median:,.0f}", f"{band.low:,.0f} to {band.high:,.0f}"]
    said = [*_sentences(runs), *_memory(runs)]
    return "\n".join([output.table(head, rows), "", f"Simulated. {said[0]}", *said[1:]])


def _row(timeline: Timeline, seen: Metrics) -> tuple[str, ...]:
    return (
        str(timeline.scenario.loader.num_workers),
        f"{seen.samples_per_s:,.0f}",
        f"{seen.stall_share * 100:.0f} %",
        f"{seen.gpu_busy_share * 100:.0f} %",
        f"{seen.startup_s:.3f} s" if seen.batches else "none",
        judge(timeline).limit,
    )


def _sentences(runs: Sweep) -> list[str]:
    """Say what is to be said of the whole: of every run that broke off, else of the best."""
    broken = [one for one in runs.timelines if one.failure]
    if broken:
        said = [f"num_workers={one.scenario.loader.num_workers}: {judge(one).finding}" for one in broken]
        return [*said, judge(broken[0]).advice]
    at_knee = judge(runs.timelines[runs.values.index(runs.knee)])
    chosen = f"num_workers={runs.knee}"
    if len(runs.values) > 1:
        chosen += " is the smallest of these within 2 % of the best"
    return [f"{chosen}. {at_knee.finding} {at_knee.advice}"]


def _memory(runs: Sweep) -> list[str]:
    """Say how much memory the best run takes, and what would run out; nothing when no size is given."""
    workload = runs.scenario.workload
    if not workload.sample_bytes and not workload.dataset_bytes:
        return []
    seen = predict(runs.timelines[runs.values.index(runs.knee)].scenario)
    sizes = {
        "training process": seen.main_bytes,
        "each worker": seen.worker_bytes,
        "shared memory": seen.shm_bytes,
        "pinned": seen.pinned_bytes,
    }
    parts = ", ".join(f"{name} {size / 1e6:,.0f} MB" for name, size in sizes.items() if size)
    forecast = f"Memory forecast at num_workers={runs.knee}: {seen.total_bytes / 1e6:,.0f} MB ({parts})."
    return [forecast, *(f"{one}." for one in seen.warnings)]


def _document(runs: Sweep) -> dict[str, Any]:
    values = [_values(one, seen) for one, seen in zip(runs.timelines, runs.metrics, strict=True)]
    for value, band in zip(values, runs.band or (), strict=False):
        value["band"] = _finite(asdict(band))
    return {"scenario": scenario_to_dict(runs.scenario), "knee": runs.knee, "runs": values}


def _values(timeline: Timeline, seen: Metrics) -> dict[str, Any]:
    limit = asdict(bounds(timeline.scenario))
    verdict = judge(timeline)
    ready = [{"time_s": time_s, "count": count} for time_s, count in seen.ready_batches.tolist()]
    return {
        "num_workers": timeline.scenario.loader.num_workers,
        "metrics": _finite({**vars(seen), "ready_batches": ready, "worker_busy_share": list(seen.worker_busy_share)}),
        "bounds": _finite(limit),
        "verdict": asdict(verdict) | {"evidence": [_finite(asdict(one)) for one in verdict.evidence]},
        "memory": asdict(predict(timeline.scenario)),
        "timeline": timeline_to_dict(timeline),
    }


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    """Write infinity as the string 'inf', which JSON has no number for."""
    return {name: "inf" if value == float("inf") else value for name, value in values.items()}
