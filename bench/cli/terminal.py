"""Show on a terminal how far something is; elsewhere print a plain line now and then."""

from __future__ import annotations

import contextlib
import shutil
import time
from typing import TextIO

BAR = 24
# Ten pictures a second are enough for a person.
EVERY_S = 0.1


class Progress:
    """Write progress to a stream, which is standard error: standard output is for results."""

    def __init__(self, stream: TextIO) -> None:
        """Look once whether the stream is a terminal."""
        self._stream = stream
        self.is_terminal = stream.isatty()
        self._next_s = 0.0
        self._open = False

    def bar(self, label: str, share: float, rate: str = "", left_s: float | None = None) -> None:
        """Draw a bar over the last one; nothing where there is no terminal. share: 0 to 1."""
        now_s = time.monotonic()
        if not self.is_terminal or now_s < self._next_s:
            return
        self._next_s = now_s + EVERY_S
        filled = round(BAR * min(1.0, max(0.0, share)))
        parts = [f"[{'#' * filled}{'.' * (BAR - filled)}] {share * 100:3.0f} %", label, rate]
        parts += [f"{clock(left_s)} left"] if left_s is not None else []
        text = "  ".join(part for part in parts if part)
        self._write(f"\r{text[: shutil.get_terminal_size().columns - 1]}\x1b[K")
        self._open = True

    def line(self, text: str) -> None:
        """Print a line that stays, above the bar."""
        self.clear()
        self._write(f"{text}\n")
        self._next_s = 0.0

    def clear(self) -> None:
        """Take the bar away."""
        if self._open:
            self._write("\r\x1b[K")
            self._open = False

    def _write(self, text: str) -> None:
        # Progress that nobody can read is no reason to stop a measurement.
        with contextlib.suppress(OSError, ValueError):
            self._stream.write(text)
            self._stream.flush()


def clock(seconds: float) -> str:
    """Return a duration as people read it: 0:07, 4:30, 1:02:00."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
