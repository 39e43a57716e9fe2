"""What a calibration keeps, and what becomes of a file that cannot be used."""

import json
import sys
from dataclasses import replace

import pytest

from bench import lock, machine
from bench.calibration import host_file, plumbing
from bench.calibration.host import calibrate_host, host_machine, kept_host
from bench.calibration.host_file import AGAIN, Host
from bench.runs.schema import StoreError
from bench.trial.spec import TrialError
from dataloader_sim.scenario import Machine

HERE = machine.this_machine()
SPREAD = (0.9, 1.0, 1.0, 1.0, 1.1)


def five(middle):
    return [middle * one for one in SPREAD]


SEEN = {
    "cores.cores": five(0.9 * HERE.cores),
    "cores.busy_2": five(1.7),
    "fork_1.start_s": five(0.005),
    "fork_1.boot_cpu_s": five(0.010),
    "fork_1.stop_s": five(0.007),
    "fork_2.stop_s": five(0.004),
    "forkserver_1.boot_cpu_s": five(0.8),
    "forkserver_1.stop_s": five(0.015),
    "spawn_1.boot_cpu_s": five(0.910),
    "spawn_1.stop_s": five(0.3),
    "batch_1x1.get_s": five(0.0005),
    "batch_8x1.get_s": five(0.0019),
    "batch_1x1.put_cpu_s": five(0.0003),
    "batch_2x1.put_cpu_s": five(0.0004),
    "batch_8x1.put_cpu_s": five(0.0010),
    "batch_1x1.collate_s": five(0.0001),
    "batch_1x1.touch_s": five(0.00004),
    "batch_1x1.drop_s": five(0.00001),
    "batch_1x150528.collate_s": five(0.0101),
    "batch_1x150528.put_cpu_s": five(0.0013),
    "batch_1x150528.touch_s": five(0.00504),
    "batch_1x150528.drop_s": five(0.00501),
    "private_1x150528.put_cpu_s": five(0.0103),
    "cores.others_share": [0.02],
}
FOUND = {one.name: one for one in plumbing.quantities(SEEN)}
HOST = Host(
    machine=plumbing.as_machine(tuple(FOUND.values()), HERE),
    quantities=tuple(FOUND.values()),
    measured_utc="2026-11-22T17:00:00Z",
    others_share=0.02,
    origin=machine.describe(),
    notes=("No GPU.",),
)


@pytest.fixture(autouse=True)
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    return tmp_path / "dataloader-lab"


def test_costs_are_differences_between_experiments():
    measured = HOST.machine
    assert measured.worker_import_s == pytest.approx(0.9)
    assert measured.get_tensor_s == pytest.approx(0.0002)
    assert measured.get_s == pytest.approx(0.0003)
    assert (measured.worker_exit_s, measured.put_s) == (0.004, 0.0004)
    size = 32 * 3 * 224 * 224 * 4
    assert measured.shm_bytes_per_s == pytest.approx(size / 0.010)
    # Touching and giving back are both the receiver's.
    assert measured.touch_bytes_per_s == pytest.approx(size / 0.010)
    assert FOUND["host.put_private_bytes_per_s"].value == pytest.approx(size / 0.010)
    assert FOUND["host.put_tensor_s"].value == pytest.approx(0.0001)
    assert FOUND["host.stop_spawn_s"].value == 0.3


def test_every_cost_has_an_interval_of_at_least_five_repeats():
    for one in FOUND.values():
        assert one.low < one.value < one.high, one.name
        assert one.count >= 5, one.name
        assert one.source == "machine"


def test_the_interval_of_a_difference_holds_the_worst_cases():
    spawn = FOUND["machine.worker_import_s"]
    assert spawn.low == pytest.approx(0.910 * 0.9 - 0.010 * 1.1)
    assert spawn.high == pytest.approx(0.910 * 1.1 - 0.010 * 0.9)


def test_a_difference_that_noise_turned_round_costs_nothing():
    turned = plumbing.quantities(SEEN | {"batch_8x1.get_s": five(0.0001)})
    tensor = next(one for one in turned if one.name == "machine.get_tensor_s")
    assert (tensor.low, tensor.value) == (0.0, 0.0)


def test_cores_are_the_lowest_of_quota_affinity_and_what_was_measured():
    assert HOST.machine.cores == pytest.approx(0.9 * HERE.cores, abs=0.01)
    more = plumbing.quantities(SEEN | {"cores.cores": five(HERE.cores + 0.3)})
    assert plumbing.as_machine(more, HERE).cores == HERE.cores
    assert plumbing.as_machine(more, replace(HERE, cores=0.5)).cores == 0.5


