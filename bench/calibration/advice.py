"""Recommend the smallest change of DataLoader arguments that is predicted to help, or say that none is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from bench.calibration.adjusted import in_turn, long_enough
from bench.calibration.calibrate import calibrate
from bench.calibration.calibration import Calibration
from bench.calibration.changes import Changes, at, candidates, fits
from bench.calibration.traced_costs import with_values
from dataloader_sim.scenario import Machine, Scenario
from dataloader_sim.simulate import summarize
from dataloader_sim.timeline import Timeline
from dataloader_sim.verdict import NOTHING_TO_GAIN, Change, Verdict, judge

# Changes within this share of the best are as good: the smallest of them is recommended.
AS_GOOD = 0.05
# What is wrong in the dataset's code, and not in the calibrated scenario: it predicts nothing of such a run.
IN_THE_CODE = frozenset({"threads", "duplicates", "shards", "fault"})
# What code may mend where no loader setting does.
MENDED_IN_CODE = frozenset({"lock", "storage", "collate", "cores", "hand-over"})


@dataclass(frozen=True, kw_only=True)
class Advice:
    """Say what to change.

    changes: DataLoader arguments with their values; empty: none helps. gain, low, high: what they are predicted to gain
    in samples/s, as a share, with every measured cost at its value and at the ends of its interval. most: the most that
    any of the predicted changes gains. sentence: for a person. line: what to paste, empty without changes.
    """

    changes: Changes = field(default_factory=dict)
    gain: float = 0.0
    low: float = 0.0
    high: float = 0.0
    most: float = 0.0
    sentence: str
    line: str = ""


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """Hold what limits a traced run and what to change; `advised` is the verdict with the advice in its place."""

    verdict: Verdict
    advice: Advice

    @property
    def advised(self) -> Verdict:
        """Return the verdict whose advice rests on predictions from the same trace."""
        changes = self.advice.changes
        name = next(iter(changes), "")
        change = Change(axis=f"loader.{name}", value=changes[name]) if name else None
        return replace(self.verdict, advice=self.advice.sentence, change=change)


def diagnose(timeline: Timeline, host: Machine | None = None) -> Diagnosis:
    """Judge a traced run and advise on it; raises ValueError as `calibrate` does.

    host: the plumbing costs of this machine, as `calibrate` takes them.
    """
    return Diagnosis(verdict=judge(timeline), advice=advise(calibrate(timeline, host), timeline))


def judge_and_advise(timeline: Timeline, host: Machine | None = None) -> Verdict:
    """Judge a run, with predicted advice where it is a trace that tells enough; raises ValueError as `judge` does."""
    if timeline.observed is None or timeline.failure is not None:
        return judge(timeline)
    try:
        return diagnose(timeline, host).advised
    except ValueError:
        # A trace without a single load or step has no costs to predict with.
        return judge(timeline)


def advise(calibration: Calibration, timeline: Timeline | None = None) -> Advice:
    """Recommend the smallest change whose predicted gain is 5 % or more and more than the prediction is off.

    timeline: the traced run, which tells what lies in the code rather than in the settings, and what workers share.
    """
    verdict = judge(timeline) if timeline is not None else None
    if verdict is not None and verdict.limit in IN_THE_CODE:
        return Advice(sentence=verdict.advice)
    changes = candidates(calibration.scenario)
    known = _Predictor(long_enough(calibration, changes), in_turn(timeline))
    present = known.rates({})
    tried = [(one, known.rate(one)) for one in changes]
    most = max((rate for _, rate in tried), default=present.value) / present.value - 1
    if not fits(calibration.scenario) or (verdict is not None and verdict.limit == "memory"):
        return _smaller(known, tried, present, most, verdict)
    needed = max(NOTHING_TO_GAIN, abs(calibration.self_check.error))
    chosen = _smallest(tried)
    gained = known.rates(chosen).over(present) if chosen else None
    if chosen is None or gained is None or gained.value < needed or gained.low < 0:
        return Advice(most=max(0.0, most), sentence=_nothing(most, calibration.self_check.error, verdict))
    return _advice(calibration.scenario, chosen, gained, most)


@dataclass(frozen=True, kw_only=True)
class _Rates:
    """Hold three numbers: with every cost at its value, and the least and most with its interval's ends."""

    value: float
    slow: float
    fast: float

    @property
    def low(self) -> float:
        return min(self.value, self.slow, self.fast)

    @property
    def high(self) -> float:
        return max(self.value, self.slow, self.fast)

    def over(self, other: _Rates) -> _Rates:
        """Return what these gain on others, each end on its like: the costs of both are wrong together."""
        return _Rates(
            value=self.value / other.value - 1, slow=self.slow / other.slow - 1, fast=self.fast / other.fast - 1
        )


