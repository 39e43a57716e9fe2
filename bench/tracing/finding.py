"""Find the DataLoader that a wrapper holds."""

from __future__ import annotations

from typing import Any

from torch.utils.data import DataLoader

_DEEPEST = 5
_MOST_LOOKED_AT = 1_000


def find_loader(given: Any) -> DataLoader[Any]:
    """Return the DataLoader that `given` is or holds, as Lightning Fabric's and Accelerate's wrappers hold one.

    Raises TypeError when there is none, or more than one.
    """
    found = _search(given)
    if len(found) == 1:
        return found[0]
    got = type(given).__name__
    if not found:
        raise TypeError(f"loader must be a DataLoader or hold one, got {got}: give trace the DataLoader itself")
    raise TypeError(f"loader must hold one DataLoader, got {got} with {len(found)}: trace one of them")


def _search(given: Any) -> list[DataLoader[Any]]:
    found: list[DataLoader[Any]] = []
    seen: set[int] = set()
    level = [given]
    for _ in range(_DEEPEST):
        following: list[Any] = []
        for one in level:
            if id(one) in seen or len(seen) > _MOST_LOOKED_AT:
                continue
            seen.add(id(one))
            if _is_whole(one):
                found.append(one)
            else:
                following += _held(one)
        if found:
            return found
        level = following
    return found


def _is_whole(one: Any) -> bool:
    """Return whether an object is a DataLoader that was constructed: Accelerate's wrapper only passes for one."""
    return isinstance(one, DataLoader) and "dataset" in getattr(one, "__dict__", {})


def _held(one: Any) -> list[Any]:
    if isinstance(one, dict):
        return list(one.values())
    if isinstance(one, list | tuple):
        return list(one)
    return list(getattr(one, "__dict__", {}).values())
