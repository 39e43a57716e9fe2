"""Offer what is not so, or should not happen: threads for workers, no interpreter lock, faults, other draws."""

from __future__ import annotations

from pages._ui.knobs import Choice, Number, Option, Switch

WHAT_IF = (
    Switch(
        key="threads",
        label="Thread workers",
        question="What if the workers were threads of the training process? torch has no such loader. They hand "
        "batches over for nothing and share the interpreter's lock.",
        field="threads",
        default=False,
    ),
    Switch(
        key="free_threaded",
        label="Free-threaded",
        question="What if the interpreter had no lock, so that threads compute at once?",
        field="machine.free_threaded",
        default=False,
    ),
    Number(
        key="gil_share",
        label="Share under the lock",
        question="Which share of a sample's core time holds the interpreter's lock? 1: pure Python, 0: code that "
        "releases it. It matters for threads.",
        field="workload.gil_share",
        default=1.0,
        low=0.0,
        high=1.0,
        step=0.25,
        stops=(0.0, 0.1, 0.25, 0.5, 0.75, 1.0),
    ),
    Choice(
        key="fault",
        label="What goes wrong",
        question="What happens when a batch's load begins, in the first epoch?",
        field="fault.kind",
        default="none",
        options=(
            Option(word="none", name="Nothing", value=None),
            Option(word="killed", name="Worker is killed", value="killed"),
            Option(word="hangs", name="Worker hangs", value="hangs"),
            Option(word="raises", name="Dataset raises", value="raises"),
            Option(word="lost", name="Batch is lost", value="lost"),
        ),
    ),
    Number(
        key="fault_batch",
        label="At batch",
        question="Which batch does it happen to? Batches are numbered from 0.",
        field="fault.batch",
        default=20,
        low=0,
        high=1_000_000,
    ),
    Number(
        key="seed",
        label="Seed",
        question="Which random draws? Equal seeds give equal runs.",
        field="seed",
        default=0,
        low=0,
        high=999_999_999,
    ),
)
