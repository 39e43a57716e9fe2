import contextlib
import io
import os

import pytest

from bench.cli.terminal import Progress, clock


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar_with_rate_and_time_left() -> None:
    stream = Terminal()
    Progress(stream).bar("trial 1 of 4", 0.25, "12.0 batches/s", 75.0)
    assert stream.getvalue() == "\r[######..................]  25 %  trial 1 of 4  12.0 batches/s  1:15 left\x1b[K"


def test_a_bar_is_drawn_ten_times_a_second_at_most_and_never_wider_than_the_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    stream = Terminal()
    progress = Progress(stream)
    for _ in range(100):
        progress.bar("a long label that does not fit", 0.5)
    (drawn,) = stream.getvalue().split("\r")[1:]
    assert len(drawn.removesuffix("\x1b[K")) == 29


def test_a_line_takes_the_bar_away_first() -> None:
    stream = Terminal()
    progress = Progress(stream)
    progress.bar("label", 0.0)
    progress.line("something happened")
    assert stream.getvalue().endswith("\r\x1b[Ksomething happened\n")


def test_elsewhere_only_lines_are_printed() -> None:
    stream = io.StringIO()
    progress = Progress(stream)
    progress.bar("label", 0.5)
    progress.line("something happened")
    assert stream.getvalue() == "something happened\n"


def test_a_reader_that_left_stops_nothing() -> None:
    read, write = os.pipe()
    os.close(read)
    stream = os.fdopen(write, "w", buffering=1)
    Progress(stream).line("nobody reads this")
    with contextlib.suppress(BrokenPipeError):
        stream.close()


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00"), (7, "0:07"), (270, "4:30"), (3720, "1:02:00")])
def test_durations_read_as_people_read_them(seconds: float, text: str) -> None:
    assert clock(seconds) == text
