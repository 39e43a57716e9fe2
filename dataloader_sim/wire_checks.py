"""Check a stored timeline before anything believes it: such a file may come from anybody."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dataloader_sim.scenario import LARGEST_BYTES, Scenario
from dataloader_sim.timeline import GPU, Activity, Array

# The longest list of measured costs takes 400 kB; the rest are a few kB and a message or two.
MOST_HEAD_BYTES = 4 << 20
MOST_TEXT, MOST_TEXTS = 100_000, 10_000
# What `Timeline.batches` can tell apart, and the ids that a LoaderConfig can give.
EPOCHS, BATCHES, LANES = 1 << 18, 1 << 26, 1024
# Thirty years: beyond, a picture of it has no meaning, and microseconds are no whole numbers.
LATEST_S = 1e9


def damaged(what: str) -> ValueError:
    """Build the error for a file that is not as it was written."""
    return ValueError(f"a stored timeline is damaged: {what}")


def head_of(data: bytes, start: int) -> dict[str, Any]:
    """Return the JSON object whose length stands before `start`; raises ValueError for anything else."""
    (length,) = struct.unpack_from("<I", data, start - 4)
    if length > MOST_HEAD_BYTES or start + length > len(data):
        raise damaged("its head is cut off, or larger than it may be")
    try:
        head = json.loads(data[start : start + length].decode(), object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise damaged(f"its head is no JSON ({str(error)[:100]})") from None
    if not isinstance(head, dict):
        raise damaged("its head is no object")
    return head


def unfolded(data: bytes, size: int, most: int) -> bytes:
    """Return the unfolded bytes, exactly `size` of them; never unfolds more, whatever the file holds."""
    if size > most:
        raise damaged("it announces more rows than it may hold")
    unfold = zlib.decompressobj()
    try:
        raw = unfold.decompress(data, size + 1)
    except zlib.error as error:
        raise damaged(str(error)) from None
    if not unfold.eof or unfold.unused_data or len(raw) != size:
        raise damaged("it does not hold the rows that it announces")
    return raw


def check_spans(spans: Array, scenario: Scenario) -> None:
    """Raise ValueError for a span that no run of this scenario has."""
    _within("rank", spans["rank"], 0, scenario.machine.ranks - 1)
    _within("lane", spans["lane"], GPU, LANES - 1)
    _within("activity", spans["activity"], 0, len(Activity) - 1)
    _within("epoch", spans["epoch"], 0, EPOCHS - 1)
    _within("batch", spans["batch"], 0, BATCHES - 1)
    for name in ("start_s", "end_s"):
        # The comparison is false for what is not a number, too.
        if not np.all(np.abs(spans[name]) <= LATEST_S):
            raise damaged(f"a span has a {name} that is no time")


def check_rows(tables: Mapping[str, Array], scenario: Scenario, steps: int) -> None:
    """Raise ValueError for rows of an `Observed` that no trace writes; `steps`: names of transforms there are."""
    bounds = {
        "rank": (0, scenario.machine.ranks - 1),
        "epoch": (0, EPOCHS - 1),
        "batch": (0, BATCHES - 1),
        "worker": (0, LANES - 1),
        "step": (0, steps - 1),
    }
    for rows in tables.values():
        for name in rows.dtype.names or ():
            column = rows[name]
            if name in bounds:
                _within(name, column, *bounds[name])
            elif column.dtype.kind == "f" and not np.all(np.isnan(column) | (np.abs(column) <= LATEST_S)):
                raise damaged(f"a row has a {name} that is no time")
            elif column.dtype.kind == "i" and name != "index":
                _within(name, column, -1, LARGEST_BYTES)


def check_texts(texts: Sequence[object]) -> None:
    """Raise ValueError for texts that are none, too many or too long, or that nothing can print."""
    if len(texts) > MOST_TEXTS:
        raise damaged(f"it holds more than {MOST_TEXTS:,} texts")
    for text in texts:
        if not isinstance(text, str) or len(text) > MOST_TEXT:
            raise damaged(f"a text is none, or longer than {MOST_TEXT:,} characters")
        # JSON can write half a character.
        if any("\ud800" <= one <= "\udfff" for one in text):
            raise damaged("a text holds half a character")


def check_size(name: str, value: object) -> None:
    """Raise ValueError for anything but a whole number of bytes."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST_BYTES:
        raise damaged(f"{name} is no size")


def check_count(name: str, value: object) -> None:
    """Raise ValueError for anything but a number of rows."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise damaged(f"the number of {name} is none")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _within(name: str, column: NDArray[np.int64], low: int, high: int) -> None:
    if column.size and not (low <= int(column.min()) and int(column.max()) <= high):
        raise damaged(f"a {name} is outside {low} to {high}")
