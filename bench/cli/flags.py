"""Name the options that set the fields of a scenario."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from bench.cli.arguments import number, whole
from dataloader_sim.presets import MACHINES
from dataloader_sim.rules import limits
from dataloader_sim.scenario import Fault, LoaderConfig, Machine, Scenario, Workload


@dataclass(frozen=True, kw_only=True)
class Flag:
    """Name one option that sets one field of a scenario; times are given in milliseconds, but for a timeout."""

    flag: str
    owner: type
    name: str
    help: str
    emulated: bool = False


FLAGS = (
    Flag(flag="--batches", owner=Workload, name="batches", help="batches in an epoch"),
    Flag(flag="--batch-size", owner=Workload, name="batch_size", help="samples in a batch"),
    Flag(flag="--io-ms", owner=Workload, name="io_s", help="one sample: time blocked on storage", emulated=True),
    Flag(flag="--cpu-ms", owner=Workload, name="cpu_s", help="one sample: time on a core", emulated=True),
    Flag(flag="--jitter", owner=Workload, name="jitter", help="coefficient of variation of both", emulated=True),
    Flag(flag="--step-ms", owner=Workload, name="step_s", help="accelerator time of a training step"),
    Flag(flag="--prefetch-factor", owner=LoaderConfig, name="prefetch_factor", help="batches ahead per worker"),
)
SIMULATED = (
    Flag(flag="--epochs", owner=Workload, name="epochs", help="passes over the data"),
    Flag(flag="--slow-every", owner=Workload, name="slow_every", help="every n-th sample is slow, 0: none"),
    Flag(flag="--slow-factor", owner=Workload, name="slow_factor", help="how many times a slow sample costs"),
    Flag(flag="--collate-ms", owner=Workload, name="collate_s", help="one batch: time on a core to collate it"),
    Flag(flag="--launch-ms", owner=Workload, name="launch_s", help="time on a core to launch a step"),
    Flag(flag="--synchronize", owner=Workload, name="synchronize", help="wait for each step before the next batch"),
    Flag(flag="--sample-bytes", owner=Workload, name="sample_bytes", help="size of one sample in a batch"),
    Flag(flag="--tensors", owner=Workload, name="tensors", help="tensors in a batch"),
    Flag(flag="--dataset-bytes", owner=Workload, name="dataset_bytes", help="memory of the Dataset object"),
    Flag(flag="--dataset-objects", owner=Workload, name="dataset_objects", help="it holds Python objects, not arrays"),
    Flag(flag="--iterable", owner=Workload, name="iterable", help="an IterableDataset, sharded by worker"),
    Flag(flag="--shard-skew", owner=Workload, name="shard_skew", help="how uneven its parts are, 0 to 1"),
    Flag(flag="--gil-share", owner=Workload, name="gil_share", help="share of --cpu-ms under the interpreter's lock"),
    Flag(flag="--in-order", owner=LoaderConfig, name="in_order", help="hand the batches over in order"),
    Flag(flag="--persistent", owner=LoaderConfig, name="persistent_workers", help="keep the workers between epochs"),
    Flag(flag="--pin-memory", owner=LoaderConfig, name="pin_memory", help="copy batches into pinned memory"),
    Flag(flag="--drop-last", owner=LoaderConfig, name="drop_last", help="leave out a batch that is not full"),
    Flag(flag="--start-method", owner=LoaderConfig, name="multiprocessing_context", help="how workers are started"),
    Flag(flag="--timeout", owner=LoaderConfig, name="timeout", help="seconds without a message, 0: for ever"),
    Flag(flag="--cores", owner=Machine, name="cores", help="processes that compute at once, a fraction for a quota"),
    Flag(flag="--ranks", owner=Machine, name="ranks", help="GPUs, each with a loader, on the same cores"),
    Flag(flag="--storage-streams", owner=Machine, name="storage_streams", help="reads at full speed at once, 0: any"),
    Flag(flag="--ram-bytes", owner=Machine, name="ram_bytes", help="memory of the machine, 0: unknown"),
    Flag(flag="--shm-bytes", owner=Machine, name="shm_bytes", help="size of /dev/shm, 0: unknown"),
    Flag(flag="--free-threaded", owner=Machine, name="free_threaded", help="an interpreter without a lock"),
    Flag(flag="--threads", owner=Scenario, name="threads", help="threads for workers, which torch does not have"),
    Flag(flag="--fault", owner=Fault, name="kind", help="what goes wrong when a batch's load begins"),
    Flag(flag="--fault-batch", owner=Fault, name="batch", help="with which batch it does"),
)

# 'ideal' where none is named.
PRESETS = {re.sub(r"[^a-z0-9]+", "-", name.lower()): machine for name, machine in MACHINES.items()}


def add_flags(parser: argparse.ArgumentParser, flags: Sequence[Flag], **defaults: float) -> None:
    """Add options for fields of a scenario; `defaults` replaces those of the fields, in the fields' units."""
    for one in flags:
        item = next(item for item in fields(one.owner) if item.name == one.name)
        default: Any = defaults.get(one.name, item.default)
        kind, choices = item.metadata["rule"].kind, item.metadata["rule"].choices
        settings: dict[str, Any] = {"type": _reader(one.owner, one.name), "metavar": _unit(one.name)}
        if kind == "True or False":
            settings = {"action": argparse.BooleanOptionalAction}
        elif choices:
            settings = {"choices": choices}
        text = f"{one.help} (default: {_shown(one, default)})"
        parser.add_argument(one.flag, dest=one.name, default=None, help=text, **settings)


