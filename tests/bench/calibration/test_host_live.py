"""The probes themselves, once, on a real DataLoader."""

import pytest

from bench import machine
from bench.calibration.host import calibrate_host, host_machine, kept_host

pytestmark = pytest.mark.live


def test_a_calibration_measures_every_cost_and_keeps_it(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    said = []
    host = calibrate_host(lambda share, what: said.append((share, what)), patience_s=0.0)
    assert host_machine() == host.machine
    assert kept_host().notice == ""
    measured, here = host.machine, machine.this_machine()
    assert 0.3 < measured.cores <= here.cores
    for name in ("worker_spawn_s", "worker_boot_s", "worker_import_s", "worker_exit_s", "put_s", "get_s"):
        assert 0.0 < getattr(measured, name) < 60.0, name
    assert measured.worker_import_s > measured.worker_boot_s, "a spawned worker imports torch, a forked one does not"
    assert 1e7 < measured.shm_bytes_per_s < 1e12
    assert 1e7 < measured.touch_bytes_per_s < 1e12
    assert all(one.count >= 5 for one in host.quantities)
    shares = [share for share, _ in said]
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert shares[-1] < 1.0
