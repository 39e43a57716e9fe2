"""Say what was traced as a Scenario: the loader's settings, this machine, and what the samples cost on average."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from bench.machine import this_machine
from bench.tracing.collected import Collected
from dataloader_sim.observed import Array
from dataloader_sim.scenario import WORKER_OPTIONS, LoaderConfig, Scenario, Workload

_OPTIONS = ("num_workers", "prefetch_factor", "pin_memory", "persistent_workers", "in_order", "drop_last", "timeout")


def scenario_of(collected: Collected, handed: Sequence[int], samples: Array, loads: Array, body_s: Array) -> Scenario:
    """Return the scenario of a strand.

    handed: batches handed over in each epoch. samples, loads: the tables of its Observed. body_s: times in the loop's
    body. Raises ValueError for settings that no LoaderConfig has.
    """
    return Scenario(
        workload=_workload(collected, handed, samples, loads, body_s),
        loader=loader_config(collected.settings),
        machine=this_machine(),
    )


def loader_config(settings: dict[str, Any]) -> LoaderConfig:
    """Return a loader's settings; raises ValueError for what no LoaderConfig has."""
    options = {
        name: settings[name] for name in (*_OPTIONS, "multiprocessing_context") if settings.get(name) is not None
    }
    if not options.get("num_workers"):
        options = {name: value for name, value in options.items() if name not in WORKER_OPTIONS}
    elif "timeout" in options:
        options["timeout"] = float(options["timeout"])
    return LoaderConfig(**options)


def _workload(collected: Collected, handed: Sequence[int], samples: Array, loads: Array, body_s: Array) -> Workload:
    size = collected.settings.get("batch_size")
    counts = loads["samples"][loads["samples"] > 0]
    if not isinstance(size, int):
        size = round(counts.mean()) if counts.size else 1
    io_s, cpu_s = _cost(samples, loads)
    known = loads[(loads["tensor_bytes"] >= 0) & (loads["samples"] > 0)]
    sample_bytes = known["tensor_bytes"].sum() / known["samples"].sum() if known.size else 0
    return Workload(
        batches=max(1, *handed, 1),
        batch_size=max(1, size),
        epochs=max(1, len(handed)),
        io_s=io_s,
        cpu_s=cpu_s,
        collate_s=_or_none(np.nanmean, loads["collate_cpu_s"]),
        sample_bytes=int(sample_bytes),
        tensors=max(1, int(_or_none(np.median, loads["tensors"][loads["tensors"] > 0].astype(float)))),
        step_s=_or_none(np.median, body_s),
        iterable=bool(collected.settings.get("iterable")),
    )


def _cost(samples: Array, loads: Array) -> tuple[float, float]:
    """Return how long a sample is blocked and on a core, mean over all; from whole batches where no sample was seen."""
    if samples.size:
        wall_s, cpu_s = samples["wall_s"].astype(float), samples["cpu_s"].astype(float)
        return float(np.maximum(wall_s - cpu_s, 0.0).mean()), float(cpu_s.mean())
    seen = loads[(loads["samples"] > 0) & ~np.isnan(loads["fetch_cpu_s"])]
    if not seen.size:
        return 0.0, 0.0
    count = seen["samples"].sum()
    blocked_s = np.maximum(seen["fetch_s"] - seen["fetch_cpu_s"], 0.0).sum()
    return float(blocked_s / count), float(seen["fetch_cpu_s"].sum() / count)


def _or_none(reduce: Callable[[Any], Any], values: Any) -> float:
    values = values[~np.isnan(values)]
    reduced = float(reduce(values)) if values.size else 0.0
    return reduced if math.isfinite(reduced) else 0.0
