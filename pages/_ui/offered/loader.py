"""Offer torch's own arguments of a DataLoader."""

from __future__ import annotations

from pages._ui.knobs import Choice, Number, Option, Switch

LOADER = (
    Number(
        key="prefetch_factor",
        label="prefetch_factor",
        question="How many batches may each worker have outstanding, the one in progress included?",
        field="loader.prefetch_factor",
        default=2,
        low=1,
        high=64,
        stops=(1, 2, 3, 4, 6, 8, 12, 16),
    ),
    Choice(
        key="start_method",
        label="Start method",
        question="How does a worker come to life: as a copy of the training process, or as a fresh interpreter that "
        "imports all again? Python 3.14 starts with forkserver.",
        field="loader.multiprocessing_context",
        default="fork",
        options=(
            Option(word="fork", name="fork", value=None),
            Option(word="forkserver", name="forkserver", value="forkserver"),
            Option(word="spawn", name="spawn", value="spawn"),
        ),
    ),
    Number(
        key="timeout",
        label="Timeout, s",
        question="After how many seconds without any batch does the loader give up? 0: it waits for ever.",
        field="loader.timeout",
        default=0.0,
        low=0.0,
        high=10_000.0,
    ),
    Switch(
        key="in_order",
        label="in_order",
        question="Must batches arrive in the order of their numbers, even if a later one is loaded first?",
        field="loader.in_order",
        default=True,
    ),
    Switch(
        key="persistent_workers",
        label="persistent_workers",
        question="Do the workers live on from one epoch to the next?",
        field="loader.persistent_workers",
        default=False,
    ),
    Switch(
        key="pin_memory",
        label="pin_memory",
        question="Does a thread copy each batch into pinned memory, so that it reaches the GPU beside the training?",
        field="loader.pin_memory",
        default=False,
    ),
    Switch(
        key="drop_last",
        label="drop_last",
        question="Is a batch that is not full left out? An iterable dataset has one such batch for each worker.",
        field="loader.drop_last",
        default=False,
    ),
)
