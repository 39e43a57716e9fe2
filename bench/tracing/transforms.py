"""Time the steps of `Compose`-like pipelines of transforms, which a dataset holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from torch import nn

from bench.tracing.journal import Journal
from bench.tracing.recorder import LoadRecorder, StepTotals, now_ns

_INSIDE = ("dataset", "datasets")
_PIPELINES = ("transform", "transforms", "target_transform")
_DEEPEST = 6


class TimedStep:
    """Stand in for one step: time it, and be what it is in all else."""

    def __init__(self, step: Callable[..., Any], number: int, totals: StepTotals) -> None:
        """Take the step and its number in the pipeline."""
        self.__dict__.update(_step=step, _number=number, _totals=totals)

    def __call__(self, *values: Any, **settings: Any) -> Any:
        """Transform."""
        start_ns = now_ns()
        try:
            return self._step(*values, **settings)
        finally:
            self._totals.add(self._number, now_ns() - start_ns)

    def __getattr__(self, name: str) -> Any:
        """Have what the step has."""
        return getattr(self.__dict__["_step"], name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set what the step has."""
        setattr(self._step, name, value)

    def __repr__(self) -> str:
        """Look like the step."""
        return repr(self._step)

    @property
    def __class__(self) -> Any:
        """Pass for the step in `isinstance`."""
        return type(self.__dict__["_step"])

    @__class__.setter
    def __class__(self, kind: Any) -> None:
        self._step.__class__ = kind


def time_steps(dataset: Any, recorder: LoadRecorder, journal: Journal) -> Callable[[], None]:
    """Time every step of every pipeline that a dataset holds; return what undoes it."""
    found: list[tuple[Any, Any]] = [(held, key) for pipeline in _pipelines(dataset) for held, key in _steps(pipeline)]
    if not found:
        return lambda: None
    originals = [held[key] for held, key in found]
    totals = StepTotals([_name(step) for step in originals], journal)
    for number, ((held, key), step) in enumerate(zip(found, originals, strict=True)):
        held[key] = TimedStep(step, number, totals)
    recorder.steps = totals

    def undo() -> None:
        recorder.steps = None
        for (held, key), step in zip(found, originals, strict=True):
            held[key] = step

    return undo


def _pipelines(dataset: Any, depth: int = 0, seen: set[int] | None = None) -> Iterator[Any]:
    """Find what is like a Compose in the attributes of a dataset and of the datasets that it wraps."""
    seen = set() if seen is None else seen
    if depth > _DEEPEST or id(dataset) in seen:
        return
    seen.add(id(dataset))
    held = getattr(dataset, "__dict__", {})
    for name in _PIPELINES:
        pipeline = held.get(name)
        if pipeline is None or id(pipeline) in seen:
            continue
        if next(_steps(pipeline), None) is not None:
            seen.add(id(pipeline))
            yield pipeline
        else:
            # torchvision's datasets keep a StandardTransform that holds the two transforms.
            yield from _pipelines(pipeline, depth + 1, seen)
    for name in _INSIDE:
        inner = held.get(name)
        for one in inner if isinstance(inner, list | tuple) else [inner]:
            if one is not None:
                yield from _pipelines(one, depth + 1, seen)


def _steps(pipeline: Any) -> Iterator[tuple[Any, Any]]:
    """Return where each step of a pipeline is held: a list and a place in it, or a dict and a key."""
    if isinstance(pipeline, nn.Sequential):
        yield from ((pipeline._modules, name) for name in pipeline._modules)  # noqa: SLF001
        return
    steps = getattr(pipeline, "__dict__", {}).get("transforms")
    if callable(pipeline) and isinstance(steps, list) and all(callable(step) for step in steps):
        yield from ((steps, place) for place in range(len(steps)))


def _name(step: Any) -> str:
    named = getattr(step, "__name__", None)
    return named if isinstance(named, str) else type(step).__name__
