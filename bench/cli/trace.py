"""`dataloader-lab trace`: run a script, record the DataLoaders that it iterates, and say what limits them."""

from __future__ import annotations

import argparse
import math
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import traces
from bench.calibration.advice import judge_and_advise
from bench.cli import STOPPED, output
from bench.cli.arguments import Parser
from bench.tracing.assembly import TracedLoader, assemble
from bench.tracing.ending import ending_of
from dataloader_sim.metrics import metrics
from dataloader_sim.timeline import Timeline

DESCRIPTION = """\
Run a Python script as it is, record every DataLoader that it iterates, and say what limits the one with the most
batches. The script's own output, errors and exit are its own. Options of this command stand before the script."""
# After a stop the script has a moment to end by itself: a terminal sends Ctrl-C to both.
GRACE_S = 2.0
LONGEST_STOP_S = 30.0
# On a terminal the script got the Ctrl-C itself and may be saving what it has; another Ctrl-C ends it.
LONGEST_SAVE_S = 600.0


def add_parser(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser("trace", help="run a script and trace its DataLoaders", description=DESCRIPTION)
    parser.set_defaults(run=run)
    parser.add_argument("--out", type=Path, default=None, metavar="FILE", help="trace file (default: among the kept)")
    parser.add_argument("--transforms", action="store_true", help="time each step of Compose-like transforms as well")
    text = "print one JSON document on standard output; the script's output goes to standard error"
    parser.add_argument("--json", action="store_true", help=text)
    parser.add_argument("script", type=Path, metavar="script.py", help="the script to run")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="...", help="the script's own arguments")


def run(arguments: argparse.Namespace) -> int:
    """Run the script, keep its trace and print what was seen; raises ValueError for a script that is not there."""
    _check(arguments)
    folder = Path(tempfile.mkdtemp(prefix="dataloader-lab-"))
    try:
        status = _run_script(arguments, folder)
        loaders = assemble(folder, ending_of(folder, status))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    stopped = status == STOPPED
    if not loaders:
        why = f"exit status {status}" if status else "it iterated none"
        sys.stderr.write(f"dataloader-lab trace: no DataLoader of {arguments.script} was recorded ({why})\n")
        return STOPPED if stopped else 1
    most = max(loaders, key=lambda loader: loader.batches)
    path = _kept(most.timeline, arguments)
    if arguments.json:
        output.print_json("trace", _document(most, loaders, path, status))
    else:
        where = [f"Trace: {path}"] if path else []
        sys.stdout.write("\n".join([*_sentences(most, loaders), *where, ""]))
    if status and not stopped:
        sys.stderr.write(f"dataloader-lab trace: {arguments.script} ended with {_status(status)}\n")
    return STOPPED if stopped else int(bool(status) or not most.batches)


def _check(arguments: argparse.Namespace) -> None:
    if not arguments.script.is_file():
        raise ValueError(f"script.py must be a Python file, got {str(arguments.script)!r}: give its path")
    out = arguments.out
    if out is not None and (out.is_dir() or not out.absolute().parent.is_dir()):
        raise ValueError(f"--out must be a file in a folder that is there, got {str(out)!r}: create the folder first")


def _run_script(arguments: argparse.Namespace, folder: Path) -> int:
    """Run the script in a child process and return its exit status, 130 when it was stopped."""
    steps = "steps" if arguments.transforms else "plain"
    what = [str(folder), steps, str(arguments.script), *arguments.arguments]
    sys.stdout.flush()
    streams: dict[str, Any] = {"stdout": sys.stderr} if arguments.json else {}
    with subprocess.Popen([sys.executable, "-P", "-m", "bench.tracing.script", *what], **streams) as child:
        try:
            return child.wait()
        except KeyboardInterrupt:
            _stop(child)
            return STOPPED


def _stop(child: subprocess.Popen[bytes]) -> None:
    """Wait for the child's end, asking ever more firmly; a terminal has asked it already, and asks again."""
    patience_s = LONGEST_SAVE_S if sys.stdin.isatty() else GRACE_S
    for wait_s, ask in ((patience_s, child.terminate), (LONGEST_STOP_S, child.kill)):
        try:
            child.wait(wait_s)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            ask()
        else:
            return
    child.wait()


def _kept(timeline: Timeline, arguments: argparse.Namespace) -> Path | None:
    """Keep the trace and return its file; without room for it what was seen is said all the same."""
    try:
        return _keep(timeline, arguments)
    except OSError as error:
        sys.stderr.write(
            f"dataloader-lab trace: the trace is not kept ({error.strerror}): free some room, or use --out\n"
        )
        return None


def _keep(timeline: Timeline, arguments: argparse.Namespace) -> Path:
    if arguments.out is not None:
        traces.write(arguments.out, timeline)
        out: Path = arguments.out
        return out
    stem = "".join(letter if letter.isalnum() and letter.isascii() else "_" for letter in arguments.script.stem)[:60]
    return traces.save(f"{stem} {datetime.now(UTC):%Y-%m-%d %H.%M.%S}", timeline)


def _sentences(most: TracedLoader, loaders: Sequence[TracedLoader]) -> list[str]:
    timeline = most.timeline
    loader, workload = timeline.scenario.loader, timeline.scenario.workload
    seen = f"{most.batches:,} batches of {workload.batch_size} ({most.dataset}, num_workers={loader.num_workers})"
    others = f"; {len(loaders) - 1} more iterated, with fewer batches" if len(loaders) > 1 else ""
    lines = [f"Measured: {seen}{others}."]
    if most.batches or timeline.failure:
        numbers, verdict = metrics(timeline), judge_and_advise(timeline)
        lines.append(f"{numbers.samples_per_s:,.0f} samples/s; the GPU waited {numbers.stall_share * 100:.0f} %.")
        lines += [verdict.finding, verdict.advice]
    notes = timeline.observed.notes if timeline.observed else ()
    return [*lines, *(f"Partial: {note}." for note in notes)]


def _document(most: TracedLoader, loaders: Sequence[TracedLoader], path: Path | None, status: int) -> dict[str, Any]:
    timeline = most.timeline
    observed = timeline.observed
    judged = bool(most.batches or timeline.failure)
    values = vars(metrics(timeline)) if judged else {}
    verdict = asdict(judge_and_advise(timeline)) if judged else None
    return {
        "path": str(path.absolute()) if path else None,
        "script_status": status,
        "loaders": len(loaders),
        "batches": most.batches,
        "dataset": most.dataset,
        "num_workers": timeline.scenario.loader.num_workers,
        "metrics": {name: _plain(value) for name, value in values.items() if name != "ready_batches"},
        "verdict": _plain(verdict),
        "failure": asdict(timeline.failure) if timeline.failure else None,
        "partial": bool(observed and observed.partial),
        "notes": list(observed.notes) if observed else [],
    }


def _plain(value: Any) -> Any:
    """Return a value as JSON has it, which has no number for infinity and none for what is unknown."""
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "inf"
    return value


def _status(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"exit status {status}"
