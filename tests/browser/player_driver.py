"""What the player's browser tests do and ask again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

READY = '.player[data-ready="1"]'
# The width left of the plot, where the lanes' names stand.
GUTTER = 112
CLOCK = (
    "[...document.querySelectorAll('*')].map(one => one.shadowRoot?.querySelector('.player')).find(Boolean)"
    ".dataset.clock"
)


def visit(page: Page, address: str, query: str = "") -> None:
    page.goto(f"{address}/?{query}")
    page.wait_for_selector(READY)


def clock(page: Page) -> float:
    return float(page.get_attribute(".player", "data-clock"))


def total(page: Page) -> float:
    shown = page.inner_text(".time").split("/")[1].replace("\xa0", " ").split()
    return float(shown[0]) * {"s": 1, "ms": 1e-3}[shown[1]]


def playing(page: Page) -> bool:
    return page.get_attribute(".player", "data-playing") == "1"


def pause(page: Page) -> None:
    page.get_by_role("button", name="Pause").click()
    page.wait_for_selector('.player[data-playing="0"]')


def wait_for_rerun(page: Page, number: int) -> None:
    page.get_by_text(f"rerun {number}", exact=True).wait_for()


def colours(page: Page) -> set[str]:
    """Return the colours on the cached picture, quantised, that cover at least 20 pixels."""
    script = """canvas => {
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        const seen = new Map();
        for (let at = 0; at < data.length; at += 4) {
            const key = [data[at], data[at + 1], data[at + 2]].map(v => v.toString(16).padStart(2, '0')).join('');
            seen.set(key, (seen.get(key) ?? 0) + 1);
        }
        return [...seen].filter(([, count]) => count >= 20).map(([key]) => '#' + key);
    }"""
    return set(page.locator("canvas.base").evaluate(script))
