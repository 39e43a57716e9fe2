"""Put the commands of `dataloader-lab` together."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version

from bench.cli import app, bench, export, host, predict, runs, simulate, trace
from bench.cli.arguments import Parser, joined

DESCRIPTION = "See why your GPU waits: simulate, measure and tune the PyTorch DataLoader. No command opens the app."


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command line; raises SystemExit with 2 for wrong arguments and 0 after --help."""
    parser = Parser(prog="dataloader-lab", description=DESCRIPTION)
    parser.add_argument("--version", action="version", version=f"dataloader-lab {_version()}")
    app.add_options(parser)
    commands = parser.add_subparsers(metavar="COMMAND")
    simulate.add_parser(commands)
    bench.add_parser(commands)
    runs.add_parser(commands)
    export.add_parser(commands)
    host.add_parser(commands)
    trace.add_parser(commands)
    predict.add_parser(commands)
    # What follows the script is the script's own.
    return parser.parse_args(argv if argv[:1] == ["trace"] else joined(argv))


def _version() -> str:
    try:
        return version("dataloader-lab")
    except PackageNotFoundError:
        return "(not installed)"
