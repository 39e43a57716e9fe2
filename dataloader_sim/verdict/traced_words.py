"""Say in words what limits a traced run: what was seen with its number, what it likely means, and what to try."""

from __future__ import annotations

from dataclasses import replace

from dataloader_sim.memory_warnings import SHARED, size
from dataloader_sim.verdict import delays, findings
from dataloader_sim.verdict.advice import Change, best, in_the_training_process
from dataloader_sim.verdict.findings import waits
from dataloader_sim.verdict.sharing import Sharing
from dataloader_sim.verdict.traced import Traced
from dataloader_sim.verdict.wording import Words, count, percent, rate, seconds

# A process that uses this share of what the run's loads waited for is not what took the cores.
_OWN_SHARE = 0.6


def duplicates(facts: Traced) -> Words:
    """Say that the workers' samples cost alike, one by one."""
    workers = facts.case.workers
    finding = (
        f"Every sample seems to come {workers} times: what the workers' k-th samples cost rises and falls together "
        f"(rank correlation {facts.alike:.2f}), as if each worker read the whole dataset."
    )
    advice = (
        "Let each worker read a part of its own: in __iter__, torch.utils.data.get_worker_info() tells its id and "
        "num_workers; an epoch then ends after a part of the time."
    )
    return Words(finding=finding, advice=advice)


def memory(facts: Traced) -> Words:
    """Say that batches waiting at once fill /dev/shm."""
    loader, shm_bytes = facts.case.scenario.loader, facts.case.scenario.machine.shm_bytes
    finding = (
        f"{SHARED} is the limit: {count(loader.capacity, 'batch')} of {size(round(facts.median('tensor_bytes')))} may "
        f"wait in it, {size(round(facts.waiting_bytes))} in all, and it holds {size(shm_bytes)}."
    )
    fit = int(shm_bytes * 0.75 / facts.median("tensor_bytes") / loader.num_workers)
    if fit < 1 or fit >= loader.capacity / loader.num_workers:
        return Words(finding=finding, advice=f"Enlarge {SHARED} (docker run --shm-size), or use smaller batches.")
    advice = f"Set prefetch_factor={fit}, or enlarge {SHARED} (docker run --shm-size) before you raise num_workers."
    return Words(finding=finding, advice=advice, change=Change(axis="loader.prefetch_factor", value=fit))


def body(facts: Traced) -> Words:
    """Say that the loop's own work on the processor fills the run."""
    busy = percent(facts.case.seen.gpu_busy_share)
    spent = f"{seconds(facts.mean_s('body_cpu_s'))} of processor time for each batch"
    return Words(
        finding=f"The training process is the limit: the loop's own body takes {busy} of the time, with {spent}.",
        advice="Nothing to gain in the loader: do less on the CPU between two batches, or move it to the dataset.",
    )


def threads(facts: Traced) -> Words:
    """Say that threads inside the workers take the cores from each other."""
    whole_s, own_s = facts.mean_s("process_cpu_s"), facts.mean_s("fetch_cpu_s") + facts.mean_s("collate_cpu_s")
    number = facts.case.scenario.machine.cores
    finding = (
        f"Threads inside the workers are the limit: a batch takes {seconds(whole_s)} of processor time, its loading "
        f"thread only {seconds(own_s)} of that; {count(facts.case.workers, 'worker')} with threads of their own share "
        f"{number:g} {'core' if number == 1 else 'cores'}{waits(facts.case)}"
    )
    advice = (
        "Give each worker one thread, in the dataset or a worker_init_fn: torch.set_num_threads(1), "
        "cv2.setNumThreads(0), or OMP_NUM_THREADS=1 in the environment."
    )
    return Words(finding=finding, advice=advice)


def crowd(facts: Traced) -> Words:
    """Say that loads wait for a core, and who has them."""
    cores = facts.case.scenario.machine.cores
    queued = f"a load waits {percent(facts.queued_share)} of its {seconds(facts.load_s)} for a core"
    used = f"this run uses {facts.used_cores:.2g} of {cores:g}"
    finding = f"The cores are the limit: {queued}; {used}{waits(facts.case)}"
    if facts.used_cores < _OWN_SHARE * cores:
        return Words(finding=finding, advice="Other programs take the cores: end them, or measure when they are done.")
    if facts.case.workers > cores:
        advice = f"More workers cannot help: make a sample cheaper on the CPU; {int(cores)} workers may do as well."
        return Words(finding=finding, advice=advice)
    return Words(finding=finding, advice="Make a sample cheaper on the CPU, or use a machine with more cores.")


