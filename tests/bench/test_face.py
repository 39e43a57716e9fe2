import subprocess
import sys
from types import FunctionType

import pytest

import bench
from bench import machine
from bench.trial import measure as module


def test_the_public_face_is_eight_functions() -> None:
    from bench import measure, this_machine

    assert measure is module.measure
    assert this_machine is machine.this_machine
    assert isinstance(measure, FunctionType)
    tracing = {"calibrate", "compare", "headroom", "host_machine", "replay", "trace"}
    assert set(bench.__all__) == tracing | {"measure", "this_machine"}
    assert all(callable(getattr(bench, name)) for name in bench.__all__)


def test_they_stay_functions_once_every_module_is_loaded() -> None:
    script = "import bench.trial.measure, bench.jobs, bench.cli.parser; from bench import measure; print(type(measure))"
    seen = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert seen.stdout == "<class 'function'>\n"


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="module 'bench' has no attribute 'nonsense'"):
        _ = bench.nonsense
    with pytest.raises(ImportError, match="nonsense"):
        from bench import nonsense  # noqa: F401


def loaded(program: str) -> set[str]:
    script = f"import sys; {program}; print(*sys.modules)"
    seen = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(seen.stdout.split())


@pytest.mark.parametrize("program", ["import bench", "import bench.cli", "import bench.child", "import bench.job"])
def test_importing_a_package_alone_loads_nothing_heavy(program: str) -> None:
    assert not loaded(program) & {"torch", "psutil", "numba", "numpy", "bench.trial.measure", "bench.child.trial"}


def test_the_trials_process_loads_nothing_of_the_parents_side() -> None:
    seen = loaded("import bench.child.main, bench.child.trial, bench.child.datasets")
    ours = {name for name in seen if name.startswith("bench.")}
    shared = {"bench.trial", "bench.trial.spec", "bench.trial.messages", "bench.trial.lifeline"}
    assert {name for name in ours if not name.startswith("bench.child")} == shared | {"bench.machine", "bench.pictures"}
