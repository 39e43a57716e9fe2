"""Measure what a visitor waits for: first paint, another slider to picture, a drag of num_workers to picture.

`python tests/perf/page_latency.py`: serves the app on 127.0.0.1 and opens it in Chromium; prints medians, 95th
percentiles and ranges.
"""

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
TIMES = 20
VISITS = 10
# Steps of a slider to one side before it goes back, so that it meets values that were not simulated yet.
HALF = 3

# Notes, once, how long after the request the frame was shown that holds the player's first picture.
FIRST = """(() => {
  const look = () => {
    const host = document.querySelector('[data-testid^="stBidiComponent"]');
    const all = host ? [host, ...host.querySelectorAll("*")] : [];
    const root = all.map((one) => one.shadowRoot?.querySelector('[data-ready="1"]')).find(Boolean);
    if (root) setTimeout(() => { window.firstPicture = performance.now(); }, 0);
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})()"""

# Waits for a key on a slider; `picture` resolves when the player has painted other data.
ARM = """(slider) => {
  const hosts = [...document.querySelectorAll("*")].filter((one) => one.shadowRoot);
  const root = hosts.map((one) => one.shadowRoot.querySelector("[data-clock]")).find(Boolean);
  const before = root.dataset.shown;
  let start = 0;
  window.addEventListener("keydown", () => { start = performance.now(); }, { capture: true, once: true });
  window.picture = new Promise((done) => {
    const watch = new MutationObserver(() => {
      if (root.dataset.shown === before) return;
      watch.disconnect();
      requestAnimationFrame(() => setTimeout(() => done(performance.now() - start), 0));
    });
    watch.observe(root, { attributes: true });
  });
  document.querySelector(`.st-key-${slider} input`).focus();
}"""

# Moves the player's own knob and resolves after the frame that painted it.
DRAG = """(value) => new Promise((done) => {
  const hosts = [...document.querySelectorAll("*")].filter((one) => one.shadowRoot);
  const root = hosts.map((one) => one.shadowRoot.querySelector("[data-clock]")).find(Boolean);
  const knob = [...root.querySelectorAll('input[type="range"]')].find((one) => one.max === "16");
  const start = performance.now();
  knob.value = value;
  knob.dispatchEvent(new Event("input", { bubbles: true }));
  requestAnimationFrame(() => setTimeout(() => done(performance.now() - start), 0));
})"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def first_picture(browser, address):
    """Return the milliseconds from the request to the first picture, in a browser profile without a cache."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.add_init_script(FIRST)
    page.goto(address, wait_until="commit")
    shown = page.wait_for_function("window.firstPicture").json_value()
    page.context.close()
    return shown


def line(name, values):
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
    spread = f"p95 {p95:7.1f}, {ordered[0]:.1f} to {ordered[-1]:.1f}, n={len(values)}"
    print(f"{name:34} median {median(values):7.1f} ms, {spread}", flush=True)


def measure(browser, address):
    first_picture(browser, address)
    line("first picture, new browser profile", [first_picture(browser, address) for _ in range(VISITS)])
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.goto(address)
    page.wait_for_selector('[data-ready="1"]', state="attached")
    page.wait_for_timeout(1500)
    page.keyboard.press("Space")
    drags = []
    for value in [*range(3, 17), *range(15, 0, -1)][:TIMES]:
        drags.append(page.evaluate(DRAG, value))
        page.wait_for_timeout(200)
    line("drag of num_workers to paint", drags)
    for slider, name in (("cpu_ms", "sample CPU"), ("step_ms", "step time")):
        times = []
        for number in range(TIMES):
            page.evaluate(ARM, slider)
            page.keyboard.press("ArrowRight" if number % 6 < HALF else "ArrowLeft")
            times.append(page.evaluate("window.picture"))
            page.wait_for_timeout(400)
        line(f"slider {name} to picture", times)


def main():
    port = free_port()
    command = [sys.executable, "-m", "bench.cli", "--no-browser", "--port", str(port)]
    server = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        wait_until_up(port)
        with sync_playwright() as tool:
            browser = tool.chromium.launch(executable_path=shutil.which("chromium"), args=list(ARGUMENTS))
            measure(browser, f"http://127.0.0.1:{port}/")
            browser.close()
    finally:
        server.terminate()
        server.wait(10)


def wait_until_up(port):
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("the server did not answer within 30 s")


if __name__ == "__main__":
    main()
