"""Hold what torch's DataLoader costs on this machine against the simulator.

`python tests/perf/plumbing.py` calibrates this machine as `dataloader-lab host --calibrate` does and keeps that. It
prints each cost as median (lowest to highest) of its quietest repeats, and the fields for `dataloader_sim/presets.py`.
`python tests/perf/plumbing.py compare` runs emulated workloads for real, and simulates them on the calibrated machine.
A number behind that, in seconds, is how long each experiment waits for other programs to be quiet (30).
"""

import sys
from dataclasses import fields, replace
from functools import partial
from statistics import median

from bench import measure
from bench.calibration.host import calibrate_host, host_machine
from bench.calibration.quiet import KEPT, quietest
from dataloader_sim import LoaderConfig, Machine, Scenario, Workload, metrics, simulate


def costs(patience_s):
    """Calibrate and print every cost, then those that a `Machine` has a field for."""
    host = calibrate_host(lambda share, what: print(f"{share * 100:3.0f} %  {what}"), patience_s=patience_s)
    for one in host.quantities:
        print(f"{one.name:32} {one.value:12.4g} ({one.low:.4g} to {one.high:.4g}, n={one.count}) {one.note}")
    print(f"other programs used up to {host.others_share * 100:.0f} % of the machine")
    for name in [item.name for item in fields(Machine)]:
        if getattr(host.machine, name) != getattr(Machine(), name):
            print(f"{name}={getattr(host.machine, name):.3g},")


def compare(patience_s):
    """Run emulated workloads for real and simulate them on this machine as calibrated; print both throughputs."""
    machine = host_machine()
    if machine is None:
        sys.exit("this machine is not calibrated: run this script without arguments first")

    def run(scenario):
        return {"rate": metrics(measure(scenario)).samples_per_s}

    base = Workload(batches=48, batch_size=16, io_s=0.0, cpu_s=0.0, jitter=0.1, step_s=0.002)
    cases = {
        "reads, 16 x 4 ms": replace(base, io_s=0.004),
        "computes, 16 x 2 ms": replace(base, cpu_s=0.002),
        "reads and computes, 16 x (4 + 2) ms": replace(base, io_s=0.004, cpu_s=0.002),
        "19.3 MB a batch, 32 x 0.5 ms": replace(base, batch_size=32, cpu_s=0.0005, sample_bytes=602_112),
        "small and quick, 64 x 0.02 ms": replace(base, batch_size=64, cpu_s=0.00002),
        "as before, step of 30 ms": replace(base, batch_size=64, cpu_s=0.00002, step_s=0.030),
    }
    for name, workload in cases.items():
        for workers in (0, 1, 2, 4):
            loader = LoaderConfig(num_workers=workers)
            scenario = Scenario(workload=workload, loader=loader, machine=machine)
            rate = metrics(simulate(scenario)).samples_per_s
            repeats = quietest(partial(run, scenario), patience_s=patience_s, most=KEPT)
            rates = repeats.values["rate"]
            real = median(rates)
            spread = f"{min(rates):,.0f} to {max(rates):,.0f}"
            off = f"{(rate / real - 1) * 100:+.0f} %"
            print(f"{name:38} N={workers} measured {real:8,.0f} ({spread:16}) simulated {rate:8,.0f} {off:>6}", end="")
            print(f"  (others {repeats.others_share * 100:.0f} %)")


if __name__ == "__main__":
    what, patience = (*sys.argv[1:], *("costs", "30")[len(sys.argv) - 1 :])[:2]
    (compare if what == "compare" else costs)(float(patience))
