"""State in closed form what no steady run can exceed.

Each bound counts the seconds that a full batch takes of one resource, one after the other: a resource that is never
idle serves no more than one batch in that time. Seconds on a core last longer on a part of one: they are divided by
min(1, cores). A short batch of an iterable dataset has fewer samples and the same fixed costs, so it stays below.
Jitter has mean 1 and leaves the bounds as they are; slow samples raise io_s and cpu_s by their mean factor.
They hold in the long run: for as long as the batches last that were loaded ahead, at most num_workers x
prefetch_factor of them, a short run can be faster; starting workers in every epoch makes it slower.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from dataloader_sim.bounds.assignment import busiest_factor, largest_part
from dataloader_sim.bounds.batch_seconds import BatchSeconds, batch_seconds
from dataloader_sim.costs import mean_factor
from dataloader_sim.rules import limits
from dataloader_sim.scenario import DEFAULT_PREFETCH_FACTOR, LoaderConfig, Scenario

# A simulated knee is the smallest num_workers within 2 % of the best (the glossary's definition).
KNEE_TOLERANCE = 0.02
_MOST_WORKERS = int(limits(LoaderConfig, "num_workers")[1])


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Hold upper bounds on steady throughput, in samples per second over all ranks; `math.inf` where nothing limits.

    In the formulas B is batch_size, R is ranks, and the names of what a batch takes stand for seconds:
    load = B x (io_s + cpu_s) + collate_s; pass_on = its bytes into shared memory + put_s; take = get_s + tensors x
    get_tensor_s; touch, pin, copy = its bytes at that speed. Threads pass on, take and touch for nothing.

    gpu: R x B / step_s. One step after another; ranks take their steps together.
    copy: R x B / (copy + step_s). A copy runs before its step in the accelerator's one stream; `math.inf` where
        nothing is copied.
    host: R x B / H, what the training process can do. synchronize=True: it waits for each step, so that
        H = take + touch + copy + launch_s + step_s; with a pinning thread take and touch are not its own and the copy
        runs beside the launch, H = max(copy, launch_s) + step_s. synchronize=False: H = take + touch + copy + launch_s
        without the step, with a pinning thread launch_s. A copy from pageable memory waits for the step before, so
        that H is copy + launch_s + step_s at least. Without workers H takes the load as free, and has pin.
    loader: R x N x B / (load + pass_on) with N workers, as each does one batch after the other, and
        R x N x prefetch_factor x B / (load + pass_on + take), as so many are outstanding and each for that long; with
        a pinning thread its touch and pin count as well. In order each worker has its own batches, and the slowest
        one's load counts (`assignment.busiest_factor`). An epoch of an iterable dataset lasts until its largest part
        is loaded, as many times longer as that is than the mean (`assignment.largest_part`). Without workers
        R x B / (load + H): load and training take turns, but for the step where the training process does not wait
        for it.
    pin: R x B / (take + touch + pin), one batch after the other in the pinning thread.
    gil: R x B / (gil_share x (B x cpu_s + collate_s) + launch_s) for threads that share an interpreter's lock; each
        rank has one.
    cores: cores x B / C, where C is all the core time that a batch takes: its samples, collate, pass_on, take, touch,
        pin and launch_s. The ranks share the cores.
    storage: storage_streams / io_s: each stream serves one read at a time. The ranks share the storage.
    knee: the smallest num_workers whose loader bound is within 2 % of the other bounds; 0 where the training process
        is as good without workers; None when nothing but the loader limits. At most what LoaderConfig accepts.
    """

    gpu: float
    copy: float
    host: float
    loader: float
    pin: float
    gil: float
    cores: float
    storage: float
    knee: int | None

    @property
    def without_loader(self) -> float:
        """Return the lowest bound that more workers cannot lift."""
        return min(self.gpu, self.copy, self.host, self.pin, self.gil, self.cores, self.storage)

    @property
    def ceiling(self) -> float:
        """Return the lowest of all bounds."""
        return min(self.without_loader, self.loader)


def bounds(scenario: Scenario) -> Bounds:
    """Compute the bounds of a scenario."""
    workers = scenario.loader.num_workers
    alone, one = _without_workers(scenario), _with_workers(scenario)
    own = one._replace(loader=_loader(scenario, workers)) if workers else alone
    return Bounds(**own._asdict(), knee=_knee(scenario, alone, one))