def shared(facts: Traced) -> Words:
    """Say that something serves a few of the workers at a time."""
    seen = _shared(facts)
    at_once = f"it seems to serve {seen.streams} at a time"
    finding = f"The workers share a storage, or something like it: {_together(seen)}; {at_once}{waits(facts.case)}"
    advice = (
        "More workers cannot help: read fewer or larger files, cache them, or use storage that serves more at once."
    )
    return Words(finding=finding, advice=advice)


def lock(facts: Traced) -> Words:
    """Say that the workers are served one at a time."""
    alone = "as if they were served one at a time"
    finding = f"The workers wait for each other: {_together(_shared(facts))}, {alone}{waits(facts.case)}"
    advice = (
        "More workers cannot help: look for a lock, a connection or a file that they share, and give each worker one "
        "of its own, opened in a worker_init_fn."
    )
    return Words(finding=finding, advice=advice)


def _shared(facts: Traced) -> Sharing:
    if facts.shared is None:
        raise AssertionError
    return facts.shared


def _together(seen: Sharing) -> str:
    rates = f"{rate(seen.many_per_s)} while all {round(seen.many)} of them load"
    if seen.apart_s:
        return f"together they fetch {rates}, one sample every {seconds(seen.apart_s)} and never two at once"
    return f"together they fetch {rates}, and {rate(seen.few_per_s)} while fewer do"


def collate(facts: Traced) -> Words:
    """Say that making batches of samples takes most of a load."""
    finding = (
        f"Collating is the limit: it takes {seconds(facts.mean_s('collate_cpu_s'))} of processor time a batch, "
        f"{percent(facts.collate_share)} of a load's work{waits(facts.case)}"
    )
    more = findings.more_workers(facts.case)
    advice = "Make collate_fn cheaper: stack tensors of equal shape, pad and convert in the dataset"
    if more and facts.case.workers < facts.case.scenario.machine.cores:
        return Words(finding=finding, advice=f"{advice}, or try {more.words[0].lower()}{more.words[1:]}.")
    return Words(finding=finding, advice=f"{advice}.")


def handing_over(facts: Traced) -> Words:
    """Say what passing a batch on costs beside loading it."""
    put_s, get_s = facts.handing_s
    bytes_ = facts.median("message_bytes")
    finding = (
        f"Handing batches over is the limit: each takes {seconds(put_s)} to pickle and {seconds(get_s)} to take over, "
        f"in a message of {size(round(bytes_))}, and {seconds(facts.work_s)} to load{waits(facts.case)}"
    )
    if bytes_ > max(10_000.0, facts.median("tensor_bytes")):
        advice = "Return tensors from collate_fn: they travel in shared memory, all else goes through the pipe."
        return Words(finding=finding, advice=advice)
    offer = best(facts.case.scenario, in_the_training_process(facts.case.scenario))
    advice = "Use larger batches, or num_workers=0: so little work does not pay for a process."
    return Words(finding=finding, advice=advice, change=offer.change if offer else None)


def jitter(facts: Traced) -> Words:
    """Say that the queue runs empty behind slow batches and that the workers then have nothing to do."""
    finding = (
        f"Uneven batches are the limit: the workers are asked for nothing {percent(facts.idle_share)} of their time, "
        f"and the queue runs empty behind a slow batch{waits(facts.case)}"
    )
    return replace(delays.jitter(facts.case), finding=finding)


def prefetch(facts: Traced) -> Words:
    """Say that each worker waits until its only batch is handed over."""
    finding = (
        f"prefetch_factor=1 is the limit: a worker has one batch at a time and is asked for nothing "
        f"{percent(facts.idle_share)} of its time, until that is handed over{waits(facts.case)}"
    )
    change = Change(axis="loader.prefetch_factor", value=2)
    return Words(finding=finding, advice="Set prefetch_factor=2: a worker then loads on meanwhile.", change=change)


def epochs(facts: Traced) -> Words:
    """Say what the starts of later epochs cost, and what of it the dataset's way into new processes."""
    said = delays.epochs(facts.case)
    if facts.start_s < 0.5 * facts.case.between_epochs_s / max(1, facts.case.workers):
        return said
    copied = f" Starting one worker keeps the training process busy for {seconds(facts.start_s)}: what it is given is"
    return replace(said, finding=f"{said.finding}{copied} pickled for it.")
