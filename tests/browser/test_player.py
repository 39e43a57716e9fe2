"""The timeline player, driven as a visitor does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from browser.player_driver import CLOCK, GUTTER, clock, colours, pause, playing, total, visit, wait_for_rerun

from dataloader_sim import LoaderConfig, Scenario, Workload, metrics, simulate

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

PAGE = Path(__file__).with_name("player_page.py")


@pytest.fixture(scope="module")
def address(serve: Callable[..., str]) -> str:
    return serve(PAGE)


def scenario(num_workers: int) -> Scenario:
    loader = LoaderConfig(num_workers=num_workers, prefetch_factor=2 if num_workers else None)
    return Scenario(workload=Workload(batches=40, jitter=0.5), loader=loader)


def test_it_plays_by_itself_and_says_what_happens(chromium: Page, address: str) -> None:
    visit(chromium, address)
    first = clock(chromium)
    chromium.wait_for_timeout(600)
    assert clock(chromium) > first
    assert playing(chromium)
    seen = metrics(simulate(scenario(2)))
    assert chromium.inner_text(".headline").strip() == f"GPU stalled {seen.stall_share * 100:.0f}\xa0% of the time"
    assert chromium.inner_text(".rate") == f"{seen.samples_per_s:,.0f}"
    assert re.match(r"GPU (stalled: batch \d+|is training batch \d+;) .*\.", chromium.inner_text(".caption"))
    assert chromium.inner_text(".source") == "simulated"


def test_one_pass_ends_at_the_end_and_replays(chromium: Page, address: str) -> None:
    visit(chromium, address)
    chromium.select_option(".speed", "4")
    chromium.wait_for_selector('.player[data-playing="0"]', timeout=10_000)
    assert clock(chromium) == pytest.approx(total(chromium), rel=0.01)
    assert chromium.inner_text(".caption").startswith("All 40 batches trained in")
    chromium.get_by_role("button", name="Replay").click()
    chromium.wait_for_selector('.player[data-playing="1"]')
    assert clock(chromium) < total(chromium) / 2


def test_reduced_motion_starts_still_at_half(chromium: Page, address: str) -> None:
    chromium.emulate_media(reduced_motion="reduce")
    visit(chromium, address)
    first = clock(chromium)
    chromium.wait_for_timeout(300)
    assert not playing(chromium)
    assert clock(chromium) == first == pytest.approx(total(chromium) / 2, rel=0.01)


def test_buttons_and_keys_move_the_clock(chromium: Page, address: str) -> None:
    visit(chromium, address)
    pause(chromium)
    for act, later in (
        (lambda: chromium.get_by_role("button", name="Step forward").click(), True),
        (lambda: chromium.get_by_role("button", name="Step back").click(), False),
        (lambda: chromium.keyboard.press("ArrowRight"), True),
        (lambda: chromium.keyboard.press("Shift+ArrowLeft"), False),
    ):
        before = clock(chromium)
        act()
        chromium.wait_for_function(f"before => Number({CLOCK}) !== before", arg=before)
        assert (clock(chromium) > before) is later
    chromium.locator("canvas.over").click(position={"x": 300, "y": 5})
    chromium.keyboard.press("End")
    chromium.wait_for_function(f"end => Number({CLOCK}) > end * 0.99", arg=total(chromium))
    chromium.keyboard.press("Home")
    chromium.wait_for_function(f"() => Number({CLOCK}) === 0")
    chromium.keyboard.press("]")
    chromium.wait_for_timeout(50)
    assert chromium.locator(".speed").input_value() == "2"
    chromium.keyboard.press(" ")
    chromium.wait_for_selector('.player[data-playing="1"]')


def test_dragging_the_knob_switches_runs_at_once_and_tells_python_on_release(chromium: Page, address: str) -> None:
    visit(chromium, address)
    wait_for_rerun(chromium, 1)
    box = chromium.locator(".knob-input").bounding_box()
    y = box["y"] + box["height"] / 2
    chromium.mouse.move(box["x"] + 12 + (box["width"] - 24) * 2 / 16, y)
    chromium.mouse.down()
    seen = []
    for workers in (4, 8, 12):
        chromium.mouse.move(box["x"] + 12 + (box["width"] - 24) * workers / 16, y)
        chromium.wait_for_selector(f'.player[data-selected="{workers}"]')
        seen.append(chromium.inner_text(".rate"))
    assert seen[0] != seen[1]
    assert chromium.get_by_text("rerun 1", exact=True).is_visible()
    chromium.mouse.up()
    chromium.get_by_text("chosen 12", exact=True).wait_for()
    assert chromium.get_attribute(".player", "data-selected") == "12"


def test_arrow_up_adds_a_worker_and_the_stall_melts(chromium: Page, address: str) -> None:
    visit(chromium, address)
    chromium.locator("canvas.over").click(position={"x": 300, "y": 5})
    before = chromium.inner_text(".stalled")
    chromium.keyboard.press("ArrowUp")
    chromium.wait_for_selector('.player[data-selected="3"]')
    assert int(chromium.inner_text(".stalled").split("\xa0")[0]) < int(before.split("\xa0")[0])
    chromium.get_by_text("chosen 3", exact=True).wait_for()


def test_the_curve_selects(chromium: Page, address: str) -> None:
    visit(chromium, address)
    box = chromium.locator("canvas.curve").bounding_box()
    chromium.mouse.click(box["x"] + box["width"] - 13, box["y"] + 60)
    chromium.get_by_text("chosen 16", exact=True).wait_for()
    assert chromium.inner_text(".knob-value") == "16"


def test_a_rerun_of_equal_data_changes_nothing(chromium: Page, address: str) -> None:
    visit(chromium, address)
    pause(chromium)
    before = clock(chromium)
    chromium.get_by_role("button", name="Rerun").click()
    wait_for_rerun(chromium, 2)
    chromium.wait_for_timeout(200)
    assert clock(chromium) == before
    assert not playing(chromium)


def test_new_data_keep_the_place_on_the_clock_and_the_chosen_run(chromium: Page, address: str) -> None:
    visit(chromium, address)
    chromium.locator(".knob-input").focus()
    chromium.keyboard.press("ArrowRight")
    chromium.get_by_text("chosen 3", exact=True).wait_for()
    chromium.get_by_role("slider", name="Time").fill("400")
    chromium.wait_for_selector('.player[data-playing="0"]')
    before = total(chromium)
    chromium.get_by_text("Longer step").click()
    chromium.wait_for_function(f"clock => {CLOCK} !== clock", arg=chromium.get_attribute(".player", "data-clock"))
    assert total(chromium) != before
    assert clock(chromium) / total(chromium) == pytest.approx(0.4, abs=0.01)
    assert chromium.get_attribute(".player", "data-selected") == "3"


def test_the_page_may_choose_another_run(chromium: Page, address: str) -> None:
    visit(chromium, address)
    chromium.get_by_text("Six workers").click()
    chromium.wait_for_selector('.player[data-selected="6"]')


def test_hover_tells_and_a_click_pins(chromium: Page, address: str) -> None:
    visit(chromium, address)
    pause(chromium)
    chromium.mouse.move(5, 5)
    over = chromium.locator("canvas.over")
    over.hover(position={"x": GUTTER + 10, "y": 20})
    tip = chromium.locator(".tip")
    tip.wait_for()
    assert "Batch 0 loads in worker 0" in tip.inner_text()
    assert re.search(r"[\d.]+\xa0s, from 0\.000\xa0s to [\d.]+\xa0s", tip.inner_text())
    chromium.mouse.move(5, 5)
    tip.wait_for(state="hidden")
    over.click(position={"x": GUTTER + 10, "y": 20})
    chromium.mouse.move(5, 5)
    chromium.wait_for_timeout(100)
    assert tip.is_visible()
    chromium.keyboard.press("Escape")
    tip.wait_for(state="hidden")


def test_dragging_on_the_timeline_moves_the_clock(chromium: Page, address: str) -> None:
    visit(chromium, address)
    box = chromium.locator("canvas.over").bounding_box()
    chromium.mouse.move(box["x"] + 300, box["y"] + 50)
    chromium.mouse.down()
    chromium.mouse.move(box["x"] + box["width"] - 1, box["y"] + 50, steps=4)
    chromium.mouse.up()
    chromium.wait_for_function(f"end => Number({CLOCK}) > end * 0.99", arg=total(chromium))


def test_it_rests_off_screen_and_goes_on_in_view(chromium: Page, address: str) -> None:
    visit(chromium, address)
    chromium.get_by_text("rerun 1", exact=True).hover()
    chromium.mouse.wheel(0, 1400)
    chromium.wait_for_timeout(500)
    before = clock(chromium)
    chromium.wait_for_timeout(400)
    assert clock(chromium) == before
    chromium.mouse.wheel(0, -1400)
    chromium.wait_for_function(f"before => Number({CLOCK}) > before", arg=before)


def test_help_lists_the_keys(chromium: Page, address: str) -> None:
    visit(chromium, address)
    chromium.keyboard.press("?")
    listed = chromium.get_by_role("dialog", name="Keyboard")
    listed.wait_for()
    assert "more, fewer: num_workers" in listed.inner_text()
    chromium.get_by_role("button", name="Keyboard help").click()
    listed.wait_for(state="hidden")


def test_the_zoomed_picture_follows_the_clock(chromium: Page, address: str) -> None:
    visit(chromium, address, "batches=650&workers=20&selected=20")
    pause(chromium)
    before = colours(chromium)
    for _ in range(4):
        chromium.keyboard.press("Home")
        chromium.locator("canvas.over").click(position={"x": GUTTER - 50, "y": 5})
        chromium.keyboard.press("+")
    chromium.wait_for_timeout(100)
    assert colours(chromium) != before
    chromium.keyboard.press("End")
    chromium.wait_for_timeout(100)
    assert chromium.inner_text(".caption").startswith("All 650 batches")


def held_moment() -> tuple[float, str]:
    """Return a share of the run at which the GPU waits while later batches are held, and what has to be said then."""
    timeline = simulate(scenario(4))
    rows = timeline.batches()
    free = np.concatenate(([0.0], rows["step_end_s"][:-1]))
    for place, row in enumerate(rows[:-1]):
        later = np.sort(rows["loaded_s"][place + 1 : place + 9])
        since = max(later[0], free[place], row["load_start_s"])
        until = row["loaded_s"]
        if until - since > 0.02 * timeline.end_s:
            at = (since + until) / 2
            held = int((later <= at).sum())
            batches = "1 later batch is" if held == 1 else f"{held} later batches are"
            said = f"GPU stalled: batch {row['batch']} is still loading in worker {row['worker']}"
            return at / timeline.end_s, f"{said}; {batches} held behind it."
    pytest.fail("the scenario has no held batch")


def test_the_caption_names_head_of_line_blocking(chromium: Page, address: str) -> None:
    visit(chromium, address, "selected=4")
    share, said = held_moment()
    chromium.get_by_role("slider", name="Time").fill(str(1000 * share))
    chromium.wait_for_selector('.player[data-playing="0"]')
    assert chromium.inner_text(".caption") == said
