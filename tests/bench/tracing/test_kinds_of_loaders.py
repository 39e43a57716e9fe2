"""Whatever the loader: its batches are those of an untraced run, and each is seen from sending to step."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from torch.utils.data import BatchSampler, DataLoader, SequentialSampler, Subset
from traced_loaders import Announced, Batched, Passing, Shards, Squares, Wrapped, identity, values

from bench.tracing.trace import trace
from dataloader_sim.metrics import metrics
from dataloader_sim.timeline import GPU, MAIN, Activity

pytestmark = pytest.mark.live

EVEN = SequentialSampler(range(24))
LOADERS = {
    "map": (Squares(), {"batch_size": 4}),
    "shuffled": (Squares(), {"batch_size": 4, "shuffle": True}),
    "whole batches": (Batched(), {"batch_size": 4}),
    "subset": (Subset(Subset(Squares(), range(20)), range(0, 20, 2)), {"batch_size": 4}),
    "iterable": (Shards(), {"batch_size": 3}),
    "batch_sampler": (Squares(), {"batch_sampler": BatchSampler(EVEN, 5, drop_last=False)}),
    "collate": (Squares(), {"batch_size": 4, "collate_fn": identity}),
    "no batches": (Squares(6), {"batch_size": None}),
    "drop_last": (Squares(), {"batch_size": 7, "drop_last": True}),
    "persistent": (Squares(), {"batch_size": 4, "persistent_workers": True}),
    "prefetch": (Squares(), {"batch_size": 4, "prefetch_factor": 1}),
}
ONLY_WITH_WORKERS = {"persistent", "prefetch"}
CASES = [(name, workers) for name in LOADERS for workers in (0, 2) if workers or name not in ONLY_WITH_WORKERS]


def plain(batches):
    return [torch.as_tensor(np.array(one)).tolist() if isinstance(one, list) else one for one in values(batches)]


def two_epochs(loader, over=None):
    torch.manual_seed(7)
    return [plain(over or loader) for _ in range(2)]


@pytest.mark.parametrize(("name", "workers"), CASES)
def test_every_kind_of_loader(name, workers):
    dataset, settings = LOADERS[name]
    untraced = two_epochs(DataLoader(dataset, num_workers=workers, **settings))
    loader = DataLoader(dataset, num_workers=workers, **settings)
    with trace(loader) as traced:
        assert two_epochs(loader, traced) == untraced
    seen(traced.timeline, workers, [len(epoch) for epoch in untraced])
    assert not traced.nested
    assert traced.verdict.finding


def seen(timeline, workers, batches):
    """Check that each batch is there in every part of its way."""
    assert timeline.failure is None
    assert not timeline.observed.partial, timeline.observed.notes
    rows = timeline.batches()
    assert [int((rows["epoch"] == epoch).sum()) for epoch in range(len(batches))] == batches
    assert set(rows["worker"]) <= (set(range(workers)) or {MAIN})
    times = ("sent_s",) * bool(workers) + ("load_start_s", "loaded_s", "received_s", "step_start_s", "step_end_s")
    for earlier, later in pairwise(times):
        assert np.all(rows[earlier] <= rows[later]), (earlier, later)
    assert timeline.observed.loads.size == sum(batches)
    assert timeline.scenario.workload.batches == max(batches)
    assert timeline.scenario.loader.num_workers == workers
    assert metrics(timeline).batches == sum(batches)
    whole = timeline.scenario.loader.persistent_workers
    for activity in (Activity.START, Activity.BOOT):
        assert timeline.of(activity).size == workers * (1 if whole else len(batches))
    for activity in (Activity.GET, Activity.PUT):
        keys = set(zip(timeline.of(activity)["epoch"], timeline.of(activity)["batch"], strict=True))
        assert not workers or keys >= set(zip(rows["epoch"], rows["batch"], strict=True))
    assert set(timeline.of(Activity.STEP)["lane"]) == {GPU}


@pytest.mark.parametrize("method", ["forkserver", "spawn"])
def test_start_methods(method):
    loader = DataLoader(Squares(), batch_size=4, num_workers=2, multiprocessing_context=method)
    with trace(loader) as traced:
        batches = values(loader)
    assert [batch[0][0] for batch in batches] == [float(i * i) for i in range(0, 24, 4)]
    seen(traced.timeline, 2, [6])
    assert traced.timeline.scenario.loader.multiprocessing_context == method


def test_out_of_order_batches_have_their_own_loads():
    loader = DataLoader(Squares(slow_s=0.003), batch_size=2, num_workers=2, in_order=False)
    with trace(loader) as traced:
        first = [int(batch[0][0].item() ** 0.5) for batch in loader]
    rows, samples = traced.timeline.batches(), traced.timeline.observed.samples
    assert [2 * int(batch) for batch in rows["batch"]] == first
    assert sorted(first) == list(range(0, 24, 2))
    assert all(samples["index"][samples["batch"] == task].tolist() == [2 * task, 2 * task + 1] for task in range(12))


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_samples_are_those_asked_for(workers):
    loader = DataLoader(Squares(slow_s=0.002), batch_size=4, num_workers=workers)
    with trace(loader) as traced:
        for _ in traced:
            pass
    samples = traced.timeline.observed.samples
    assert sorted(samples["index"]) == list(range(24))
    assert np.all(samples["batch"] == samples["index"] // 4)
    assert np.all(samples["wall_s"] >= 0.0019)
    assert np.all(samples["cpu_s"] < 0.0019)


def test_a_subset_shows_the_samples_of_what_it_holds():
    with trace(DataLoader(Subset(Squares(), [5, 3, 9, 1]), batch_size=2, num_workers=1)) as traced:
        list(traced)
    assert traced.timeline.observed.samples["index"].tolist() == [5, 3, 9, 1]


def test_batches_are_counted_and_weighed():
    with trace(DataLoader(Squares(), batch_size=4, num_workers=1)) as traced:
        list(traced)
    loads = traced.timeline.observed.loads
    assert set(loads["samples"]) == {4}
    assert set(loads["tensors"]) == {1}
    assert set(loads["tensor_bytes"]) == {4 * 4 * 8}
    assert np.all(loads["message_bytes"] > 100)
    assert np.all(loads["fetch_s"] >= 0)
    assert np.all(loads["process_cpu_s"] >= 0)
    assert traced.timeline.scenario.workload.sample_bytes == 32


@pytest.mark.parametrize("wrap", [Wrapped, Passing])
def test_a_wrapper_is_looked_into(wrap):
    loader = DataLoader(Squares(), batch_size=4, num_workers=1)
    wrapper = wrap(loader)
    expected = values(wrap(DataLoader(Squares(), batch_size=4)))
    with trace(wrapper) as traced:
        assert values(traced) == expected
    seen(traced.timeline, 1, [6])


def test_a_loader_with_its_own_iter():
    loader = Announced(Squares(), batch_size=4, num_workers=1)
    before = Announced.announced
    with trace(loader) as traced:
        list(traced)
        list(loader)
    assert Announced.announced == before + 2
    seen(traced.timeline, 1, [6, 6])


@pytest.mark.parametrize("given", [[1, 2], None, "loader", Squares()])
def test_what_holds_no_loader_is_refused(given):
    with pytest.raises(TypeError, match=r"loader must be a DataLoader or hold one, got \w+: give trace the DataLoader"):
        trace(given)


def test_two_loaders_at_once_are_refused():
    pair = [DataLoader(Squares()), DataLoader(Squares())]
    with pytest.raises(TypeError, match="loader must hold one DataLoader, got list with 2: trace one of them"):
        trace(pair)


def test_pinning_is_off_without_an_accelerator():
    loader = DataLoader(Squares(), batch_size=4, num_workers=1, pin_memory=True)
    with pytest.warns(UserWarning, match="no accelerator is found"), trace(loader) as traced:
        list(traced)
    seen(traced.timeline, 1, [6])
    assert traced.timeline.scenario.loader.pin_memory