@dataclass(frozen=True, eq=False)
class _Predictor:
    """Predict rates; without workers no more than `in_turn`, as what a machine's memory costs is known less well."""

    calibration: Calibration
    in_turn: float

    def rate(self, changes: Changes, end: str = "value") -> float:
        """Return samples per second with every cost at its 'value', or at the 'low' or 'high' end of its interval."""
        scenario = at(with_values(self.calibration.scenario, self.calibration.quantities, end), changes)
        most = self.in_turn if changes.get("num_workers") == 0 else math.inf
        return min(summarize(scenario).samples_per_s, most)

    def rates(self, changes: Changes) -> _Rates:
        """Return the rate with every cost at its value and at both ends."""
        return _Rates(value=self.rate(changes), slow=self.rate(changes, "high"), fast=self.rate(changes, "low"))


def _smallest(tried: Sequence[tuple[Changes, float]]) -> Changes | None:
    """Return the first change that is about as good as the best."""
    best = max((rate for _, rate in tried), default=math.inf)
    return next((one for one, rate in tried if rate * (1 + AS_GOOD) >= best), None)


def _smaller(
    known: _Predictor, tried: Sequence[tuple[Changes, float]], present: _Rates, most: float, verdict: Verdict | None
) -> Advice:
    """Recommend what fits into memory: the best of it that is not slower, though it be no faster."""
    chosen = _smallest(tried)
    gained = known.rates(chosen).over(present) if chosen else None
    if chosen is None or gained is None or gained.value < -AS_GOOD:
        return Advice(most=max(0.0, most), sentence=verdict.advice if verdict else "Use smaller batches.")
    advice = _advice(known.calibration.scenario, chosen, gained, most)
    return replace(advice, sentence=f"{advice.sentence} It fits into memory, as the present settings do not for sure.")


def _advice(scenario: Scenario, changes: Changes, gained: _Rates, most: float) -> Advice:
    settings = ", ".join(f"{name}={value!r}" for name, value in changes.items())
    spread = f"{_points(gained.low)} to {_points(gained.high)}"
    sentence = f"Set {settings}: predicted {_points(gained.value)} samples/s ({spread})."
    if changes.get("in_order", True) is not scenario.loader.in_order:
        sentence += " Batches then come in the order in which they are ready."
    return Advice(
        changes=dict(changes),
        gain=gained.value,
        low=gained.low,
        high=gained.high,
        most=most,
        sentence=sentence,
        line=f"DataLoader(..., {settings})",
    )


def _nothing(most: float, error: float, verdict: Verdict | None) -> str:
    words = f"Nothing to gain: the most that any loader setting gains is {max(0.0, most) * 100:.1f} %"
    if most >= NOTHING_TO_GAIN:
        words = f"Nothing to gain for sure: the most that any loader setting is predicted to gain is {most * 100:.1f} %"
        off = f"the prediction of the traced run itself is off by {_points(error)}"
        words += f", and {off}" if most < abs(error) else ", and its interval reaches to no gain"
    if verdict is not None and verdict.limit in MENDED_IN_CODE:
        return f"{words}. {verdict.advice}"
    return f"{words}."


def _points(share: float) -> str:
    return f"{share * 100:+.0f} %"
