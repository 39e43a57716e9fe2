"""`dataloader-lab runs`: list, show and delete what was measured."""

from __future__ import annotations

import argparse
import sys

from bench.cli import output
from bench.cli.arguments import Parser, whole
from bench.runs.records import Run
from bench.runs.schema import StoreError
from bench.runs.store import Store

HEAD = ("run", "started (UTC)", "state", "workload", "num_workers", "trials", "by")
LARGEST = 2**63 - 1


def add_parser(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the command, its subcommands and their options."""
    parser = commands.add_parser("runs", help="list, show or delete what was measured")
    parser.set_defaults(run=_list)
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of a table")
    deeds = parser.add_subparsers(metavar="show ID | delete ID")
    for name, deed, text in (("show", _show, "show a run's table"), ("delete", _delete, "delete a run")):
        one = deeds.add_parser(name, help=text, description=f"{text.capitalize()}.")
        one.set_defaults(run=deed)
        one.add_argument("id", type=whole(1, LARGEST, "`dataloader-lab runs` lists them"), metavar="ID")
        # Given before or after the subcommand; the default must not undo the one before.
        json_help = "print one JSON document instead"
        one.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help=json_help)


def _list(arguments: argparse.Namespace) -> int:
    store = _store()
    runs = store.runs()
    if arguments.json:
        output.print_json("runs", {"runs": [output.run_values(run) for run in runs]})
    elif runs:
        sys.stdout.write(f"{output.table(HEAD, [_row(run) for run in runs])}\n")
    else:
        sys.stdout.write("No runs yet: `dataloader-lab bench` measures one.\n")
    return 0


def _show(arguments: argparse.Namespace) -> int:
    store = _store()
    run, trials = store.run(arguments.id), store.trials(arguments.id)
    try:
        base = run.spec.base
    except ValueError as error:
        raise StoreError(f"run {run.id} was written by another release ({error}): update dataloader-lab") from None
    if arguments.json:
        output.print_json("run", output.document(run, trials, base))
        return 0
    machine = ", ".join(f"{name} {value}" for name, value in run.machine.items())
    why = f": {run.message}" if run.message else ""
    head = [f"Run {run.id}, {_when(run)} UTC, {run.state}{why}", f"Measured on: {machine}", ""]
    sys.stdout.write("\n".join([*head, output.measured(trials, base) if trials else "No trial finished.", ""]))
    return 0


def _delete(arguments: argparse.Namespace) -> int:
    _store().delete(arguments.id)
    if arguments.json:
        output.print_json("deleted", {"run": arguments.id})
    else:
        sys.stdout.write(f"Run {arguments.id} is deleted.\n")
    return 0


def _store() -> Store:
    store = Store()
    if store.notice:
        sys.stderr.write(f"{store.notice}\n")
    return store


def _row(run: Run) -> tuple[str, ...]:
    try:
        workload, workers = run.spec.workload, ",".join(map(str, run.spec.num_workers))
    except ValueError:
        workload, workers = "of another release", ""
    return (str(run.id), _when(run), run.state, workload, workers, str(run.trials), run.who)


def _when(run: Run) -> str:
    return run.created_utc.replace("T", " ").replace("Z", "")
