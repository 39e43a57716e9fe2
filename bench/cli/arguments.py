"""Read the command line: every wrong value gets the rule, the value and the way out, in one sentence."""

from __future__ import annotations

import argparse
import math
import re
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from bench.trial.spec import MOST_WORKERS

LONGEST_ECHO = 40


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


def _whole_or_none(text: str) -> int | None:
    try:
        return int(text)
    except ValueError:
        return None


def _is_wrong(value: int | None, most: int) -> bool:
    return value is None or not 0 <= value <= most


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_ECHO else f"{text[:LONGEST_ECHO]}..."
