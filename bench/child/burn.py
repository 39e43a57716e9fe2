"""Use a core for a given time."""

from __future__ import annotations

import time
import zlib

# A few microseconds a pass, and more than the 5 KiB from which zlib lets go of the interpreter's lock: a decoder does
# so too, and the threads that hand a batch over run meanwhile.
_BLOCK = bytes(16 << 10)


def burn(seconds: float) -> None:
    """Use `seconds` of processor time in this thread; takes longer on the clock when others want the core."""
    if seconds <= 0:
        return
    end_ns = time.thread_time_ns() + round(seconds * 1e9)
    while time.thread_time_ns() < end_ns:
        zlib.crc32(_BLOCK)
