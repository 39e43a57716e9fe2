"""A trace file may come from anybody: whatever bytes it holds, it is read or refused in one sentence, and at once."""

import json
import pickle
import random
import struct
import zlib

import pytest
from hostile import BODY, DATA, HEAD, START, TRACE, packed, refused, with_head, with_observed, with_rows

from dataloader_sim.observed import TABLES
from dataloader_sim.timeline import SPAN
from dataloader_sim.wire import READABLE, VERSION, timeline_from_bytes, timeline_to_bytes


def test_the_whole_file_is_read():
    assert timeline_to_bytes(timeline_from_bytes(DATA)) == DATA
    assert timeline_from_bytes(with_rows("spans", "batch", 0)).spans.size == TRACE.spans.size


def test_cut_off_anywhere_it_is_refused():
    places = {*range(40), *range(START, BODY, 97), BODY - 1, BODY, BODY + 1, *range(BODY, len(DATA), 41), len(DATA) - 1}
    for place in sorted(places):
        refused(DATA[:place])


def test_with_bytes_flipped_it_is_refused_or_still_a_timeline():
    chance = random.Random(4)
    for _ in range(600):
        data = bytearray(DATA)
        for _ in range(chance.choice((1, 1, 3))):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        try:
            again = timeline_from_bytes(bytes(data))
        except ValueError as error:
            assert "\n" not in str(error)  # noqa: PT017 (whether it is refused depends on the byte)
        else:
            assert again.spans.tobytes() == TRACE.spans.tobytes(), "the tables have a checksum"


def test_bytes_after_the_end_are_refused():
    for more in (b"\0", b"PK\x03\x04", DATA, zlib.compress(b"more")):
        refused(DATA + more)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 1000,
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"PK\x03\x04 a zip",
        b"\x1f\x8b\x08 a gzip",
        pickle.dumps({"spans": [1, 2, 3]}),
        json.dumps(HEAD).encode(),
        b"SQLite format 3\0",
        DATA[1:],
        b"dllt" + DATA[4:],
        DATA.hex().encode(),
    ],
    ids=["empty", "zeros", "png", "zip", "gzip", "pickle", "json", "sqlite", "shifted", "lower case", "hex"],
)
def test_what_is_no_trace_is_said_to_be_none(data):
    assert refused(data).startswith("not a stored timeline")


@pytest.mark.parametrize("length", [0, 1, BODY - START - 1, BODY - START + 1, len(DATA), 2**31, 2**32 - 1])
def test_a_wrong_length_of_the_head_is_refused(length):
    refused(DATA[:4] + struct.pack("<I", length) + DATA[START:])


@pytest.mark.parametrize("name", ["spans", *TABLES])
@pytest.mark.parametrize("count", [-1, 0, 10**9, 2**63, 10**300, 1.5, True, None, "3", [3], {}])
def test_a_wrong_number_of_rows_is_refused(name, count):
    if name == "spans":
        refused(with_head(spans=count))
    else:
        refused(with_observed(rows=HEAD["observed"]["rows"] | {name: count}))


def test_rows_may_not_change_places():
    """One row less here and some more there is not noticed by the sum of bytes alone."""
    rows = HEAD["observed"]["rows"]
    refused(with_observed(rows=rows | {"samples": rows["samples"] + 1}))
    backwards = dict(reversed(rows.items()))
    again = timeline_from_bytes(with_observed(rows=backwards)).observed
    assert again.loads.tobytes() == TRACE.observed.loads.tobytes(), "the order of names in the head means nothing"


def test_a_bomb_is_refused_before_it_unfolds():
    bomb = zlib.compress(b"\0" * (256 << 20), 9)
    assert len(bomb) < 1 << 20
    refused(packed(HEAD, bomb))
    refused(packed(HEAD, bomb[:-4]))
    # Announced, too: more rows than any file may hold.
    refused(packed(HEAD | {"spans": (4 << 30) // SPAN.itemsize, "observed": None}, bomb))


def test_a_head_that_is_a_bomb_is_refused():
    refused(packed(b'{"version": 3, "notes": "' + b" " * (32 << 20) + b'"}'))
    refused(packed(b"[" + b"1," * (16 << 20) + b"1]"))


@pytest.mark.parametrize(
    "body", [b"", b"\0", b"not zlib", zlib.compress(b""), zlib.compress(b"\0"), DATA[BODY:-4] + b"\0\0\0\0"]
)
def test_wrong_tables_are_refused(body):
    refused(packed(HEAD, body))


@pytest.mark.parametrize("version", [VERSION + 1, 10**9, 10**300, 0, -1, 2.5, "3", None, [3], {}, True])
def test_another_version_says_to_update(version):
    assert version not in READABLE or version is True
    # A newer release may have changed all the rest, too.
    for data in (with_head(version=version), packed({"version": version, "new": 1, "spans": {}})):
        assert "update dataloader-lab" in refused(data)
    assert "update dataloader-lab" in refused(with_head(scenario=HEAD["scenario"] | {"version": version}))


@pytest.mark.parametrize("depth", [100, 2_000, 200_000])
def test_deeply_nested_json_is_refused(depth):
    refused(packed(b"[" * depth + b"]" * depth))
    refused(packed(b'{"a":' * depth + b"1" + b"}" * depth))
    nested = b"[" * depth + b"]" * depth
    refused(packed(json.dumps(HEAD).encode().replace(b'"notes": [', b'"notes": [' + nested + b",", 1)))


def test_a_name_that_stands_twice_is_refused():
    text = json.dumps(HEAD).encode()
    refused(packed(text[:-1] + b', "source": "simulated"}'))
    refused(packed(text.replace(b'"notes":', b'"partial": false, "notes":', 1)))


def test_a_head_in_another_encoding_is_refused():
    text = json.dumps(HEAD)
    for encoding in ("utf-16", "utf-16-le", "utf-32"):
        refused(packed(text.encode(encoding)))
    refused(packed(text.replace("stepped", "st\xe4pped").encode("latin-1")))
    refused(packed(b"\xef\xbb\xbf" + text.encode()))


def test_a_number_of_many_digits_is_refused():
    text = json.dumps(HEAD).encode()
    for digits in (b"9" * 5_000, b"9" * 1_000_000, b"1e999999999"):
        refused(packed(text.replace(b'"peak_memory_bytes": 0', b'"peak_memory_bytes": ' + digits, 1)))
