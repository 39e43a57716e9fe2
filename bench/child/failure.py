"""Say in one sentence why a loader failed, and the way out."""

from __future__ import annotations

import signal
from multiprocessing import connection
from multiprocessing.process import BaseProcess

from bench.trial.spec import TrialError

# torch starts the message of an exception that it brings over from a worker with this.
_BROUGHT_OVER = "Caught "
_LOOK_FOR_ENDED_S = 2.0
_LESS = "use fewer workers, a smaller batch_size or a smaller prefetch_factor"
_ADVICE = {
    "SIGKILL": f"if memory ran out, {_LESS}",
    "SIGBUS": f"if /dev/shm is full, {_LESS}",
    "unable to allocate shared memory": _LESS,
    "can't allocate memory": _LESS,
    "MemoryError": _LESS,
    "Too many open files": "raise the limit (ulimit -n), or " + _LESS,
    "timed out after": "raise timeout, or look at dataset[0] first",
}
_OTHER_ADVICE = "run with num_workers=0 to see the error where it happens"


def explain(error: Exception, workers: list[BaseProcess]) -> str:
    """Return the cause of a failed `iter` or `next`, and what to try.

    Reads how the workers ended and not what torch says of it: it has at least five texts for a dead worker.
    """
    last = str(error).strip().rpartition("\n")[2].strip()
    if isinstance(error, TrialError):
        # Ours says the way out already; brought over from a worker it stands behind the name of its type.
        return last.rpartition(f"{TrialError.__name__}: ")[2]
    if not str(error).startswith(_BROUGHT_OVER):
        if workers and (ended := _how_one_ended(workers)):
            return ended
        last = f"{type(error).__name__}: {last}".removesuffix(": ")
    return f"loading failed with {last}: {_advice(last)}"


def _advice(cause: str) -> str:
    return next((advice for sign, advice in _ADVICE.items() if sign in cause), _OTHER_ADVICE)


def _how_one_ended(workers: list[BaseProcess]) -> str:
    """Name the first worker that ended, or return an empty text when all of them live."""
    # The news of a broken pipe may come before the worker's end is known.
    connection.wait([worker.sentinel for worker in workers], timeout=_LOOK_FOR_ENDED_S)
    for worker in workers:
        code = worker.exitcode
        if code is not None and code < 0:
            name = signal.Signals(-code).name
            return f"a DataLoader worker (pid {worker.pid}) was killed by {name}: {_advice(name)}"
        if code is not None:
            return f"a DataLoader worker (pid {worker.pid}) ended with exit code {code}: {_OTHER_ADVICE}"
    return ""
