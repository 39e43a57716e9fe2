"""Build the few elements that a report consists of; every text is escaped here and nowhere else."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence


def escaped(text: object) -> str:
    """Return a text as HTML that shows it literally, in an element or in an attribute."""
    return html.escape(str(text), quote=True)


def paragraph(text: object, kind: str = "") -> str:
    """Return a paragraph of a CSS class, nothing for an empty text."""
    return f'<p class="{escaped(kind)}">{escaped(text)}</p>' if text else ""


def heading(text: str) -> str:
    """Return the heading of a section."""
    return f"<h2>{escaped(text)}</h2>"


def table(head: Sequence[str], rows: Iterable[Sequence[object]], *, caption: str, kind: str = "") -> str:
    """Return a table that scrolls sideways where it is too wide; `kind` 'number' aligns it to the right."""
    top = "".join(f'<th scope="col">{escaped(one)}</th>' for one in head)
    lines = "".join(f"<tr>{''.join(f'<td>{escaped(one)}</td>' for one in row)}</tr>" for row in rows)
    told = f"<caption>{escaped(caption)}</caption>"
    return f'<div class="wide"><table class="{escaped(kind)}">{told}<thead><tr>{top}</tr></thead>{lines}</table></div>'


def definitions(pairs: Iterable[tuple[str, str]], kind: str) -> str:
    """Return names with their values, each pair in an element of its own."""
    inside = "".join(f"<div><dt>{escaped(name)}</dt><dd>{escaped(value)}</dd></div>" for name, value in pairs)
    return f'<dl class="{escaped(kind)}">{inside}</dl>'
