"""Write numbers and counts the way verdicts say them."""

from __future__ import annotations

from dataclasses import dataclass

from dataloader_sim.verdict.advice import Change

# A number below this has a digit after its point.
_FEW = 10
# Seconds above this are whole.
_MANY = 100


@dataclass(frozen=True, kw_only=True)
class Words:
    """Hold what a verdict says: what was seen, what to try, and the setting that the advice names, if it names one."""

    finding: str
    advice: str
    change: Change | None = None


def percent(share: float) -> str:
    """Write a share as a percentage."""
    return f"{share * 100:.0f} %"


def rate(samples_per_s: float) -> str:
    """Write a throughput."""
    number = f"{samples_per_s:,.0f}" if samples_per_s >= _FEW else f"{samples_per_s:.2g}"
    return f"{number} samples/s"


def seconds(time_s: float) -> str:
    """Write a time, in milliseconds below a second."""
    if time_s >= _MANY:
        return f"{time_s:,.0f} s"
    return f"{time_s:.3g} s" if time_s >= 1 else f"{time_s * 1000:.3g} ms"


def count(number: int, thing: str) -> str:
    """Write how many there are of a thing."""
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}{'es' if thing.endswith('ch') else 's'}"
