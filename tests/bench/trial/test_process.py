import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from bench.trial import session
from bench.trial.messages import Kind, Message
from bench.trial.process import TrialProcess
from bench.trial.spec import TrialError

pytestmark = pytest.mark.live

PRELUDE = "import os, sys, time, subprocess, signal\nfrom bench.trial.messages import *\nchannel = int(sys.argv[-1])\n"
SLEEPER = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3600)'])\n"


def process(code: str, request: object = None) -> TrialProcess:
    return TrialProcess((sys.executable, "-c", PRELUDE + code), request)


def listen(trial: TrialProcess) -> list[Message]:
    return [message for message in trial.listen() if message is not None]


def test_a_request_goes_in_and_messages_come_out() -> None:
    code = "(request,) = Parser().feed(os.read(0, 1000))\nsend(channel, Kind.RESULT, request.body)"
    with process(code, {"a": 1}) as trial:
        (message,) = listen(trial)
    assert message.kind is Kind.RESULT
    assert message.json() == {"a": 1}


def test_messages_written_just_before_the_end_are_not_lost() -> None:
    with process("for k in range(500): send_json(channel, Kind.PROGRESS, k)\nos._exit(1)") as trial:
        assert [message.json() for message in listen(trial)] == list(range(500))
        assert trial.end() == 1


def test_what_is_printed_is_kept_to_its_last_64_kib_and_readable() -> None:
    with process("os.write(1, b'x' * 300_000 + b'\\0\\xff')\nos.write(2, b'the end')") as trial:
        listen(trial)
        trial.end()
    assert trial.output.endswith("x\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}the end")
    assert len(trial.output) <= 64 * 1024


def test_the_end_is_noticed_although_another_process_holds_the_pipes() -> None:
    start = time.monotonic()
    code = "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(3600)'], close_fds=False)"
    with process("os.set_inheritable(channel, True)\n" + code) as trial:
        assert listen(trial) == []
        assert session.members(trial.pid)
    assert not session.members(trial.pid)
    assert time.monotonic() - start < 10


def test_leaving_kills_everything_even_what_ignores_signals() -> None:
    ignore = "signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    with process(ignore + SLEEPER * 3 + "send(channel, Kind.STARTED)\ntime.sleep(3600)") as trial:
        next(message for message in trial.listen() if message)
        assert len(session.members(trial.pid)) == 4
        start = time.monotonic()
    assert not session.members(trial.pid)
    assert not psutil.pid_exists(trial.pid)
    assert time.monotonic() - start < 2


def test_a_stopped_process_is_killed_too() -> None:
    with process("send(channel, Kind.STARTED)\nos.kill(os.getpid(), signal.SIGSTOP)") as trial:
        next(message for message in trial.listen() if message)
    assert not psutil.pid_exists(trial.pid)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_exception_in_the_caller_leaves_nothing(error: type[BaseException]) -> None:
    trial = process(SLEEPER + "send(channel, Kind.STARTED)\ntime.sleep(3600)")

    def interrupted() -> None:
        with trial:
            next(message for message in trial.listen() if message)
            raise error

    with pytest.raises(error):
        interrupted()
    assert not session.members(trial.pid)
    assert not psutil.Process().children(recursive=True)


def test_the_folder_is_private_empty_and_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    code = "import tempfile\nopen('left', 'w')\nsend_json(channel, Kind.RESULT, [os.getcwd(), tempfile.gettempdir()])"
    with process(code) as trial:
        (message,) = listen(trial)
        working, temporary = message.json()
        assert Path(working).parent == tmp_path
        assert Path(working).stat().st_mode & 0o777 == 0o700
        assert working == temporary
    assert not list(tmp_path.iterdir())


def test_a_folder_that_a_killed_trial_left_is_removed_by_the_next(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with process("time.sleep(3600)"):
        (held,) = tmp_path.iterdir()
        left = tmp_path / "dll-left"
        left.mkdir()
        for folder in (held, left):
            os.utime(folder, (0, 0))
        with process(""):
            assert held.exists()
            assert not left.exists()


def test_secrets_of_the_environment_are_not_passed_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with process("send_json(channel, Kind.RESULT, dict(os.environ))") as trial:
        (message,) = listen(trial)
    assert "secret" not in message.json().values()
    assert message.json()["PATH"] == os.environ["PATH"]


def test_the_trial_leads_a_session_of_its_own() -> None:
    with process("send_json(channel, Kind.RESULT, [os.getsid(0), os.getpid()])") as trial:
        (message,) = listen(trial)
    assert message.json() == [trial.pid, trial.pid]


def test_noise_in_the_place_of_messages_is_told() -> None:
    with process("os.write(channel, b'noise, more noise')") as trial, pytest.raises(TrialError, match="wrote noise"):
        listen(trial)


def test_how_it_ended_is_told() -> None:
    with process("os.kill(os.getpid(), signal.SIGSEGV)") as trial:
        listen(trial)
        assert trial.end() == -signal.SIGSEGV


def test_a_command_that_cannot_be_started_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with (
        pytest.raises(TrialError, match=r"could not be started .*no-such-command"),
        TrialProcess(("no-such-command",), None),
    ):
        pass
    assert not list(tmp_path.iterdir())


def test_the_most_memory_held_together_is_seen() -> None:
    grow = "held = bytearray(b'x') * 120_000_000\nsend(channel, Kind.STARTED)\ntime.sleep(3600)"
    with process(grow) as trial:
        watch = session.MemoryWatch(trial.pid)
        next(message for message in trial.listen() if message)
        watch.look()
        seen = watch.peak_bytes
        watch.look()
    assert 120e6 < seen < 400e6
    watch.look()
    assert watch.peak_bytes >= seen
