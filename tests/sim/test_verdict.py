"""The word on the screen, for runs whose limit is known."""

import pytest
from hypothesis import given, settings
from strategies import scenarios

from dataloader_sim import LoaderConfig, Machine, Scenario, Workload, bounds, judge, metrics, simulate


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
    if seen.limit in {"cores", "storage"}:
        assert getattr(limit, seen.limit) < limit.gpu
    if seen.limit == "gpu":
        assert metrics(timeline).stall_share < 0.05


def test_evidence_carries_names_values_and_units():
    evidence = {one.name: one for one in verdict(2).evidence}
    assert evidence["throughput"].value == pytest.approx(333.3, abs=0.1)
    assert evidence["throughput"].unit == "samples/s"
    assert evidence["loader bound"].value == pytest.approx(333.3, abs=0.1)
