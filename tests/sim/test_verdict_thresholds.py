"""Hand-written timelines just below and just above every number that decides a verdict."""

from dataclasses import replace

import numpy as np
import pytest

from dataloader_sim import LoaderConfig, Machine, Scenario, Timeline, Workload, judge, metrics
from dataloader_sim.timeline import GPU, MAIN, SPAN, Activity


def asked(workers=1, *, machine=None, **work):
    work = {"batch_size": 1, "cpu_s": 0.0, "batches": 40} | work
    loader = LoaderConfig(num_workers=workers)
    return Scenario(workload=Workload(**work), loader=loader, machine=Machine(**{"cores": 64.0} | (machine or {})))


def timeline(scenario, rows, source="simulated"):
    """Lay out (load start, loaded, received, step start, step end[, epoch, rank]), a row per batch in order."""
    spans, numbers = [], {}
    for start, loaded, received, step_start, step_end, *rest in rows:
        epoch, rank = (*rest, 0, 0)[:2]
        batch = numbers[rank, epoch] = numbers.get((rank, epoch), -1) + 1
        lane = batch % scenario.loader.num_workers if scenario.loader.num_workers else MAIN
        spans += [
            (rank, lane, Activity.LOAD, epoch, batch, start, loaded),
            (rank, MAIN, Activity.RECEIVE, epoch, batch, received, received),
            (rank, GPU, Activity.STEP, epoch, batch, step_start, step_end),
        ]
    return Timeline(scenario=scenario, source=source, spans=np.array(spans, SPAN))


def steady(scenario, load_s, busy, *, batches=40, source="simulated"):
    """Step once a second, busy for a part of it; each batch arrives as its load ends."""
    rows = [(k + 1 - load_s, k + 1, k + 1, k + 1, k + 1 + busy) for k in range(batches)]
    return timeline(scenario, rows, source)


@pytest.mark.parametrize(("busy", "limit"), [(0.949, "loader"), (0.951, "gpu")])
def test_a_gpu_busy_for_95_percent_is_the_limit(busy, limit):
    assert judge(steady(asked(io_s=1.0, step_s=0.9), 1.0, busy)).limit == limit


@pytest.mark.parametrize(("first_s", "limit"), [(38.5, "gpu"), (39.5, "startup")])
def test_a_start_of_more_than_half_the_run_is_the_limit_of_a_busy_gpu(first_s, limit):
    rows = [(0.0, first_s, first_s + k, first_s + k, first_s + k + 1) for k in range(39)]
    assert judge(timeline(asked(io_s=0.5, step_s=1.0), rows)).limit == limit


def in_pairs(period_s, held_s, workers=2, io_s=2.0, source="simulated"):
    """Let every other batch come late by 2 x period - 1 seconds; the one after it is loaded `held_s` before it."""
    rows = []
    for pair in range(20):
        late = 2 * period_s * (pair + 1)
        rows += [
            (late - 1.0, late, late, late, late + 0.5),
            (late - 1.0, late - held_s, late + 0.5, late + 0.5, late + 1),
        ]
    return timeline(asked(workers, io_s=io_s, step_s=0.5), rows, source)


@pytest.mark.parametrize(
    ("source", "share", "limit"),
    [
        ("simulated", 0.919, "order"),
        ("simulated", 0.921, "loader"),
        ("measured", 0.799, "order"),
        ("measured", 0.801, "loader"),
    ],
)
def test_a_run_near_its_lowest_bound_is_limited_by_that(source, share, limit):
    # Two workers of 2 s a batch load one a second.
    seen = in_pairs(1 / share, held_s=0.9, source=source)
    assert metrics(seen).samples_per_s == pytest.approx(share)
    assert judge(seen).limit == limit


@pytest.mark.parametrize(("share", "limit"), [(0.29, "loader"), (0.31, "order")])
def test_order_is_the_limit_when_held_batches_fill_a_third_of_the_stall(share, limit):
    # A period of 2 s stalls for 3 s in 4.
    assert judge(in_pairs(2.0, held_s=3.0 * share)).limit == limit


