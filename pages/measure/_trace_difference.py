"""Say how far a simulated run is from the measured one, batch by batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dataloader_sim import Timeline
from pages._ui import format as fmt
from pages._ui import traced
from pages._ui.window import Cut, Window

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Difference:
    """Hold, for each batch of a window, simulated minus measured in seconds.

    places: the batches' places in the order handed over when measured. hand_over_s: of the hand-over on the window's
    own clock. load_s: of fetch and collate. of_s: how long the measured window lasts.
    """

    places: NDArray[np.int64]
    hand_over_s: Floats
    load_s: Floats
    measured_load_s: Floats
    of_s: float

    @property
    def sentence(self) -> str:
        """Return in words how far apart the hand-overs are."""
        if not self.places.size:
            return "No batch is in both runs."
        median, far = float(np.median(self.hand_over_s)), int(np.argmax(np.abs(self.hand_over_s)))
        last = float(self.hand_over_s[-1])
        part = f" ({abs(last) / self.of_s:.1%})".replace("%", " %") if self.of_s > 0 else ""
        return (
            f"The simulation hands a batch over {_late(median)} (median), at most {_late(float(self.hand_over_s[far]))}"
            f" (hand-over {self.places[far]}). The last one is {_late(last)} after {fmt.seconds(self.of_s)}{part}."
        )

    @property
    def loads(self) -> str:
        """Return in words how far apart the loads are."""
        known = ~np.isnan(self.load_s)
        if not known.any():
            return ""
        measured_s = float(np.median(self.measured_load_s[known]))
        simulated_s = float(np.median((self.measured_load_s + self.load_s)[known]))
        return (
            f"A batch loads in {fmt.seconds(simulated_s)} simulated, {fmt.seconds(measured_s)} measured (medians of "
            f"{int(known.sum()):,})."
        )


def between(measured: tuple[Timeline, Cut], simulated: tuple[Timeline, Cut], window: Window) -> Difference:
    """Compare two runs, each with the part of it that is shown, over the batches of a window of the measured one."""
    (run, part), (other, other_part) = measured, simulated
    rows, others = traced.batches(run)[window.first : window.last + 1], traced.batches(other)
    _, at, other_at = np.intersect1d(traced.names(rows), traced.names(others), return_indices=True)
    order = np.argsort(at)
    at, other_at = at[order], other_at[order]
    own_s = rows["received_s"][at] - part.at_s
    return Difference(
        places=at + window.first,
        hand_over_s=others["received_s"][other_at] - other_part.at_s - own_s,
        load_s=others["load_s"][other_at] - rows["load_s"][at],
        measured_load_s=rows["load_s"][at],
        of_s=part.until_s if part.until_s is not None else run.end_s,
    )


def _late(seconds: float) -> str:
    if abs(seconds) < 1e-6:  # noqa: PLR2004 (no clock of a trace tells less)
        return "at the same time"
    return f"{fmt.seconds(abs(seconds))} {'late' if seconds > 0 else 'early'}"
