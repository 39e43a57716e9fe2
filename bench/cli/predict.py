"""`dataloader-lab predict`: what a traced loader would do at other settings, and how wrong that turned out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from bench import traces
from bench.calibration.calibrate import calibrate
from bench.calibration.calibration import Calibration
from bench.calibration.prediction import Comparison, Prediction, compare, is_alike
from bench.cli import output
from bench.cli.arguments import Parser, whole, worker_counts
from dataloader_sim.rules import limits
from dataloader_sim.scenario import LoaderConfig
from dataloader_sim.timeline import Timeline
from dataloader_sim.wire import scenario_to_dict

HEAD = ("num_workers", "predicted samples/s", "95 %", "memory", "measured")
COSTS = ("cost", "value", "95 %", "seen", "source")
DESCRIPTION = """\
Calibrate a simulation from traces of one loader and predict its throughput at several num_workers. One trace at
num_workers=1 is enough; one with as many workers as cores or more shows what they take from each other. Predicted
settings that a trace given by --against has are compared with what it measured."""


def add_parser(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser("predict", help="predict a traced loader at other settings", description=DESCRIPTION)
    parser.set_defaults(run=run)
    parser.add_argument("traces", nargs="+", metavar="TRACE", help="trace files, or names of kept traces")
    text = "a trace to compare the prediction with; may be given several times"
    parser.add_argument("--against", action="append", default=[], metavar="TRACE", help=text)
    counts = {"type": worker_counts(), "default": (0, 1, 2, 4, 8), "metavar": "N,N"}
    parser.add_argument("--num-workers", **counts, help="values to predict (default: 0,1,2,4,8)")  # type: ignore[arg-type]
    low, high = limits(LoaderConfig, "prefetch_factor")
    prefetch = whole(int(low), int(high), "torch's own is 2")
    parser.add_argument("--prefetch-factor", type=prefetch, metavar="N", help="(default: as traced)")
    parser.add_argument("--in-order", action=argparse.BooleanOptionalAction, help="(default: as traced)")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of tables")


def run(arguments: argparse.Namespace) -> int:
    """Predict and print; raises ValueError for what is no trace and for settings that torch refuses."""
    fit = calibrate([traces.find(one) for one in arguments.traces])
    measured = [traces.find(one) for one in arguments.against]
    predictions = [fit.predict(_changes(arguments, count)) for count in arguments.num_workers]
    compared = [_compared(one, measured) for one in predictions]
    if arguments.json:
        output.print_json("predict", _document(fit, predictions, compared))
    else:
        sys.stdout.write(f"{_text(fit, predictions, compared)}\n")
    return 0


def _changes(arguments: argparse.Namespace, count: int) -> dict[str, Any]:
    changes: dict[str, Any] = {"loader.num_workers": count}
    given = {"loader.prefetch_factor": arguments.prefetch_factor, "loader.in_order": arguments.in_order}
    return changes | {name: value for name, value in given.items() if value is not None and count}


def _compared(prediction: Prediction, measured: Sequence[Timeline]) -> Comparison | None:
    alike = [run for run in measured if is_alike(run.scenario, prediction.scenario)]
    return compare(prediction, alike) if alike else None


def _text(fit: Calibration, predictions: Sequence[Prediction], compared: Sequence[Comparison | None]) -> str:
    costs = [
        (one.name, f"{one.value:.4g}", f"{one.low:.4g} to {one.high:.4g}", str(one.count or ""), one.source)
        for one in fit.quantities
    ]
    rows = [_row(one, against) for one, against in zip(predictions, compared, strict=True)]
    check = f"At the traced settings: {fit.self_check.sentence}."
    return "\n".join([output.table(COSTS, costs), "", output.table(HEAD, rows), "", check, *fit.notes])


def _row(one: Prediction, against: Comparison | None) -> tuple[str, ...]:
    return (
        str(one.scenario.loader.num_workers),
        f"{one.samples_per_s:,.0f}",
        f"{one.low:,.0f} to {one.high:,.0f}",
        f"{one.memory.total_bytes / 2**20:,.0f} MiB",
        f"{against.measured:,.0f}, error {against.error * 100:+.1f} %" if against else "",
    )


def _document(
    fit: Calibration, predictions: Sequence[Prediction], compared: Sequence[Comparison | None]
) -> dict[str, Any]:
    return {
        "scenario": scenario_to_dict(fit.scenario),
        "quantities": [asdict(one) for one in fit.quantities],
        "self_check": _values(fit.self_check),
        "notes": list(fit.notes),
        "predictions": [
            {
                "loader": asdict(one.scenario.loader),
                "samples_per_s": one.samples_per_s,
                "low": one.low,
                "high": one.high,
                "memory": asdict(one.memory),
                "measured": _values(against) if against else None,
            }
            for one, against in zip(predictions, compared, strict=True)
        ],
    }


def _values(comparison: Comparison) -> dict[str, Any]:
    return asdict(comparison) | {"error": comparison.error, "sentence": comparison.sentence}