@pytest.mark.parametrize(("spread", "limit"), [(0.099, "hand-over"), (0.101, "jitter")])
def test_loads_that_vary_by_a_tenth_are_uneven(spread, limit):
    scenario = asked(io_s=0.5, step_s=0.9)
    rows = [(k + 1 - 0.5 * (1 + spread * (-1) ** k), k + 1, k + 1, k + 1, k + 1.9) for k in range(40)]
    assert judge(timeline(scenario, rows)).limit == limit


@pytest.mark.parametrize(("spread", "value"), [(0.099, 2), (0.101, None)])
def test_fewer_workers_are_enough_only_where_loads_are_even(spread, value):
    scenario = asked(4, io_s=1.5, step_s=1.0)
    rows = [(k + 2 - 1.5 * (1 + spread * (-1) ** k), k + 2, k + 2, k + 2, k + 3) for k in range(40)]
    change = judge(timeline(scenario, rows)).change
    assert (change.value if change else None) == value


@pytest.mark.parametrize(("load_s", "value"), [(1.9, 2), (2.2, None)])
def test_fewer_workers_are_enough_only_where_no_more_were_at_work(load_s, value):
    change = judge(steady(asked(4, io_s=1.5, step_s=1.0), load_s, 1.0)).change
    assert (change.value if change else None) == value


@pytest.mark.parametrize(("launched_s", "limit"), [(0.049, "gpu"), (0.051, "host")])
def test_a_batch_that_waits_for_its_launch_makes_the_training_process_the_limit(launched_s, limit):
    rows = [(k + 0.9, k + 1, k + 1, k + 1 + launched_s, k + 2) for k in range(40)]
    seen = judge(timeline(asked(io_s=0.1, step_s=0.9), rows))
    assert seen.limit == limit
    if limit == "host":
        assert seen.finding.endswith("the GPU runs no step 5 % of the time although a batch is there.")


@pytest.mark.parametrize(("late_s", "limit"), [(0.19, "loader"), (0.21, "ranks")])
def test_the_longest_wait_names_the_limit(late_s, limit):
    # Every rank waits for its batch for 0.1 s, one of four for `late_s` more: 0.1 + late/4 of stall, 3/4 late for it.
    scenario = asked(1, io_s=0.1, step_s=0.5, machine={"ranks": 4})
    rows, free = [], 0.0
    for _ in range(40):
        for rank in range(4):
            comes = free + 0.1 + (late_s if rank == 3 else 0.0)
            rows.append((comes - 0.6, comes, comes, comes, comes + 0.5, 0, rank))
        free += 0.6 + late_s
    assert judge(timeline(scenario, rows)).limit == limit


@pytest.mark.parametrize(("pause_s", "keeps"), [(4.4, False), (4.7, True)])
def test_persistent_workers_are_advised_when_restarts_take_five_percent_of_the_run(pause_s, keeps):
    # Two epochs of 40 s; between them the pause, and 6 s for the first load.
    rows = [(k + 0.5, k + 1, k + 1, k + 1, k + 2, 0) for k in range(40)]
    again = 41 + pause_s
    rows += [(again, again + 6 + k, again + 6 + k, again + 6 + k, again + 7 + k, 1) for k in range(40)]
    seen = judge(timeline(asked(2, io_s=0.5, step_s=1.0, epochs=2), rows))
    share = pause_s / (again + 46)
    assert (share >= 0.05) == keeps
    assert seen.limit == "startup"
    assert ("persistent_workers=True" in seen.advice) == keeps


def test_workers_that_are_kept_are_not_advised_to_be():
    rows = [(k + 0.5, k + 1, k + 1, k + 1, k + 2, 0) for k in range(40)]
    rows += [(60.0, 66.0 + k, 66.0 + k, 66.0 + k, 67.0 + k, 1) for k in range(40)]
    scenario = asked(2, io_s=0.5, step_s=1.0, epochs=2)
    kept = replace(scenario, loader=LoaderConfig(num_workers=2, persistent_workers=True))
    assert judge(timeline(scenario, rows)).change.axis == "loader.persistent_workers"
    assert judge(timeline(kept, rows)).advice.startswith("Run more batches per epoch")


