"""Describe the numbers that a visitor may set for a run."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

WIDTH_PX = 138


@dataclass(frozen=True, kw_only=True)
class Field:
    """Describe one number to ask for; times are in milliseconds.

    key: its name in the URL; one that another page uses too would bring that page's value along.
    """

    key: str
    label: str
    default: float
    low: float
    high: float
    step: float
    help: str

    def ask(self) -> float:
        """Show the field and return what it holds, within its bounds whatever the browser sent."""
        written = st.number_input(
            self.label,
            min_value=self.low,
            max_value=self.high,
            value=self.default,
            step=self.step,
            format="%g" if isinstance(self.default, float) else "%d",
            help=self.help,
            key=self.key,
            bind="query-params",
            width=WIDTH_PX,
        )
        return min(max(written, self.low), self.high)

    def accepts(self, written: str) -> bool:
        """Tell whether a link may hold this value."""
        try:
            return self.low <= (float(written) if isinstance(self.default, float) else int(written)) <= self.high
        except ValueError:
            return False


BATCH_SIZE = Field(
    key="measure_batch_size",
    label="Batch size",
    default=32,
    low=1,
    high=4096,
    step=1,
    help="How many samples make one batch? One worker loads a whole batch.",
)
BATCHES = Field(
    key="batches",
    label="Batches per trial",
    default=32,
    low=3,
    high=10_000,
    step=1,
    help="How many batches does one trial load? The first ones fill the queue: take 8 per worker or more.",
)
REPEATS = Field(
    key="repeats",
    label="Repeats",
    default=5,
    low=1,
    high=50,
    step=1,
    help="How often is each num_workers measured? The interval needs 2; 5 or more are worth trusting.",
)
STEP = Field(
    key="measure_step_ms",
    label="Step time, ms",
    default=30.0,
    low=0.0,
    high=10_000.0,
    step=5.0,
    help="How long does the GPU train on one batch? An emulated accelerator takes that long.",
)
SAMPLE_IO = Field(
    key="measure_io_ms",
    label="Sample I/O, ms",
    default=4.0,
    low=0.0,
    high=1_000.0,
    step=1.0,
    help="How long does one sample wait for storage or network? Waiting uses no core.",
)
SAMPLE_CPU = Field(
    key="measure_cpu_ms",
    label="Sample CPU, ms",
    default=2.0,
    low=0.0,
    high=1_000.0,
    step=1.0,
    help="How long does one sample need a core, to decode and transform?",
)
ALL = (SAMPLE_IO, SAMPLE_CPU, STEP, BATCH_SIZE, BATCHES, REPEATS)
