"""Measure how evenly the player plays a long run: 20 workers, 40,000 batches, with every activity.

`python tests/perf/player_frames.py`: serves the run on 127.0.0.1, plays it in Chromium, whole and zoomed; prints the
time between frames.
"""

import shutil
import subprocess
import sys

from page_latency import ARGUMENTS, ROOT, free_port, line, wait_until_up
from playwright.sync_api import sync_playwright

SECONDS = 5
ZOOMS = (("whole run", 0), ("zoomed 16 times", 4), ("zoomed 256 times", 8))

FRAMES = """(seconds) => new Promise((done) => {
  const times = [];
  const end = performance.now() + 1000 * seconds;
  let last = 0;
  const note = (now) => {
    if (last) times.push(now - last);
    last = now;
    if (now < end) requestAnimationFrame(note);
    else done(times);
  };
  requestAnimationFrame(note);
})"""


def measure(browser, address):
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.goto(address)
    page.wait_for_selector('.player[data-ready="1"]', timeout=60_000)
    page.wait_for_timeout(2000)
    for name, steps in ZOOMS:
        page.locator("canvas.over").click(position={"x": 30, "y": 3})
        page.keyboard.press("0")
        page.keyboard.press("Home")
        for _ in range(steps):
            page.keyboard.press("+")
        page.wait_for_timeout(300)
        line(f"frame, {name}", page.evaluate(FRAMES, SECONDS))


def main():
    port = free_port()
    script = ROOT / "tests" / "browser" / "written_page.py"
    command = [sys.executable, "-m", "streamlit", "run", str(script), f"--server.port={port}", "--server.headless=true"]
    server = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        wait_until_up(port)
        with sync_playwright() as tool:
            browser = tool.chromium.launch(executable_path=shutil.which("chromium"), args=list(ARGUMENTS))
            measure(browser, f"http://127.0.0.1:{port}/?case=long&batches=40000&selected=0")
            browser.close()
    finally:
        server.terminate()
        server.wait(10)


if __name__ == "__main__":
    main()
