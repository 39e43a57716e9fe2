"""The simulator is compiled beside the server: what pages show until then, and when nothing is compiled."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dataloader_sim.engine import compiled
from pages._ui import cache, compiling, words
from pages._ui.offered import BASE
from pages._ui.offered.row import WORKERS

ROOT = Path(__file__).parents[2]


@pytest.fixture
def still_compiling(monkeypatch):
    """Have the simulator not compiled yet; `set` on what is returned ends that."""
    ready = threading.Event()
    under_way = threading.Event()
    under_way.set()
    monkeypatch.setattr(compiling, "_ready", ready)
    monkeypatch.setattr(compiling, "_compiling", under_way)
    return ready


def test_until_it_is_compiled_see_it_shows_the_recorded_run_and_says_so(still_compiling):
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).run()
    assert not app.exception
    assert words.RECORDED in app.markdown[0].value
    still_compiling.set()
    app.run()
    assert words.RECORDED not in app.markdown[0].value


def test_until_it_is_compiled_every_scenario_shows_the_recorded_run_and_has_no_band(still_compiling):
    other = cache.replace(BASE, seed=77)
    runs = cache.player_runs(other)
    assert [run.value for run in runs] == list(WORKERS)
    assert runs == cache.player_runs(BASE)
    assert runs[2].timeline.scenario == BASE
    assert cache.better(other) is compiling.ready
    still_compiling.set()
    assert cache.player_runs(other)[2].timeline.scenario == cache.replace(BASE, seed=77)


def test_while_it_loads_what_is_kept_the_default_is_recorded_and_another_scenario_waits(monkeypatch):
    ready = threading.Event()
    monkeypatch.setattr(compiling, "_ready", ready)
    monkeypatch.setattr(compiling, "_compiling", threading.Event())
    assert not compiling.under_way()
    assert cache.player_runs(BASE)[2].low is not None
    assert cache.better(BASE) is None
    threading.Timer(0.3, ready.set).start()
    other = cache.replace(BASE, seed=78)
    assert cache.player_runs(other)[2].timeline.scenario == other
    assert ready.is_set()


def test_to_start_twice_is_to_start_once(monkeypatch):
    begun = []
    monkeypatch.setattr(compiling, "_started", threading.Event())
    monkeypatch.setattr(compiling.threading, "Thread", lambda **how: begun.append(how) or FakeThread())
    compiling.start()
    compiling.start()
    assert len(begun) == 1
    assert begun[0]["daemon"]


def test_compiled_code_counts_as_long_as_its_sources_are_the_same(tmp_path, monkeypatch):
    mark = compiling._mark(tmp_path)
    assert mark == compiling._mark(tmp_path)
    assert mark.parent == tmp_path
    monkeypatch.setattr(compiled, "sources", lambda: "another")
    assert compiling._mark(tmp_path) != mark


def test_without_a_compiler_nothing_is_compiled():
    code = "from pages._ui import compiling; compiling.start(); compiling.wait(); print(compiling._compiling.is_set())"
    seen = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert seen.stdout.split() == ["False"]


def test_a_second_start_compiles_nothing():
    code = (
        "from numba.core import event\n"
        "from pages._ui import compiling\n"
        "with event.install_recorder('numba:compile') as compiled:\n"
        "    compiling.wait()\n"
        "print(compiling._compiling.is_set(), len(compiled.buffer))\n"
    )
    seen = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=120, check=True
    )
    assert seen.stdout.split() == ["False", "0"]


class FakeThread:
    def start(self):
        """Do nothing."""
