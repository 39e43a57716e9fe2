"""Show what a run measured: the choice, the curve over the simulated one, the table, the timelines."""

from __future__ import annotations

import streamlit as st

from bench import jobs
from bench.report import recommendation
from bench.runs.records import FAILED
from dataloader_sim import bounds, judge, metrics
from pages._ui import format as fmt
from pages._ui import frame, player, words
from pages._ui.figures import curve
from pages.measure import _table, _wording
from pages.measure._kept import Kept, plumbing, simulated, timeline, typical

# The player takes whole timelines; the web server sends 50 MB at most.
MOST_SPANS = 400_000


def show(kept: Kept) -> None:
    """Show a run that has ended: how, what to choose, the curve and the table."""
    _say_ending(kept)
    st.caption(f"{_wording.title(kept.run)}, on {_wording.machine(kept.run)}")
    if kept.measured:
        choice = recommendation.recommend(kept.cells, kept.run.spec.base)
        opening, dot, rest = fmt.literal(choice.sentence).partition(". ")
        st.markdown(f"**{opening}{dot.strip()}** {rest}")
        st.code(choice.line, wrap_lines=True)
    picture(kept)


def picture(kept: Kept) -> None:
    """Show the cells so far: the curve over the simulated one, and the table."""
    if kept.measured or kept.run.spec.workload == "emulated":
        _draw(kept)
    if kept.cells:
        _table.show(kept)


def replay(kept: Kept) -> None:
    """Play the measured timeline of any cell: of its trials the one nearest to their mean."""
    if not kept.measured:
        return
    store = jobs.default_store()
    chosen = recommendation.recommend(kept.cells, kept.run.spec.base).num_workers
    runs = []
    for cell in kept.measured:
        seen = timeline(store, typical(kept, cell).id)
        interval = cell.samples_per_s
        runs.append(
            player.PlayerRun(
                value=cell.num_workers,
                timeline=seen,
                metrics=metrics(seen),
                verdict=judge(seen),
                bound=bounds(seen.scenario).gpu,
                low=interval.low if interval else None,
                high=interval.high if interval else None,
            )
        )
    if sum(run.timeline.spans.size for run in runs) > MOST_SPANS:
        st.info("The timelines of this run are too long to play. A run of fewer batches shows the same rate.")
        return
    st.caption(
        "Measured timelines: of each num_workers the trial whose throughput is nearest to the mean of its trials. "
        "Move num_workers to see another."
    )
    selected = next(at for at, run in enumerate(runs) if run.value == chosen)
    player.show(runs, selected=selected, knob="num_workers", source=words.MEASURED, key=f"replay-{kept.run.id}")


def _draw(kept: Kept) -> None:
    seen = simulated(jobs.default_store(), kept)
    if seen is not None:
        picture = curve.figure(seen, "num_workers", seen.values, kept.points, dark=frame.dark())
        st.plotly_chart(picture, key=f"measured-{kept.run.id}", config={"displayModeBar": False})
        st.caption(_where_from(kept))


def _where_from(kept: Kept) -> str:
    costs = (
        "with the costs that were asked for"
        if kept.run.spec.workload == "emulated"
        else f"with a sample's cost as measured at num_workers {kept.reference.num_workers if kept.reference else 0}"
    )
    return (
        "Diamonds: measured; bars: 95 % intervals, in full in the table. "
        f"Lines: simulated {costs}, and bounds that no steady run can exceed. "
        f"{_plumbing(kept)} Samples vary by 5 % at least."
    )


def _plumbing(kept: Kept) -> str:
    if plumbing(kept) is not None:
        return "What torch itself costs is as `dataloader-lab host --calibrate` measured it on this machine."
    return (
        "What torch itself costs, such as handing batches over, is left out: on the machine of the run "
        "`dataloader-lab host --calibrate` measures it once."
    )


def _say_ending(kept: Kept) -> None:
    said = _wording.ending(kept.run)
    if said:
        (st.error if kept.run.state == FAILED else st.warning)(said)
    details = [trial.details for trial in kept.trials if trial.details]
    if details:
        with st.expander("What the first failed trial printed"):
            st.code(details[0], language=None, wrap_lines=True)
