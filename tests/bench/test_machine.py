import os
from pathlib import Path

import psutil
import pytest

from bench import machine
from bench.machine import describe, this_machine


@pytest.fixture
def cgroups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Write a cgroup tree; return a function that makes `this_machine` see it from inside a group."""
    original = machine._cgroup_folders

    def write(membership: str, files: dict[str, str]) -> None:
        for name, text in files.items():
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name).write_text(text)
        (tmp_path / "membership").write_text(membership)
        monkeypatch.setattr(machine, "_cgroup_folders", lambda: original(tmp_path / "membership", tmp_path))

    return write


def test_this_machine_is_what_the_system_says() -> None:
    here = this_machine()
    assert 0 < here.cores <= len(os.sched_getaffinity(0))
    assert 0 < here.ram_bytes <= psutil.virtual_memory().total
    assert here.ranks == 1


@pytest.mark.parametrize(
    ("membership", "files", "cores"),
    [
        ("0::/a/b\n", {"a/b/cpu.max": "50000 100000\n"}, 0.5),
        ("0::/a/b\n", {"a/b/cpu.max": "max 100000\n", "a/cpu.max": "25000 100000\n"}, 0.25),
        ("0::/not/there\n", {"cpu.max": "30000 100000\n"}, 0.3),
        (
            "4:cpu,cpuacct:/a\n",
            {"cpu,cpuacct/a/cpu.cfs_quota_us": "10000", "cpu,cpuacct/a/cpu.cfs_period_us": "20000"},
            0.5,
        ),
        ("4:cpu:/a\n", {"cpu/a/cpu.cfs_quota_us": "-1", "cpu/a/cpu.cfs_period_us": "20000"}, None),
        ("0::/a\n", {"a/cpu.max": "nonsense"}, None),
        ("", {}, None),
    ],
)
def test_a_quota_of_the_group_or_of_any_parent_counts(cgroups, membership: str, files: dict, cores: float) -> None:
    cgroups(membership, files)
    assert this_machine().cores == (cores or len(os.sched_getaffinity(0)))


@pytest.mark.parametrize(
    ("membership", "files", "ram_bytes"),
    [
        ("0::/a/b\n", {"a/b/memory.max": "max", "a/memory.max": "1000000"}, 1_000_000),
        ("3:memory:/a\n", {"memory/a/memory.limit_in_bytes": "2000000"}, 2_000_000),
        ("3:memory:/a\n", {"memory/a/memory.limit_in_bytes": "9223372036854771712"}, None),
    ],
)
def test_a_limit_of_memory_counts(cgroups, membership: str, files: dict, ram_bytes: int) -> None:
    cgroups(membership, files)
    assert this_machine().ram_bytes == (ram_bytes or psutil.virtual_memory().total)


def test_a_description_is_stable_and_names_nobody() -> None:
    here = describe()
    assert here == describe()
    assert here["cores"] == f"{this_machine().cores:g}"
    assert len(here["machine_id"]) == 16
    assert os.uname().nodename not in here.values()
    assert all(isinstance(value, str) for value in here.values())
