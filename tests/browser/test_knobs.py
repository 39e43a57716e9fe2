"""More knobs, the link that holds them, and the way back, in a real browser at two sizes."""

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from browser.player_driver import READY
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

APP = Path(__file__).parents[2] / "app.py"
SOON_MS = 20_000
SIZES = {"desk": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
FOUND = "[...document.querySelectorAll('*')].map(one => one.shadowRoot?.querySelector('.player')).find(Boolean)"
SHOWN = f"{FOUND}.dataset.shown"


@pytest.fixture(scope="module")
def address(serve, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    return serve(APP, env={"XDG_DATA_HOME": str(home / "data"), "XDG_CACHE_HOME": str(home / "cache")})


@pytest.fixture(params=SIZES)
def page(request, browser):
    context = browser.new_context(viewport=SIZES[request.param])
    opened = context.new_page()
    errors = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert errors == []


def see(page, address, query=""):
    page.goto(f"{address}/?{query}")
    page.wait_for_selector(READY, timeout=SOON_MS)
    page.wait_for_function("document.querySelector('[data-testid=stApp]').dataset.testScriptState !== 'running'")


def open_group(page, name):
    page.get_by_role("button", name="More knobs").click()
    page.get_by_role("tab", name=name).click()
    expect(page.get_by_role("tab", name=name)).to_have_attribute("aria-selected", "true")


def link(page):
    return {key: values[0] for key, values in parse_qs(urlsplit(page.url).query).items()}


def wait_for_link(page, **wanted):
    page.wait_for_function(
        "wanted => new URLSearchParams(location.search).toString() === new URLSearchParams(wanted).toString()",
        arg=wanted,
        timeout=SOON_MS,
    )


def toggle(page, key):
    page.locator(f".st-key-more_{key} label").first.click()


def fill(page, key, value):
    page.locator(f".st-key-more_{key} input").fill(value)
    page.keyboard.press("Enter")


def test_the_first_view_shows_none_of_the_hidden_knobs(page, address):
    see(page, address)
    expect(page.get_by_role("button", name="More knobs")).to_be_visible()
    expect(page.get_by_text("pin_memory")).to_have_count(0)
    expect(page.get_by_role("button", name="reset")).to_have_count(0)


@pytest.mark.parametrize(
    ("group", "label"),
    [("Loader", "persistent_workers"), ("Workload", "Iterable dataset"), ("Machine", "Ranks"), ("What if", "Seed")],
)
def test_every_group_opens_within_the_window(page, address, group, label):
    see(page, address)
    open_group(page, group)
    shown = page.get_by_text(label, exact=True)
    shown.scroll_into_view_if_needed()
    expect(shown).to_be_in_viewport()
    panel = page.get_by_test_id("stPopoverBody").bounding_box()
    size = page.viewport_size
    assert panel["x"] >= 0
    assert panel["x"] + panel["width"] <= size["width"]
    assert panel["y"] + panel["height"] <= size["height"]
    assert panel["height"] >= 200
    cut = "one => one.scrollWidth > one.clientWidth + 1"
    labels = page.get_by_test_id("stPopoverBody").locator("[data-testid=stWidgetLabel] p, label p")
    assert not any(one.evaluate(cut) for one in labels.all()), "a label is cut off"


def test_hidden_knobs_change_the_picture_go_into_the_link_and_are_marked(page, address):
    see(page, address)
    before = page.evaluate(SHOWN)
    open_group(page, "Loader")
    toggle(page, "in_order")
    wait_for_link(page, in_order="false")
    page.get_by_role("tab", name="Workload").click()
    fill(page, "epochs", "2")
    wait_for_link(page, in_order="false", epochs="2")
    page.wait_for_function(f"before => {SHOWN} !== before", arg=before, timeout=SOON_MS)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="2 changed: reset")).to_be_visible()
    again = page.context.new_page()
    again.goto(page.url)
    again.wait_for_selector(READY, timeout=SOON_MS)
    expect(again.get_by_role("button", name="2 changed: reset")).to_be_visible()
    again.close()


def test_one_click_resets_what_is_hidden_and_leaves_the_row(page, address):
    see(page, address, "io_ms=10&pin_memory=true&seed=7")
    page.get_by_role("button", name="2 changed: reset").click()
    wait_for_link(page, io_ms="10")
    expect(page.get_by_role("button", name="reset")).to_have_count(0)


def test_the_browsers_way_back_undoes_one_change_at_a_time(page, address):
    see(page, address, "io_ms=10")
    open_group(page, "What if")
    fill(page, "seed", "7")
    wait_for_link(page, io_ms="10", seed="7")
    toggle(page, "threads")
    wait_for_link(page, io_ms="10", threads="true", seed="7")
    page.go_back()
    wait_for_link(page, io_ms="10", seed="7")
    expect(page.get_by_role("button", name="1 changed: reset")).to_be_attached(timeout=SOON_MS)
    page.go_back()
    wait_for_link(page, io_ms="10")
    expect(page.get_by_role("button", name="reset")).to_have_count(0, timeout=SOON_MS)
    page.go_forward()
    wait_for_link(page, io_ms="10", seed="7")
    expect(page.get_by_role("button", name="1 changed: reset")).to_be_attached(timeout=SOON_MS)


def test_the_way_back_from_the_curve_brings_the_settings_along(chromium, address):
    see(chromium, address, "cores=2&epochs=2")
    chromium.get_by_role("link", name="Curve").click()
    expect(chromium.locator(".js-plotly-plot")).to_contain_text("knee", timeout=SOON_MS)
    assert link(chromium) == {"cores": "2", "epochs": "2"}
    # The name of a page on top may leave a link of its own in the browser's history, without settings.
    while urlsplit(chromium.url).path != "/":
        chromium.go_back()
        chromium.wait_for_timeout(1000)
    chromium.wait_for_selector(READY, timeout=SOON_MS)
    expect(chromium.get_by_role("button", name="1 changed: reset")).to_be_visible()
    expect(chromium.locator(".st-key-cores")).to_contain_text("2")
    assert link(chromium) == {"cores": "2", "epochs": "2"}


def test_a_workload_fills_the_row_and_the_hidden_knobs_and_is_in_the_link(page, address):
    see(page, address)
    chooser = page.locator(".st-key-workload_preset").get_by_role("combobox")
    # A list that has just been opened closes when the page is scrolled.
    chooser.scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    chooser.click()
    page.get_by_role("option", name="ImageNet on network storage").click()
    page.wait_for_url(re.compile("io_ms=15"), timeout=SOON_MS)
    expect(page.locator(".st-key-io_ms")).to_contain_text("15")
    assert link(page)["batch_size"] == "256"
    expect(page.get_by_text(re.compile("Memory with num_workers = 2, forecast:"))).to_be_attached(timeout=SOON_MS)


def test_a_value_between_the_stops_stands_on_its_slider(page, address):
    see(page, address, "io_ms=3.3")
    expect(page.locator(".st-key-io_ms")).to_contain_text("3.3")
    expect(page.get_by_test_id("stAlert")).to_have_count(0)


def test_a_warning_of_the_link_stays_until_a_setting_is_changed(chromium, address):
    see(chromium, address, "pin_memory=maybe")
    chromium.wait_for_timeout(1500)
    alert = chromium.get_by_test_id("stAlert").filter(has_text="pin_memory must be true or false, got 'maybe'")
    expect(alert).to_be_visible()
    open_group(chromium, "Loader")
    toggle(chromium, "drop_last")
    expect(alert).to_have_count(0, timeout=SOON_MS)
