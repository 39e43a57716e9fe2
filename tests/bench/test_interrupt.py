import os
import signal
import time
from collections.abc import Iterator

import pytest

from bench.interrupt import SIGNALS, stoppable


@pytest.fixture(autouse=True)
def _handlers() -> Iterator[None]:
    before = {one: signal.getsignal(one) for one in SIGNALS}
    yield
    for one, handler in before.items():
        signal.signal(one, handler)


def send(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)
    # Python may run the handler a moment later.
    time.sleep(1.0)


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_request_is_raised_and_the_next_ones_are_not(number: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt), stoppable():
        send(number)
    for one in SIGNALS:
        os.kill(os.getpid(), one)


def test_without_a_request_all_is_as_before() -> None:
    before = [signal.getsignal(one) for one in SIGNALS]
    with stoppable():
        assert signal.getsignal(signal.SIGTERM) != before[1]
    assert [signal.getsignal(one) for one in SIGNALS] == before


def test_nohup_is_respected() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with stoppable():
        os.kill(os.getpid(), signal.SIGHUP)