class _Rates(NamedTuple):
    gpu: float
    copy: float
    host: float
    loader: float
    pin: float
    gil: float
    cores: float
    storage: float


def _knee(scenario: Scenario, alone: _Rates, one: _Rates) -> int | None:
    rest = min(one._replace(loader=math.inf))
    enough = rest * (1 - KNEE_TOLERANCE)
    if min(alone) >= enough:
        return 0
    if math.isinf(rest):
        return None
    # No number of workers loads more than so many times what one does.
    fewest = max(1, math.ceil(enough / one.loader))
    counts = range(fewest, _MOST_WORKERS)
    return next((count for count in counts if _loader(scenario, count) >= enough), _MOST_WORKERS)


def _loader(scenario: Scenario, workers: int) -> float:
    """Return the loader bound with so many workers."""
    cost, work = batch_seconds(scenario, processes=not scenario.threads), scenario.workload
    load = cost.read + cost.compute + cost.pass_on
    if scenario.loader.in_order and not work.iterable:
        load += cost.fetch * (busiest_factor(work, workers) - mean_factor(work))
    credits_of_one = scenario.loader.prefetch_factor or DEFAULT_PREFETCH_FACTOR
    seconds = max(load * largest_part(work, workers), (load + cost.receive) / credits_of_one)
    return _rate(workers * work.batch_size * scenario.machine.ranks, seconds)


def _with_workers(scenario: Scenario) -> _Rates:
    """Return the bounds with one worker; all but the loader's are those of any number."""
    cost = batch_seconds(scenario, processes=not scenario.threads)
    pins = scenario.loader.pin_memory
    core = cost.compute + cost.pass_on + cost.take + cost.touch + cost.pin + cost.launch
    rates = _rates(
        scenario,
        cost,
        host=_turn(scenario, cost, 0.0 if pins else cost.take + cost.touch),
        pin=cost.receive if pins else 0.0,
        locked=cost.locked + cost.launch if scenario.threads and not scenario.machine.free_threaded else 0.0,
        core=core,
    )
    return rates._replace(loader=_loader(scenario, 1))


def _without_workers(scenario: Scenario) -> _Rates:
    cost = batch_seconds(scenario, processes=False)
    core = cost.compute + cost.pin + cost.launch
    rates = _rates(scenario, cost, host=_turn(scenario, cost, cost.pin), pin=0.0, locked=0.0, core=core)
    turn = _turn(scenario, cost, cost.read + cost.compute + cost.pin)
    return rates._replace(loader=_rate(scenario.workload.batch_size * scenario.machine.ranks, turn))


def _turn(scenario: Scenario, cost: BatchSeconds, own: float) -> float:
    """Return the least time from one launch of the training process to the next; `own` is its part before the copy."""
    if scenario.workload.synchronize:
        rest = max(cost.copy, cost.launch) if scenario.loader.pin_memory else cost.copy + cost.launch
        return own + rest + cost.step
    if scenario.loader.pin_memory or cost.copy == 0.0:
        return own + cost.launch
    return max(own, cost.step) + cost.copy + cost.launch


def _rates(scenario: Scenario, cost: BatchSeconds, *, host: float, pin: float, locked: float, core: float) -> _Rates:
    """Turn seconds per batch into samples per second over all ranks, for all but the loader."""
    work, machine = scenario.workload, scenario.machine
    samples = work.batch_size * machine.ranks
    # Seconds of a process that gets a part of a core; the cores together give their time undivided.
    core_s = core * min(1.0, machine.cores)
    return _Rates(
        gpu=_rate(samples, cost.step),
        copy=_rate(samples, cost.copy + cost.step) if cost.copy else math.inf,
        host=_rate(samples, host),
        loader=math.inf,
        pin=_rate(samples, pin),
        gil=_rate(samples, locked),
        cores=_rate(work.batch_size * machine.cores, core_s),
        storage=_rate(work.batch_size * machine.storage_streams, cost.read) if machine.storage_streams else math.inf,
    )


def _rate(amount: float, seconds: float) -> float:
    return amount / seconds if seconds > 0 else math.inf
