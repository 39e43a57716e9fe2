"""Run cells of one workload for real, in a process of their own: a line of JSON in, a line of JSON out.

Asked with "trace", it saves the trace there; else nothing of the product is loaded into the run.
"""

import json
import os
import sys
import time

import psutil
from prediction_workloads import BATCH, Collate, works
from torch.utils.data import DataLoader, SequentialSampler, Subset


def main(name):
    """Serve until standard input ends."""
    work = works()[name]
    for line in sys.stdin:
        asked = json.loads(line)
        before_s, own_s, at_s = machine_s(), own_cpu_s(), time.perf_counter()
        answer = run(work, asked)
        others = (machine_s() - before_s) - (own_cpu_s() - own_s)
        answer["others"] = max(0.0, others) / (time.perf_counter() - at_s)
        print(json.dumps(answer), flush=True)


def run(work, asked):
    """Train for some batches; return when each step ended, in seconds since the loop began."""
    dataset = Subset(work.dataset, range(asked["batches"] * BATCH))
    loader = DataLoader(
        dataset, BATCH, sampler=SequentialSampler(dataset), collate_fn=Collate(work.collate), **asked["options"]
    )
    if "trace" not in asked:
        return {"steps": train(loader, work.step_s)}
    from bench import trace

    with trace(loader) as traced:
        steps = train(loader, work.step_s)
    traced.save(asked["trace"])
    return {"steps": steps}


def train(loader, step_s):
    """Sleep for each step, as one that waits for a GPU does, after reading a number of each page of the batch."""
    steps, start_s = [], time.perf_counter()
    for batch in loader:
        batch.view(-1)[::1024].sum()
        time.sleep(step_s)
        steps.append(time.perf_counter() - start_s)
    return steps


def machine_s():
    """Return the core seconds that anybody used on this machine so far, what its host took included."""
    times = psutil.cpu_times()
    return sum(times) - times.idle - times.iowait - times.guest - times.guest_nice


def own_cpu_s():
    """Return the core seconds that this process and its ended children used so far."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


if __name__ == "__main__":
    main(sys.argv[1])
