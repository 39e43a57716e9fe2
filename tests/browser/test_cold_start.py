"""The first start ever: a recorded run at once, the knobs as soon as the simulator is compiled."""

from pathlib import Path

import pytest
from browser.player_driver import READY, playing
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

APP = Path(__file__).parents[2] / "app.py"
SOON_MS = 20_000
COMPILED_MS = 240_000
FOUND = "[...document.querySelectorAll('*')].map(one => one.shadowRoot?.querySelector('.player')).find(Boolean)"
SHOWN = f"{FOUND}.dataset.shown"


def test_a_recorded_run_stands_in_until_the_simulator_is_compiled(chromium, serve, tmp_path):
    address = serve(APP, env={"NUMBA_CACHE_DIR": str(tmp_path), "XDG_DATA_HOME": str(tmp_path)})
    chromium.goto(f"{address}/?cores=2")
    chromium.wait_for_selector(READY, timeout=SOON_MS)
    recorded = chromium.get_by_text("recorded run of the default settings")
    expect(recorded).to_be_visible()
    expect(chromium.get_by_text("GPU stalled 48 % of the time")).to_be_visible()
    assert playing(chromium)
    first = chromium.evaluate(SHOWN)
    slider = chromium.locator(".st-key-cores")
    expect(slider).to_contain_text("2")
    expect(recorded).to_have_count(0, timeout=COMPILED_MS)
    chromium.wait_for_function(f"first => {SHOWN} !== first", arg=first, timeout=SOON_MS)
    assert list(tmp_path.rglob("*.nbi"))
    chromium.goto(f"{address}/")
    chromium.wait_for_selector(READY, timeout=SOON_MS)
    assert chromium.evaluate(SHOWN) == first, "the recorded run is not what the simulator gives"
