"""The player with unusual runs: several ranks and epochs, out of order, iterable, broken off."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from browser import written_runs as written
from browser.player_driver import GPU_FROM_BOTTOM, STALL, hover, near, row_of, see

from dataloader_sim.timeline import Activity

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

PAGE = Path(__file__).with_name("written_page.py")


@pytest.fixture(scope="module")
def address(serve: Callable[..., str]) -> str:
    return serve(PAGE)


@pytest.mark.parametrize("rank", [0, 1])
def test_the_gpu_stalls_from_the_end_of_all_ranks_steps_to_the_hand_over(
    chromium: Page, address: str, rank: int
) -> None:
    see(chromium, address, "case=ranks&selected=0")
    chromium.locator(".rank-choice").select_option(str(rank))
    timeline = written.plumbed(2, 14, ranks=3)
    ends = np.array([rows(timeline, Activity.STEP, one)["end_s"] for one in range(3)])
    free = np.concatenate(([0.0], ends.max(axis=0)[:-1]))
    received = rows(timeline, Activity.RECEIVE, rank)["end_s"]
    steps = rows(timeline, Activity.STEP, rank)
    wide = 0.006 * timeline.end_s
    seen = set()
    for batch in range(14):
        for kind, start, end in (
            ("GPU stalled, waiting for", free[batch], received[batch]),
            ("GPU trains", steps[batch]["start_s"], steps[batch]["end_s"]),
            ("The GPU waits for the slowest rank", steps[batch]["end_s"], ends[:, batch].max()),
        ):
            if end - start > wide:
                seen.add(kind)
                words = hover(chromium, (start + end) / 2 / timeline.end_s, -GPU_FROM_BOTTOM)
                assert words[0].startswith(kind), batch
                assert f"batch {batch}" in words[0]
        gap = (max(free[batch], received[batch]), steps[batch]["start_s"])
        # The copy lies in the middle of the gap, the launch at its end.
        words = hover(chromium, (gap[1] - 0.0015) / timeline.end_s, -GPU_FROM_BOTTOM)
        assert words[0] == f"GPU idle, not stalled: batch {batch} is there, its step is not"
    assert {"GPU stalled, waiting for", "GPU trains", "The GPU waits for the slowest rank"} == seen


def rows(timeline: written.Timeline, activity: Activity, rank: int) -> np.ndarray:
    spans = timeline.of(activity)
    return spans[spans["rank"] == rank]


def test_epochs_have_their_own_numbers(chromium: Page, address: str) -> None:
    timeline = written.plumbed(2, 14, epochs=3, persistent=True)
    second = timeline.of(Activity.STEP)[14]
    middle = (second["start_s"] + second["end_s"]) / 2 / timeline.end_s
    see(chromium, address, "case=persistent&selected=0", middle)
    assert chromium.inner_text(".caption").startswith("GPU is training batch 0 of epoch 2;")
    assert hover(chromium, middle, -GPU_FROM_BOTTOM)[0].startswith("GPU trains batch 0 of epoch 2")
    assert "28 batches" not in chromium.locator("canvas.base").get_attribute("aria-label")
    assert "42 batches in 3 epochs." in chromium.locator("canvas.base").get_attribute("aria-label")
    answered = timeline.of(Activity.GET)
    answered = answered[(answered["epoch"] == 1)][0]
    at = (answered["start_s"] + answered["end_s"]) / 2 / timeline.end_s
    see(chromium, address, "case=persistent&selected=0", at)
    assert chromium.inner_text(".caption") == "GPU stalled: the training process hears that worker 0 goes on."


def test_a_rank_is_chosen_by_list_or_key(chromium: Page, address: str) -> None:
    see(chromium, address, "case=ranks")
    picture = chromium.locator("canvas.base")
    first = picture.evaluate("canvas => canvas.toDataURL()")
    chromium.get_by_role("combobox", name="Rank").select_option("rank 1")
    chromium.wait_for_timeout(60)
    assert "rank 1 of 3" in picture.get_attribute("aria-label")
    assert picture.evaluate("canvas => canvas.toDataURL()") != first
    chromium.locator("canvas.over").click(position={"x": 30, "y": 3})
    for expected in ("rank 2 of 3", "rank 0 of 3"):
        chromium.keyboard.press("r")
        chromium.wait_for_timeout(60)
        assert expected in picture.get_attribute("aria-label")
    see(chromium, address, "case=plain")
    assert not chromium.locator(".rank").is_visible()


@pytest.mark.parametrize(
    ("case", "headline", "caption"),
    [
        ("killed", "then the run was killed", "Killed after 230\xa0ms: RuntimeError: DataLoader worker (pid 4711)"),
        ("raises", "then the run raised", "Raised after 350\xa0ms: The dataset's own exception"),
        ("hangs", "then the run hung", "Hangs after 465\xa0ms: Nothing: next(iterator) waits for ever"),
        ("timeout", "then the run timed out", "Timed out after 1465\xa0ms: RuntimeError: DataLoader timed out"),
        ("lost", "then the run hung", "Hangs after 465\xa0ms: Nothing: next(iterator) waits for ever"),
    ],
)
def test_a_run_that_broke_off_says_how(chromium: Page, address: str, case: str, headline: str, caption: str) -> None:
    see(chromium, address, f"case={case}")
    assert headline in chromium.inner_text(".headline")
    assert chromium.inner_text(".caption").startswith(caption)


@pytest.mark.parametrize(
    ("case", "share", "caption"),
    [
        ("hangs", 0.40 / 0.465, "GPU stalled: batch 4 hangs in worker 0; 1 later batch is held behind it."),
        ("lost", 0.45 / 0.465, "GPU stalled: batch 4 was loaded by worker 0 and is lost on its way; "),
        ("raises", 0.346 / 0.350, "GPU stalled: batch 4 raised an error in worker 0; "),
    ],
)
def test_what_went_wrong_is_said_before_the_end(
    chromium: Page, address: str, case: str, share: float, caption: str
) -> None:
    see(chromium, address, f"case={case}", share)
    assert chromium.inner_text(".caption").startswith(caption)


def test_out_of_order_no_batch_is_missing(chromium: Page, address: str) -> None:
    timeline = written.unordered()
    see(chromium, address, "case=unordered", 0.21 / timeline.end_s)
    assert chromium.inner_text(".caption") == "GPU stalled: batch 2 is being handed over."
    assert near(chromium, "over", STALL, below=38) == 0
    see(chromium, address, "case=unordered", 0.3 / timeline.end_s)
    assert chromium.inner_text(".caption") == "GPU stalled: batch 0 is still loading in worker 0."
    assert near(chromium, "over", STALL, below=38) == 0
    see(chromium, address, "case=hangs", 0.9)
    assert near(chromium, "over", STALL, below=38) > 20


def test_task_numbers_with_gaps_are_shown_as_they_are(chromium: Page, address: str) -> None:
    timeline = written.iterable()
    see(chromium, address, "case=iterable", 1.62 / timeline.end_s)
    assert chromium.inner_text(".caption") == "GPU is training batch 4 of epoch 2; none ready."
    end = 0.43 / timeline.end_s
    said = hover(chromium, end, row_of(chromium, end, "The training process"))[0]
    assert said.startswith("The training process hears that a worker has no data left")