def add_machine(parser: argparse.ArgumentParser) -> None:
    """Add the option that names a preset machine."""
    text = "plumbing costs, cores and memory of a preset, under the other options (default: ideal)"
    parser.add_argument("--machine", choices=tuple(PRESETS), default="ideal", help=text)


def scenario(arguments: argparse.Namespace, num_workers: Sequence[int], **defaults: float) -> Scenario:
    """Build the scenario that the options describe; its num_workers is the largest of those given.

    Raises ValueError for values that do not go together.
    """
    given = defaults | {name: value for name, value in vars(arguments).items() if value is not None}
    if "batch" in given and "kind" not in given:
        raise ValueError("--fault-batch must come with --fault: say what goes wrong")
    machine = PRESETS[given.get("machine", "ideal")]
    return Scenario(
        workload=Workload(**_of(Workload, given)),
        loader=LoaderConfig(num_workers=max(num_workers), **_of(LoaderConfig, given)),
        machine=replace(machine, **_of(Machine, given)),
        fault=Fault(**_of(Fault, given)) if "kind" in given else None,
        seed=given.get("seed", 0),
        **_of(Scenario, given),
    )


def _of(owner: type, given: dict[str, Any]) -> dict[str, Any]:
    names = {one.name for one in (*FLAGS, *SIMULATED) if one.owner is owner}
    return {name: given[name] for name in names & given.keys()}


def _reader(owner: type, name: str) -> Callable[[str], float]:
    rule = next(item for item in fields(owner) if item.name == name).metadata["rule"]
    low, high = limits(owner, name)
    if rule.kind == "a whole number":
        return whole(int(low), int(high), rule.hint or "see --help")
    if name.endswith("_s"):
        return number(low * 1e3, high * 1e3, "times are in milliseconds here", scale=1e-3)
    return number(low, high, rule.hint or "see --help", above=rule.above)


def _unit(name: str) -> str:
    units = {"timeout": "S"}
    return "MS" if name.endswith("_s") else "BYTES" if name.endswith("_bytes") else units.get(name, "N")


def _shown(flag: Flag, default: Any) -> str:
    if flag.owner is Fault and flag.name == "kind":
        return "nothing"
    if default is None:
        return "torch's"
    if isinstance(default, bool):
        return "yes" if default else "no"
    return f"{default * 1e3:g} ms" if flag.name.endswith("_s") else f"{default:g}"
