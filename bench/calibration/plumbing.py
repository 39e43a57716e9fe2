"""Turn what the probes saw into the plumbing costs of a `Machine`, each with its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from statistics import median

from bench.calibration.quantity import Quantity
from dataloader_sim.scenario import Machine

Seen = Mapping[str, Sequence[float]]
# A weight, and the repeats that it is for.
Term = tuple[float, Sequence[float]]
SOURCE = "machine"
BIG_BYTES = 32 * 3 * 224 * 224 * 4
_BIG, _PRIVATE = "batch_1x150528", "private_1x150528"
# Below this a difference of two times is noise, and a rate from it would be without meaning.
LEAST_S = 1e-6


def quantities(seen: Seen) -> tuple[Quantity, ...]:
    """Return every cost with its median and the lowest and highest of its repeats.

    seen: the repeats by `experiment.value` as `bench.calibration.probes` names them. Names that start with 'machine.'
    are fields of a `Machine`; the rest, 'host.', the simulator does not know yet.
    """
    one, eight = seen["batch_1x1.get_s"], seen["batch_8x1.get_s"]
    boot = seen["fork_1.boot_cpu_s"]
    found = [
        _of("machine.cores", seen["cores.cores"]),
        _of("machine.worker_spawn_s", seen["fork_1.start_s"]),
        _of("machine.worker_boot_s", boot),
        _difference("machine.worker_import_s", seen["spawn_1.boot_cpu_s"], boot),
        _of("machine.worker_exit_s", seen["fork_2.stop_s"]),
        _of("machine.put_s", seen["batch_2x1.put_cpu_s"]),
        # The message alone: what one tensor takes with it, less a seventh of what seven more take.
        _sum("machine.get_s", (8 / 7, one), (-1 / 7, eight)),
        _difference("machine.get_tensor_s", eight, one, over=7),
        _rate("machine.shm_bytes_per_s", (1, seen[f"{_BIG}.collate_s"]), (-1, seen["batch_1x1.collate_s"])),
        _rate("machine.touch_bytes_per_s", *_touched(seen)),
    ]
    if "gpu.pin_bytes_per_s" in seen:
        found += [_of(f"machine.{name}", seen[f"gpu.{name}"]) for name in ("pin_bytes_per_s", "h2d_bytes_per_s")]
    return (*found, *_unmodelled(seen))


def as_machine(found: Sequence[Quantity], usable: Machine) -> Machine:
    """Return the measured costs as a Machine.

    usable: what `bench.machine.this_machine` says; its cores are an upper bound for those that were measured.
    """
    known = {item.name for item in fields(Machine)}
    values = {one.name.removeprefix("machine."): one.value for one in found if one.name.startswith("machine.")}
    values = {name: value for name, value in values.items() if name in known and value > 0}
    values["cores"] = min(usable.cores, round(values["cores"], 2))
    return replace(usable, **values)  # type: ignore[arg-type]


def _touched(seen: Seen) -> tuple[Term, ...]:
    """Return what a large batch costs its receiver over a small one: the first touch, and giving the memory back."""
    signs = ((1, _BIG), (-1, "batch_1x1"))
    return tuple((sign, seen[f"{name}.{what}"]) for what in ("touch_s", "drop_s") for sign, name in signs)


def _unmodelled(seen: Seen) -> list[Quantity]:
    stops = [
        _of(f"host.stop_{method}_s", seen[f"{method}_1.stop_s"], "one worker, at the end of an epoch")
        for method in ("fork", "forkserver", "spawn")
    ]
    small, note = seen["batch_1x1.put_cpu_s"], "collated by torch, so in shared memory already"
    puts = [
        _of("host.put_one_tensor_s", small, "a batch of one small tensor"),
        _difference("host.put_tensor_s", seen["batch_8x1.put_cpu_s"], small, over=7, note="each tensor more"),
        _rate("host.put_shared_bytes_per_s", (1, seen[f"{_BIG}.put_cpu_s"]), (-1, small), note=note),
        _rate(
            "host.put_private_bytes_per_s",
            (1, seen[f"{_PRIVATE}.put_cpu_s"]),
            (-1, small),
            note="collated into ordinary memory, so copied by the put",
        ),
    ]
    imports = _difference(
        "host.forkserver_import_s", seen["forkserver_1.boot_cpu_s"], seen["fork_1.boot_cpu_s"], note="as spawn's"
    )
    busy = [_of(f"host.{name.removeprefix('cores.')}", seen[name]) for name in seen if name.startswith("cores.busy_")]
    return [*stops, imports, *puts, *busy]


def _of(name: str, values: Sequence[float], note: str = "") -> Quantity:
    low, high = min(values), max(values)
    return Quantity(name=name, value=median(values), low=low, high=high, count=len(values), source=SOURCE, note=note)


def _difference(name: str, more: Sequence[float], less: Sequence[float], *, over: int = 1, note: str = "") -> Quantity:
    return _sum(name, (1 / over, more), (-1 / over, less), note=note)


def _sum(name: str, *terms: Term, note: str = "") -> Quantity:
    """Add weighted medians; the bounds add up the worst cases, and nothing costs less than nothing."""
    value = sum(weight * median(values) for weight, values in terms)
    low = sum(weight * (min(values) if weight > 0 else max(values)) for weight, values in terms)
    high = sum(weight * (max(values) if weight > 0 else min(values)) for weight, values in terms)
    low, value, high = (max(0.0, one) for one in (low, value, high))
    count = min(len(values) for _, values in terms)
    return Quantity(name=name, value=value, low=low, high=high, count=count, source=SOURCE, note=note)


def _rate(name: str, *terms: Term, note: str = "") -> Quantity:
    """Return the bytes of the large batch by the seconds that it takes more than a small one."""
    seconds = _sum("", *terms)
    low, value, high = (BIG_BYTES / max(one, LEAST_S) for one in (seconds.high, seconds.value, seconds.low))
    return Quantity(name=name, value=value, low=low, high=high, count=seconds.count, source=SOURCE, note=note)
