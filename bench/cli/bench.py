"""`dataloader-lab bench`: measure a real DataLoader on this machine and recommend a line."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import replace

from bench import lock, machine, pictures
from bench.cli import STOPPED, output
from bench.cli.arguments import Parser, number, whole, worker_counts
from bench.cli.flags import FLAGS, add_flags, scenario
from bench.cli.progress import ShownSweep
from bench.cli.terminal import Progress
from bench.runs.events import Event, note_progress
from bench.runs.plan import MOST_TRIALS, SweepSpec
from bench.runs.records import CANCELLED, FAILED, Run
from bench.runs.schema import StoreError
from bench.runs.store import Store
from bench.runs.sweep import Outcome, run_sweep
from bench.trial.spec import WORKLOADS

WHO = "dataloader-lab bench"
# About two minutes in all at the other defaults; 4 workers get 8 rounds each for the steady rate.
BATCHES = 32
DESCRIPTION = """\
Run a real torch DataLoader at several num_workers, each trial in a fresh process, and recommend the smallest
num_workers within 5 % of the fastest. The workload jpeg decodes, crops, flips and normalises pictures; emulated
sleeps and computes as --io-ms and --cpu-ms say. The accelerator is emulated: a training step sleeps --step-ms,
30 ms unless you give the step time of your own model."""


def add_parser(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser("bench", help="measure a real DataLoader on this machine", description=DESCRIPTION)
    parser.set_defaults(run=run)
    parser.add_argument("--workload", choices=WORKLOADS, default="emulated", help="(default: emulated)")
    parser.add_argument("--images", default="", metavar="DIR", help="folder of JPEG files (default: 2,000 generated)")
    counts = {"type": worker_counts(), "default": (0, 1, 2, 4), "metavar": "N,N"}
    parser.add_argument("--num-workers", **counts, help="values to try (default: 0,1,2,4)")  # type: ignore[arg-type]
    add_flags(parser, FLAGS, batches=BATCHES)
    repeats = whole(1, MOST_TRIALS, "5 or more give an interval worth having")
    parser.add_argument("--repeats", type=repeats, default=5, metavar="N", help="trials of each value (default: 5)")
    seed = whole(0, 2**63 - 1, "any whole number gives its own order and costs")
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help="of the order and of the jitter (default: 0)")
    stall = number(0, 86_400, "a slow dataset needs more, not 0", above=True)
    parser.add_argument(
        "--stall-timeout",
        type=stall,
        default=30.0,
        metavar="S",
        help="give a trial up when no batch came for so many seconds (default: 30)",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of a table")


def spec(arguments: argparse.Namespace) -> SweepSpec:
    """Build what was asked; raises ValueError, naming the option."""
    if arguments.workload == "jpeg":
        for flag in FLAGS:
            if flag.emulated and getattr(arguments, flag.name) is not None:
                raise ValueError(f"{flag.flag} must be left out with --workload jpeg: pictures cost what they cost")
    elif arguments.images:
        raise ValueError("--images must be left out with --workload emulated: add --workload jpeg to read pictures")
    if arguments.images:
        pictures.folder(arguments.images)
    asked = scenario(arguments, arguments.num_workers, batches=BATCHES)
    return SweepSpec(
        base=replace(asked, machine=machine.this_machine()),
        workload=arguments.workload,
        images=arguments.images,
        num_workers=arguments.num_workers,
        repeats=arguments.repeats,
        order_seed=arguments.seed,
        stall_timeout_s=arguments.stall_timeout,
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the sweep; raises ValueError for what cannot run, Busy when another run uses the machine."""
    asked = spec(arguments)
    show = ShownSweep(asked, Progress(sys.stderr))
    with _kept(asked, show) as (store, run_id, held):

        def on_event(event: Event) -> None:
            show.event(event)
            if held is not None:
                note_progress(held, event)

        outcome = run_sweep(asked, store=store, run_id=run_id, on_event=on_event)
    if arguments.json:
        values = output.document(_record(store, run_id), outcome.trials, asked.base)
        output.print_json("bench", {"state": outcome.state, "message": outcome.message, **values})
    elif outcome.trials:
        sys.stdout.write(f"{output.measured(outcome.trials, asked.base)}\n")
    sys.stdout.flush()
    sys.stderr.write(f"{_end(outcome, run_id)}\n")
    return {CANCELLED: STOPPED, FAILED: 1}.get(outcome.state, 0)


def _record(store: Store | None, run_id: int) -> Run | None:
    """Return the run's record; results that could not be kept are printed all the same."""
    try:
        return None if store is None else store.run(run_id)
    except StoreError:
        return None


@contextlib.contextmanager
def _kept(asked: SweepSpec, show: ShownSweep) -> Iterator[tuple[Store | None, int, lock.RunLock | None]]:
    """Take the machine and a place for the results; where nothing can be written only the keeping is lost."""
    with contextlib.ExitStack() as stack:
        store, run_id, held = None, 0, None
        try:
            opened = Store()
            show.say(opened.notice)
            held = stack.enter_context(lock.take(opened.folder, who=WHO, pid=os.getpid()))
            run_id = opened.create_run(asked, machine.describe(), who=WHO)
            held.note(run_id=run_id)
            store = opened
        except StoreError as error:
            show.say(f"the results will not be kept: {error}")
        except OSError as error:
            show.say(f"the results will not be kept, their folder cannot be written ({error.strerror})")
        yield store, run_id, held


def _end(outcome: Outcome, run_id: int) -> str:
    """Say how it ended and what of it is on disk."""
    if outcome.state == FAILED:
        return f"dataloader-lab bench: {outcome.message}"
    count, kept = len(outcome.trials), sum(trial.id > 0 for trial in outcome.trials)
    stopped = "stopped: " if outcome.state == CANCELLED else ""
    if not count:
        return f"{stopped}no trial had finished"
    said = f"{stopped}{count} finished {'trial' if count == 1 else 'trials'}"
    if not kept:
        return f"{said}, not kept"
    of_them = "" if kept == count else f"{kept} of them "
    return f"{said}, {of_them}kept as run {run_id}, see `dataloader-lab runs show {run_id}`"
