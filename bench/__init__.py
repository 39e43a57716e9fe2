"""Measure real DataLoaders on this machine: `measure` runs one trial, `this_machine` says what a trial may use."""

__all__ = ["measure", "this_machine"]

# True to type checkers; not from typing, whose import would take most of the time that `import bench.cli` takes.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from bench.machine import this_machine
    from bench.trial.measure import measure
else:
    _HOMES = {"measure": "bench.trial.measure", "this_machine": "bench.machine"}

    def __getattr__(name: str) -> object:
        """Import a function when it is first asked for: a trial's process must not load what its parent needs."""
        from importlib import import_module

        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)
