"""Stop once: the first request to stop is raised, those that follow do not disturb the clean-up."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

# Ctrl-C, `kill`, and a terminal that was closed.
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def stoppable() -> Iterator[None]:
    """Raise KeyboardInterrupt in the main thread at the first SIGINT, SIGTERM or SIGHUP; ignore what follows.

    Call it in the main thread. After a stop the signals stay ignored, because the process is about to end and an
    impatient second Ctrl-C must not cut that short. A signal that was ignored when the process started (`nohup`)
    stays so too.
    """
    before = {one: signal.getsignal(one) for one in SIGNALS}
    heeded = [one for one in SIGNALS if before[one] is not signal.SIG_IGN or one is signal.SIGINT]

    def stop(_number: int, _frame: FrameType | None) -> None:
        for one in heeded:
            signal.signal(one, signal.SIG_IGN)
        raise KeyboardInterrupt

    for one in heeded:
        signal.signal(one, stop)
    try:
        yield
    finally:
        for one in heeded:
            if signal.getsignal(one) is stop:
                signal.signal(one, before[one] or signal.SIG_DFL)
