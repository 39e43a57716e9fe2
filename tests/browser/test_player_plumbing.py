"""The player's quiet parts: plumbing, its words and legend, the spread around the curve."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from browser import written_runs as written
from browser.player_driver import GPU_FROM_BOTTOM, STALL, hover, near, row_of, see

from dataloader_sim.timeline import Activity

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

PAGE = Path(__file__).with_name("written_page.py")
IDEAL = Path(__file__).with_name("player_page.py")


@pytest.fixture(scope="module")
def address(serve: Callable[..., str]) -> str:
    return serve(PAGE)


def test_the_words_of_every_piece(chromium: Page, address: str) -> None:
    see(chromium, address, "case=plain&selected=2")
    timeline = written.plumbed(3, 14)
    for activity, lane, said in (
        (Activity.START, "main", "The training process starts worker 0: 6.0\xa0ms"),
        (Activity.BOOT, 20, "Worker 0 boots: 30.0\xa0ms"),
        (Activity.PUT, 20, "Worker 0 puts batch 0 into the result queue: 4.0\xa0ms"),
        (Activity.TOUCH, "main", "The training process touches batch 0 for the first time: 4.0\xa0ms"),
        (Activity.COPY, "gpu", "Batch 0 is copied to the GPU: 6.0\xa0ms"),
        (Activity.STOP, "main", "The training process stops worker 0: 4.0\xa0ms"),
    ):
        span = timeline.of(activity)[0]
        middle = (span["start_s"] + span["end_s"]) / 2 / timeline.end_s
        y = {"gpu": -GPU_FROM_BOTTOM, "main": row_of(chromium, 0.002, "The training process")}.get(lane, lane)
        assert hover(chromium, middle, y)[0] == said


def test_runs_that_all_broke_off_are_drawn_without_a_knee(chromium: Page, address: str) -> None:
    errors: list[str] = []
    chromium.on("pageerror", lambda error: errors.append(str(error)))
    see(chromium, address, "case=all broken&selected=0", 0.5)
    assert hover(chromium, 0.4, 20)
    assert not errors


def test_captions_say_what_the_training_process_does(chromium: Page, address: str) -> None:
    timeline = written.plumbed(3, 14)
    for at_s, said in (
        (0.008, "GPU stalled: the training process starts worker 1."),
        (0.030, "GPU stalled: worker 0 boots."),
        (0.060, "GPU stalled: batch 0 is still loading in worker 0."),
        (0.113, "GPU stalled: worker 0 puts batch 0 into the result queue."),
        (0.116, "GPU stalled: the training process gets batch 0 off the result queue."),
        (0.119, "GPU idle, not stalled: the training process touches batch 0 for the first time."),
        (0.124, "GPU idle, not stalled: batch 0 is copied to the GPU."),
        (0.824, "All trained; the training process stops worker 2."),
        (timeline.end_s, "All 14 batches trained in 828\xa0ms."),
    ):
        see(chromium, address, "case=plain&selected=2", at_s / timeline.end_s)
        assert chromium.inner_text(".caption") == said


def test_a_legend_names_what_occurs_and_only_that(chromium: Page, address: str, serve: Callable[..., str]) -> None:
    see(chromium, address, "case=plain")
    legend = chromium.locator(".legend")
    assert legend.locator("span").all_inner_texts() == [
        "batch: load, train",
        "moving it: put, get, touch, copy, launch",
        "workers: start, boot, stop",
        "GPU idle, batch there",
    ]
    see(chromium, address, "case=everything")
    assert "pin, copy" in legend.inner_text()
    assert "waits for other ranks" in legend.inner_text()
    see(chromium, serve(IDEAL), "workers=2&selected=2")
    assert not legend.is_visible()


def test_help_explains_the_words(chromium: Page, address: str) -> None:
    see(chromium, address, "case=plain")
    chromium.get_by_role("button", name="Keyboard help").click()
    words = chromium.get_by_role("dialog", name="Keyboard").inner_text()
    assert "the training process reads a received batch for the first time" in words
    assert "pinned memory" not in words


def test_a_simulated_spread_is_a_band_and_a_measured_one_are_bars(chromium: Page, address: str) -> None:
    # The primary colour at a fifth on white.
    band = (208, 217, 232)
    see(chromium, address, "case=plain")
    filled = near(chromium, "curve", band)
    assert "core bound" in chromium.locator("canvas.curve").get_attribute("aria-label")
    assert chromium.inner_text(".bound-name") == "Core bound"
    see(chromium, address, "case=plain&source=measured")
    assert filled > 5 * near(chromium, "curve", band) > 0


def test_plumbing_below_a_pixel_is_left_out_and_stalls_are_not(chromium: Page, address: str) -> None:
    see(chromium, address, "case=pinned&batches=100")
    pinned = written.plumbed(2, 100, pin=True).of(Activity.PIN)[0]
    share = (pinned["start_s"] + pinned["end_s"]) / 2 / written.plumbed(2, 100, pin=True).end_s
    row = row_of(chromium, share, "The pinning thread")
    assert coloured(chromium, row) > 300
    see(chromium, address, "case=pinned&batches=100&cost=0.02")
    assert coloured(chromium, row) == 0
    assert near(chromium, "base", STALL) > 50


def coloured(page: Page, y: float) -> int:
    """Count the pixels that are not grey in the middle of a row."""
    script = """(canvas, y) => {
        const { data } = canvas.getContext('2d').getImageData(0, y - 2, canvas.width, 4);
        let count = 0;
        for (let at = 0; at < data.length; at += 4) {
            const parts = [data[at], data[at + 1], data[at + 2]];
            if (Math.max(...parts) - Math.min(...parts) > 20) count += 1;
        }
        return count;
    }"""
    return page.locator("canvas.base").evaluate(script, y)


@pytest.mark.parametrize("case", ["everything", "hangs"])
def test_with_everything_on_it_fits_the_first_page_and_a_phone(chromium: Page, address: str, case: str) -> None:
    see(chromium, address, f"case={case}")
    assert chromium.locator(".player").bounding_box()["height"] <= 600
    chromium.set_viewport_size({"width": 390, "height": 844})
    see(chromium, address, f"case={case}")
    assert chromium.evaluate("document.documentElement.scrollWidth") <= 390
    for one in (".legend", ".headline", ".caption", ".source"):
        box = chromium.locator(one).bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
