"""Hypothesis strategies for scenarios, in one place.

`scenarios` draws what the first lesson is about: samples, workers, cores. `whole_scenarios` draws everything.
"""

import math
from dataclasses import replace

from hypothesis import strategies as st

from dataloader_sim import LoaderConfig, Machine, Scenario, Workload
from dataloader_sim.scenario import START_METHODS, Fault

times = st.one_of(st.just(0.0), st.floats(1e-5, 0.05))
# Sums of these are exact in binary: simultaneous events stay simultaneous, whatever the order of additions.
exact_times = st.integers(0, 40).map(lambda count: count / 1024)
rates = st.sampled_from([math.inf, 2.0**20, 2.0**22, 2.0**24])
seeds = st.integers(0, 2**32)


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
        seed=draw(seeds),
    )


@st.composite
def whole_workloads(draw, *, exact=False, iterable=None, most_batches=12):
    """Draw a workload with several epochs, sizes and host times; `exact`: equal samples with exact times."""
    seconds = exact_times if exact else times
    return Workload(
        batches=draw(st.integers(1, most_batches)),
        batch_size=draw(st.integers(1, 4)),
        epochs=draw(st.integers(1, 3)),
        io_s=draw(seconds),
        cpu_s=draw(seconds),
        jitter=0.0 if exact else draw(st.sampled_from([0.0, 0.3, 1.0])),
        slow_every=draw(st.sampled_from([0, 1, 2, 3, 7])),
        slow_factor=float(draw(st.integers(1, 9))),
        gil_share=draw(st.sampled_from([0.0, 0.25, 0.75, 1.0])),
        # A load always takes time: between events of no length there is no order to know.
        collate_s=draw(seconds) + 1 / 1024,
        sample_bytes=1024 * draw(st.integers(0, 10)),
        tensors=draw(st.integers(1, 5)),
        step_s=draw(seconds),
        launch_s=draw(seconds),
        synchronize=draw(st.booleans()),
        iterable=draw(st.booleans()) if iterable is None else iterable,
        shard_skew=draw(st.sampled_from([0.0, 0.25, 0.5, 1.0])),
        dataset_bytes=draw(st.sampled_from([0, 65_536, 65_537])),
        dataset_objects=draw(st.booleans()),
    )


@st.composite
def whole_loaders(draw, *, in_order=None, least_workers=0, most_workers=5):
    """Draw a loader with every option but a timeout."""
    loader = draw(loaders(least_workers=least_workers, most_workers=most_workers))
    return replace(
        loader,
        pin_memory=draw(st.booleans()),
        in_order=draw(st.booleans()) if in_order is None else in_order,
        drop_last=draw(st.booleans()),
        persistent_workers=bool(loader.num_workers) and draw(st.booleans()),
        multiprocessing_context=draw(st.sampled_from([None, *START_METHODS])) if loader.num_workers else None,
    )


@st.composite
def whole_machines(draw, *, exact=False, cores=None, most_ranks=3):
    """Draw a machine with every plumbing cost."""
    seconds = exact_times if exact else times
    return Machine(
        cores=draw(st.floats(0.5, 12.0)) if cores is None else cores,
        free_threaded=draw(st.booleans()),
        ranks=draw(st.integers(1, most_ranks)),
        **{f"worker_{name}_s": draw(seconds) for name in ("spawn", "import", "exit")},
        # At times longer than an epoch.
        worker_boot_s=draw(seconds) * draw(st.sampled_from([1, 1, 16])),
        **{name: draw(seconds) / 4 for name in ("put_s", "get_s", "get_tensor_s")},
        **{f"{name}_bytes_per_s": draw(rates) for name in ("shm", "touch", "pin", "h2d")},
        storage_streams=0 if cores else draw(st.integers(0, 3)),
    )


@st.composite
def whole_scenarios(
    draw, *, exact=False, iterable=None, in_order=None, least_workers=0, cores=None, threads=None, faults=False, **most
):
    """Draw a scenario of all features; `cores` given: storage does not limit either; `faults`: one may go wrong."""
    workload = draw(whole_workloads(exact=exact, iterable=iterable, most_batches=most.get("batches", 12)))
    most_workers = most.get("workers", 5)
    loader = draw(whole_loaders(in_order=in_order, least_workers=least_workers, most_workers=most_workers))
    if workload.iterable and workload.batches < loader.num_workers:
        # No part might hold a full batch, and a run without any is refused.
        loader = replace(loader, drop_last=False)
    return Scenario(
        workload=workload,
        loader=loader,
        machine=draw(whole_machines(exact=exact, cores=cores, most_ranks=most.get("ranks", 3))),
        threads=draw(st.booleans()) if threads is None else threads,
        fault=draw(st.none() | _faults(workload.batches)) if faults else None,
        seed=draw(seeds),
    )


def _faults(batches):
    return st.builds(
        Fault, kind=st.sampled_from(["killed", "hangs", "raises", "lost"]), batch=st.integers(0, batches - 1)
    )
