"""Diagnose 24 loaders with a known cause, follow the advice, and measure what it brought.

`python tests/perf/diagnosis.py` traces each loader of `diagnosis_loaders.py` once, asks `diagnose` for cause and
advice, and measures the loader untraced as it is, as advised, and as somebody who knows the cause would set it:
interleaved, `--blocks N` (3) times. `--only NAME` runs the cases whose name holds that; `--keep FILE` writes each as a
line of JSON. What other programs disturbed is repeated, twice at most, and marked with * where that did not help.

The cause is named when the verdict's limit is among the case's right ones. Advice to change something is right when it
gains 5 % or more; advice to mend the code is followed by mending it; "nothing to gain" is right when the setting of
somebody who knows the cause, or twice the workers where no setting is known to help, gains less than 5 % or less than
the noise. Harmful: the advised loop is 5 % slower or
more, and by more than the noise. The noise floor is half of how far the blocks of a loader as it is lie apart.
"""

import argparse
import json
import math
import sys
from dataclasses import dataclass, field

from diagnosis_loaders import cases
from diagnosis_runs import DISTURBED_CORES, rate, traced

from bench.calibration.advice import diagnose

HELPS = 0.05


@dataclass
class Result:
    """What was said of a case, and the rates measured as it is, as advised and as an expert sets it."""

    case: object
    diagnosis: object
    rates: dict = field(default_factory=dict)
    others: float = 0.0

    @property
    def named(self):
        return self.diagnosis.verdict.limit in self.case.right

    @property
    def changes(self):
        return self.diagnosis.advice.changes

    @property
    def arms(self):
        """Return what to measure by name: the case and the changed arguments."""
        found = {"as it is": (self.case, {})}
        if self.changes:
            found["advised"] = (self.case, self.changes)
        elif self.case.fix and self.named:
            found["advised"] = (self.case.mended, {})
        else:
            more = {"num_workers": 2 * max(1, self.case.options["num_workers"])}
            found["expert"] = (self.case, self.case.expert or more)
        return found

    def gain(self, arm):
        """Return how much faster an arm is, by the geometric means of its blocks; 0.0 where it was not measured."""
        if arm not in self.rates:
            return 0.0
        means = [sum(map(math.log, self.rates[one])) / len(self.rates[one]) for one in (arm, "as it is")]
        return math.exp(means[0] - means[1]) - 1

    @property
    def floor(self):
        """Return half of how far the blocks lie apart, on a log scale."""
        seen = self.rates["as it is"]
        return (math.log(max(seen)) - math.log(min(seen))) / 2

    @property
    def right(self):
        if "advised" in self.rates:
            # What only makes a run fit into memory need not make it faster.
            return self.gain("advised") >= (-HELPS if self.case.shm_bytes else HELPS)
        return self.gain("expert") < max(HELPS, self.floor)

    @property
    def harmful(self):
        return self.gain("advised") <= -max(HELPS, self.floor)


def run(case, blocks):
    """Trace, diagnose and measure a case."""
    timeline, others = traced(case)
    result = Result(case, diagnose(timeline), others=others)
    for block in range(blocks):
        arms = list(result.arms.items())
        for name, (one, changes) in arms if block % 2 == 0 else reversed(arms):
            seen, others = rate(one, changes)
            result.rates.setdefault(name, []).append(seen)
            result.others = max(result.others, others)
    return result


def row(result):
    """Print a case."""
    advice, gained = result.diagnosis.advice, result.gain("advised" if "advised" in result.rates else "expert")
    said = ", ".join(f"{name}={value}" for name, value in advice.changes.items())
    said = said or ("mend the code" if "advised" in result.rates else "nothing to gain")
    predicted = f"{advice.gain:+8.0%}" if advice.changes else f"({advice.most:+.0%})".rjust(8)
    verdict = "HARMFUL" if result.harmful else "right" if result.right else "WRONG"
    named = result.diagnosis.verdict.limit if result.named else f"{result.diagnosis.verdict.limit} WRONG"
    disturbed = "*" if result.others > DISTURBED_CORES else " "
    numbers = f"{predicted}{gained:+9.0%}{result.floor:7.1%}"
    print(f"{result.case.name:25}{named:16}{said:42}{numbers} {verdict}{disturbed}", flush=True)


def report(results):
    """Print the three numbers."""
    count = len(results)
    named, right = sum(one.named for one in results), sum(one.right for one in results)
    harmful = sum(one.harmful for one in results)
    print(
        f"\ncause named {named} of {count} ({named / count:.0%}), advice right {right} ({right / count:.0%}), ", end=""
    )
    print(f"harmful {harmful}")
    quiet = sum(one.others <= DISTURBED_CORES for one in results)
    print(f"{quiet} of {count} undisturbed throughout (others below {DISTURBED_CORES} cores)")


def main():
    """Diagnose, measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--blocks", type=int, default=3)
    parser.add_argument("--only", action="append")
    parser.add_argument("--keep", type=argparse.FileType("a"))
    asked = parser.parse_args()
    chosen = [one for name, one in cases().items() if not asked.only or any(part in name for part in asked.only)]
    if not chosen:
        sys.exit(f"--only must be part of a case's name, one of: {', '.join(cases())}")
    heads = f"{'cause':16}{'advice':42}{'predicted':>8}{'measured':>9}{'floor':>7}"
    print(f"{'case':25}{heads}   in brackets: the most that is predicted; * disturbed")
    results = []
    for case in chosen:
        results.append(run(case, asked.blocks))
        row(results[-1])
        if asked.keep:
            print(json.dumps(kept(results[-1])), file=asked.keep, flush=True)
    report(results)


def kept(result):
    """Return a case as JSON."""
    verdict, advice = result.diagnosis.verdict, result.diagnosis.advice
    said = {"limit": verdict.limit, "finding": verdict.finding, "sentence": advice.sentence, "changes": advice.changes}
    return {"name": result.case.name, "rates": result.rates, "others": result.others, "predicted": advice.gain} | said


if __name__ == "__main__":
    main()
