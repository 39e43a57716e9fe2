"""How long each resource alone keeps a run from ending: sums of what was drawn, nothing simulated.

All work that the training loop waits for, in whatever order, needs these seconds of the resource; a process computes at
best at `min(1, cores)` of a core's speed.
"""

from dataclasses import dataclass

from oracles.amounts import Amounts


@dataclass(frozen=True)
class Share:
    """What one rank's run needs of each resource, in seconds at full speed; `steps` is the number of its steps."""

    steps: int
    samples: int
    cores_s: float
    storage_s: float
    worker_s: float
    main_s: float
    pinning_s: float
    lock_s: float
    gpu_s: float


def least_seconds(scenario):
    """Return how long the run must last at least for each resource's sake, by name, and the samples it delivers."""
    machine = scenario.machine
    shares = [_share(scenario, Amounts(scenario, rank)) for rank in range(machine.ranks)]
    return {
        "cores": sum(one.cores_s for one in shares) / machine.cores,
        "storage": sum(one.storage_s for one in shares) / (machine.storage_streams or float("inf")),
        "workers": max(one.worker_s for one in shares),
        "training process": max(one.main_s for one in shares),
        "pinning thread": max(one.pinning_s for one in shares),
        "interpreter lock": max(one.lock_s for one in shares),
        "gpu": max(one.gpu_s for one in shares),
    }, sum(one.samples for one in shares)


def _share(scenario, amounts):
    work, loader, machine = scenario.workload, scenario.loader, scenario.machine
    speed, workers, epochs = min(1.0, machine.cores), amounts.workers, work.epochs
    parts = amounts.shards() if work.iterable else [amounts.pieces()]
    fetched = [piece for part in parts for piece in part]
    pieces = [piece for piece in fetched if not piece.dropped]
    io_s = sum(amounts.drawn.io_s[piece.first : piece.last].sum() for piece in fetched)
    compute_s = sum(amounts.load_s(piece) for piece in fetched) - io_s
    put_s, take_s = len(pieces) * amounts.put_s, len(pieces) * amounts.get_s
    if work.iterable:
        take_s += workers * amounts.marker_s
    touch_s, pin_s = sum(map(amounts.touch_s, pieces)), sum(map(amounts.pin_s, pieces))
    copy_s, launch_s = sum(map(amounts.copy_s, pieces)), len(pieces) * work.launch_s
    starts = 1 if loader.persistent_workers else epochs
    manage_s = workers * (starts * (amounts.spawn_s + amounts.exit_s) + (epochs - starts) * amounts.marker_s)
    own_s = touch_s + launch_s + (0.0 if amounts.pin_thread else take_s + pin_s) + (0.0 if workers else compute_s)
    # A copy from pageable memory and a step that is waited for keep the training process from all else.
    waits_s = (0.0 if loader.pin_memory else copy_s) + (len(pieces) * work.step_s if work.synchronize else 0.0)
    locked = scenario.threads and workers and not machine.free_threaded
    return Share(
        steps=epochs * len(pieces),
        samples=epochs * sum(piece.last - piece.first for piece in pieces),
        cores_s=epochs * (compute_s + put_s + take_s + touch_s + pin_s + launch_s)
        + manage_s
        + starts * workers * amounts.boot_s,
        storage_s=epochs * io_s,
        worker_s=epochs * max(_busiest(amounts, parts), (io_s + (compute_s + put_s) / speed) / max(workers, 1)),
        main_s=(epochs * own_s + manage_s) / speed + epochs * (waits_s + (0.0 if workers else io_s)),
        pinning_s=epochs * (take_s + pin_s) / speed if amounts.pin_thread else 0.0,
        lock_s=epochs * (work.gil_share * compute_s + launch_s) / speed if locked else 0.0,
        gpu_s=epochs * (copy_s + len(pieces) * work.step_s),
    )


def _busiest(amounts, parts):
    """Return how long the busiest worker loads and hands on in an epoch, where it is settled who loads what."""
    if not amounts.workers:
        return 0.0
    if not amounts.work.iterable:
        parts = (
            [parts[0][worker :: amounts.workers] for worker in range(amounts.workers)]
            if amounts.loader.in_order
            else []
        )
    puts = [sum(not piece.dropped for piece in part) * amounts.put_s for part in parts]
    return max((put_s + sum(map(amounts.load_s, part)) for put_s, part in zip(puts, parts, strict=True)), default=0.0)
