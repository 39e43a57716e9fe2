"""Measure and Runs in a real browser: a small real sweep from the button to its result."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.live]

APP = Path(__file__).parents[2] / "app.py"
RUN_MS = 120_000
SOON_MS = 20_000
# 2 worker counts, 2 repeats, 12 short batches: a few seconds in all.
SMALL = "batches=12&repeats=2&measure_batch_size=4&measure_step_ms=5&workers=0&workers=2"


@pytest.fixture(scope="module")
def address(serve, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    return serve(APP, env={"XDG_DATA_HOME": str(home / "data"), "XDG_CACHE_HOME": str(home / "cache")})


def press(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def test_a_sweep_runs_from_the_button_to_its_result_and_survives_a_reload(chromium, address):
    # The first request to a server that `streamlit run` started knows the first page only.
    chromium.goto(address)
    chromium.get_by_role("link", name="Measure").click(timeout=SOON_MS)
    expect(chromium.get_by_text("Nothing was measured here yet.")).to_be_visible(timeout=SOON_MS)
    chromium.goto(f"{address}/measure?{SMALL}")
    expect(chromium.get_by_text("4 trials, each a real DataLoader")).to_be_visible(timeout=SOON_MS)
    press(chromium, "Run")
    progress = chromium.get_by_test_id("stProgress")
    expect(progress).to_contain_text(re.compile(r"Trial \d of 4: num_workers [02]"), timeout=SOON_MS)
    expect(progress).to_contain_text("elapsed")
    expect(chromium.get_by_role("button", name="Run", exact=True)).to_be_disabled()
    run = re.search(r"run=(\d+)", chromium.url)[1]

    chromium.reload()
    expect(progress).to_contain_text(re.compile(r"Trial \d of 4"), timeout=SOON_MS)
    expect(chromium.get_by_role("table")).to_contain_text("samples/s", timeout=SOON_MS)

    expect(progress).to_have_count(0, timeout=RUN_MS)
    expect(chromium.get_by_text(f"Run {run}, ")).to_be_visible()
    expect(chromium.get_by_text(re.compile(r"^num_workers=[02]: [\d,.]+ samples/s \(95 %: "))).to_be_visible()
    expect(chromium.get_by_test_id("stCode")).to_contain_text("DataLoader(dataset, batch_size=4, num_workers=")
    expect(chromium.get_by_role("row")).to_have_count(3)
    expect(chromium.get_by_role("table")).to_contain_text("2 trials)")
    expect(chromium.locator(".js-plotly-plot")).to_contain_text("Measured, 95 %")
    expect(chromium.locator(".js-plotly-plot")).to_contain_text("Simulated")
    expect(chromium.locator(".player[data-ready='1']")).to_be_visible()
    expect(chromium.get_by_role("alert")).to_have_count(0)


def test_a_cancelled_run_is_over_at_once_and_says_what_was_kept(chromium, address):
    chromium.goto(f"{address}/measure?{SMALL.replace('batches=12', 'batches=400')}")
    press(chromium, "Run")
    progress = chromium.get_by_test_id("stProgress")
    expect(progress).to_contain_text(re.compile(r"batch \d+ of 400"), timeout=SOON_MS)
    press(chromium, "Cancel")
    expect(chromium.get_by_text("was cancelled: nothing was finished. Press Run")).to_be_visible(timeout=5_000)
    expect(progress).to_have_count(0)
    expect(chromium.get_by_role("button", name="Run", exact=True)).to_be_enabled()
    expect(chromium.get_by_role("button", name="Cancel", exact=True)).to_be_disabled()


def test_another_tab_finds_the_run_that_goes_on(chromium, address):
    chromium.goto(f"{address}/measure?{SMALL.replace('batches=12', 'batches=400')}")
    press(chromium, "Run")
    expect(chromium.get_by_test_id("stProgress")).to_be_visible(timeout=SOON_MS)
    other = chromium.context.new_page()
    other.goto(f"{address}/measure")
    expect(other.get_by_test_id("stProgress")).to_contain_text("Trial 1 of 4", timeout=SOON_MS)
    press(other, "Cancel")
    expect(other.get_by_text("was cancelled")).to_be_visible(timeout=SOON_MS)
    expect(chromium.get_by_text("was cancelled")).to_be_visible(timeout=SOON_MS)


def test_runs_lists_them_and_opens_the_ticked_one(chromium, address):
    chromium.goto(f"{address}/runs")
    table = chromium.get_by_test_id("stDataFrame")
    expect(table).to_be_visible(timeout=SOON_MS)
    box = table.bounding_box()
    # The table is a canvas; its rows are 35 px high below a header of the same height, the boxes to tick at the left.
    chromium.mouse.click(box["x"] + 17, box["y"] + 35 * 3.5)
    expect(chromium.get_by_role("button", name="Open", exact=True)).to_be_enabled(timeout=SOON_MS)
    assert chromium.url.endswith("/runs?runs=1")
    press(chromium, "Open")
    expect(chromium.get_by_text("Run 1, ")).to_be_visible(timeout=SOON_MS)
    expect(chromium.get_by_role("row")).to_have_count(3)
    assert re.search(r"/measure\?run=1$", chromium.url)


def test_two_runs_are_compared_by_a_link(chromium, address):
    chromium.goto(f"{address}/runs?runs=1,2")
    expect(chromium.get_by_text("Run 2 against Run 1")).to_be_visible(timeout=SOON_MS)
    expect(chromium.locator(".js-plotly-plot")).to_be_visible(timeout=SOON_MS)
    expect(chromium.get_by_role("table").last).to_contain_text("no ratio")
