"""Write down how a DataLoader is set up."""

from __future__ import annotations

import multiprocessing
from typing import Any

from torch.utils.data import IterableDataset

_SETTINGS = ("num_workers", "prefetch_factor", "pin_memory", "persistent_workers", "drop_last", "timeout", "batch_size")


def describe_loader(loader: Any) -> dict[str, Any]:
    """Return a loader's settings as JSON values, with the start method that it has in effect."""
    settings = {name: _plain(getattr(loader, name, None)) for name in _SETTINGS}
    dataset = getattr(loader, "dataset", None)
    return settings | {
        "in_order": bool(getattr(loader, "in_order", True)),
        "multiprocessing_context": _start_method(loader) if settings["num_workers"] else None,
        "iterable": isinstance(dataset, IterableDataset),
        "dataset": type(dataset).__name__,
    }


def _start_method(loader: Any) -> str | None:
    """Return how workers are started; None for fork, as a loader that names none has it."""
    context = getattr(loader, "multiprocessing_context", None)
    if context is not None:
        return str(context.get_start_method())
    # The one in effect decides, and asking for it would fix it.
    method = multiprocessing.get_start_method(allow_none=True) or multiprocessing.get_all_start_methods()[0]
    return None if method == "fork" else method


def _plain(value: Any) -> Any:
    return value if isinstance(value, bool | int | float | str) or value is None else None
