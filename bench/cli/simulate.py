"""`dataloader-lab simulate`: what the simulator says about a scenario at several num_workers."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from typing import Any

from bench.cli import output
from bench.cli.arguments import FLAGS, SIMULATED, Parser, add_flags, scenario, whole, worker_counts
from dataloader_sim.bounds import bounds
from dataloader_sim.costs import MOST_SAMPLES
from dataloader_sim.metrics import Metrics
from dataloader_sim.rules import refuse
from dataloader_sim.sweep import Sweep, sweep
from dataloader_sim.timeline import Timeline
from dataloader_sim.verdict import judge
from dataloader_sim.wire import scenario_to_dict, timeline_to_dict

HEAD = ("num_workers", "samples/s", "GPU stalled", "GPU busy", "first batch", "limit")
MOST_SIMULATED_WORKERS = 1024
AXIS = "loader.num_workers"


def add_parser(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the command and its options."""
    text = "Simulate torch's DataLoader at several num_workers and say what limits it."
    parser = commands.add_parser("simulate", help="simulate a DataLoader", description=text)
    parser.set_defaults(run=run)
    counts = {"type": worker_counts(MOST_SIMULATED_WORKERS), "default": (0, 1, 2, 4, 8), "metavar": "N,N"}
    parser.add_argument("--num-workers", **counts, help="values to try (default: 0,1,2,4,8)")  # type: ignore[arg-type]
    add_flags(parser, (*FLAGS, *SIMULATED))
    seed = whole(0, 2**63 - 1, "any whole number gives its own costs")
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="of the jitter (default: 0)")
    parser.add_argument("--json", action="store_true", help="print one JSON document, with every span, and no table")


def run(arguments: argparse.Namespace) -> int:
    """Simulate and print; raises ValueError for what cannot be simulated."""
    asked = scenario(arguments, arguments.num_workers)
    if asked.workload.samples > MOST_SAMPLES:
        way_out = "use fewer batches or a smaller --batch-size"
        raise refuse("--batches times --batch-size", f"{MOST_SAMPLES:,} or less", asked.workload.samples, way_out)
    runs = sweep(asked, AXIS, arguments.num_workers)
    if arguments.json:
        values = [_values(one, seen) for one, seen in zip(runs.timelines, runs.metrics, strict=True)]
        scenario_values = scenario_to_dict(asked)
        output.print_json("simulate", {"scenario": scenario_values, "knee": runs.knee, "runs": values})
    else:
        sys.stdout.write(f"{_text(runs)}\n")
    return 0


def _text(runs: Sweep) -> str:
    rows = [
        (
            str(one.scenario.loader.num_workers),
            f"{seen.samples_per_s:,.0f}",
            f"{seen.stall_share * 100:.0f} %",
            f"{seen.gpu_busy_share * 100:.0f} %",
            f"{seen.startup_s:.3f} s",
            judge(one).limit,
        )
        for one, seen in zip(runs.timelines, runs.metrics, strict=True)
    ]
    at_knee = judge(runs.timelines[runs.values.index(runs.knee)])
    chosen = f"num_workers={runs.knee}"
    if len(runs.values) > 1:
        chosen += " is the smallest of these within 2 % of the best"
    return f"{output.table(HEAD, rows)}\n\nSimulated. {chosen}. {at_knee.finding} {at_knee.advice}"


def _values(timeline: Timeline, seen: Metrics) -> dict[str, Any]:
    limit = asdict(bounds(timeline.scenario))
    ready = [{"time_s": time_s, "count": count} for time_s, count in seen.ready_batches.tolist()]
    return {
        "num_workers": timeline.scenario.loader.num_workers,
        "metrics": _finite({**vars(seen), "ready_batches": ready, "worker_busy_share": list(seen.worker_busy_share)}),
        "bounds": _finite(limit),
        "verdict": asdict(judge(timeline)) | {"evidence": [_finite(asdict(one)) for one in judge(timeline).evidence]},
        "timeline": timeline_to_dict(timeline),
    }


def _finite(values: dict[str, Any]) -> dict[str, Any]:
    """Write infinity as the string 'inf', which JSON has no number for."""
    return {name: "inf" if value == float("inf") else value for name, value in values.items()}
