"""`dataloader-lab` without a command: the app's server as a user starts it."""

import http.client
import signal
import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import psutil
import pytest

from bench.cli import app, main

ROOT = Path(__file__).parents[3]
CLI = [sys.executable, "-m", "bench.cli", "--no-browser"]


@pytest.fixture(autouse=True)
def _data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


def listening(port: int = 0) -> socket.socket:
    taken = socket.create_server(("127.0.0.1", port))
    taken.settimeout(5.0)
    return taken


def free_port() -> int:
    with listening() as probe:
        return int(probe.getsockname()[1])


def status(port: int, path: str = "/_stcore/health") -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def test_streamlit_reads_back_every_setting(tmp_path: Path) -> None:
    settings = app.settings_of(ROOT)
    command = [sys.executable, "-m", "streamlit", "config", "show", *app.flags(settings)]
    seen = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    options = [line for line in seen.stdout.splitlines() if not line.lstrip().startswith(("#", "~"))]
    shown = tomllib.loads("\n".join(options))
    for name in ("address", "headless", "allowedHosts", "xsrfCookieSameSite", "maxUploadSize", "fileWatcherType"):
        assert shown["server"][name] == settings["server"][name]
    assert shown["client"]["showErrorDetails"] == "none"
    assert shown["browser"]["gatherUsageStats"] is False
    assert shown["theme"]["light"]["primaryColor"] == settings["theme"]["light"]["primaryColor"]


def test_settings_become_flags() -> None:
    settings = {
        "server": {"headless": True, "maxUploadSize": 2, "allowedHosts": ["a", "b"]},
        "client": {"allowedOrigins": []},
        "theme": {"chartCategoricalColors": ["#111111"], "light": {"primaryColor": "#222222"}},
    }
    assert app.flags(settings) == [
        "--server.headless=true",
        "--server.maxUploadSize=2",
        "--server.allowedHosts=a",
        "--server.allowedHosts=b",
        "--client.allowedOrigins=",
        '--theme.chartCategoricalColors=["#111111"]',
        "--theme.light.primaryColor=#222222",
    ]


def test_an_installed_wheel_finds_its_settings_among_the_assets(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "assets" / "streamlit.toml").write_text("[server]\nheadless = true\n")
    assert app.settings_of(tmp_path) == {"server": {"headless": True}}
    with pytest.raises(ValueError, match="install dataloader-lab again"):
        app.settings_of(tmp_path / "assets")


def test_a_port_in_use_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    with listening() as taken:
        port = taken.getsockname()[1]
        assert main(["--no-browser", "--port", str(port)]) == 1
    expected = f"dataloader-lab: port {port} is in use: choose another with --port, or leave --port out\n"
    assert capsys.readouterr().err == expected


@pytest.mark.live
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_app_answers_on_loopback_alone_and_ends_when_told(number: signal.Signals) -> None:
    port = free_port()
    with subprocess.Popen([*CLI, "--port", str(port)], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = next(line for line in process.stderr if line.startswith("DataLoader Lab is at"))
        assert line == f"DataLoader Lab is at http://127.0.0.1:{port} (Ctrl-C stops it)\n"
        assert status(port) == status(port, "/") == 200
        server = psutil.Process(process.pid)
        opened = [one.laddr for one in server.net_connections() if one.status == psutil.CONN_LISTEN]
        assert [one.ip for one in opened] == ["127.0.0.1"]
        assert not server.children()
        before = time.monotonic()
        process.send_signal(number)
        assert process.wait(10) == 0
        assert time.monotonic() - before < 5.0
    listening(port).close()


@pytest.mark.live
def test_without_a_port_the_first_free_one_is_taken() -> None:
    taken = []
    try:
        # Others on this machine may hold some of them already.
        for port in (app.FIRST_PORT, app.FIRST_PORT + 1):
            try:
                taken.append(listening(port))
            except OSError:
                continue
        with subprocess.Popen(CLI, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            line = next(line for line in process.stderr if line.startswith("DataLoader Lab is at"))
            port = int(line.split()[4].rsplit(":", 1)[1])
            assert port > app.FIRST_PORT + 1
            process.terminate()
    finally:
        for one in taken:
            one.close()
