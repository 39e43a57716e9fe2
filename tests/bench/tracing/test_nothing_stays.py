"""Nothing of the tracer stays behind, and nothing of the user's stays because of it."""

import gc
import multiprocessing.process
import multiprocessing.queues
import os
import tempfile
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from torch.utils.data import DataLoader, _utils
from torch.utils.data.dataloader import _DatasetKind, _MultiProcessingDataLoaderIter, _SingleProcessDataLoaderIter
from traced_loaders import Squares

from bench.tracing.trace import trace

pytestmark = pytest.mark.live


@pytest.mark.parametrize("tracing", [False, True])
def test_workers_end_when_the_loop_is_left(tracing):
    loader = DataLoader(Squares(400, slow_s=0.002), batch_size=4, num_workers=2)
    traced = trace(loader)
    if tracing:
        traced.__enter__()
    before = set(psutil.Process().children())
    for number, _ in enumerate(loader):
        if number == 2:
            workers = set(psutil.Process().children()) - before
            break
    # The loop's iterator was its only owner: letting go of it ends the workers at once, without the collector.
    assert len(workers) == 2
    assert not any(worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE for worker in workers)
    if tracing:
        traced.__exit__(None, None, None)
        rows = traced.timeline.batches()
        assert rows["batch"].tolist() == [0, 1, 2]
        assert np.isnan(rows["step_end_s"]).tolist() == [False, False, True]
        assert traced.timeline.failure is None


def test_the_iterator_itself_ends_its_workers():
    # The collector clears weak references before `__del__`: what ends the workers must not hang on one.
    with trace(DataLoader(Squares(), batch_size=4, num_workers=1)) as traced:
        iterator = iter(traced)
        assert "_shutdown_workers" not in vars(iterator)
        assert "_shutdown_workers" in vars(type(iterator))
        assert gc.get_referrers(iterator) in ([], [vars()])
        list(iterator)


def test_a_stream_is_closed_when_the_loop_is_left():
    closed = []

    class Stream(torch.utils.data.IterableDataset):
        def __iter__(self):
            try:
                yield from range(100)
            finally:
                closed.append(True)

    with trace(DataLoader(Stream(), batch_size=2)) as traced:
        for _ in traced:
            break
        assert closed
    assert traced.timeline.batches().size == 1
    assert traced.timeline.of(3).size == 1


def places(loader):
    classes = (DataLoader, _MultiProcessingDataLoaderIter, _DatasetKind, multiprocessing.process.BaseProcess)
    modules = (_utils.worker, _utils.pin_memory, multiprocessing.queues)
    return [dict(vars(one)) for one in (*classes, *modules, loader)]


def folders():
    return set(Path(tempfile.gettempdir()).glob("dataloader-lab-*"))


@pytest.mark.parametrize("workers", [0, 2])
def test_nothing_is_left_behind(workers):
    loader = DataLoader(Squares(), batch_size=4, num_workers=workers)
    # torch opens files of its own at first use.
    list(loader)
    gc.collect()
    before, files = places(loader), folders()
    open_files = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 (names would be longer)
    with trace(loader) as traced:
        list(loader)
        alive = iter(loader)
        next(alive)
        assert places(loader) != before
    assert places(loader) == before
    assert folders() == files
    assert not [name for name in vars(alive) if "lab" in name]
    assert type(alive) in {_MultiProcessingDataLoaderIter, _SingleProcessDataLoaderIter}
    if not workers:
        assert type(alive._dataset_fetcher.dataset) is Squares
        assert "fetch" not in vars(alive._dataset_fetcher)
    assert len(list(alive)) == 5
    del alive
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) == open_files  # noqa: PTH208
    assert traced.timeline.batches().size == 7


def test_workers_that_live_on_stop_recording():
    loader = DataLoader(Squares(), batch_size=4, num_workers=1, persistent_workers=True)
    with trace(loader) as traced:
        list(loader)
    worker = psutil.Process(loader._iterator._workers[0].pid)
    assert [len(list(loader)), len(list(loader))] == [6, 6]
    assert not [file for file in worker.open_files() if "dataloader-lab-" in file.path and "loads" in file.path]
    assert traced.timeline.batches().size == 6


def test_workers_that_ran_before():
    loader = DataLoader(Squares(), batch_size=4, num_workers=1, persistent_workers=True)
    list(loader)
    with trace(loader) as traced:
        assert len(list(loader)) == 6
    timeline = traced.timeline
    assert timeline.batches().size == 6
    assert timeline.observed.partial
    assert any("ran before the trace began" in note for note in timeline.observed.notes)
