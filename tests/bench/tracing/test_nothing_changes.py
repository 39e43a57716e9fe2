"""A traced run is the run that it would have been: data, random state, exceptions, ends; and nothing stays behind."""

import os
import random
import time

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader
from traced_loaders import Faulty, SeesItself, Squares, fail_at_once, fail_to_collate, identity, values

from bench.tracing.trace import trace

pytestmark = pytest.mark.live


def seeded():
    random.seed(3)
    np.random.seed(4)  # noqa: NPY002 (what torch seeds)
    torch.manual_seed(5)


def random_state():
    return random.random(), float(np.random.rand()), torch.rand(()).item()  # noqa: NPY002


@pytest.mark.parametrize("workers", [0, 2])
def test_order_data_and_random_state_stay(workers):
    settings = {"batch_size": 4, "shuffle": True, "num_workers": workers}
    seeded()
    expected = (values(DataLoader(Squares(draws=True), **settings)), random_state())
    seeded()
    with trace(DataLoader(Squares(draws=True), **settings)) as traced:
        seen = (values(traced), random_state())
    assert seen == expected


@pytest.mark.parametrize("workers", [0, 2])
def test_a_dataset_sees_itself(workers):
    with trace(DataLoader(SeesItself(), batch_size=2, num_workers=workers, collate_fn=identity)) as traced:
        assert list(traced) == [["SeesItself"] * 2] * 2


FAULTS = {
    "dataset": {"dataset": Faulty("raise")},
    "collate": {"dataset": Squares(), "collate_fn": fail_to_collate},
    "init": {"dataset": Squares(), "worker_init_fn": fail_at_once},
}


def error_of(loader):
    iterator, batches = iter(loader), []
    try:
        for batch in iterator:
            batches.append(batch)  # noqa: PERF402 (up to the error)
    except Exception as error:  # noqa: BLE001 (whatever comes is compared)
        return type(error), str(error), values(batches)
    finally:
        # torch's exception holds itself, and so the iterator, until the collector comes: workers then end in seconds.
        getattr(iterator, "_shutdown_workers", list)()
    return None


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("fault", FAULTS)
def test_exceptions_have_the_same_type_and_text(fault, workers):
    if fault == "init" and not workers:
        pytest.skip("only workers have an init function")
    settings = FAULTS[fault] | {"batch_size": 4, "num_workers": workers}
    expected = error_of(DataLoader(**settings))
    with trace(DataLoader(**settings)) as traced:
        seen = error_of(traced)
    assert seen == expected
    assert traced.timeline.failure.kind == "raised"
    assert traced.timeline.observed.partial
    assert expected[1].splitlines()[-1] in traced.timeline.failure.message


def test_an_exception_that_leaves_the_block_shows_no_frame_of_the_tracer():
    def loop():
        with trace(DataLoader(Faulty("raise"), batch_size=4, num_workers=0)) as traced:
            for _ in traced:
                pass

    with pytest.raises(KeyError, match="sample 10") as caught:
        loop()
    shown = [entry.path for entry in caught.traceback]
    assert any("fetch.py" in str(path) for path in shown)
    assert not [path for path in shown if "tracing" in str(path) and "tests" not in str(path)]


def test_a_caught_exception_is_no_failure_when_the_loop_goes_on():
    with trace(DataLoader(Faulty("raise"), batch_size=4, num_workers=2)) as traced:
        iterator = iter(traced)
        first = [next(iterator) for _ in range(2)]
        with pytest.raises(KeyError):
            next(iterator)
        rest = list(iterator)
    assert len(first) + len(rest) == 5
    assert traced.timeline.failure is None
    assert traced.timeline.batches()["batch"].tolist() == [0, 1, 3, 4, 5]


def test_a_killed_worker():
    loader = DataLoader(Faulty("kill"), batch_size=4, num_workers=2)
    with trace(loader) as traced, pytest.raises(RuntimeError, match=r"killed by signal|exited unexpectedly"):
        for _ in traced:
            pass
    assert traced.timeline.failure.kind == "killed"
    assert traced.timeline.observed.partial
    assert traced.verdict.limit == "fault"


