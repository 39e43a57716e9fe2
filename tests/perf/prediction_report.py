"""Hold what `prediction.py` predicted and measured, and print how wrong the predictions were."""

import math
from dataclasses import dataclass, field, replace
from statistics import median

from prediction_workloads import works


@dataclass(frozen=True)
class Cell:
    """One setting of one workload."""

    work: str
    num_workers: int
    prefetch_factor: int | None
    in_order: bool

    @property
    def options(self):
        if not self.num_workers:
            return {"num_workers": 0}
        return {name: getattr(self, name) for name in ("num_workers", "prefetch_factor", "in_order")}


@dataclass
class Result:
    """What was predicted for a cell in each block, from one trace, from two, by min(F, P, G), and what was measured."""

    predicted: list = field(default_factory=list)
    with_second: list = field(default_factory=list)
    simple: list = field(default_factory=list)
    measured: list = field(default_factory=list)
    others: list = field(default_factory=list)

    def kept(self, limit):
        """Return the result without the blocks that others disturbed, unless all were."""
        quiet = [at for at, others in enumerate(self.others) if others <= limit] or range(len(self.others))
        return Result(*([column[at] for at in quiet] for column in vars(self).values()))

    @property
    def error(self):
        return _mean(self.predicted) / _mean(self.measured) - 1

    @property
    def second_error(self):
        return _mean(self.with_second) / _mean(self.measured) - 1

    @property
    def simple_error(self):
        return _mean(self.simple) / _mean(self.measured) - 1

    @property
    def floor(self):
        """Half of how far the blocks lie apart, on a log scale."""
        return (math.log(max(self.measured)) - math.log(min(self.measured))) / 2


def report(results, cores):
    """Print each workload's errors, the whole's, and the gains of out-of-order delivery."""
    heads = ("one trace", "beyond floor", "two traces", "min(F,P,G)")
    print(f"\n{'median, most':24}{'cells':>6}{'floor':>8}" + "".join(f"{head:>16}" for head in heads))
    for name in dict.fromkeys(cell.work for cell in results):
        _row(name, [one for cell, one in results.items() if cell.work == name])
    over = {cell for cell in results if _oversubscribed(cell, cores)}
    throttled = {cell for cell in results if works()[cell.work].family == "throttled"}
    _row("cores suffice", [one for cell, one in results.items() if cell not in over | throttled])
    _row("throttled storage", [results[cell] for cell in results if cell in throttled])
    _row("oversubscribed", [results[cell] for cell in results if cell in over])
    _row("all", list(results.values()))
    _gains(results)
    for cell, one in sorted(results.items(), key=lambda item: -abs(item[1].error))[:12]:
        rates = f"{_mean(one.predicted):.0f}, measured {_mean(one.measured):.0f} ({one.error:+.1%})"
        print(f"  {cell}: predicted {rates}, with two traces {one.second_error:+.1%}, floor {one.floor:.1%}")


def _row(name, results):
    if not results:
        return
    errors = [abs(one.error) for one in results]
    beyond = [error if error > one.floor else 0.0 for error, one in zip(errors, results, strict=True)]
    columns = (errors, beyond, [abs(one.second_error) for one in results], [abs(one.simple_error) for one in results])
    shown = "".join(f"{median(each):9.1%}{max(each):7.1%}" for each in columns)
    print(f"{name:24}{len(results):6}{median(one.floor for one in results):8.1%}{shown}")


def _gains(results):
    gains = []
    for cell, one in results.items():
        ordered = results.get(replace(cell, in_order=True))
        if not cell.in_order and ordered and works()[cell.work].family == "heavy-tailed":
            predicted = _mean(one.predicted) / _mean(ordered.predicted)
            gains.append(abs(predicted - _mean(one.measured) / _mean(ordered.measured)) * 100)
    if gains:
        print(f"gain of in_order=False on heavy tails: off by {median(gains):.1f} points, at most {max(gains):.1f}")


def _oversubscribed(cell, cores):
    """Return whether the workers compute and, with the training process, are more than the cores."""
    family = works()[cell.work].family
    return family in ("computing", "collate-heavy") and cell.num_workers >= cores


def _mean(values):
    return math.exp(sum(math.log(value) for value in values) / len(values))
