"""Say what limits a run, with evidence, and what to try next."""

from dataloader_sim.verdict.advice import NOTHING_TO_GAIN, Change
from dataloader_sim.verdict.judge import Evidence, Verdict, judge

__all__ = ["NOTHING_TO_GAIN", "Change", "Evidence", "Verdict", "judge"]
