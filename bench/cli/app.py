"""`dataloader-lab` without a command: serve the app on this machine and open the browser."""

from __future__ import annotations

import argparse
import http.client
import json
import runpy
import socket
import sys
import threading
import time
import tomllib
import webbrowser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.cli.arguments import whole

ROOT = Path(__file__).parents[2]
SERVER = "pages._ui.server"
FIRST_PORT = 8501
PORTS_TRIED = 100
ADDRESS = "127.0.0.1"
# A cold start from a slow disk; later than that the address is not printed, while the server may still come up.
START_S = 60.0
LOOK_S = 0.05


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the app, which stand before any command."""
    parser.set_defaults(run=run)
    port = whole(1, 65_535, "leave it out to take the first free one from 8501 up")
    parser.add_argument("--port", type=port, default=None, metavar="N", help="serve the app on this port")
    parser.add_argument("--no-browser", action="store_true", help="print the address and open no browser")


def run(arguments: argparse.Namespace) -> int:
    """Serve until stopped; returns 1 when the port is in use or the app's files are missing."""
    app = ROOT / "app.py"
    if not app.is_file():
        return _failed(f"the app's files are missing ({app}): install dataloader-lab again")
    if arguments.port is not None and not _is_free(arguments.port):
        return _failed(f"port {arguments.port} is in use: choose another with --port, or leave --port out")
    port = arguments.port or next((one for one in range(FIRST_PORT, FIRST_PORT + PORTS_TRIED) if _is_free(one)), None)
    if port is None:
        return _failed(f"the ports {FIRST_PORT} to {FIRST_PORT + PORTS_TRIED - 1} are in use: choose one with --port")
    settings = [*flags(settings_of(ROOT)), f"--server.port={port}", "--logger.hideWelcomeMessage=true"]
    opener = threading.Thread(target=_open_when_up, args=(port, not arguments.no_browser), daemon=True)
    opener.start()
    return _serve(settings)


def settings_of(root: Path) -> dict[str, Any]:
    """Read the server's settings: beside app.py in a checkout, among the assets in an installed wheel."""
    for path in (root / ".streamlit" / "config.toml", root / "assets" / "streamlit.toml"):
        if path.is_file():
            return tomllib.loads(path.read_text(encoding="utf-8"))
    raise ValueError(f"the server's settings are missing beside {root / 'app.py'}: install dataloader-lab again")


def flags(settings: dict[str, Any]) -> list[str]:
    """Turn settings into the flags of `streamlit run`, which outrank every file and variable of the user's."""
    return [f"--{name}={text}" for name, value in _leaves(settings, "") for text in _texts(name, value)]


def _leaves(settings: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _leaves(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def _texts(name: str, value: Any) -> list[str]:
    if isinstance(value, bool):
        return [str(value).lower()]
    if not isinstance(value, list):
        return [str(value)]
    # A theme's list is one flag with JSON; other lists repeat their flag, and an empty one needs a value to be set.
    return [json.dumps(value)] if name.startswith("theme.") else [str(one) for one in value] or [""]


def _serve(settings: list[str]) -> int:
    """Serve in this process: it then ends with the terminal, with Ctrl-C and with `kill`, and leaves nothing.

    The server is named and not imported: nothing in `bench` may depend on the pages.
    """
    sys.argv = ["dataloader-lab", *settings]
    try:
        runpy.run_module(SERVER, run_name="__main__")
    except SystemExit as stop:
        return 0 if not stop.code else 1
    return 0


def _open_when_up(port: int, browser: bool) -> None:  # noqa: FBT001 (a thread's target takes no keywords here)
    address = f"http://{ADDRESS}:{port}"
    deadline_s = time.monotonic() + START_S
    while time.monotonic() < deadline_s:
        if _answers(port):
            sys.stderr.write(f"DataLoader Lab is at {address} (Ctrl-C stops it)\n")
            if browser:
                webbrowser.open(address)
            return
        time.sleep(LOOK_S)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(ADDRESS, port, timeout=1.0)
    try:
        connection.request("GET", "/_stcore/health")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the server does it: a port whose last connections are still being closed is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((ADDRESS, port))
        except OSError:
            return False
    return True


def _failed(sentence: str) -> int:
    sys.stderr.write(f"dataloader-lab: {sentence}\n")
    return 1
