"""Write trace files that are no good, and see that each is refused in one sentence and at little cost."""

import json
import struct
import time
import tracemalloc
import zlib

import pytest
from traced_run import timeline

from dataloader_sim.observed import TABLES
from dataloader_sim.wire import timeline_from_bytes, timeline_to_bytes

MOST_SECONDS = 5.0
MOST_MEMORY = 64 << 20
LONGEST_SENTENCE = 1000
DATA = timeline_to_bytes(timeline())
START = 8
BODY = START + int.from_bytes(DATA[4:START], "little")
HEAD = json.loads(DATA[START:BODY])
TRACE = timeline_from_bytes(DATA)


def refused(data):
    """Return the sentence with which the bytes are refused; fails for any other end and for one that costs much."""
    tracemalloc.start()
    before_s = time.monotonic()
    try:
        with pytest.raises(ValueError, match=r"\S") as caught:
            timeline_from_bytes(data)
        assert time.monotonic() - before_s < MOST_SECONDS
        assert tracemalloc.get_traced_memory()[1] < MOST_MEMORY
    finally:
        tracemalloc.stop()
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert len(sentence) < LONGEST_SENTENCE
    sentence.encode()
    return sentence


def packed(head, body=None):
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    return b"DLLT" + struct.pack("<I", len(text)) + text + (DATA[BODY:] if body is None else body)


def with_head(**changes):
    return packed(HEAD | changes)


def with_observed(**changes):
    return with_head(observed=HEAD["observed"] | changes)


def with_rows(table, name, value, row=0):
    """Return the trace with one value of one table changed, its checksum right."""
    tables = {"spans": TRACE.spans} | {one: getattr(TRACE.observed, one) for one in TABLES}
    changed = {one: rows.copy() for one, rows in tables.items()}
    changed[table][name][row] = value
    return packed(HEAD, zlib.compress(b"".join(rows.tobytes() for rows in changed.values())))
