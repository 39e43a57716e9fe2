"""Measure, trace and predict real DataLoaders on this machine.

`measure` runs one trial, `trace` watches a loader in its own loop, `calibrate` turns traces into a scenario
that predicts other settings, `compare` says how wrong a prediction was, `replay` and `headroom` what free data would
gain, `this_machine` what a run may use, `host_machine` what torch's plumbing costs here.
"""

__all__ = ["calibrate", "compare", "headroom", "host_machine", "measure", "replay", "this_machine", "trace"]

# True to type checkers; not from typing, whose import would take most of the time that `import bench.cli` takes.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from bench.calibration.calibrate import calibrate
    from bench.calibration.host import host_machine
    from bench.calibration.prediction import compare
    from bench.machine import this_machine
    from bench.tracing.replay import headroom, replay
    from bench.tracing.trace import trace
    from bench.trial.measure import measure
else:
    _HOMES = {
        "calibrate": "bench.calibration.calibrate",
        "compare": "bench.calibration.prediction",
        "headroom": "bench.tracing.replay",
        "host_machine": "bench.calibration.host",
        "measure": "bench.trial.measure",
        "replay": "bench.tracing.replay",
        "this_machine": "bench.machine",
        "trace": "bench.tracing.trace",
    }

    def __getattr__(name: str) -> object:
        """Import a function when it is first asked for: a trial's process must not load what its parent needs."""
        from importlib import import_module

        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)
