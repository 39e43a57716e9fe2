"""Run a user's script as Python would, and record every DataLoader that it iterates.

Usage: python -m bench.tracing.script FOLDER steps|plain SCRIPT [ARGUMENT ...]; started by `dataloader-lab trace`, which
puts together what it leaves in the folder.
"""

from __future__ import annotations

import contextlib
import sys
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from torch.utils.data import DataLoader

from bench.tracing import frames
from bench.tracing.ending import Ending, kind_of, write_ending
from bench.tracing.iteration import text_of
from bench.tracing.recorder import now_ns
from bench.tracing.session import Session


def main(folder: Path, script: Path, arguments: list[str], *, transforms: bool) -> int:
    """Run the script and return the exit status that Python would give it; SystemExit passes."""
    session = Session(folder, transforms=transforms)
    record_all(session)
    kind, message, status = "", "", 0
    try:
        run_as_main(script, arguments)
    except SystemExit as stop:
        if stop.code not in (None, 0):
            kind, message = "raised", text_of(stop).decode()
        raise
    except BaseException as error:  # noqa: BLE001 (shown as Python shows it)
        frames.hide(error)
        kind, message = kind_of(error), text_of(error).decode()
        sys.excepthook(type(error), error, error.__traceback__)
        status = 130 if isinstance(error, KeyboardInterrupt) else 1
    finally:
        session.close()
        with contextlib.suppress(OSError):
            write_ending(folder, Ending(now_ns(), kind, message, session.notes))
    return status


def record_all(session: Session) -> None:
    """Record every DataLoader of this process from now on."""
    make = DataLoader._get_iterator  # noqa: SLF001 (torch has no public hook there)

    def get_iterator(loader: DataLoader[Any]) -> Any:
        return session.build(loader, partial(make, loader))

    DataLoader._get_iterator = get_iterator  # type: ignore[assignment, method-assign]  # noqa: SLF001


def run_as_main(script: Path, arguments: list[str]) -> None:
    """Run a script as `__main__`, so that children of any start method find its classes in its file."""
    module = ModuleType("__main__")
    path = str(script.absolute())
    # Python says so of a script: children of spawn and forkserver run the file instead of importing a module.
    module.__spec__ = None
    module.__dict__.update(__file__=path, __builtins__=__builtins__, __cached__=None)
    sys.modules["__main__"] = module
    sys.argv = [str(script), *arguments]
    sys.path.insert(0, str(script.resolve().parent))
    code = compile(script.read_bytes(), path, "exec", dont_inherit=True)
    exec(code, module.__dict__)  # noqa: S102 (the user's own script)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[3]), sys.argv[4:], transforms=sys.argv[2] == "steps"))
