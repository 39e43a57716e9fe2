"""Build scenarios by the settings that matter, and judge them."""

from dataloader_sim import LoaderConfig, Machine, Scenario, Workload, judge, simulate

# Settings of Machine and LoaderConfig; all others in `verdict` are the workload's.
MACHINE = set(Machine.__dataclass_fields__)
LOADER = set(LoaderConfig.__dataclass_fields__)


def asked(workers, *, threads=False, **settings_):
    machine = {"cores": 64.0} | {name: value for name, value in settings_.items() if name in MACHINE}
    loader = {name: value for name, value in settings_.items() if name in LOADER}
    work = {name: value for name, value in settings_.items() if name not in MACHINE | LOADER}
    return Scenario(
        workload=Workload(**work),
        loader=LoaderConfig(num_workers=workers, **loader),
        machine=Machine(**machine),
        threads=threads,
    )


def verdict(workers, **settings_):
    return judge(simulate(asked(workers, **settings_)))


def named(change):
    return (change.axis, change.value)
