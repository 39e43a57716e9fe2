"""Each rule by which a traced run's cause is named, just where it holds and just where it does not."""

from dataclasses import replace

import numpy as np
import pytest
from traced_by_hand import SIZE, traced

from dataloader_sim import LoaderConfig, Scenario, Workload, judge, simulate
from dataloader_sim.observed import Observed
from dataloader_sim.timeline import Activity
from dataloader_sim.verdict.sharing import sharing


def limit(**run):
    return judge(traced(**run)).limit


def test_blocked_workers_alone_are_the_loaders_limit():
    said = judge(traced())
    assert said.limit == "loader"
    assert {"load", "cores used", "workers asked for nothing"} <= {one.name for one in said.evidence}


@pytest.mark.parametrize(("share", "named"), [(0.24, "loader"), (0.26, "cores")])
def test_cores_are_short_when_loads_wait_for_one(share, named):
    assert limit(loads={"queued_s": 0.04 * share}) == named


@pytest.mark.parametrize(("busy_s", "named"), [(0.028, "loader"), (0.031, "cores")])
def test_cores_are_short_when_the_run_takes_three_of_four(busy_s, named):
    # Two workers of 40 ms a batch: 1.5 cores of 2 are 30 ms of processor time for each.
    assert limit(loads={"fetch_cpu_s": busy_s, "process_cpu_s": busy_s}) == named


def test_who_takes_the_cores_is_said():
    loads = {"queued_s": 0.02, "fetch_cpu_s": 0.01, "process_cpu_s": 0.01}
    assert judge(traced(loads=loads)).advice.startswith("Other programs take the cores")
    busy = {"queued_s": 0.02, "fetch_cpu_s": 0.035, "process_cpu_s": 0.035}
    assert "Other programs" not in judge(traced(loads=busy)).advice


@pytest.mark.parametrize(("own_s", "named"), [(0.029, "cores"), (0.027, "threads")])
def test_threads_are_the_limit_when_they_take_a_third_of_the_workers_time_on_crowded_cores(own_s, named):
    assert limit(loads={"fetch_cpu_s": own_s, "process_cpu_s": 0.04}) == named


def test_threads_are_no_limit_while_cores_are_free():
    assert limit(loads={"fetch_cpu_s": 0.005, "process_cpu_s": 0.01}) == "loader"


@pytest.mark.parametrize(("collate_s", "named"), [(0.018, "loader"), (0.022, "collate")])
def test_collating_is_the_limit_when_it_is_most_of_the_work(collate_s, named):
    loads = {"collate_s": collate_s, "collate_cpu_s": collate_s, "fetch_s": 0.02}
    assert limit(loads=loads) == named


@pytest.mark.parametrize(("get_s", "named"), [(0.035, "loader"), (0.045, "hand-over")])
def test_handing_over_is_the_limit_when_it_takes_longer_than_loading(get_s, named):
    assert limit(loads={"get_s": get_s, "put_s": 0.001}) == named


@pytest.mark.parametrize(("size", "named"), [(60_000, "loader"), (70_000, "hand-over")])
def test_large_messages_are_the_limit_when_half_of_the_waiting_is_for_them(size, named):
    said = judge(traced(loads={"get_s": 0.02, "message_bytes": size}))
    assert said.limit == named
    assert named == "loader" or "Return tensors from collate_fn" in said.advice


@pytest.mark.parametrize(("late_s", "named"), [(0.005, "loader"), (0.009, "prefetch")])
def test_one_batch_a_worker_is_the_limit_when_workers_are_asked_late(late_s, named):
    assert limit(asked_late_s=late_s, prefetch_factor=1, workers=1) == named


def test_uneven_batches_are_the_limit_when_workers_are_asked_late_for_them():
    walls = np.full((40, SIZE), 0.01)
    walls[::5] = 0.03
    assert limit(walls=walls, asked_late_s=0.02, workers=1) == "jitter"


@pytest.mark.parametrize(("busy_s", "named"), [(0.009, "gpu"), (0.011, "host")])
def test_a_loop_that_computes_half_of_its_body_is_the_hosts_limit(busy_s, named):
    assert limit(load_s=0.01, step_s=0.02, loads={"body_cpu_s": busy_s}) == named


