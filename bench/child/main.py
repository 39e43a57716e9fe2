"""Run one trial: the process that `measure` starts, one per trial.

torch is imported here and in what this imports, never in the process that asked for the trial.
Usage: python -m bench.child DESCRIPTOR, with the request on standard input (trial/messages.py).
"""

from __future__ import annotations

import os
import resource
import sys
import time
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from bench.trial import lifeline
from bench.trial.messages import Kind, Parser, send, send_json

if TYPE_CHECKING:
    from torch.utils.data import Dataset

    from bench.trial.spec import TrialSpec

REPORT_EVERY_S = 0.1


def main(build: Callable[[TrialSpec], Dataset[Any]] | None = None) -> None:
    """Run the trial asked for on standard input; `build` makes its dataset, `datasets.build` when not given."""
    lifeline.follow_parent()
    channel = int(sys.argv[-1])
    os.set_inheritable(channel, False)
    request = _read_request()
    _settle()
    try:
        _run(request, channel, build)
    except Exception as error:  # noqa: BLE001
        details = "".join(traceback.format_exception(error))
        send_json(channel, Kind.ERROR, {"cause": str(error) or type(error).__name__, "details": details})
    sys.stdout.flush()
    sys.stderr.flush()
    # The ordinary way out waits 5 s for each worker of a failed loader.
    os._exit(0)


class Reporter:
    """Tell how many batches are done: at most ten times a second, and at the end of every epoch."""

    def __init__(self, channel: int, batches: int) -> None:
        """Take the descriptor to write to, and the batches of an epoch."""
        self._channel, self._batches = channel, batches
        self._next_s = 0.0

    def __call__(self, done: int) -> None:
        """Report, when it is time to."""
        now_s = time.monotonic()
        if now_s >= self._next_s or done % self._batches == 0:
            self._next_s = now_s + REPORT_EVERY_S
            send_json(self._channel, Kind.PROGRESS, done)


def _read_request() -> object:
    parser = Parser()
    while data := os.read(0, 1 << 16):
        for message in parser.feed(data):
            return message.json()
    raise SystemExit("no request on standard input: this process is started by bench.measure")


def _settle() -> None:
    """Take the rest of the trial's place in the system, before any other process or thread is started."""
    import multiprocessing

    lifeline.follow_stdin()
    lifeline.lead_children()
    multiprocessing.set_forkserver_preload(["bench.child.forkserver"])
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # Every batch on its way holds a descriptor per tensor.
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _run(request: object, channel: int, build: Callable[[TrialSpec], Dataset[Any]] | None) -> None:
    from bench.child import datasets
    from bench.child.trial import Trial
    from bench.trial.spec import TrialSpec
    from dataloader_sim.shards import delivered
    from dataloader_sim.wire import timeline_to_bytes

    spec = TrialSpec.from_dict(request)
    batches, _ = delivered(spec.scenario.workload, spec.scenario.loader)
    trial = Trial(spec, (build or datasets.build)(spec), Reporter(channel, batches))
    send(channel, Kind.STARTED)
    result = trial.run()
    send(channel, Kind.TIMELINE, timeline_to_bytes(result.timeline))
    rest = {
        "first_batch_s": result.first_batch_s,
        "skipped_pictures": result.skipped_pictures,
        "versions": result.versions,
        "notes": result.notes,
    }
    send_json(channel, Kind.RESULT, rest)


if __name__ == "__mp_main__":
    # A spawned worker comes by here seconds before it has imported torch and can run its `worker_init_fn`.
    lifeline.follow_parent()
if __name__ == "__main__":
    main()
