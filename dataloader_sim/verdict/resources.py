"""Say in words which resource beside the loader is the limit: what was seen, and the next thing to try."""

from __future__ import annotations

import math

from dataloader_sim.bounds.batch_seconds import batch_seconds
from dataloader_sim.timeline import Activity
from dataloader_sim.verdict.advice import (
    Change,
    best,
    in_the_training_process,
    on_the_copy,
    on_the_host,
    on_the_lock,
    on_the_pinning_thread,
)
from dataloader_sim.verdict.case import Case
from dataloader_sim.verdict.findings import NAMES, at_most, waits, with_offer
from dataloader_sim.verdict.wording import Words, count, percent, rate, seconds


def cores(case: Case) -> Words:
    """Say what the cores can do, and how many would do."""
    number = case.scenario.machine.cores
    named = f"{number:g} {'core' if number == 1 else 'cores'}"
    finding = f"The cores are the limit: {named} can load about {rate(case.limit.cores)}{waits(case)}"
    advice = "make a sample cheaper on the CPU, or use a machine with more cores"
    return _with_more(case, finding, advice, "cores")


def storage(case: Case) -> Words:
    """Say what the storage can do, and how many reads at once would do."""
    streams = case.scenario.machine.storage_streams
    served = f"{count(streams, 'read')} at once, about {rate(case.limit.storage)}"
    advice = "read fewer or larger files, cache them, or use faster storage"
    return _with_more(case, f"The storage is the limit: {served}{waits(case)}", advice, "storage")


def _with_more(case: Case, finding: str, advice: str, bound: str) -> Words:
    """Advise, and say how much more of the machine's resource would lift its bound to the next one."""
    offer = best(case.scenario, in_the_training_process(case.scenario))
    if offer:
        return with_offer(case, finding, offer, advice, case.limit.ceiling)
    axis = {"cores": "machine.cores", "storage": "machine.storage_streams"}[bound]
    present, limit_per_s = getattr(case.scenario.machine, axis[len("machine.") :]), getattr(case.limit, bound)
    others = {name: getattr(case.limit, name) for name in NAMES if name != bound}
    others["loader"] = case.limit.loader
    next_one = min(others, key=lambda name: others[name])
    advice = f"{at_most(case, limit_per_s)} {advice}"
    if math.isinf(others[next_one]):
        return Words(finding=finding, advice=f"{advice}.")
    needed = math.ceil(present * others[next_one] / limit_per_s)
    limits_then = NAMES.get(next_one, "the loader")
    return Words(
        finding=finding,
        advice=f"{advice}: with {axis[len('machine.') :]}={needed} {limits_then} would be the limit.",
        change=Change(axis=axis, value=needed),
    )


def pin(case: Case) -> Words:
    """Say what the pinning thread can do."""
    finding = f"The pinning thread is the limit: it passes on about {rate(case.limit.pin)}{waits(case)}"
    offer = best(case.scenario, on_the_pinning_thread(case.scenario))
    return with_offer(case, finding, offer, "make a batch smaller, or of fewer tensors.", case.limit.pin)


def gil(case: Case) -> Words:
    """Say what threads can do under one lock."""
    loaded = f"the threads of a process can load about {rate(case.limit.gil)}"
    offer = best(case.scenario, on_the_lock(), case.limit.ceiling)
    finding = f"The interpreter lock is the limit: {loaded}{waits(case)}"
    return with_offer(case, finding, offer, "do less of a sample in Python.", case.limit.gil)


# What the training process does with a batch, and what makes it cheaper where no setting does.
_PARTS = {
    Activity.GET: ("taking it over", "Use larger batches of fewer tensors, so that each sample pays less for it."),
    Activity.TOUCH: ("its first touch", "Make a sample smaller, for example bytes in place of floats."),
    Activity.COPY: ("its copy to the GPU", "Make a sample smaller, for example bytes in place of floats."),
    Activity.LAUNCH: ("the launch of its step", "Make a step cheaper to launch, or use larger batches."),
}


def host(case: Case) -> Words:
    """Say what the training process does between steps, and what would spare it most."""
    spent = {one: case.per_batch_s(one) for one in _PARTS}
    largest = max(spent, key=lambda one: spent[one])
    what, otherwise = _PARTS[largest]
    idle = f"the GPU runs no step {percent(1 - case.seen.gpu_busy_share)} of the time"
    if spent[largest]:
        whole = f"a batch takes it {seconds(sum(spent.values()))}, {what} {seconds(spent[largest])} of that"
        finding = f"The training process is the limit: {whole}, and {idle}."
    else:
        finding = f"The training process is the limit: {idle} although a batch is there."
        otherwise = "Do less in the training loop between a batch and its step."
    offer = best(case.scenario, on_the_host(case.scenario))
    if offer is None:
        return Words(finding=finding, advice=otherwise)
    return with_offer(case, finding, offer, otherwise, case.limit.host)


def copy(case: Case) -> Words:
    """Say what a copy to the GPU takes beside its step."""
    step_s = case.scenario.workload.step_s
    spent_s = batch_seconds(case.scenario, processes=True).copy
    finding = f"The copy to the GPU is the limit: it takes {seconds(spent_s)} before each step of {seconds(step_s)}."
    offer = best(case.scenario, on_the_copy(case.scenario))
    if offer is None:
        return Words(finding=finding, advice=_PARTS[Activity.COPY][1])
    return with_offer(case, finding, offer, "", case.limit.copy)
