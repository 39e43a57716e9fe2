"""Write numbers with their units, the same everywhere."""

from __future__ import annotations

import math
import re
from collections.abc import Callable

from dataloader_sim.verdict import Evidence

_BYTES_PER_UNIT = 1024


def rate(samples_per_s: float) -> str:
    """Write a throughput, e.g. '1,067 samples/s'."""
    if math.isinf(samples_per_s):
        return "no limit"
    digits = 0 if samples_per_s >= 100 else 1  # noqa: PLR2004
    return f"{samples_per_s:,.{digits}f} samples/s"


def evidence(one: Evidence) -> str:
    """Write the number behind a verdict in its unit."""
    written = {"share": share, "samples/s": rate, "s": seconds}.get(one.unit)
    return f"{one.value:,.6g} {one.unit}" if written is None else written(one.value)


def share(fraction: float) -> str:
    """Write a share of a whole, e.g. '47 %'."""
    return f"{fraction:.0%}".replace("%", " %")


def seconds(value: float) -> str:
    """Write a time in the unit that fits, e.g. '30 ms', '1.25 s', '3 min 20 s'."""
    if value == 0:
        return "0 s"
    if value < 0.001:  # noqa: PLR2004
        return f"{value * 1e6:.0f} µs"
    if value < 1:
        return f"{value * 1e3:.3g} ms"
    if value < 60:  # noqa: PLR2004
        return f"{value:.3g} s"
    minutes, rest = divmod(round(value), 60)
    return f"{minutes} min {rest} s"


def size(amount: float) -> str:
    """Write a size in bytes, e.g. '312 MiB'; 0 is unknown."""
    if amount <= 0:
        return "unknown"
    units = ("B", "KiB", "MiB", "GiB", "TiB")
    power = min(int(math.log(amount, _BYTES_PER_UNIT)), len(units) - 1)
    return f"{amount / _BYTES_PER_UNIT**power:.3g} {units[power]}"


def titled(words: str) -> str:
    """Write words with a capital at their beginning, the rest as it is."""
    return words[:1].upper() + words[1:]


def literal(words: object) -> str:
    """Return words for a place that takes markdown, so that every character shows as itself."""
    return re.sub(r"([\\\[\]*_$<>~])", r"\\\1", str(words))


def sentence(words: object) -> str:
    """Write an error's words as one sentence, literally; a name such as num_workers stays as it is."""
    plain = literal(words).rstrip(". ")
    is_name = "_" in plain.partition(" ")[0]
    return f"{plain}." if is_name else f"{titled(plain)}."


def span(low: float, high: float, write: Callable[[float], str]) -> str:
    """Write a range, e.g. '38 % to 41 %'; a single value when both ends read the same."""
    return write(low) if write(low) == write(high) else f"{write(low)} to {write(high)}"
