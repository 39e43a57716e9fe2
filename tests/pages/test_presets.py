"""Workloads and machines to start from, and the memory that sizes take, as a visitor reads them."""

import re
from dataclasses import asdict

import pytest
from explore_app import CURVE, opened, with_group

from dataloader_sim.presets import MACHINES
from pages._ui import cache
from pages._ui.knobs import build
from pages._ui.offered import ALL
from pages._ui.workload_presets import PRESETS


@pytest.mark.parametrize("name", PRESETS)
def test_a_workload_fills_the_knobs_and_is_named_until_one_is_moved(monkeypatch, name):
    asked = []
    run = cache.player_runs
    monkeypatch.setattr(cache, "player_runs", lambda scenario: asked.append(scenario) or run(scenario))
    app = opened(batches="5")
    assert app.selectbox(key="workload_preset").value is None
    app.selectbox(key="workload_preset").set_value(name).run()
    assert not app.error
    seen, preset = asdict(asked[-1].workload), asdict(PRESETS[name])
    for field in ("io_factors", "cpu_factors"):
        assert seen.pop(field) == preset.pop(field) == ()
    assert seen == pytest.approx(preset)
    assert app.select_slider(key="io_ms").value == pytest.approx(PRESETS[name].io_s * 1000)
    assert app.selectbox(key="workload_preset").value == name
    app.select_slider(key="io_ms").set_value(150.0).run()
    assert app.selectbox(key="workload_preset").value is None


@pytest.mark.parametrize("name", MACHINES)
def test_a_machine_fills_its_knobs(name):
    app = with_group("Machine", cores="3", shm_mb="5")
    for one in ("2-core VM", name):
        app.selectbox(key="more_machine").set_value(one).run()
    assert not app.error
    assert app.select_slider(key="cores").value == MACHINES[name].cores
    assert app.number_input(key="more_shm_mb").value == pytest.approx(MACHINES[name].shm_bytes / 1e6)
    assert settings_of(app).machine == MACHINES[name]


def settings_of(app):
    return build(ALL, app.session_state["settings"])


def test_the_memory_of_a_run_is_said_where_sizes_are_given():
    assert not any("Memory" in one.value for one in opened().caption)
    app = opened(sample_kb="602", num_workers="4")
    assert any(
        re.match(r"Memory with num_workers = 4, forecast: .* at most; training", one.value) for one in app.caption
    )
    assert not app.warning


@pytest.mark.parametrize("page", ["", CURVE])
def test_memory_that_runs_out_is_warned_of(page):
    app = opened(page, sample_kb="602", num_workers="8", shm_mb="67")
    assert len(app.warning) == 1
    assert app.warning[0].value.startswith("/dev/shm would run out: ")  # noqa: S108 (its name, on screen)
