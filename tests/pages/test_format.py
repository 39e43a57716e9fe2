"""Numbers as they stand on the screen."""

import math

import pytest

from pages._ui import format as written


@pytest.mark.parametrize(
    ("value", "text"),
    [(1066.67, "1,067 samples/s"), (99.94, "99.9 samples/s"), (0.0, "0.0 samples/s"), (math.inf, "no limit")],
)
def test_rate(value, text):
    assert written.rate(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.00005, "50 µs"), (0.03, "30 ms"), (1.25, "1.25 s"), (59.9, "59.9 s"), (200.4, "3 min 20 s")],
)
def test_seconds(value, text):
    assert written.seconds(value) == text


@pytest.mark.parametrize(("value", "text"), [(0.474, "47 %"), (1.0, "100 %"), (0.0, "0 %")])
def test_share(value, text):
    assert written.share(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "unknown"), (512, "512 B"), (327_155_712, "312 MiB"), (2**31, "2 GiB"), (2**60, "1.05e+06 TiB")],
)
def test_size(value, text):
    assert written.size(value) == text
