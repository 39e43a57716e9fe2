"""Let the visitor say what to measure; what is chosen lives in the URL."""

from __future__ import annotations

from functools import cache

import streamlit as st

from bench.machine import this_machine
from bench.runs.plan import SweepSpec
from bench.trial.spec import WORKLOADS
from dataloader_sim import LoaderConfig, Machine, Scenario, Workload
from pages._ui import format as fmt
from pages.measure import _wording
from pages.measure._fields import ALL, BATCH_SIZE, BATCHES, REPEATS, SAMPLE_CPU, SAMPLE_IO, STEP, Field

WORKERS = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64)
_FEWEST_TOP = 4


def choose() -> SweepSpec:
    """Show the settings and return the sweep that they describe; raises ValueError for what cannot be run."""
    _warn_of_nonsense()
    workload = _workload()
    num_workers = _workers()
    with st.container(horizontal=True, key="settings", gap="small"):
        numbers = {one.key: one.ask() for one in _fields(workload)}
    return SweepSpec(
        base=Scenario(
            workload=Workload(
                batches=int(numbers["batches"]),
                batch_size=int(numbers["measure_batch_size"]),
                io_s=numbers.get("measure_io_ms", 0.0) / 1e3,
                cpu_s=numbers.get("measure_cpu_ms", 0.0) / 1e3,
                step_s=numbers["measure_step_ms"] / 1e3,
            ),
            # Options that only workers use may stand in the base when it has a worker.
            loader=LoaderConfig(num_workers=1),
            machine=Machine(cores=_cores()),
        ),
        workload=workload,
        num_workers=num_workers,
        repeats=int(numbers["repeats"]),
    )


def default_workers() -> list[int]:
    """Return 0 and the powers of two up to this machine's cores, 4 at least."""
    top = max(_FEWEST_TOP, _cores())
    return [count for count in WORKERS if count <= top and count & (count - 1) == 0]


@cache
def _cores() -> float:
    return this_machine().cores


def _fields(workload: str) -> tuple[Field, ...]:
    costs = (SAMPLE_IO, SAMPLE_CPU) if workload == "emulated" else ()
    return (*costs, STEP, BATCH_SIZE, BATCHES, REPEATS)


def _workload() -> str:
    chosen = st.radio(
        "Workload",
        WORKLOADS,
        captions=list(_wording.WORKLOADS.values()),
        key="workload",
        bind="query-params",
        label_visibility="collapsed",
    )
    # A browser checks its widgets, and another program may pose as one: what arrives is checked again.
    return chosen if chosen in WORKLOADS else WORKLOADS[0]


def _workers() -> tuple[int, ...]:
    chosen = st.pills(
        "num_workers",
        WORKERS,
        selection_mode="multi",
        default=default_workers(),
        wrap=True,
        key="workers",
        bind="query-params",
        help="Which worker counts to try? Each repeat runs every one of them once, in a shuffled order.",
    )
    return tuple(sorted(set(chosen) & set(WORKERS)))


def _warn_of_nonsense() -> None:
    """Say which values of the link are not used, rather than measure something else in silence."""
    for key, options in (("workload", WORKLOADS), ("workers", tuple(map(str, WORKERS)))):
        unknown = [one for one in st.query_params.get_all(key) if one and one not in options]
        if unknown:
            said = f"{key} must be one of {', '.join(options)}, got {unknown[0][:40]!r} in the link: it is left out"
            st.warning(fmt.sentence(said))
    for one in ALL:
        written = st.query_params.get(one.key)
        if written is not None and not one.accepts(written):
            rule = f"{one.key} must be a number from {one.low:,g} to {one.high:,g}"
            st.warning(fmt.sentence(f"{rule}, got {written[:40]!r} in the link: {one.default:g} is used instead"))
