"""Compile the engine's functions, or run them as plain Python under NUMBA_DISABLE_JIT=1."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from typing import Any, TypeVar

from numba import njit

Function = TypeVar("Function", bound=Callable[..., Any])


def part(function: Function) -> Function:
    """Compile a part of a run into its caller: it allocates nothing, and counting references took 97 % of the time."""
    options: Any = {"nogil": True, "error_model": "numpy", "forceinline": True, "_nrt": False}
    compiled: Function = njit(**options)(function)
    return compiled


def whole(function: Function) -> Function:
    """Compile a function that allocates, and keep the result on disk where a file may be written."""
    options: Any = {"cache": True, "nogil": True, "error_model": "numpy"}
    try:
        compiled: Function = njit(**options)(function)
    except RuntimeError:
        compiled = njit(**{**options, "cache": False})(function)
    return compiled


def sources() -> str:
    """Return a digest of the engine's sources; a compiled run is kept under it, as numba watches one file only."""
    digest = blake2b(digest_size=8)
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
