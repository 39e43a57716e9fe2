"""Put the player with its payload into a report."""

from __future__ import annotations

import base64

from dataloader_sim import Timeline, bounds, judge, metrics
from pages._ui import player_assets
from pages._ui.player_payload import PlayerRun, pack, pack_pair
from pages._ui.report_markup import heading, paragraph
from pages._ui.window import Cut, Window, cut, same, whole

# More would make the page large, and no bar could be told from the next.
MOST_BATCHES = 2_000


def section(timeline: Timeline, simulated: Timeline | None) -> str:
    """Return the timeline, above the simulated one where there is one; of a long run its first batches."""
    every = whole(timeline)
    if not timeline.end_s or every.batches < 1:
        return ""
    window = Window(first=0, last=min(every.last, MOST_BATCHES - 1))
    try:
        payload, said = _payload(timeline, simulated, window)
    except ValueError as error:
        return heading("Timeline, measured") + paragraph(f"It cannot be drawn: {error}.")
    if window != every:
        said += f" The first {window.batches:,} of {every.batches:,} batches."
    code = base64.b64encode(payload).decode()
    return (
        f"{heading('Timeline')}{paragraph(said, 'quiet')}"
        f'<div class="timeline">{player_assets.html()}</div>'
        "<noscript><p>The timeline is drawn by a script of this page, which is switched off.</p></noscript>"
        f'<div class="payload" hidden>{code}</div>'
    )


def _payload(timeline: Timeline, simulated: Timeline | None, window: Window) -> tuple[bytes, str]:
    """Return the player's payload, and what it shows; raises ValueError for what the player cannot hold."""
    upper = _run(timeline, cut(timeline, window))
    place = same(window, timeline, simulated) if simulated is not None else None
    if simulated is None or place is None:
        return pack([upper], selected=0, knob=None, source=timeline.source, autoplay=False), "Measured."
    lower = _run(simulated, cut(simulated, place))
    return pack_pair(upper, lower), "Above: measured. Below: simulated at the same settings, on the same clock."


def _run(timeline: Timeline, part: Cut) -> PlayerRun:
    return PlayerRun(
        value=timeline.scenario.loader.num_workers,
        timeline=part.timeline,
        metrics=metrics(timeline),
        verdict=judge(timeline),
        bound=bounds(timeline.scenario).gpu,
        until_s=part.until_s,
    )
