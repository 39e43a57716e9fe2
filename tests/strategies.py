"""Hypothesis strategies for scenarios, in one place."""

from hypothesis import strategies as st

from dataloader_sim import LoaderConfig, Machine, Scenario, Workload

times = st.one_of(st.just(0.0), st.floats(1e-5, 0.05))


@st.composite
def workloads(draw, *, constant=False, most_batches=40):
    return Workload(
        batches=draw(st.integers(1, most_batches)),
        batch_size=draw(st.integers(1, 6)),
        io_s=draw(times),
        cpu_s=draw(times),
        collate_s=draw(times),
        step_s=draw(times),
        jitter=0.0 if constant else draw(st.sampled_from([0.0, 0.3, 2.0])),
        slow_every=0 if constant else draw(st.sampled_from([0, 1, 3, 7])),
        slow_factor=draw(st.floats(1.0, 20.0)),
    )


@st.composite
def loaders(draw, *, least_workers=0, most_workers=8):
    workers = draw(st.integers(least_workers, most_workers))
    prefetch = draw(st.sampled_from([None, 1, 2, 3, 8])) if workers else None
    return LoaderConfig(num_workers=workers, prefetch_factor=prefetch)


@st.composite
def scenarios(draw, *, cores=None, constant=False, least_workers=0):
    return Scenario(
        workload=draw(workloads(constant=constant)),
        loader=draw(loaders(least_workers=least_workers)),
        machine=Machine(cores=draw(st.floats(0.25, 12.0)) if cores is None else cores),
        seed=draw(st.integers(0, 2**32)),
    )