@pytest.mark.parametrize(("shm_bytes", "named"), [(18_300, "loader"), (18_100, "memory")])
def test_shared_memory_is_the_limit_when_waiting_batches_fill_nine_tenths_of_it(shm_bytes, named):
    # Two workers with two batches each of 4,096 bytes: 16,384.
    assert limit(shm_bytes=shm_bytes) == named


def uneven(batches, seed=0):
    return 0.01 * np.random.default_rng(seed).lognormal(0, 0.5, (batches, SIZE))


def test_workers_whose_samples_cost_alike_read_the_same():
    alike, apart = np.repeat(uneven(40), 2, axis=0), uneven(80)
    assert limit(batches=80, walls=alike, iterable=True) == "duplicates"
    assert limit(batches=80, walls=apart, iterable=True) != "duplicates"
    # A map-style dataset gives each index out once; and equal samples are alike whatever is read.
    assert limit(batches=80, walls=alike) != "duplicates"
    assert limit(batches=80, iterable=True) != "duplicates"


def in_company(rate_of):
    """Let three workers load batches of one sample's length each, then two, then one; `rate_of` them per second."""
    run = traced(workers=3, batches=90)
    spans, rows, now_s = run.spans.copy(), run.observed.loads.copy(), 0.0
    samples = run.observed.samples.copy()
    batch = 0
    for count, rounds in ((3, 24), (2, 6), (1, 6)):
        for _ in range(rounds):
            own_s = SIZE * count / rate_of(count)
            for _worker in range(count):
                at = (spans["activity"] == 0) & (spans["batch"] == batch)
                spans["start_s"][at], spans["end_s"][at] = now_s, now_s + own_s
                samples["wall_s"][samples["batch"] == batch] = own_s / SIZE
                rows["fetch_s"][rows["batch"] == batch] = own_s
                later = (spans["activity"] != 0) & (spans["batch"] == batch)
                spans["start_s"][later] = spans["end_s"][later] = now_s + own_s
                batch += 1
            now_s += own_s
    observed = replace(run.observed, loads=rows, samples=samples)
    return replace(run, spans=spans, observed=observed)


def test_workers_that_are_as_fast_together_as_alone_share_something():
    found = sharing(in_company(lambda _count: 100.0))
    assert found.growth == pytest.approx(0, abs=0.05)
    assert found.streams == 1
    assert found.many_per_s == pytest.approx(100, rel=0.01)
    assert sharing(in_company(lambda count: 100.0 * count)) is None


def test_two_at_a_time_are_two_streams():
    found = sharing(in_company(lambda count: 100.0 * min(count, 2)))
    assert found is None or found.streams == 2


def test_the_words_for_what_is_shared_say_both_rates():
    said = judge(in_company(lambda _count: 100.0))
    assert said.limit == "lock"
    assert "100 samples/s while all 3 of them load" in said.finding
    assert "More workers cannot help" in said.advice


def test_workers_served_one_after_the_other_share_something_even_when_none_is_ever_alone():
    walls = np.full((60, SIZE), 0.01)
    run = traced(workers=4, batches=60, walls=walls)
    # Each worker begins a quarter of a sample after the one before: one sample ends every 2.5 ms.
    spans = run.spans.copy()
    loads = spans["activity"] == 0
    spans["start_s"][loads] += spans["lane"][loads] * 0.0025
    spans["end_s"][loads] += spans["lane"][loads] * 0.0025
    found = sharing(replace(run, spans=spans))
    assert found.apart_s == pytest.approx(0.0025, rel=0.01)
    assert found.streams == 1
    assert sharing(run) is None


def test_a_trace_without_loads_blames_nobody():
    slow = Scenario(workload=Workload(io_s=0.02), loader=LoaderConfig(num_workers=2))
    ran = simulate(slow)
    unseen = ran.spans[ran.spans["activity"] != Activity.LOAD].copy()
    verdict = judge(replace(ran, spans=unseen, source="measured", observed=Observed()))
    assert verdict.limit == "loader"
    assert "no loads to say why" in verdict.finding
    assert "first iteration" in verdict.advice
    assert verdict.change is None
