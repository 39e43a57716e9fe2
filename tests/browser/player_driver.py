"""What the player's browser tests do and ask again and again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

READY = '.player[data-ready="1"]'
# The width left of the plot, where the lanes' names stand.
GUTTER = 112
# Above the axis and the tokens lies the GPU.
GPU_FROM_BOTTOM = 80
STALL = (248, 92, 5)
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


def see(page: Page, address: str, query: str, at: float = 1.0) -> None:
    """Open a page and stop its clock at a share of the run."""
    page.emulate_media(reduced_motion="reduce")
    visit(page, address, query)
    page.get_by_role("slider", name="Time").fill(str(1000 * at))
    page.wait_for_timeout(60)


def hover(page: Page, share: float, y: float) -> list[str]:
    """Point at a share of the run, y pixels below the canvas's top or, negative, above its end; return the words."""
    over = page.locator("canvas.over")
    box = over.bounding_box()
    over.hover(position={"x": GUTTER + share * (box["width"] - GUTTER - 1), "y": y if y >= 0 else box["height"] + y})
    page.wait_for_timeout(40)
    tip = page.locator(".tip")
    return tip.inner_text().split("\n\n") if tip.is_visible() else []


def near(page: Page, canvas: str, colour: tuple[int, int, int], below: int = 0) -> int:
    """Count the pixels of about one colour on a canvas, in its lowest `below` pixels or, 0, on all of it."""
    script = """(canvas, [colour, below]) => {
        const top = below ? canvas.height - below : 0;
        const { data } = canvas.getContext('2d').getImageData(0, top, canvas.width, canvas.height - top);
        let count = 0;
        for (let at = 0; at < data.length; at += 4) {
            if (data[at + 3] > 200 && colour.every((part, place) => Math.abs(data[at + place] - part) < 12)) count += 1;
        }
        return count;
    }"""
    return page.locator(f"canvas.{canvas}").evaluate(script, [colour, below])


def row_of(page: Page, share: float, name: str) -> float:
    """Return the middle of the lowest row above the GPU whose words at a share of the run begin with a name."""
    height = page.locator("canvas.over").bounding_box()["height"]
    inside = []
    for y in range(int(height) - GPU_FROM_BOTTOM, 0, -4):
        if "".join(hover(page, share, y)).startswith(name):
            inside.append(y)
        elif inside:
            return sum(inside) / len(inside)
    pytest.fail(f"no row of {name} on the picture")
