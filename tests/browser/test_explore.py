"""See it and Curve in a real browser, as a newcomer uses them."""

import re
from pathlib import Path

import pytest
from browser.player_driver import READY, clock, playing
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

APP = Path(__file__).parents[2] / "app.py"
SOON_MS = 20_000
KNOB = ".player input[type=range][max='16']"


@pytest.fixture(scope="module")
def address(serve, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    return serve(APP, env={"XDG_DATA_HOME": str(home / "data"), "XDG_CACHE_HOME": str(home / "cache")})


def see(page, address, query=""):
    page.goto(f"{address}/?{query}")
    page.wait_for_selector(READY, timeout=SOON_MS)


def drag_workers(page, value):
    page.locator(KNOB).fill(str(value))
    page.locator(KNOB).dispatch_event("change")


def test_the_first_page_asks_shows_a_stall_and_moves_without_a_click(chromium, address):
    see(chromium, address)
    expect(chromium.get_by_role("heading", name="How many workers does this job need?")).to_be_visible()
    expect(chromium.get_by_text("GPU stalled 48 % of the time")).to_be_visible()
    assert playing(chromium)
    before = clock(chromium)
    chromium.wait_for_timeout(600)
    assert clock(chromium) > before
    overflow = "document.querySelector('[data-testid=stMain]').scrollHeight - window.innerHeight"
    assert chromium.evaluate(overflow) <= 0, "the first page must fit 1280x800 without scrolling"


def test_pressing_play_moves_the_clock_again(chromium, address):
    see(chromium, address)
    chromium.get_by_role("button", name="Pause").click()
    still = clock(chromium)
    chromium.wait_for_timeout(300)
    assert clock(chromium) == still
    chromium.get_by_role("button", name="Play").click()
    chromium.wait_for_function("still => Number(" + player_clock() + ") > still", arg=still)


def test_more_workers_end_the_stall_and_the_link_reproduces_it(chromium, address):
    see(chromium, address)
    drag_workers(chromium, 4)
    expect(chromium.get_by_text("GPU stalled 0 % of the time")).to_be_visible()
    chromium.wait_for_url(re.compile(r"num_workers=4"), timeout=SOON_MS)
    link = chromium.url
    again = chromium.context.new_page()
    again.goto(link)
    again.wait_for_selector(READY, timeout=SOON_MS)
    expect(again.get_by_text("GPU stalled 0 % of the time")).to_be_visible()
    assert again.locator(KNOB).input_value() == "4"


def test_a_slider_changes_the_picture_and_the_link(chromium, address):
    see(chromium, address)
    shown = chromium.get_attribute(".player", "data-shown")
    cores = chromium.locator(".st-key-cores input[type=range]")
    cores.focus()
    chromium.keyboard.press("Home")
    chromium.wait_for_function(
        "before => document.querySelector('.st-key-cores') && " + player("dataset.shown") + " !== before",
        arg=shown,
        timeout=SOON_MS,
    )
    chromium.wait_for_url(re.compile(r"cores=0\.5"), timeout=SOON_MS)
    expect(chromium.get_by_text(re.compile("The cores are the limit|The loader is the limit"))).to_be_visible()


def test_nonsense_in_the_link_is_said_and_the_picture_stands(chromium, address):
    see(chromium, address, "io_ms=fast&num_workers=999")
    alerts = chromium.get_by_test_id("stAlert")
    expect(alerts).to_have_count(2)
    expect(alerts.filter(has_text="got 'fast' in the link")).to_have_count(1)
    expect(alerts.filter(has_text="num_workers must be a whole number from 0 to 16")).to_have_count(1)


def test_reduced_motion_starts_nothing(browser, address):
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    see(page, address)
    assert not playing(page)
    context.close()


def test_what_was_chosen_goes_along_to_the_other_page_and_back(chromium, address):
    see(chromium, address, "cores=2&num_workers=5")
    chromium.get_by_role("link", name="Curve").click()
    chromium.wait_for_url(re.compile(r"curve\?.*cores=2"), timeout=SOON_MS)
    choose(chromium, "axis", "Jitter")
    expect(chromium.locator(".st-key-num_workers")).to_contain_text("5", timeout=SOON_MS)
    chromium.wait_for_url(re.compile(r"axis=jitter"), timeout=SOON_MS)
    chromium.get_by_role("link", name="See it").click()
    chromium.wait_for_selector(READY, timeout=SOON_MS)
    expect(chromium.locator(KNOB)).to_have_value("5")
    assert "cores=2" in chromium.url
    assert "num_workers=5" in chromium.url


def test_a_click_on_the_curve_opens_that_run_in_see_it(chromium, address):
    see(chromium, address, "cores=2")
    chromium.get_by_role("link", name="Curve").click()
    expect(chromium.locator(".js-plotly-plot")).to_contain_text("knee", timeout=SOON_MS)
    point = chromium.locator(".js-plotly-plot .scatterlayer .trace.scatter .points path.point").nth(6)
    point.dispatch_event("mousemove")
    box = point.bounding_box()
    chromium.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    chromium.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    chromium.wait_for_selector(READY, timeout=SOON_MS)
    chromium.wait_for_url(re.compile(r"num_workers=6"), timeout=SOON_MS)
    assert "cores=2" in chromium.url
    assert chromium.locator(KNOB).input_value() == "6"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_the_picture_stands_before_the_knobs(browser, address, scheme):
    context = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme=scheme)
    page = context.new_page()
    see(page, address)
    picture = page.locator(".player").bounding_box()
    knobs = page.locator(".st-key-knobs").bounding_box()
    assert picture["y"] < knobs["y"]
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()


def choose(page, key, option):
    page.locator(f".st-key-{key}").get_by_role("combobox").click()
    page.get_by_role("option", name=option, exact=True).click()


def player(attribute):
    found = "[...document.querySelectorAll('*')].map(one => one.shadowRoot?.querySelector('.player')).find(Boolean)"
    return f"{found}.{attribute}"


def player_clock():
    return player("dataset.clock")
