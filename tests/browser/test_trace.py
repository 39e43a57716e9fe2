"""Trace and its report in a real browser: two runs on one clock, a dropped file, a page that opens offline."""

from __future__ import annotations

import re
import urllib.parse
from dataclasses import replace
from pathlib import Path

import pytest
from browser.player_driver import READY, clock, total
from kept_traces import SCENARIO, changed, traced
from playwright.sync_api import expect

from bench import traces
from dataloader_sim import simulate
from dataloader_sim.timeline import Activity
from dataloader_sim.wire import timeline_to_bytes
from pages._ui import report

pytestmark = pytest.mark.browser

APP = Path(__file__).parents[2] / "app.py"
SOON_MS = 30_000
HOSTILE = "<script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">"


def broken_off():
    """Return a run of two epochs whose loop breaks at the last batch of the first: it is never stepped on."""
    run = traced(changed(epochs=2))
    spans = run.spans
    dropped = (spans["activity"] == Activity.STEP) & (spans["epoch"] == 0) & (spans["batch"] == 23)
    return replace(run, spans=spans[~dropped].copy())


BROKEN = broken_off()


@pytest.fixture(scope="module")
def address(serve, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    place = home / "data" / "dataloader-lab" / "traces"
    traces.save("train", traced(), place)
    traces.save("broken", BROKEN, place)
    traces.save("long", traced(changed(batches=300)), place)
    return serve(APP, env={"XDG_DATA_HOME": str(home / "data"), "XDG_CACHE_HOME": str(home / "cache")})


def opened(page, address, name):
    page.emulate_media(reduced_motion="reduce")
    # The first request to a server that `streamlit run` started knows the first page only.
    page.goto(address)
    page.wait_for_selector(READY, timeout=SOON_MS)
    page.goto(f"{address}/trace?trace={name}")
    page.wait_for_selector(f".paired{READY}", timeout=SOON_MS)


def captions(page):
    return [one.inner_text() for one in page.locator(".caption").all()]


def painted(page):
    """Return how much of each base picture is painted in another colour than its ground."""
    return page.locator("canvas.base").evaluate_all(
        """all => all.map(canvas => {
            const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
            let other = 0;
            for (let at = 0; at < data.length; at += 4)
                other += data[at] !== data[0] || data[at + 1] !== data[1] || data[at + 2] !== data[2];
            return other / (data.length / 4);
        })"""
    )


def test_measured_lies_above_simulated_and_one_clock_moves_both(chromium, address):
    opened(chromium, address, "train")
    badges = [one.inner_text() for one in chromium.locator(".source").all()]
    assert badges == ["measured", "simulated"]
    boxes = [one.bounding_box() for one in chromium.locator("canvas.base").all()]
    assert boxes[0]["x"] == boxes[1]["x"]
    assert boxes[0]["width"] == boxes[1]["width"]
    assert boxes[0]["y"] + boxes[0]["height"] <= boxes[1]["y"]
    assert min(painted(chromium)) > 0.1
    assert clock(chromium) == pytest.approx(total(chromium), rel=0.01)
    before = captions(chromium)
    chromium.get_by_role("slider", name="Time").fill("300")
    chromium.wait_for_timeout(100)
    assert clock(chromium) == pytest.approx(0.3 * total(chromium), rel=0.01)
    after = captions(chromium)
    assert all(one != other for one, other in zip(before, after, strict=True))
    chromium.get_by_role("button", name="Step forward").click()
    chromium.wait_for_timeout(100)
    assert clock(chromium) > 0.3 * total(chromium)


def test_pointing_at_a_batch_tells_it_there_and_lights_it_up_in_both(chromium, address):
    opened(chromium, address, "train")
    upper = chromium.locator("canvas.over").first
    picture = "canvas => canvas.toDataURL()"
    before = [one.evaluate(picture) for one in chromium.locator("canvas.over").all()]
    box = upper.bounding_box()
    upper.hover(position={"x": 112 + 0.5 * (box["width"] - 112), "y": 20})
    chromium.wait_for_timeout(150)
    after = [one.evaluate(picture) for one in chromium.locator("canvas.over").all()]
    assert before[0] != after[0]
    assert before[1] != after[1]
    tips = chromium.locator(".tip")
    expect(tips.first).to_contain_text(re.compile(r"Batch \d+ loads in worker 0"))
    expect(tips.last).to_be_hidden()


def test_a_zoom_moves_both_scales(chromium, address):
    opened(chromium, address, "train")
    chromium.locator(".player").focus()
    picture = "all => all.map(canvas => canvas.toDataURL())"
    before = chromium.locator("canvas.base").evaluate_all(picture)
    chromium.keyboard.press("+")
    chromium.wait_for_timeout(150)
    after = chromium.locator("canvas.base").evaluate_all(picture)
    assert all(one != other for one, other in zip(before, after, strict=True))


def test_a_loop_that_breaks_off_an_epoch_still_stalls_in_the_next(chromium, address):
    opened(chromium, address, "broken")
    # Between its second epoch's start and its first batch, when nothing is trained.
    rows = BROKEN.batches()
    first = rows[rows["epoch"] == 1][0]
    middle_s = (first["load_start_s"] + first["loaded_s"]) / 2
    chromium.get_by_role("slider", name="Time").fill(str(1000 * middle_s / total(chromium)))
    expect(chromium.locator(".caption").first).to_contain_text("GPU stalled: batch 0 of epoch 2 is still loading")


def test_another_window_is_another_part_of_both_runs(chromium, address):
    opened(chromium, address, "long")
    shown = chromium.locator(".player").get_attribute("data-shown")
    expect(chromium.get_by_text("120 of 300 batches: batch 0 to batch 119.")).to_be_visible()
    chromium.get_by_role("radio", name="Middle").or_(chromium.get_by_role("button", name="Middle")).first.click()
    expect(chromium.get_by_text("120 of 300 batches: batch 90 to batch 209.")).to_be_visible(timeout=SOON_MS)
    expect(chromium.locator(".player")).not_to_have_attribute("data-shown", shown)


def test_a_dropped_file_is_shown_and_a_broken_one_is_a_sentence(chromium, address):
    opened(chromium, address, "train")
    drop = chromium.locator("input[type=file]")
    whole = timeline_to_bytes(traced(changed(batches=31)))
    drop.set_input_files({"name": "mine.trace", "mimeType": "application/octet-stream", "buffer": whole})
    expect(chromium.get_by_text("Measured: 31 batches in")).to_be_visible(timeout=SOON_MS)
    expect(chromium.get_by_text("is only looked at: it is not kept.")).to_be_visible()
    chromium.get_by_role("button", name="Keep", exact=True).click()
    expect(chromium).to_have_url(re.compile("trace=mine"), timeout=SOON_MS)
    drop.set_input_files({"name": "bad.trace", "mimeType": "application/octet-stream", "buffer": whole[:900]})
    expect(chromium.get_by_role("alert").get_by_text("damaged")).to_be_visible(timeout=SOON_MS)


@pytest.mark.parametrize(
    ("label", "ending", "begins"),
    [
        ("Report, HTML", "html", b"<!DOCTYPE html>"),
        ("Trace file", "trace", b"DLLT"),
        ("Perfetto", "perfetto.json", b"{"),
        ("Batches, CSV", "batches.csv", b"rank"),
    ],
)
def test_a_download_is_the_file_that_it_says(chromium, address, label, ending, begins):
    opened(chromium, address, "train")
    with chromium.expect_download(timeout=SOON_MS) as taken:
        chromium.get_by_role("button", name=label, exact=True).click()
    assert taken.value.suggested_filename == f"train.{ending}"
    assert Path(taken.value.path()).read_bytes().startswith(begins)


def test_the_page_fits_a_phone(chromium, address):
    chromium.set_viewport_size({"width": 390, "height": 844})
    opened(chromium, address, "train")
    assert chromium.evaluate("document.documentElement.scrollWidth") <= 390
    assert min(painted(chromium)) > 0.1


@pytest.fixture
def written(tmp_path):
    """Write a report whose texts are hostile; return its address."""
    run = traced(steps=(HOSTILE,), notes=(HOSTILE,), partial=True, origin={HOSTILE: HOSTILE})
    file = tmp_path / "run.html"
    file.write_text(report.page(run, name=HOSTILE, simulated=simulate(replace(SCENARIO, seed=5))), encoding="utf-8")
    return file.as_uri()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [(1280, 800), (390, 844)])
