"""The command line, `dataloader-lab`: no command opens the app; `simulate`, `bench`, `runs` do what they are called.

Exit status 0: done. 1: it failed, and why stands on standard error. 2: bad arguments. 130: stopped by Ctrl-C.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

STOPPED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status; what a user can get wrong never shows a traceback."""
    try:
        return _stoppable(sys.argv[1:] if argv is None else list(argv))
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        return STOPPED
    except BrokenPipeError:
        # The reader, `head` perhaps, has what it wanted.
        _drop_output()
        return 0
    except OSError as error:
        _drop_output()
        sys.stderr.write(f"dataloader-lab: the result could not be written ({error.strerror}): free some space\n")
        return 1


def _drop_output() -> None:
    """Keep Python from finding the same error again when it flushes standard output at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _stoppable(argv: Sequence[str]) -> int:
    from bench.interrupt import stoppable

    with stoppable():
        status = _run(argv)
        sys.stdout.flush()
        return status


def _run(argv: Sequence[str]) -> int:
    # Imported here, where a Ctrl-C during the imports is heeded.
    from bench.cli import parser
    from bench.lock import Busy
    from bench.runs.schema import StoreError

    try:
        arguments = parser.parse(argv)
    except SystemExit as stop:
        return int(stop.code or 0)
    try:
        status: int = arguments.run(arguments)
    except ValueError as error:
        sys.stderr.write(f"dataloader-lab: {error}\n")
        return 2
    except (Busy, StoreError) as error:
        sys.stderr.write(f"dataloader-lab: {error}\n")
        return 1
    return status
