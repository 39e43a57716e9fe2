"""`dataloader-lab export`: write a trace file in a form that other programs open."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from bench import traces
from bench.calibration.advice import judge_and_advise
from bench.cli import output
from bench.cli.app import ROOT
from bench.cli.arguments import Parser
from bench.export import document, perfetto, tables
from bench.files import write_whole
from dataloader_sim.timeline import Timeline

REPORT = "pages._ui.report"
# What is written beside FILE when no --out says where.
ENDINGS = {"perfetto": ".perfetto.json", "csv": ".csv", "json": ".json", "html": ".html"}
DESCRIPTION = """\
Write a trace file in another form. perfetto: open it at ui.perfetto.dev, with a lane per worker and an arrow from each
load to its step. csv: a table of batches, and beside it, named alike, the samples and transforms that a trace holds.
json: all of it. html: a report for somebody without this program."""


def add_parser(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser("export", help="write a trace file in another form", description=DESCRIPTION)
    parser.set_defaults(run=run)
    parser.add_argument("file", type=Path, metavar="FILE.trace", help="the trace to write")
    parser.add_argument("--to", choices=tuple(ENDINGS), required=True, help="the form to write it in")
    parser.add_argument("--out", type=Path, default=None, metavar="PATH", help="the file to write (default: beside it)")
    parser.add_argument("--json", action="store_true", help="print one JSON document that names what was written")


def run(arguments: argparse.Namespace) -> int:
    """Write the files and name them; raises ValueError for a file that is no trace."""
    source = arguments.file
    out = arguments.out or source.with_name(source.name.removesuffix(".trace") + ENDINGS[arguments.to])
    if out.absolute() == source.absolute() or (out.exists() and out.samefile(source)):
        raise ValueError("--out must be another file than the trace, or it would be lost: choose another name")
    timeline = traces.read(source)
    if arguments.to == "html":
        written = _report(source, out, _advice(timeline))
    else:
        written = [_write(path, text) for path, text in _files(timeline, arguments.to, out).items()]
    if not written:
        return 1
    if arguments.json:
        output.print_json("export", {"to": arguments.to, "files": [str(one) for one in written]})
    else:
        sys.stdout.writelines(f"{one}\n" for one in written)
    return 0


def _files(timeline: Timeline, form: str, out: Path) -> dict[Path, str]:
    if form == "perfetto":
        return {out: json.dumps(perfetto.perfetto(timeline), allow_nan=False)}
    if form == "json":
        return {out: json.dumps(document.document(timeline), allow_nan=False)}
    named = {name: out.with_name(f"{out.stem}-{name}{out.suffix}") for name in ("samples", "transforms")}
    return {named.get(name, out): text for name, text in tables.tables(timeline).items()}


def _write(path: Path, text: str) -> Path:
    write_whole(path, text.encode())
    return path


def _advice(timeline: Timeline) -> str:
    """Return what to try; nothing for a trace that was cut off before its first step."""
    try:
        return judge_and_advise(timeline).advice
    except ValueError:
        return ""


def _report(source: Path, out: Path, advice: str) -> list[Path]:
    """Write the report in a process of its own, named and not imported: nothing in `bench` depends on the pages."""
    command = [sys.executable, "-m", REPORT, str(source.absolute()), str(out.absolute()), advice]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().rpartition("\n")[2] or "it said nothing"
        sys.stderr.write(f"dataloader-lab: the report could not be written: {said}\n")
        return []
    return [out]
