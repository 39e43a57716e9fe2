"""How the timeline player looks: sizes, phones, themes, screen readers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser.player_driver import colours, pause, visit

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

PAGE = Path(__file__).with_name("player_page.py")


@pytest.fixture(scope="module")
def address(serve: Callable[..., str]) -> str:
    return serve(PAGE)


def test_without_workers_the_training_process_loads(chromium: Page, address: str) -> None:
    visit(chromium, address, "selected=0")
    chromium.get_by_role("slider", name="Time").fill("0")
    chromium.wait_for_timeout(50)
    assert chromium.inner_text(".caption") == "GPU stalled: the training process itself loads batch 0."


def test_one_run_has_neither_knob_nor_curve(chromium: Page, address: str) -> None:
    visit(chromium, address, "workers=4&selected=4&source=measured")
    assert not chromium.locator(".knob").is_visible()
    assert not chromium.locator(".curve").is_visible()
    assert chromium.inner_text(".source") == "measured"


def test_it_fits_600_pixels_at_1280_for_every_number_of_workers(chromium: Page, address: str) -> None:
    visit(chromium, address)
    heights = set()
    for workers in (0, 1, 4, 16):
        chromium.locator(".knob-input").fill(str(workers))
        chromium.wait_for_selector(f'.player[data-selected="{workers}"]')
        heights.add(chromium.locator(".player").bounding_box()["height"])
    assert max(heights) <= 600
    assert max(heights) - min(heights) <= 1


def test_on_a_phone_the_picture_comes_first_and_nothing_overflows(chromium: Page, address: str) -> None:
    chromium.set_viewport_size({"width": 390, "height": 844})
    visit(chromium, address)
    assert chromium.evaluate("document.documentElement.scrollWidth") <= 390
    order = [".headline", ".stage", ".transport", ".knob", ".metrics", ".curve", ".verdict"]
    tops = [chromium.locator(one).bounding_box()["y"] for one in order]
    assert tops == sorted(tops)
    for one in (*order, ".play", ".ask", ".speed", ".scrub"):
        box = chromium.locator(one).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390


def test_touch_targets_are_forty_pixels(browser: object, address: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    visit(page, address)
    for one in (".play", ".restart", ".back", ".forward", ".ask", ".speed", ".scrub", ".knob-input"):
        box = page.locator(one).bounding_box()
        assert box["height"] >= 40, one
        assert box["width"] >= 40, one
    context.close()


@pytest.mark.parametrize(
    ("scheme", "stall", "first"), [("light", "#f85c05", "#15418d"), ("dark", "#e85026", "#445fae")]
)
def test_the_palette_follows_the_theme(chromium: Page, address: str, scheme: str, stall: str, first: str) -> None:
    chromium.emulate_media(color_scheme=scheme)
    visit(chromium, address)
    assert {stall, first} <= colours(chromium)


def test_a_change_of_theme_repaints(chromium: Page, address: str) -> None:
    chromium.emulate_media(color_scheme="light")
    visit(chromium, address)
    chromium.emulate_media(color_scheme="dark")
    chromium.wait_for_selector(".player.dark")
    chromium.wait_for_timeout(200)
    assert "#445fae" in colours(chromium)


def test_present_mode_enlarges_the_type(chromium: Page, address: str) -> None:
    visit(chromium, address)
    size = "one => parseFloat(getComputedStyle(one).fontSize)"
    before = chromium.locator(".caption").evaluate(size)
    visit(chromium, address, "present=1")
    assert chromium.locator(".caption").evaluate(size) == pytest.approx(before * 1.35)


def test_screen_readers_get_the_state(chromium: Page, address: str) -> None:
    visit(chromium, address)
    pause(chromium)
    chromium.wait_for_timeout(50)
    live = chromium.locator('[aria-live="polite"]')
    assert live.text_content() == f"simulated. {chromium.inner_text('.caption')}"
    picture = chromium.locator("canvas.base").get_attribute("aria-label")
    assert picture.startswith("Timeline, simulated: 2 workers, 40 batches. GPU stalled")
    knob = chromium.get_by_role("slider", name="num_workers")
    assert "samples per second, GPU stalled" in knob.get_attribute("aria-valuetext")
    for name in ("Restart", "Step back", "Step forward", "Keyboard help"):
        assert chromium.get_by_role("button", name=name).count() == 1
