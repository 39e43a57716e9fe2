"""Give browser tests a page in a real Chromium and a Streamlit server of their own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
START_S = 60.0


def _missing(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"a browser test may not be skipped in CI: {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start Chromium once for the tests of a file."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        _missing("playwright is not installed: pip install playwright")
    found = next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as playwright:
        try:
            started = playwright.chromium.launch(executable_path=found, args=list(ARGS))
        except Error as error:
            _missing(f"no Chromium: install it, or run `playwright install chromium` ({str(error).splitlines()[0]})")
        yield started
        started.close()


@pytest.fixture
def chromium(browser: Browser) -> Iterator[Page]:
    """Open a page of 1280x800 in a context of its own; an error in the page's scripts fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


@pytest.fixture(scope="module")
def serve() -> Iterator[Callable[..., str]]:
    """Serve a Streamlit script on a free port of 127.0.0.1; return its address; stop every server at the end."""
    running: list[subprocess.Popen[bytes]] = []

    def start(script: Path | str, *flags: str, env: dict[str, str] | None = None) -> str:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}"]
        server = subprocess.Popen(
            [*command, "--server.address=127.0.0.1", "--server.headless=true", *flags],
            cwd=ROOT,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        running.append(server)
        address = f"http://127.0.0.1:{port}"
        _await(server, f"{address}/_stcore/health")
        return address

    yield start
    for server in running:
        server.terminate()
        try:
            server.wait(timeout=10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _await(server: subprocess.Popen[bytes], address: str) -> None:
    until = time.monotonic() + START_S
    while time.monotonic() < until:
        if server.poll() is not None:
            pytest.fail(f"the server ended with status {server.returncode}")
        try:
            with urllib.request.urlopen(address, timeout=2):  # noqa: S310  # an address of our own
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the server did not answer within {START_S:.0f} s")