def test_the_report_opens_offline_and_only_its_own_script_runs(chromium, written, scheme, size):
    asked, said = [], []
    chromium.on("request", lambda request: asked.append(request.url))
    chromium.on("console", lambda message: said.append(message.text))
    chromium.context.set_offline(True)
    chromium.emulate_media(color_scheme=scheme, reduced_motion="reduce")
    chromium.set_viewport_size({"width": size[0], "height": size[1]})
    chromium.goto(written)
    chromium.wait_for_selector(READY)
    chromium.wait_for_timeout(300)
    assert asked == [written]
    assert said == []
    assert chromium.title() == f"{HOSTILE}: trace of a DataLoader"
    assert chromium.evaluate("document.documentElement.scrollWidth") <= size[0]
    assert min(painted(chromium)) > 0.1
    dark = chromium.evaluate("getComputedStyle(document.body).backgroundColor") != "rgb(255, 255, 255)"
    assert dark is (scheme == "dark")


def test_the_report_refuses_a_script_that_somebody_adds(chromium, written, tmp_path):
    page = Path(urllib.parse.unquote(urllib.parse.urlparse(written).path))
    text = page.read_text(encoding="utf-8")
    added = tmp_path / "added.html"
    more = "<script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\"></body>"
    added.write_text(text.replace("</body>", more), encoding="utf-8")
    chromium.goto(added.as_uri())
    chromium.wait_for_selector(READY)
    chromium.wait_for_timeout(200)
    assert chromium.title() != "pwned"


def test_the_reports_player_plays_and_is_light_on_paper(chromium, written):
    chromium.emulate_media(color_scheme="dark", reduced_motion="reduce")
    chromium.goto(written)
    chromium.wait_for_selector(READY)
    chromium.get_by_role("button", name="Replay").click()
    chromium.wait_for_selector('.player[data-playing="1"]')
    corner = "() => [...document.querySelector('canvas.base').getContext('2d').getImageData(1, 1, 1, 1).data]"
    assert max(chromium.evaluate(corner)[:3]) < 60
    chromium.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert chromium.evaluate(corner)[:3] == [255, 255, 255]
    chromium.evaluate("dispatchEvent(new Event('afterprint'))")
    assert max(chromium.evaluate(corner)[:3]) < 60
