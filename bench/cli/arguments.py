"""Read the command line: every wrong value gets the rule, the value and the way out, in one sentence."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from typing import Any, NoReturn

from bench.trial.spec import MOST_WORKERS
from dataloader_sim.rules import limits
from dataloader_sim.scenario import LoaderConfig, Machine, Scenario, Workload

LONGEST_ECHO = 40


@dataclass(frozen=True, kw_only=True)
class Flag:
    """Name one option that sets one field of a scenario; times are given in milliseconds."""

    flag: str
    owner: type
    name: str
    help: str
    emulated: bool = False


FLAGS = (
    Flag(flag="--batches", owner=Workload, name="batches", help="batches in an epoch"),
    Flag(flag="--batch-size", owner=Workload, name="batch_size", help="samples in a batch"),
    Flag(flag="--io-ms", owner=Workload, name="io_s", help="one sample: time blocked on storage", emulated=True),
    Flag(flag="--cpu-ms", owner=Workload, name="cpu_s", help="one sample: time on a core", emulated=True),
    Flag(flag="--jitter", owner=Workload, name="jitter", help="coefficient of variation of both", emulated=True),
    Flag(flag="--step-ms", owner=Workload, name="step_s", help="accelerator time of a training step"),
    Flag(flag="--prefetch-factor", owner=LoaderConfig, name="prefetch_factor", help="batches ahead per worker"),
)
SIMULATED = (
    Flag(flag="--slow-every", owner=Workload, name="slow_every", help="every n-th sample is slow, 0: none"),
    Flag(flag="--slow-factor", owner=Workload, name="slow_factor", help="how many times a slow sample costs"),
    Flag(flag="--collate-ms", owner=Workload, name="collate_s", help="one batch: time on a core to collate it"),
    Flag(flag="--cores", owner=Machine, name="cores", help="processes that compute at once, a fraction for a quota"),
)


class Parser(argparse.ArgumentParser):
    """Parse as argparse does, but say what is wrong in one sentence on standard error and exit with 2."""

    def __init__(self, **settings: Any) -> None:
        """Take no abbreviations: `--io` would change its meaning with the next release's options."""
        super().__init__(**settings, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        """Print one sentence and exit with 2."""
        found = re.match(r"argument (\S+): (.*)", message, re.DOTALL)
        sentence = f"{found[1]} {found[2]}" if found else message
        choice = re.match(r"(\S+) invalid choice: (.*) \(choose from (.*)\)", sentence, re.DOTALL)
        if choice:
            sentence = f"{choice[1]} must be one of {choice[3]}, got {_short(choice[2])}"
        if not re.search(r" must .*: ", sentence):
            sentence += f": see {self.prog} --help"
        self.exit(2, f"{self.prog}: {sentence}\n")


def add_flags(parser: argparse.ArgumentParser, flags: Sequence[Flag], **defaults: float) -> None:
    """Add options for fields of a scenario; `defaults` replaces those of the fields, in the fields' units."""
    for one in flags:
        item = next(item for item in fields(one.owner) if item.name == one.name)
        default: Any = defaults.get(one.name, item.default)
        shown = f"{default * 1e3:g} ms" if one.name.endswith("_s") else "torch's" if default is None else f"{default:g}"
        parser.add_argument(
            one.flag,
            dest=one.name,
            type=_reader(one.owner, one.name),
            default=None,
            metavar="MS" if one.name.endswith("_s") else "N",
            help=f"{one.help} (default: {shown})",
        )


def scenario(arguments: argparse.Namespace, num_workers: Sequence[int], **defaults: float) -> Scenario:
    """Build the scenario that the options describe; its num_workers is the largest of those given."""
    given = defaults | {name: value for name, value in vars(arguments).items() if value is not None}
    parts: dict[str, Any] = {}
    for part, owner in (("workload", Workload), ("loader", LoaderConfig), ("machine", Machine)):
        names = {one.name for one in (*FLAGS, *SIMULATED) if one.owner is owner}
        parts[part] = {name: given[name] for name in names & given.keys()}
    return Scenario(
        workload=Workload(**parts["workload"]),
        loader=LoaderConfig(num_workers=max(num_workers), **parts["loader"]),
        machine=Machine(**parts["machine"]),
        seed=given.get("seed", 0),
    )


def worker_counts(most: int = MOST_WORKERS) -> Callable[[str], tuple[int, ...]]:
    """Return a reader of '0,1,2,4': whole numbers from 0 to `most`, each once."""

    def read(text: str) -> tuple[int, ...]:
        values = [_whole_or_none(part.strip()) for part in text.split(",")]
        wrong = [part.strip() for part, value in zip(text.split(","), values, strict=True) if _is_wrong(value, most)]
        if wrong:
            got = " and ".join(repr(_short(part)) for part in wrong[:3])
            rule = f"must be whole numbers from 0 to {most} with commas between them"
            raise argparse.ArgumentTypeError(f"{rule}, got {got}: try --num-workers 0,1,2,4")
        known = [value for value in values if value is not None]
        if len(set(known)) != len(known):
            raise argparse.ArgumentTypeError(f"must name each value once, got {_short(text)!r}: try --repeats")
        return tuple(sorted(known))

    return read


def whole(low: int, high: int, hint: str) -> Callable[[str], int]:
    """Return a reader of a whole number within bounds."""

    def read(text: str) -> int:
        value = _whole_or_none(text)
        if value is None:
            raise argparse.ArgumentTypeError(f"must be a whole number, got {_short(text)!r}: {hint}")
        if not low <= value <= high:
            rule = f"{low:,} or more" if value < low else f"{high:,} or less"
            raise argparse.ArgumentTypeError(f"must be {rule}, got {_short(text)}: {hint}")
        return value

    return read


def number(low: float, high: float, hint: str, *, above: bool = False, scale: float = 1.0) -> Callable[[str], float]:
    """Return a reader of a finite number within bounds; `scale` turns what is typed into the field's unit."""

    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"must be a number, got {_short(text)!r}: {hint}") from None
        if not math.isfinite(value):
            raise argparse.ArgumentTypeError(f"must be a finite number, got {_short(text)}: {hint}")
        if value < low or (above and value == low):
            rule = f"more than {low:g}" if above else f"{low:g} or more"
            raise argparse.ArgumentTypeError(f"must be {rule}, got {_short(text)}: {hint}")
        if value > high:
            raise argparse.ArgumentTypeError(f"must be {high:,g} or less, got {_short(text)}: {hint}")
        return value * scale

    return read


def joined(argv: Sequence[str]) -> list[str]:
    """Join an option with a value that starts with a minus, which argparse takes for an option."""
    whole_line: list[str] = []
    for word in argv:
        if whole_line and re.match(r"-[\d.,]", word) and re.fullmatch(r"--[a-z-]+", whole_line[-1]):
            whole_line[-1] += f"={word}"
        else:
            whole_line.append(word)
    return whole_line


def _reader(owner: type, name: str) -> Callable[[str], float]:
    low, high = limits(owner, name)
    rule = next(item for item in fields(owner) if item.name == name).metadata["rule"]
    if rule.kind == "a whole number":
        return whole(int(low), int(high), rule.hint or "see --help")
    if name.endswith("_s"):
        return number(low * 1e3, high * 1e3, "times are in milliseconds here", scale=1e-3)
    return number(low, high, rule.hint or "see --help", above=rule.above)


def _whole_or_none(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def _is_wrong(value: int | None, most: int) -> bool:
    return value is None or not 0 <= value <= most


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_ECHO else f"{text[:LONGEST_ECHO]}..."
