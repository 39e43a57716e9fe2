"""Hold a run and its trials as they are kept: what was asked, where, and what came out."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from bench.runs.plan import SweepSpec

RUNNING = "running"
DONE = "done"
FAILED = "failed"
CANCELLED = "cancelled"
INTERRUPTED = "interrupted"


@dataclass(frozen=True, kw_only=True)
class Run:
    """Hold one sweep's record.

    created_utc: when it was started, a label and not a clock. who: what started it.
    state: running; done (at least one trial succeeded); failed; cancelled (by the user); interrupted (its process
        ended before it did). message: why, one sentence, when there is something to say.
    trials: how many trials are kept. machine: what `bench.machine.describe` said.
    """

    id: int
    created_utc: str
    who: str
    state: str
    message: str
    spec_json: str
    machine: dict[str, str]
    trials: int

    @property
    def spec(self) -> SweepSpec:
        """Return what was asked; raises ValueError when another release wrote something this one cannot read."""
        return SweepSpec.from_dict(json.loads(self.spec_json))


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Hold one trial's result; its timeline is kept beside it, see `Store.timeline`.

    id: its number in the store, 0 when it is not kept. wall_s: how long it took, process start and end included.
    error: why it failed, one sentence, and details: what its process printed; both empty when it did not.
    samples_per_s, stall_share: as in `dataloader_sim.metrics`. The numbers of a failed trial are 0.
    notes: settings that had no effect on this machine. versions: of python, torch and others in its process.
    """

    id: int = 0
    block: int
    num_workers: int
    wall_s: float
    error: str = ""
    details: str = ""
    samples_per_s: float = 0.0
    stall_share: float = 0.0
    first_batch_s: float = 0.0
    peak_memory_bytes: int = 0
    skipped_pictures: int = 0
    notes: tuple[str, ...] = ()
    versions: dict[str, str] = field(default_factory=dict)
