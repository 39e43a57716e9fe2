"""Write down a run in words: when, where, what was asked, how it ended."""

from __future__ import annotations

from bench.runs.plan import SweepSpec
from bench.runs.records import CANCELLED, DONE, FAILED, INTERRUPTED, Run
from dataloader_sim.scenario import LoaderConfig
from pages._ui import format as fmt

WORKLOADS = {
    "emulated": "Each sample waits and computes as long as you say, so the answer is known.",
    "jpeg": "Decodes, crops, flips and normalises 2,000 JPEG files of about 100 KB, made at first use in a minute.",
}
_MOST_NAME = 28
# What a processor's marketing adds to its name.
_NOISE = ("(R)", "(TM)", "(tm)", "CPU", "Processor")


def when(run: Run) -> str:
    """Write when a run was started, e.g. '2026-11-22 11:50 UTC'."""
    return f"{run.created_utc[:10]} {run.created_utc[11:16]} UTC"


def machine(run: Run) -> str:
    """Write which machine a run was made on, short: processor, cores, and the start of the machine's id."""
    name = run.machine.get("cpu", "unknown processor")
    for noise in _NOISE:
        name = name.replace(noise, "")
    name = " ".join(name.split("@")[0].split())[:_MOST_NAME].strip()
    cores = run.machine.get("cores", "?")
    known = run.machine.get("machine_id", "")
    return f"{name}, {cores} {'core' if cores == '1' else 'cores'}" + (f", id {known[:4]}" if known else "")


def settings(spec: SweepSpec) -> dict[str, str]:
    """Return what a sweep was asked, by name, with units; loader options only where they differ from torch's."""
    workload, loader, plain = spec.base.workload, spec.base.loader, LoaderConfig()
    said = {
        "workload": spec.workload,
        "num_workers": ", ".join(map(str, spec.num_workers)),
        "batch size": str(workload.batch_size),
        "batches": str(workload.batches),
        "repeats": str(spec.repeats),
    }
    if spec.workload == "emulated":
        said |= {"sample I/O": fmt.seconds(workload.io_s), "sample CPU": fmt.seconds(workload.cpu_s)}
        said |= {"jitter": f"{workload.jitter:g}"} if workload.jitter else {}
    elif spec.images:
        said["pictures"] = "a folder of your own"
    said["step"] = fmt.seconds(workload.step_s)
    options = ("prefetch_factor", "pin_memory", "persistent_workers", "in_order", "timeout", "multiprocessing_context")
    changed = {name: getattr(loader, name) for name in options if getattr(loader, name) != getattr(plain, name)}
    return said | {name: str(value) for name, value in changed.items()}


def short_settings(run: Run) -> str:
    """Write what a run was asked in one line, without its workload."""
    try:
        said = settings(run.spec)
    except ValueError:
        return "written by another release of dataloader-lab"
    said.pop("workload")
    return ", ".join(f"{name} {value}" for name, value in said.items())


def workload(run: Run) -> str:
    """Write a run's workload, 'unknown' when another release wrote it."""
    try:
        return run.spec.workload
    except ValueError:
        return "unknown"


def ending(run: Run) -> str:
    """Say how a run ended and what to do, '' for one that is done or running."""
    kept = "nothing was finished" if not run.trials else f"{run.trials} finished trials are kept and shown here"
    kept = "1 finished trial is kept and shown here" if run.trials == 1 else kept
    why = fmt.sentence(run.message) if run.message else ""
    sentences = {
        DONE: why,
        CANCELLED: f"Run {run.id} was cancelled: {kept}. Press Run to measure again. {why}",
        FAILED: f"Run {run.id} failed. {why} Change what it says, then press Run again; {kept}.",
        INTERRUPTED: f"Run {run.id} was interrupted: {kept}. Press Run to measure again. {why}",
    }
    return sentences.get(run.state, "").strip()


def title(run: Run) -> str:
    """Name a run with its time and what was asked."""
    return f"Run {run.id}, {when(run)}: {workload(run)}, {short_settings(run)}"
