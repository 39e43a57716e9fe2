"""Join the player's files in assets/player into the texts that a page takes."""

from __future__ import annotations

import re
from pathlib import Path

ASSETS = Path(__file__).parents[2] / "assets" / "player"
# A module stands after those that it imports from.
MODULES = (
    "format",
    "palette",
    "activities",
    "spans",
    "run",
    "decode",
    "moment",
    "caption",
    "layout",
    "lanes",
    "plumbing",
    "rows",
    "marks",
    "paint",
    "pair",
    "overlay",
    "clock",
    "bounds",
    "curve",
    "words",
    "legend",
    "tip",
    "pointer",
    "keys",
    "controls",
    "sizes",
    "player",
)
STYLES = ("frame", "stage", "words", "sliders", "transport", "side", "pair")
_IMPORT = re.compile(r"^import .*\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?!default )", re.MULTILINE)
_COMMENT = re.compile(r"^\s*//.*\n|^[ \t]+", re.MULTILINE)


def html() -> str:
    """Return the player's elements."""
    return (ASSETS / "player.html").read_text(encoding="utf-8")


def styles() -> str:
    """Return the player's styles as one text."""
    return "\n".join((ASSETS / f"{name}.css").read_text(encoding="utf-8") for name in STYLES)


def script() -> str:
    """Return the player as one ES module, joined from the files in assets/player.

    Streamlit takes a component's script as one text, so the files' `import` lines go (one line each) and the word
    `export` with them, except before `default`; names are therefore unique across files. Whole-line comments and
    indents go too: the text is sent again at every rerun.
    """
    parts = [(ASSETS / f"{name}.mjs").read_text(encoding="utf-8") for name in MODULES]
    return "\n".join(_COMMENT.sub("", _EXPORT.sub("", _IMPORT.sub("", part))) for part in parts)