@pytest.mark.parametrize(
    ("share", "cores", "limit"), [(0.921, 2.0, "host"), (0.919, 2.0, "cores"), (0.919, 8.0, "host")]
)
def test_a_training_process_below_its_bound_is_crowded_out_where_workers_outnumber_the_cores(share, cores, limit):
    # A launch of 0.1 s and a step of 0.9 s: one a second at most.
    scenario = asked(4, io_s=0.1, step_s=0.9, launch_s=0.1, machine={"cores": cores})
    rows = [(k / share, k / share + 0.1, (k + 1) / share, (k + 2) / share - 0.9, (k + 2) / share) for k in range(40)]
    assert judge(timeline(scenario, rows)).limit == limit


def test_what_was_waited_for_before_the_window_does_not_count():
    rows = [(k + 99.9, k + 100, k + 100, k + 100.2, k + 100.9) for k in range(40)]
    assert judge(timeline(asked(io_s=0.1, step_s=0.7), rows)).limit == "host"


def of_parts(counts):
    """Let two workers load so many batches each, in turn as long as both have some, one a second."""
    order = [0, 1] * min(counts) + [int(counts[1] > counts[0])] * abs(counts[0] - counts[1])
    rows = [(k + 0.2, k + 1, k + 1, k + 1, k + 1.4) for k in range(len(order))]
    whole = timeline(asked(2, io_s=0.8, step_s=0.2, iterable=True), rows, source="measured")
    spans = whole.spans.copy()
    spans["lane"][spans["activity"] == Activity.LOAD] = order
    return replace(whole, spans=spans)


@pytest.mark.parametrize(
    ("counts", "limit"), [((5, 4), "loader"), ((5, 3), "shards"), ((22, 19), "shards"), ((22, 20), "loader")]
)
def test_parts_are_uneven_when_they_differ_by_more_than_a_batch_and_five_percent_from_the_mean(counts, limit):
    # One batch a second is less than 0.8 x the 2.5 that two workers load.
    assert judge(of_parts(counts)).limit == limit


@pytest.mark.parametrize(("bytes_per_s", "limit"), [(21.0, "copy"), (21.2, "hand-over")])
def test_a_bound_within_five_percent_of_the_gpu_does_not_replace_it(bytes_per_s, limit):
    # A sample of one byte is copied before a step of 0.9 s: the bound is 0.95 of the GPU's at 0.9 x 0.05 / 0.95 s.
    scenario = asked(io_s=0.5, step_s=0.9, sample_bytes=1, machine={"h2d_bytes_per_s": bytes_per_s})
    assert judge(steady(scenario, 0.5, 0.9)).limit == limit


@pytest.mark.parametrize(
    ("rate", "words"), [(0.955, "More workers cannot help"), (0.95, "More workers can bring +5 %")]
)
def test_more_workers_cannot_help_within_five_percent_of_a_bound(rate, words):
    # The storage serves one read of a second at once.
    scenario = asked(4, io_s=1.0, step_s=0.5, machine={"storage_streams": 1})
    rows = [(k / rate, (k + 1) / rate, (k + 1) / rate, (k + 1) / rate, (k + 1) / rate + 0.5) for k in range(40)]
    seen = judge(timeline(scenario, rows))
    assert seen.limit == "storage"
    assert seen.advice.startswith(words)


@pytest.mark.parametrize(("cores", "limit"), [(1, "cores"), (4, "loader")])
def test_loads_longer_than_asked_are_a_crowd_only_with_more_workers_than_cores(cores, limit):
    scenario = replace(asked(4, io_s=0.5, step_s=0.2), machine=Machine(cores=float(cores)))
    assert judge(steady(scenario, 4.0, 0.2)).limit == limit


@pytest.mark.parametrize(("gain", "pins"), [(1.049, False), (1.051, True)])
def test_a_change_is_advised_when_the_bounds_rise_by_five_percent(gain, pins):
    # Touching takes `gain` - 1 seconds of the training process, a step one second.
    machine = {"touch_bytes_per_s": 1 / (gain - 1), "get_tensor_s": 0.0}
    scenario = asked(2, io_s=0.1, step_s=1.0, sample_bytes=1, machine=machine, synchronize=True)
    late_s = gain - 0.9
    rows = [(k + 0.5, k + 0.6, k + 1, k + 1 + late_s, k + 1.9 + late_s) for k in np.arange(40) * (1 + late_s)]
    seen = judge(timeline(scenario, rows))
    assert seen.limit == "host"
    assert (seen.change is not None) == pins
