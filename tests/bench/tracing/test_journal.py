"""A journal says what was written whole, and never disturbs its writer."""

import os
import signal
import subprocess
import sys

import pytest

from bench.tracing import journal
from bench.tracing.journal import HEADER, Journal, Kind, read


def written(path, count=3):
    one = Journal(path)
    for number in range(count):
        one.add(Kind.SENT, 0, number, 1, 100 + number)
    one.add(Kind.NOTE, tail="é".encode())
    one.flush()
    one.close()
    return path.read_bytes()


def test_what_was_written_is_read(tmp_path):
    written(tmp_path / "a")
    found = read(tmp_path / "a")
    assert found.whole
    assert [one.values for one in found.records] == [(0, 0, 1, 100), (0, 1, 1, 101), (0, 2, 1, 102), ()]
    assert found.records[-1].tail.decode() == "é"


def test_a_cut_tail_is_dropped_wherever_it_is_cut(tmp_path):
    whole = written(tmp_path / "a")
    for length in range(len(whole)):
        (tmp_path / "b").write_bytes(whole[:length])
        found = read(tmp_path / "b")
        expected = max(0, length - len(HEADER)) // 25
        assert len(found.records) == min(expected, 3)
        assert found.whole == (length in (len(HEADER) + 25 * number for number in range(4)))


@pytest.mark.parametrize("damage", [b"\xff\xff\xff\xff\xff\xff", b"\x03\x01\x00\x00\x00x", b"\x00" * 30])
def test_damage_ends_the_reading(tmp_path, damage):
    whole = written(tmp_path / "a")
    (tmp_path / "b").write_bytes(whole + damage)
    assert len(read(tmp_path / "b").records) == 4
    assert not read(tmp_path / "b").whole


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"DLLABJ99" + b"\x03" * 40])
def test_another_file_is_no_journal(tmp_path, content):
    (tmp_path / "a").write_bytes(content)
    assert read(tmp_path / "a") == journal.Read((), whole=False)


def test_what_was_flushed_outlives_a_kill(tmp_path):
    program = f"""
import os, signal
from bench.tracing.journal import Journal, Kind
one = Journal({str(tmp_path / "a")!r})
one.add(Kind.DROPPED, 1); one.flush(); one.add(Kind.DROPPED, 2)
os.kill(os.getpid(), signal.SIGKILL)
"""
    run = subprocess.run([sys.executable, "-c", program], check=False)
    assert run.returncode == -signal.SIGKILL
    assert [one.values for one in read(tmp_path / "a").records] == [(1,)]


def test_nothing_can_be_written():
    one = Journal("/nowhere/at/all")
    one.add(Kind.DROPPED, 1)
    one.flush()
    assert not one.is_open
    assert one.has_failed


def test_a_disk_that_fills_ends_it_for_good(tmp_path, monkeypatch):
    one = Journal(tmp_path / "a")
    real = os.write
    monkeypatch.setattr(os, "write", lambda file, data: real(file, bytes(data)[:-3]))
    one.add(Kind.DROPPED, 1)
    one.flush()
    monkeypatch.undo()
    one.add(Kind.DROPPED, 2)
    one.flush()
    assert one.has_failed
    assert read(tmp_path / "a") == journal.Read((), whole=False)


def test_a_file_that_nobody_keeps_is_written_no_more(tmp_path):
    one = Journal(tmp_path / "a")
    (tmp_path / "a").unlink()
    one.add(Kind.DROPPED, 1)
    one.flush()
    assert not one.is_open
    assert not one.has_failed


def test_a_forked_process_writes_nothing(tmp_path, monkeypatch):
    one = Journal(tmp_path / "a")
    monkeypatch.setattr(os, "getpid", lambda: 1)
    one.add(Kind.DROPPED, 1)
    one.flush()
    assert (tmp_path / "a").read_bytes() == b""
