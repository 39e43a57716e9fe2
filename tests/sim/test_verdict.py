"""The word on the screen, for runs whose limit is known."""

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import scenarios

from dataloader_sim import LoaderConfig, Machine, Scenario, Timeline, Workload, bounds, judge, metrics, simulate
from dataloader_sim.timeline import GPU, MAIN, SPAN, Activity


def verdict(workers, *, cores=64.0, storage_streams=0, prefetch=None, **workload):
    scenario = Scenario(
        workload=Workload(**workload),
        loader=LoaderConfig(num_workers=workers, prefetch_factor=prefetch),
        machine=Machine(cores=cores, storage_streams=storage_streams),
    )
    return judge(simulate(scenario))


def test_few_workers_limit_and_the_advice_is_the_knee():
    seen = verdict(2)
    assert seen.limit == "loader"
    assert seen.finding == (
        "The loader is the limit: 2 workers can load about 333 samples/s, and the GPU waits 69 % of the time."
    )
    assert seen.advice == "Raise num_workers to 7; from there the GPU is the limit, at 1,067 samples/s at most."


def test_without_workers_load_and_step_take_turns():
    seen = verdict(0)
    assert seen.limit == "loader"
    assert seen.finding.startswith("Loading and training take turns, and the GPU waits 86 % of the time.")


def test_a_busy_gpu_leaves_nothing_to_gain():
    seen = verdict(8)
    assert seen.limit == "gpu"
    assert "Nothing to gain" in seen.advice
    assert "num_workers=7" in seen.advice


def test_full_cores_are_never_told_to_take_more_workers():
    seen = verdict(8, cores=2.0, io_s=0.0, cpu_s=0.01)
    assert seen.limit == "cores"
    assert seen.finding.startswith("The cores are the limit: 2 cores can load about 200 samples/s")
    assert seen.advice.startswith("More workers cannot help")


def test_one_slow_batch_in_some_is_named_order():
    # Every eighth batch costs ten times as much, and one credit per worker cannot cover it.
    seen = verdict(
        4,
        prefetch=1,
        batches=200,
        batch_size=1,
        io_s=0.01,
        cpu_s=0.0,
        step_s=0.006,
        slow_every=7,
        slow_factor=10.0,
    )
    assert seen.limit == "order"
    assert "prefetch_factor above 1" in seen.advice
    assert "in_order=False" in seen.advice


def test_uneven_batches_that_empty_the_queue_are_named_and_not_the_cores():
    # One worker cannot have loaded batches held behind a slow one.
    seen = verdict(1, prefetch=1, batches=200, batch_size=1, io_s=0.01, cpu_s=0.0, step_s=0.011, jitter=1.0)
    assert seen.limit == "jitter"
    assert seen.finding.startswith(
        "Uneven batches are the limit: on average loading keeps up with the GPU's 91 samples"
    )
    assert seen.advice.startswith("Raise prefetch_factor or num_workers a little")


def test_even_batches_on_shared_cores_are_never_called_uneven():
    seen = verdict(8, cores=2.0, io_s=0.004, cpu_s=0.001, step_s=0.02, batches=64)
    assert seen.limit == "cores"
    assert seen.finding.startswith("The cores are the limit: 8 workers share 2 cores and slow each other down")
    assert "prefetch" not in seen.advice


def test_one_storage_stream_limits_and_more_workers_cannot_help():
    seen = verdict(4, storage_streams=1, io_s=0.004, cpu_s=0.0, batches=64)
    assert seen.limit == "storage"
    assert seen.finding.startswith("The storage is the limit: 1 read at once, about 250 samples/s")
    assert seen.advice.startswith("More workers cannot help")


def test_one_batch_and_no_cost_at_all_say_so():
    assert verdict(0, batches=1).limit == "startup"
    nothing = verdict(2, io_s=0.0, cpu_s=0.0, step_s=0.0)
    assert nothing.finding == "Nothing limits this run: nothing in it takes time."


def test_persistent_workers_are_advised_only_where_workers_start_again():
    assert "persistent_workers" not in verdict(4, batches=3, batch_size=100, io_s=0.01, step_s=0.2).advice


@pytest.mark.parametrize(("step_s", "limit"), [(0.0225, "loader"), (0.0255, "gpu")])
def test_five_percent_of_stall_is_the_border(step_s, limit):
    # One worker loads a batch in 24 ms: a stall of 6 % and of nothing.
    assert verdict(1, batches=200, batch_size=4, io_s=0.006, cpu_s=0.0, step_s=step_s).limit == limit


def measured(scenario, loads_s, step_s=0.02):
    """Lay one worker's loads end to end, each batch stepped when both are ready."""
    spans, loaded, stepped = [], 0.0, 0.0
    for batch, load_s in enumerate(loads_s):
        start, loaded = loaded, loaded + load_s
        begin = max(loaded, stepped)
        stepped = begin + step_s
        spans += [
            (0, 0, Activity.LOAD, 0, batch, start, loaded),
            (0, MAIN, Activity.RECEIVE, 0, batch, begin, begin),
            (0, GPU, Activity.STEP, 0, batch, begin, stepped),
        ]
    return Timeline(scenario=scenario, source="measured", spans=np.array(spans, SPAN))


def test_a_measured_run_that_loads_slower_than_asked_is_a_slow_loader_and_not_uneven():
    asked = Workload(batches=50, batch_size=1, io_s=0.01, cpu_s=0.0, step_s=0.02)
    scenario = Scenario(workload=asked, loader=LoaderConfig(num_workers=1), machine=Machine(cores=2.0))
    seen = judge(measured(scenario, [0.03] * 50))
    assert seen.limit == "loader"
    assert seen.finding.startswith("The loader is the limit: its workers load 33 samples/s, less than the 50")
    assert seen.advice.startswith("Try num_workers=2")


def test_a_measured_run_on_full_cores_is_not_told_that_workers_bring_more():
    asked = Workload(batches=50, batch_size=1, io_s=0.0, cpu_s=0.02, step_s=0.005)
    scenario = Scenario(workload=asked, loader=LoaderConfig(num_workers=1), machine=Machine(cores=1.0))
    seen = judge(measured(scenario, [0.025] * 50, step_s=0.005))
    assert seen.limit == "cores"
    assert seen.advice.startswith("More workers cannot help")


def test_a_long_first_batch_in_a_short_run_is_named_startup():
    seen = verdict(4, batches=3, batch_size=100, io_s=0.01, cpu_s=0.0, step_s=0.2, collate_s=0.0)
    assert seen.limit == "startup"


@settings(max_examples=300, deadline=None)
@given(scenarios())
def test_advice_never_contradicts_the_bounds(scenario):
    timeline = simulate(scenario)
    seen, limit = judge(timeline), bounds(scenario)
    assert seen.finding.endswith(".")
    assert "nan" not in seen.finding + seen.advice
    if "Raise num_workers" in seen.advice:
        assert limit.loader < limit.without_loader
    if "uneven" in seen.finding.lower():
        assert scenario.workload.jitter or scenario.workload.slow_every or scenario.machine.cores < 12
    if seen.limit == "gpu":
        assert metrics(timeline).stall_share < 0.05


def test_evidence_carries_names_values_and_units():
    evidence = {one.name: one for one in verdict(2).evidence}
    assert evidence["throughput"].value == pytest.approx(333.3, abs=0.1)
    assert evidence["throughput"].unit == "samples/s"
    assert evidence["loader bound"].value == pytest.approx(333.3, abs=0.1)
