"""Start the process of a trial, listen to it, and leave nothing of it behind.

The process leads a session of its own, so that everything it starts can be found and killed, and a Ctrl-C at
the terminal reaches only the caller. A supervisor may be put between the two later: it would be
the command started here.
"""

from __future__ import annotations

import os
import selectors
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self

from bench.trial import lifeline, session
from bench.trial.messages import Kind, Message, Parser, send_json
from bench.trial.scratch import scratch_folder
from bench.trial.spec import TrialError

TICK_S = 0.25
OUTPUT_KEPT = 64 << 10
_READ = 1 << 16
_REAP_S = 5.0
# What a process needs to find its interpreter, its libraries and its devices; no token, no key, no proxy.
_PASSED_ON: tuple[str, ...] = (
    "PATH",
    "HOME",
    "LANG",
    "LC_",
    "TZ",
    "VIRTUAL_ENV",
    "CONDA_",
    "PYTHONPATH",
    "PYTHONHOME",
    "COVERAGE_",
)
_PASSED_ON += ("LD_LIBRARY_PATH", "DYLD_", "OMP_", "MKL_", "OPENBLAS_", "TORCH_", "PYTORCH_", "CUDA_", "NVIDIA_")


class TrialProcess:
    """Run a command as the process of a trial, for as long as the context lasts.

    The command gets the number of the descriptor for its messages as its last argument and the request as the
    first message on its standard input, which stays open as long as this process lives. Its working and its
    temporary folder is new, empty, and removed at the end.
    """

    def __init__(self, command: Sequence[str], request: object) -> None:
        """Remember what to start; `request` is a JSON value."""
        self._command = tuple(command)
        self._request = request
        self._parser = Parser()
        self._output = b""

    def __enter__(self) -> Self:
        """Start the process; raise TrialError when the system does not let it."""
        try:
            return self._enter()
        except OSError as error:
            raise TrialError(
                f"the trial's process could not be started ({error}): "
                "look for a full temporary folder, or a limit on processes, files or memory",
            ) from error

    def _enter(self) -> Self:
        with ExitStack() as undo:
            folder = undo.enter_context(scratch_folder())
            self._child = undo.enter_context(self._start(folder, undo))
            self._selector = undo.enter_context(selectors.DefaultSelector())
            undo.callback(self._kill)
            for descriptor in (self._results, self._stdout):
                os.set_blocking(descriptor, False)
                self._selector.register(descriptor, selectors.EVENT_READ)
            # A process that died at once is told by `listen`, with what it printed.
            with suppress(BrokenPipeError):
                send_json(self._stdin, Kind.REQUEST, self._request)
            self._undo = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Kill every process of the trial, wait until they are gone, and clean up."""
        self._undo.close()

    @property
    def pid(self) -> int:
        """Return the process id, which is the id of the trial's session too."""
        return self._child.pid

    @property
    def output(self) -> str:
        """Return the last 64 KiB that the trial's processes printed, NUL bytes and invalid text made visible."""
        return self._output.decode(errors="replace").replace("\0", "\N{REPLACEMENT CHARACTER}")

    def listen(self) -> Iterator[Message | None]:
        """Yield each message as it comes, and None at least every `TICK_S`; end when the process ended.

        Never waits for the pipes to be closed: a process that a dataset left behind may hold them open.
        Raises TrialError when something else than messages comes.
        """
        listening = True
        while listening:
            over = session.is_over(self.pid)
            ready = [key.fd for key, _ in self._selector.select(0 if over else TICK_S)]
            if self._stdout in ready and not self._keep_output():
                self._selector.unregister(self._stdout)
            if self._results in ready:
                data = os.read(self._results, _READ)
                yield from self._messages(data)
                listening = bool(data)
            else:
                listening = not over
            yield None

    def end(self) -> int:
        """Kill what still runs and return how the process had ended or was ended, as `subprocess` counts it."""
        self._kill()
        return self._child.wait()

    def _messages(self, data: bytes) -> Iterator[Message]:
        try:
            yield from self._parser.feed(data)
        except ValueError as error:
            raise TrialError(
                f"the trial's process wrote noise where its messages go ({error}): "
                "look for a dataset that writes to descriptors that it did not open",
            ) from error

    def _start(self, folder: str, undo: ExitStack) -> subprocess.Popen[bytes]:
        self._results, theirs = os.pipe()
        undo.callback(os.close, self._results)
        try:
            child = subprocess.Popen(
                [*self._command, str(theirs)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                bufsize=0,
                pass_fds=(theirs,),
                start_new_session=True,
                env=_environment(folder),
                cwd=folder,
            )
        finally:
            os.close(theirs)
        if child.stdin is None or child.stdout is None:
            raise AssertionError("Popen makes the pipes that it is asked for")
        self._stdin, self._stdout = child.stdin.fileno(), child.stdout.fileno()
        return child

    def _kill(self) -> None:
        # Reaped last: until then the id of the session cannot be given to another process.
        if self._child.returncode is None:
            try:
                session.kill(self.pid)
            except KeyboardInterrupt:
                # Whoever presses Ctrl-C twice still wants nothing to be left.
                session.kill(self.pid)
                raise
            with suppress(subprocess.TimeoutExpired):
                self._child.wait(timeout=_REAP_S)
            self._keep_output()

    def _keep_output(self) -> bool:
        """Keep what was printed since; return False at the end of it."""
        try:
            data = os.read(self._stdout, _READ)
        except BlockingIOError:
            return True
        self._output = (self._output + data)[-OUTPUT_KEPT:]
        return bool(data)


def _environment(folder: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name.startswith(_PASSED_ON)}
    # The process must find `bench` where this one did; in site-packages it does by itself.
    root = Path(__file__).parents[2]
    if root.name not in {"site-packages", "dist-packages"}:
        kept["PYTHONPATH"] = os.pathsep.join(filter(None, (str(root), kept.get("PYTHONPATH"))))
    return kept | {
        lifeline.PARENT: str(os.getpid()),
        "TMPDIR": folder,
        "PYTHONUNBUFFERED": "1",
        # Lets torch look for a GPU without starting CUDA, which no forked worker could use.
        "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
    }