def test_a_gpu_gives_rates_and_none_gives_none():
    assert HOST.machine.pin_bytes_per_s == float("inf")
    rates = {"gpu.pin_bytes_per_s": five(5e9), "gpu.h2d_bytes_per_s": five(2e10)}
    with_gpu = plumbing.as_machine(plumbing.quantities(SEEN | rates), HERE)
    assert (with_gpu.pin_bytes_per_s, with_gpu.h2d_bytes_per_s) == (5e9, 2e10)


def test_what_is_kept_comes_back(folder):
    assert kept_host().host is None
    assert (kept_host().notice, host_machine()) == ("", None)
    path = host_file.write(HOST, folder)
    assert kept_host().host == HOST
    assert host_machine() == HOST.machine
    assert [one.name for one in folder.iterdir()] == [path.name]


def test_limits_are_todays(folder, monkeypatch):
    host_file.write(HOST, folder)
    monkeypatch.setattr(machine, "this_machine", lambda: Machine(cores=0.5, ram_bytes=7, shm_bytes=5))
    now = host_machine()
    assert (now.cores, now.ram_bytes, now.shm_bytes) == (0.5, 7, 5)
    assert now.put_s == HOST.machine.put_s


def changed(**values):
    return json.dumps(host_file.document(HOST) | values).encode()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is damaged"),
        (b"\x89PNG\r\n\xff\xfe", "is damaged"),
        (b"[" * 100_000, "is damaged"),
        (b'{"kind": "runs"}', "it is no calibration"),
        (changed()[:-30], "is damaged"),
        (changed() + b" " * (1 << 20), "it is too large"),
        (changed(version=0), "its fields are not"),
        (changed(version=None), "its fields are not"),
        (changed(version=2, more=1), "was written by a newer dataloader-lab"),
        (changed(extra=1), "its fields are not"),
        (changed(origin={"machine_id": "another"}), "on another machine"),
        (changed(origin=[]), "its origin"),
        (changed(machine={}), "is damaged"),
        (changed(quantities={}), "no list"),
        (changed(quantities=[{}]), "a quantity lacks"),
        (changed(quantities=[{**host_file.document(HOST)["quantities"][0], "value": "x"}]), "a number"),
        (changed(quantities=[{**host_file.document(HOST)["quantities"][0], "low": 1e9}]), "is damaged"),
        (changed(notes=3), "is damaged"),
        (changed(notes=[3]), "a text"),
        (changed(others_share=None), "a number"),
        (changed(others_share=1).replace(b'"others_share": 1', b'"others_share": NaN'), "a number"),
        (changed(measured_utc=5), "a text"),
    ],
)
def test_a_file_that_cannot_be_used_is_said_in_one_sentence_and_ignored(data, words, folder):
    folder.mkdir()
    (folder / host_file.NAME).write_bytes(data)
    kept = kept_host()
    assert kept.host is None
    assert words in kept.notice
    assert kept.notice.endswith((AGAIN, "update this one to use it"))
    assert len(kept.notice) < 400
    assert "\n" not in kept.notice
    assert host_machine() is None


def test_another_torch_is_said_and_the_costs_are_still_used(folder):
    host_file.write(replace(HOST, origin={**HOST.origin, "torch": "2.0"}), folder)
    kept = kept_host()
    assert kept.host is not None
    assert kept.notice.startswith("the plumbing was measured with torch 2.0, and this is ")


def test_a_folder_in_its_place_is_said(folder):
    (folder / host_file.NAME).mkdir(parents=True)
    assert "cannot be read" in kept_host().notice


def test_a_write_that_fails_leaves_what_was_there(folder, monkeypatch):
    host_file.write(HOST, folder)
    before = (folder / host_file.NAME).read_bytes()

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StoreError, match=r"cannot be kept in .* \(No space left on device\): make it writable"):
        host_file.write(replace(HOST, others_share=0.5), folder)
    assert (folder / host_file.NAME).read_bytes() == before
    assert len(list(folder.iterdir())) == 1


def test_a_run_that_uses_the_machine_is_waited_for(folder):
    folder.mkdir()
    with lock.take(folder, who="a test"), pytest.raises(lock.Busy, match="a test has been running"):
        calibrate_host()


def test_a_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="the calibration cannot be kept in"):
        calibrate_host(folder=tmp_path / "file" / "below")


def test_probes_that_die_are_an_error_with_their_last_words():
    command = (sys.executable, "-c", "import sys; sys.exit('no torch here')")
    with pytest.raises(TrialError, match="ended without a result: no torch here"):
        calibrate_host(command=command)
    assert kept_host().host is None


def test_probes_that_say_nothing_are_given_up(monkeypatch):
    monkeypatch.setattr("bench.calibration.host.STUCK_S", 0.3)
    with pytest.raises(TrialError, match="said nothing for 0 s: try again"):
        calibrate_host(command=(sys.executable, "-c", "import time; time.sleep(60)"))