def test_a_timeout():
    loader = DataLoader(Faulty("hang"), batch_size=4, num_workers=2, timeout=1)
    with trace(loader) as traced, pytest.raises(RuntimeError, match="timed out after 1 seconds"):
        for _ in traced:
            pass
    assert traced.timeline.failure.kind == "timed out"


def test_an_exhausted_iterator_stays_so():
    with trace(DataLoader(Squares(8), batch_size=4, num_workers=1)) as traced:
        iterator = iter(traced)
        assert len(list(iterator)) == 2
        with pytest.raises(StopIteration):
            next(iterator)
    assert traced.timeline.batches().size == 2


def test_epochs_of_workers_that_live_on_are_told_apart():
    loader = DataLoader(Squares(slow_s=0.002), batch_size=2, num_workers=2, persistent_workers=True)
    with trace(loader) as traced:
        for number, _ in enumerate(loader):
            if number == 3:
                break
        list(loader)
    rows = traced.timeline.batches()
    assert [int((rows["epoch"] == epoch).sum()) for epoch in (0, 1)] == [4, 12]
    samples = traced.timeline.observed.samples
    last = samples[samples["epoch"] == 1]
    assert np.all(last["batch"] == last["index"] // 2)
    assert traced.timeline.observed.notes == ()


def test_iterators_inside_another_ones_loop_are_kept_apart():
    loader = DataLoader(Squares(8), batch_size=4, num_workers=1)
    with trace(loader) as traced:
        for _ in loader:
            list(loader)
        pairs = list(zip(loader, loader, strict=True))
    assert len(pairs) == 2
    outer = traced.timeline.batches()
    assert outer["epoch"].tolist() == [0, 0, 1, 1]
    assert [one.batches().size for one in traced.nested] == [6]


def test_the_disk_is_full(monkeypatch):
    def full(*_values):
        raise OSError(28, "No space left on device")

    loader = DataLoader(Squares(), batch_size=4)
    with trace(loader) as traced:
        iterator = iter(loader)
        next(iterator)
        monkeypatch.setattr(os, "write", full)
        assert len(list(iterator)) == 5
        monkeypatch.undo()
    assert traced.timeline.batches().size == 1
    assert traced.timeline.observed.partial


def test_an_error_of_the_tracer_stays_inside(monkeypatch):
    def broken(*_values, **_settings):
        raise ZeroDivisionError

    monkeypatch.setattr("bench.tracing.iteration.IteratorRecorder._note_steps", broken)
    monkeypatch.setattr("bench.tracing.recorder.tensors_in", broken)
    broken.__code__ = broken.__code__.replace(co_filename=trace.__init__.__code__.co_filename)
    with trace(DataLoader(Squares(), batch_size=4)) as traced:
        assert len(list(traced)) == 6
    assert any("ZeroDivisionError" in note for note in traced.timeline.observed.notes)


def test_a_signal_handler_raises_in_the_tracer(monkeypatch):
    def interrupted(_recorder, *, wait):
        if not wait:
            raise TimeoutError("the user's own alarm")

    monkeypatch.setattr("bench.tracing.iteration.IteratorRecorder._note_steps", interrupted)
    with trace(DataLoader(Squares(), batch_size=4)) as traced, pytest.raises(TimeoutError, match="own alarm"):
        next(iter(traced))


def test_nothing_was_iterated():
    with trace(DataLoader(Squares())) as traced, pytest.raises(RuntimeError, match="read it after the block"):
        _ = traced.timeline
    with pytest.raises(RuntimeError, match="nothing was recorded: iterate the loader"):
        _ = traced.timeline


def test_a_loader_is_traced_once_at_a_time():
    loader = DataLoader(Squares())
    with trace(loader), pytest.raises(RuntimeError, match="must not be traced already"):
        trace(loader).__enter__()


def test_time_is_given_in_seconds_since_the_first_iter():
    start_s = time.perf_counter()
    with trace(DataLoader(Squares(8, slow_s=0.01), batch_size=4)) as traced:
        list(traced)
    took_s = time.perf_counter() - start_s
    assert traced.timeline.spans["start_s"].min() >= 0
    assert 0.08 <= traced.timeline.end_s <= took_s
