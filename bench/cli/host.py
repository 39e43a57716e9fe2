"""`dataloader-lab host`: what this machine is, and what torch's plumbing costs on it."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from typing import Any

from bench import machine
from bench.calibration.host import Host, KeptHost, calibrate_host, kept_host
from bench.calibration.host_file import document
from bench.calibration.quantity import Quantity
from bench.cli import output
from bench.cli.arguments import Parser
from bench.cli.terminal import Progress
from bench.trial.spec import TrialError

HEAD = ("cost", "median", "lowest to highest", "repeats")
NOT_YET = "Not calibrated: `dataloader-lab host --calibrate` measures what torch's plumbing costs here, about 40 s."
DESCRIPTION = """\
Say what a run may use of this machine. --calibrate measures what torch's DataLoader itself costs on it, in a process of
its own and in about 40 s, and keeps that for predictions: starting and stopping workers, handing batches over, shared
memory, and how many processes really compute at once."""
# Seconds are printed in the largest of these units in which they are 1 or more.
_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"))


def add_parser(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the command and its options."""
    parser = commands.add_parser("host", help="this machine, and what plumbing costs on it", description=DESCRIPTION)
    parser.set_defaults(run=run)
    parser.add_argument("--calibrate", action="store_true", help="measure the plumbing costs now and keep them")
    parser.add_argument("--json", action="store_true", help="print one JSON document instead of text")


def run(arguments: argparse.Namespace) -> int:
    """Print what this machine is; raises Busy and StoreError when it cannot be calibrated."""
    if arguments.calibrate:
        try:
            kept = KeptHost(host=_calibrated())
        except TrialError as error:
            sys.stderr.write(f"dataloader-lab: {error}\n")
            return 1
    else:
        kept = kept_host()
    if kept.notice:
        sys.stderr.write(f"{kept.notice}\n")
    if arguments.json:
        output.print_json("host", _document(kept))
    else:
        sys.stdout.write(f"{_text(kept)}\n")
    return 0


def _calibrated() -> Host:
    progress = Progress(sys.stderr)

    def report(share: float, what: str) -> None:
        if progress.is_terminal:
            progress.bar(what, share)
        else:
            progress.line(f"{share * 100:.0f} %  {what}")

    try:
        return calibrate_host(report)
    finally:
        progress.clear()


def _text(kept: KeptHost) -> str:
    here, limits, usable = machine.describe(), machine.core_limits(), machine.this_machine()
    quota = "no quota" if limits.quota is None else f"a quota of {limits.quota:g}"
    shm = f"{usable.shm_bytes / 2**30:,.1f} GiB" if usable.shm_bytes else "none"
    lines = [
        f"Processor: {here['cpu'] or 'unknown'}",
        f"Cores:     {usable.cores:g} for a run ({limits.affinity} by affinity, {quota})",
        f"Memory:    {usable.ram_bytes / 2**30:,.1f} GiB, /dev/shm {shm}",
        f"Software:  Python {here['python']}, torch {here['torch']}, {here['platform']}",
        "",
    ]
    return "\n".join([*lines, *(_costs(kept.host) if kept.host else [NOT_YET])])


def _costs(host: Host) -> list[str]:
    when = host.measured_utc.replace("T", " ").replace("Z", " UTC")
    said = (
        f"Calibrated {when} with torch {host.origin.get('torch', 'unknown')}; "
        f"other programs used up to {host.others_share * 100:.0f} % of the machine meanwhile."
    )
    return [output.table(HEAD, [_row(one) for one in host.quantities]), "", said, *host.notes]


def _row(one: Quantity) -> tuple[str, ...]:
    low, high = _shown(one.name, one.low), _shown(one.name, one.high)
    return (one.name.partition(".")[2], _shown(one.name, one.value), f"{low} to {high}", str(one.count))


def _shown(name: str, value: float) -> str:
    if name.endswith("_bytes_per_s"):
        return f"{value / 1e9:.2f} GB/s"
    if not name.endswith("_s"):
        return f"{value:.2f}"
    scale, unit = next((one for one in _UNITS if value >= one[0]), _UNITS[-1])
    return f"{value / scale:.2f} {unit}"


def _document(kept: KeptHost) -> dict[str, Any]:
    calibration = document(kept.host) if kept.host else None
    return {
        "machine": machine.describe(),
        "cores": asdict(machine.core_limits()) | {"usable": machine.this_machine().cores},
        "calibration": calibration,
        "notice": kept.notice,
    }
