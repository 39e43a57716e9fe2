"""Run a user's own loop on batches that cost nothing: the most that any change of the loader can gain, measured."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from bench.tracing.describing import describe_loader
from bench.tracing.finding import find_loader

if TYPE_CHECKING:
    from dataloader_sim.timeline import Timeline

# Below this headroom good measurements differ by as much.
WORTH_TUNING = 0.05


class replay:  # noqa: N801 (used like a function)
    """Hand a loop its first batches again and again inside a `with` block; iterate this or the loader itself.

    The first `batches` are loaded as ever and in their order; after them the same objects come at once, until the
    epoch has its length, and no worker runs. A loop that changes its batches in place gets changed ones, and a batch
    seen before may lie in the processor's cache. Not for use by several threads.
    """

    def __init__(self, loader: Any, *, batches: int = 8, length: int | None = None) -> None:
        """Take a DataLoader, or a wrapper that holds one; length: batches of an epoch, None: the loader's own.

        Raises TypeError when there is no DataLoader in it, or its length is unknown and not given; ValueError for no
        batches.
        """
        if batches < 1:
            raise ValueError(f"batches must be 1 or more, got {batches}: one at least is handed over again")
        self._given, self._loader = loader, find_loader(loader)
        try:
            self._length = len(self._loader) if length is None else length
        except TypeError:
            raise TypeError(
                "length must be given for a dataset without one: the number of batches to train on"
            ) from None
        self._batches = batches
        self._cached: list[Any] = []
        self._steps: list[tuple[int, int, float, float]] = []
        self._epochs = itertools.count()
        self._is_over = False

    def __enter__(self) -> Self:
        """Begin to replay; raises RuntimeError for a loader that is traced or replayed already."""
        if "_get_iterator" in self._loader.__dict__:
            raise RuntimeError("loader must not be traced already, got one that is: leave the other `with` block first")
        # Workers that live on would hand over what they loaded ahead.
        self._kept, self._loader._iterator = self._loader._iterator, None  # noqa: SLF001
        self._loader.__dict__["_get_iterator"] = self._replayed
        return self

    def __iter__(self) -> Iterator[Any]:
        """Iterate the loader, or the wrapper around it."""
        return iter(self._given)

    def __exit__(self, _kind: object, _error: BaseException | None, _traceback: TracebackType | None) -> None:
        """Leave the loader as it was."""
        self._loader.__dict__.pop("_get_iterator", None)
        self._loader._iterator = self._kept  # noqa: SLF001
        self._cached, self._is_over = [], True

    def _replayed(self) -> Any:
        return _Replaying(self._batches_of_epoch)

    def _batches_of_epoch(self) -> Iterator[Any]:
        epoch, given = next(self._epochs), 0
        if not self._cached:
            for batch in itertools.islice(self._real(), min(self._batches, self._length)):
                self._cached.append(batch)
                given += 1
                yield batch
        if not self._cached:
            return
        for number in range(given, self._length):
            start_s = perf_counter()
            yield self._cached[number % len(self._cached)]
            self._steps.append((epoch, number, start_s, perf_counter()))

    def _real(self) -> Iterator[Any]:
        real: Iterator[Any] = type(self._loader)._get_iterator(self._loader)  # noqa: SLF001
        return real

    @property
    def timeline(self) -> Timeline:
        """Return the hand-overs and steps of the batches that came again; raises RuntimeError while there are none."""
        if not self._is_over or not self._steps:
            why = "read it after the `with` block" if not self._is_over else "train on more than the first batches"
            raise RuntimeError(f"no batch was replayed yet: {why}")
        from bench.tracing.replayed import timeline_of

        return timeline_of(describe_loader(self._loader), self._steps)


class _Replaying:
    """Iterate epoch after epoch, as a loader with persistent workers asks of its iterator."""

    def __init__(self, batches: Any) -> None:
        self._batches = batches
        self._running = batches()

    def _reset(self, _loader: Any, first_iter: bool = False) -> None:  # noqa: FBT001, FBT002 (torch's)
        del first_iter
        self._running = self._batches()

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        return next(self._running)


@dataclass(frozen=True, kw_only=True)
class Headroom:
    """Say how much faster a loop is when its data are free; gain: a share of the traced samples/s."""

    gain: float
    samples_per_s: float

    @property
    def sentence(self) -> str:
        """Return it as a person reads it."""
        if self.gain < WORTH_TUNING:
            return f"do not tune: headroom is {max(0.0, self.gain) * 100:.1f} %"
        return f"headroom {self.gain * 100:+.0f} %: with free data the loop makes {self.samples_per_s:,.0f} samples/s"


def headroom(traced: Timeline, replayed: Timeline) -> Headroom:
    """Compare a traced loop with the same loop on replayed batches; raises ValueError for one without a step."""
    from dataloader_sim.metrics import metrics

    # In batches per second: what a batch sampler puts into one is not known of a replay.
    per_batch = traced.scenario.workload.batch_size
    real = metrics(traced).samples_per_s
    free = metrics(replayed).samples_per_s / replayed.scenario.workload.batch_size * per_batch
    if not math.isfinite(free) or real <= 0:
        raise ValueError(
            f"both loops must have a throughput, got {real:g} and {free:g} samples/s: train on more batches"
        )
    return Headroom(gain=free / real - 1, samples_per_s=free)
