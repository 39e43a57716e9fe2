"""What a setting accepts, how a link writes it, and the scenario that settings make."""

from dataclasses import fields

import pytest

from dataloader_sim import Fault, LoaderConfig, Machine, Scenario, Workload
from dataloader_sim.presets import MACHINES
from pages._ui.knobs import Choice, Number, Switch, build, plain
from pages._ui.offered import ALL, AXES, BASE, GROUPS, MORE
from pages._ui.offered.row import ROW, WORKERS
from pages._ui.workload_presets import PRESETS

BY_KEY = {knob.key: knob for knob in ALL}
# What starting workers and handing over cost: a machine has all of it or none, by its preset.
PLUMBING = {
    *("worker_spawn_s", "worker_boot_s", "worker_import_s", "worker_exit_s", "put_s", "get_s", "get_tensor_s"),
    *("shm_bytes_per_s", "touch_bytes_per_s", "pin_bytes_per_s", "h2d_bytes_per_s"),
}


def test_every_field_of_a_scenario_has_a_knob_but_the_plumbing_that_the_machine_brings():
    owners = {"workload": Workload, "loader": LoaderConfig, "machine": Machine, "fault": Fault}
    expected = {f"{part}.{item.name}" for part, owner in owners.items() for item in fields(owner)}
    expected |= {item.name for item in fields(Scenario)} - {"workload", "loader", "fault"}
    expected -= {f"machine.{name}" for name in PLUMBING}
    expected -= {"workload.io_factors", "workload.cpu_factors"}  # a calibration's, thousands of them
    assert sorted(knob.field for knob in ALL) == sorted(expected)


def test_keys_and_labels_tell_the_knobs_apart_and_each_asks_a_question():
    assert len({knob.key for knob in ALL}) == len({knob.label for knob in ALL}) == len(ALL)
    for knob in ALL:
        assert "?" in knob.question, knob.key
        assert knob.accepts(knob.default), knob.key


def test_the_first_view_has_few_knobs_and_the_rest_stand_in_named_groups():
    assert len(ROW) <= 6
    assert list(GROUPS) == ["Loader", "Workload", "Machine", "What if"]
    assert len(MORE) + len(ROW) + 1 == len(ALL)


def test_the_settings_at_first_are_torchs_defaults_and_the_lesson():
    assert BASE.loader == LoaderConfig(num_workers=2, prefetch_factor=2)
    assert BASE.workload == Workload(batches=48, step_s=0.05, jitter=0.5)
    assert BASE.machine == Machine()
    assert (BASE.threads, BASE.fault, BASE.seed) == (False, None, 0)


@pytest.mark.parametrize("knob", [knob for knob in ALL if knob.field != "machine"], ids=lambda knob: knob.key)
def test_a_knob_sets_its_field_and_no_other(knob):
    other = another(knob)
    values = {knob.key: other}
    if knob.key == "fault_batch":
        values["fault"] = "hangs"
    changed = build(ALL, values)
    part, _, name = knob.field.rpartition(".")
    owner = getattr(changed, part) if part else changed
    assert getattr(owner, name) == pytest.approx(knob.field_value(other))
    del values[knob.key]
    if knob.key != "fault":
        assert build(ALL, {**values, knob.key: knob.default}) == build(ALL, values) != changed


@pytest.mark.parametrize("knob", ALL, ids=lambda knob: knob.key)
def test_what_a_link_says_is_read_back(knob):
    options = [one.word for one in knob.options] if isinstance(knob, Choice) else [knob.default, another(knob)]
    for value in [*options, *getattr(knob, "stops", ())]:
        assert knob.read(plain(value)) == value


@pytest.mark.parametrize("knob", ALL, ids=lambda knob: knob.key)
@pytest.mark.parametrize("written", ["", "abc", "nan", "inf", "-1", "1e300", "True", "1;2"])
def test_nonsense_in_a_link_is_refused(knob, written):
    with pytest.raises(ValueError):  # noqa: PT011 (the words are the rule's, tested below)
        knob.read(written)


def test_a_number_between_the_stops_is_accepted_and_one_outside_is_not():
    io_ms = BY_KEY["io_ms"]
    assert 3.3 not in io_ms.stops
    assert io_ms.read("3.3") == io_ms.read("3.30") == 3.3
    with pytest.raises(ValueError, match="a number from 0 to 10000"):
        io_ms.read("10001")


@pytest.mark.parametrize(
    ("key", "rule"),
    [
        ("io_ms", "a number from 0 to 10000"),
        ("num_workers", "a whole number from 0 to 16"),
        ("in_order", "true or false"),
        ("start_method", "one of fork, forkserver, spawn"),
    ],
)
def test_a_rule_is_said_in_words(key, rule):
    assert BY_KEY[key].rule == rule


@pytest.mark.parametrize("forged", [None, "4", {"x": 1}, [1], float("nan"), 10**12, -1])
def test_no_knob_accepts_what_a_browser_may_forge(forged):
    for knob in ALL:
        assert not knob.accepts(forged), knob.key


def test_true_is_no_number_and_one_is_no_switch():
    for knob in ALL:
        assert knob.accepts(True) == isinstance(knob, Switch)
        assert not (isinstance(knob, Switch) and knob.accepts(1))


def test_options_of_workers_fall_back_without_workers():
    wished = {
        "persistent_workers": True,
        "timeout": 5.0,
        "start_method": "spawn",
        "prefetch_factor": 4,
        "pin_memory": True,
    }
    without = build(ALL, {**wished, "num_workers": 0})
    assert without.loader == LoaderConfig(num_workers=0, pin_memory=True)
    assert build(ALL, wished).loader.multiprocessing_context == "spawn"


def test_sizes_and_times_reach_their_fields_in_bytes_and_seconds():
    made = build(ALL, {"sample_kb": 602.0, "shm_mb": 67.0, "ram_gb": 0.5, "step_ms": 20.0, "dataset_mb": 1.5})
    assert made.workload.sample_bytes == 602_000
    assert made.machine.shm_bytes == 67_000_000
    assert made.machine.ram_bytes == 500_000_000
    assert made.workload.step_s == pytest.approx(0.02)
    assert made.workload.dataset_bytes == 1_500_000


@pytest.mark.parametrize(("part", "presets"), [("workload", PRESETS), ("machine", MACHINES)])
def test_the_knobs_can_stand_where_every_preset_puts_them(part, presets):
    for name, owner in presets.items():
        for knob in ALL:
            if knob.field.partition(".")[0] == part != knob.field:
                wanted = getattr(owner, knob.field.partition(".")[2])
                assert knob.accepts(knob.shown(wanted)), (name, knob.key)
                assert knob.field_value(knob.shown(wanted)) == pytest.approx(wanted), (name, knob.key)


def test_a_curve_may_vary_whatever_has_stops():
    assert {"num_workers", "prefetch_factor", "ranks", "shard_skew", "gil_share"} < set(AXES)
    for knob in AXES.values():
        assert list(knob.stops) == sorted(set(knob.stops))
        assert all(knob.accepts(stop) for stop in knob.stops)
    assert tuple(range(17)) == WORKERS


def another(knob):
    """Return a value of the knob that is not its default."""
    if isinstance(knob, Switch):
        return not knob.default
    if isinstance(knob, Choice):
        return knob.options[-1].word
    assert isinstance(knob, Number)
    halved = (knob.low + knob.default) / 2 if knob.default > knob.low else knob.low + 1
    return int(halved) if knob.whole else float(halved)
