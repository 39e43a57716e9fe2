"""Draw a histogram for a report: plain shapes, no script."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pages._ui import format as fmt
from pages._ui.report_markup import escaped

BARS = 40
WIDTH, HEIGHT, FOOT = 620, 150, 20


def picture(seconds: NDArray[np.float64]) -> str:
    """Return how many samples took how long, on a logarithmic axis; nothing when all took the same time."""
    taken = seconds[seconds > 0]
    if not taken.size or taken.min() == taken.max():
        return ""
    edges = np.geomspace(taken.min(), taken.max(), BARS + 1)
    counts, _ = np.histogram(taken, edges)
    wide = WIDTH / BARS
    bars = "".join(_bar(at * wide, wide, count / counts.max()) for at, count in enumerate(counts) if count)
    low, high = (fmt.seconds(float(one)) for one in (taken.min(), taken.max()))
    told = escaped(f"How long a sample took, from {low} to {high}, on a logarithmic axis; highest bar {counts.max():,}")
    return (
        f'<svg class="spread" viewBox="0 0 {WIDTH} {HEIGHT + FOOT}" role="img" aria-label="{told}">{bars}'
        f'<text x="0" y="{HEIGHT + 15}">{escaped(low)}</text>'
        f'<text x="{WIDTH}" y="{HEIGHT + 15}" text-anchor="end">{escaped(high)}</text></svg>'
        f'<p class="quiet">{told}.</p>'
    )


def _bar(left: float, wide: float, part: float) -> str:
    high = max(1.0, part * (HEIGHT - 4))
    return f'<rect x="{left:.1f}" y="{HEIGHT - high:.1f}" width="{wide - 1:.1f}" height="{high:.1f}"/>'
