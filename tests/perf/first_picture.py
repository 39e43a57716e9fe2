"""Measure what the first visitor of a fresh server waits for, with an empty and with a kept cache of compiled code.

`python tests/perf/first_picture.py [rounds]`: serves the app on 127.0.0.1 as `dataloader-lab` does, each time by a new
process, opens it in Chromium as soon as it answers, and prints medians and ranges. Ends with 1 when a server with a
kept cache compiled anything.
"""

import http.client
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from page_latency import ARGUMENTS, FIRST, ROOT, free_port, line
from playwright.sync_api import sync_playwright

ROUNDS = 5
COMPILED_MS = 180_000
LOOK_S = 0.02
RECORDED = 'document.body.innerText.includes("recorded run")'


class Server:
    """Serve the app; note how long a look at its health takes meanwhile."""

    def __init__(self, cache):
        self.port = free_port()
        self.looks = []
        command = [sys.executable, "-m", "bench.cli", "--no-browser", "--port", str(self.port)]
        environment = os.environ | {"NUMBA_CACHE_DIR": str(cache)}
        self.began = time.perf_counter()
        self.process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
        while not self.answers():
            time.sleep(LOOK_S)
        self.answered_ms = (time.perf_counter() - self.began) * 1e3
        self.watched = threading.Event()
        self.watch = threading.Thread(target=self.look)
        self.watch.start()

    def answers(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", "/_stcore/health")
            return connection.getresponse().status == http.client.OK
        except OSError:
            return False
        finally:
            connection.close()

    def look(self):
        while not self.watched.wait(LOOK_S):
            began = time.perf_counter()
            self.answers()
            self.looks.append((time.perf_counter() - began) * 1e3)

    def stop(self):
        self.watched.set()
        self.watch.join()
        self.process.terminate()
        self.process.wait(10)


def visit(tool, cache):
    """Return milliseconds: start to answer, request to first picture, to one of the simulator; looks; recorded."""
    server = Server(cache)
    browser = tool.chromium.launch(executable_path=shutil.which("chromium"), args=list(ARGUMENTS))
    try:
        page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
        page.add_init_script(FIRST)
        began = time.perf_counter()
        page.goto(f"http://127.0.0.1:{server.port}/", wait_until="commit")
        first_ms = page.wait_for_function("window.firstPicture", polling=50).json_value()
        recorded = page.evaluate(RECORDED)
        page.wait_for_function(f"!{RECORDED}", polling=50, timeout=COMPILED_MS)
        own_ms = (time.perf_counter() - began) * 1e3
    finally:
        browser.close()
        server.stop()
    return server.answered_ms, first_ms, own_ms, server.looks, recorded


def files(cache):
    return {path: path.stat().st_mtime_ns for path in Path(cache).rglob("*.nb?")}


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    seen = {"empty": [], "kept": []}
    with sync_playwright() as tool:
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as cache:
                seen["empty"].append(visit(tool, cache))
                kept = files(cache)
                seen["kept"].append(visit(tool, cache))
                if files(cache) != kept:
                    sys.exit("the second start compiled again")
    for name, visits in seen.items():
        answered, first, own, looks, recorded = zip(*visits, strict=True)
        print(f"{name} cache: a recorded run was shown first in {sum(recorded)} of {len(recorded)} visits")
        line("  start of the server to its answer", answered)
        line("  request to first picture", first)
        line("  request to no recorded run", own)
        line("  a look at the server's health", [one for part in looks for one in part])


if __name__ == "__main__":
    main()
