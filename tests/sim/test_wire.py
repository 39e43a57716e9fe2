"""What is written is read back equal; anything else is refused in one sentence."""

import json
import zlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import scenarios

from dataloader_sim import Fault, LoaderConfig, Machine, Scenario, Workload, simulate
from dataloader_sim.observed import SAMPLE, Observed
from dataloader_sim.wire import (
    scenario_from_dict,
    scenario_to_dict,
    timeline_from_bytes,
    timeline_to_bytes,
    timeline_to_dict,
)


@settings(max_examples=50, deadline=None)
@given(scenarios())
def test_a_scenario_and_its_timeline_survive_the_round_trip(scenario):
    assert scenario_from_dict(json.loads(json.dumps(scenario_to_dict(scenario), allow_nan=False))) == scenario
    timeline = replace(simulate(scenario), peak_memory_bytes=12)
    again = timeline_from_bytes(timeline_to_bytes(timeline))
    assert again.scenario == scenario
    assert again.source == "simulated"
    assert again.peak_memory_bytes == 12
    assert again.spans.tobytes() == timeline.spans.tobytes()


def test_the_json_form_names_each_activity():
    whole = timeline_to_dict(simulate(Scenario()))
    json.dumps(whole, allow_nan=False)
    assert whole["version"] == 3
    assert whole["spans"][0]["activity"] == "load"


DATA = timeline_to_bytes(simulate(Scenario()))


@pytest.mark.parametrize(
    "wrong",
    [
        b"",
        b"DLLT",
        b"pickle",
        DATA[:-5],
        DATA[:40],
        DATA.replace(b'"spans": 192', b'"spans": 193'),
        DATA[:-9] + b"12345",
    ],
)
def test_damaged_bytes_are_refused(wrong):
    with pytest.raises(ValueError, match=r"stored|not a"):
        timeline_from_bytes(wrong)


def test_a_bomb_is_not_unfolded(monkeypatch):
    monkeypatch.setattr("dataloader_sim.wire.MOST_BYTES", 1000)
    head_length = int.from_bytes(DATA[4:8], "little")
    with pytest.raises(ValueError, match="damaged"):
        timeline_from_bytes(DATA[: 8 + head_length] + zlib.compress(b"\0" * 10**6))


@pytest.mark.parametrize("change", [{"version": 4}, {"seed": -1}, {"extra": 1}, {"workload": []}, {"machine": {}}])
def test_a_wrong_scenario_is_refused(change):
    with pytest.raises(ValueError, match=r"must"):
        scenario_from_dict(scenario_to_dict(Scenario()) | change)
    with pytest.raises(ValueError, match="must hold exactly"):
        scenario_from_dict([])


def test_a_file_of_the_first_release_is_read_with_the_defaults_of_later_fields():
    stored = scenario_to_dict(Scenario(workload=Workload(io_s=0.5)))
    for owner, name in (("workload", "iterable"), ("loader", "drop_last"), ("machine", "worker_import_s")):
        del stored[owner][name]
    del stored["fault"], stored["threads"]
    assert scenario_from_dict(stored | {"version": 1}) == Scenario(workload=Workload(io_s=0.5))
    with pytest.raises(ValueError, match="must hold exactly"):
        scenario_from_dict(stored)


def test_what_a_trace_observed_comes_back():
    samples = np.array([(0, 0, 1, 7, 0.5, 0.25)], SAMPLE)
    seen = Observed(samples=samples, partial=True, notes=("cut off",), steps=("Resize",), origin={"torch": "2.13.0"})
    again = timeline_from_bytes(timeline_to_bytes(replace(simulate(Scenario()), observed=seen))).observed
    assert again.samples.tolist() == samples.tolist()
    assert (again.loads.size, again.partial, again.notes) == (0, True, ("cut off",))
    assert (again.steps, again.origin) == (("Resize",), {"torch": "2.13.0"})
    with pytest.raises(ValueError, match="samples must be an array with the fields rank"):
        Observed(samples=np.zeros(3))


def test_measured_factors_come_back():
    scenario = Scenario(workload=Workload(io_factors=(0.5, 1.5), cpu_factors=(1.0,)))
    assert scenario_from_dict(json.loads(json.dumps(scenario_to_dict(scenario)))) == scenario


def test_a_fault_and_how_it_ended_come_back():
    fault = Fault(kind="hangs", batch=3)
    broken = simulate(Scenario(loader=LoaderConfig(num_workers=2, timeout=1.5), fault=fault))
    again = timeline_from_bytes(timeline_to_bytes(broken))
    assert again.scenario == broken.scenario
    assert again.failure == broken.failure
    assert timeline_to_dict(broken)["failure"]["kind"] == "timed out"


def test_infinite_rates_are_written_as_text():
    assert scenario_to_dict(Scenario(machine=Machine()))["machine"]["shm_bytes_per_s"] == "inf"
