"""Time what torch's fetcher does: the samples of each batch, and their collating.

Only the fetcher sees the timed stand-ins; `loader.dataset` and `get_worker_info().dataset` stay the user's own.
"""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from torch.utils.data import Subset

from bench.tracing import recorder as outcomes
from bench.tracing.recorder import UNKNOWN, LoadRecorder, whole_number


class TimedFetcher:
    """Be a fetcher's `fetch`, timed, until nothing is recorded any more; then put everything back.

    recorder: which records it. Holds the fetcher weakly: a dataset's stream ends when its iterator is let go, and
    must end no later.
    """

    def __init__(self, fetcher: Any, recorder: LoadRecorder) -> None:
        """Replace what the fetcher calls."""
        self._fetcher = weakref.ref(fetcher)
        self.recorder = recorder
        self._originals = {name: fetcher.__dict__[name] for name in _REPLACED if name in fetcher.__dict__}
        self._of_many = bool(fetcher.auto_collation)
        stand_ins: dict[str, Callable[[Any], Any]] = {
            "dataset": partial(TimedDataset, recorder=recorder),
            "dataset_iter": partial(TimedStream, recorder=recorder),
            "collate_fn": lambda collate: partial(_collate, recorder, collate),
        }
        for name, original in self._originals.items():
            setattr(fetcher, name, stand_ins[name](original))
        fetcher.fetch = self

    def __call__(self, index: Any) -> Any:
        """Fetch a batch."""
        recorder = self.recorder
        fetcher: Any = self._fetcher()
        if not recorder.is_open:
            self.undo()
            return fetcher.fetch(index)
        recorder.begin(self._expected(index))
        try:
            batch = type(fetcher).fetch(fetcher, index)
        except StopIteration:
            recorder.end(outcomes.STREAM_ENDED)
            raise
        except BaseException:
            recorder.end(outcomes.RAISED)
            raise
        recorder.end(outcomes.RETURNED)
        return batch

    def undo(self) -> None:
        """Put back what was replaced."""
        fetcher = self._fetcher()
        if fetcher is not None and fetcher.__dict__.get("fetch") is self:
            del fetcher.fetch
            for name, original in self._originals.items():
                setattr(fetcher, name, original)

    def _expected(self, index: Any) -> int:
        if not self._of_many:
            return 1
        return UNKNOWN if "dataset_iter" in self._originals or not hasattr(index, "__len__") else len(index)


_REPLACED = ("dataset", "dataset_iter", "collate_fn")


class TimedDataset:
    """Stand in for a map-style dataset and time each sample."""

    def __init__(self, dataset: Any, recorder: LoadRecorder) -> None:
        """Take the dataset."""
        self._dataset, self._recorder = dataset, recorder

    def __getitem__(self, index: Any) -> Any:
        """Return a sample."""
        sample = self._dataset[index]
        self._recorder.sampled(index if type(index) is int and 0 <= index <= _SURE else whole_number(index))
        return sample

    def __getattr__(self, name: str) -> Any:
        """Have what the dataset has: torch looks for `__getitems__` at each batch."""
        value = getattr(self._dataset, name)
        if name == "__getitems__" and type(self._dataset) is Subset:
            # torch's own Subset asks its dataset for one sample after another: those are what is to be timed.
            subset: Any = copy.copy(self._dataset)
            subset.dataset = TimedDataset(subset.dataset, self._recorder)
            return subset.__getitems__
        return value


_SURE = 2**62


class TimedStream:
    """Stand in for an iterable dataset's iterator and time each sample."""

    def __init__(self, stream: Iterator[Any], recorder: LoadRecorder) -> None:
        """Take the iterator."""
        self._stream, self._recorder = stream, recorder

    def __iter__(self) -> TimedStream:
        """Return itself, as iterators do."""
        return self

    def __next__(self) -> Any:
        """Return the next sample."""
        sample = next(self._stream)
        self._recorder.sampled(UNKNOWN)
        return sample


def _collate(recorder: LoadRecorder, collate: Callable[[Any], Any], samples: Any) -> Any:
    recorder.fetched()
    batch = collate(samples)
    recorder.collated(batch)
    return batch
