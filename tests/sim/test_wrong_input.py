"""Every wrong value gets a ValueError with the rule, the value and, where it helps, the way out."""

import math

import pytest

from dataloader_sim import LoaderConfig, Machine, Scenario, Workload, simulate, sweep
from dataloader_sim.rules import limits

WRONG = [
    (Workload, {"batches": 0}, r"batches must be 1 or more, got 0: a run needs at least one batch"),
    (Workload, {"batches": 2.0}, r"batches must be a whole number, got 2\.0"),
    (Workload, {"batches": True}, r"batches must be a whole number, got True"),
    (Workload, {"batches": "64"}, r"batches must be a whole number, got '64'"),
    (Workload, {"batches": 10**9}, r"batches must be 10,000,000 or less"),
    (Workload, {"io_s": -0.001}, r"io_s must be 0 or more, got -0\.001: times are in seconds"),
    (Workload, {"io_s": math.nan}, r"io_s must be a finite number, got nan"),
    (Workload, {"step_s": math.inf}, r"step_s must be a finite number, got inf"),
    (Workload, {"cpu_s": "fast"}, r"cpu_s must be a number, got 'fast'"),
    (Workload, {"cpu_s": 10**400}, r"cpu_s must be a finite number"),
    (Workload, {"jitter": 11}, r"jitter must be 10 or less, got 11"),
    (Workload, {"slow_factor": 0.5}, r"slow_factor must be 1 or more, got 0\.5"),
    (Workload, {"synchronize": 1}, r"synchronize must be True or False, got 1"),
    (
        LoaderConfig,
        {"num_workers": -1},
        r"num_workers must be 0 or more, got -1: use 0 to load in the training process",
    ),
    (LoaderConfig, {"num_workers": 10_000}, r"num_workers must be 1,024 or less, got 10000"),
    (LoaderConfig, {"num_workers": 1, "prefetch_factor": 0}, r"prefetch_factor must be 1 or more, got 0"),
    (LoaderConfig, {"prefetch_factor": 2}, r"prefetch_factor must be None when num_workers is 0, got 2: only worker"),
    (LoaderConfig, {"persistent_workers": True}, r"persistent_workers must be False when num_workers is 0"),
    (LoaderConfig, {"timeout": 5}, r"timeout must be 0\.0 when num_workers is 0"),
    (LoaderConfig, {"multiprocessing_context": "fork"}, r"multiprocessing_context must be None when num_workers is 0"),
    (LoaderConfig, {"num_workers": 1, "multiprocessing_context": "exec"}, r"must be one of fork, forkserver, spawn"),
    (Machine, {"cores": 0}, r"cores must be more than 0, got 0: a quota of half a core is 0\.5"),
    (Machine, {"cores": None}, r"cores must be a number, got None"),
    (Machine, {"shm_bytes_per_s": 0}, r"shm_bytes_per_s must be more than 0"),
    (Machine, {"shm_bytes_per_s": math.nan}, r"shm_bytes_per_s must be a finite number"),
    (Scenario, {"seed": -1}, r"seed must be 0 or more, got -1"),
    (Scenario, {"workload": {"batches": 1}}, r"workload must be a Workload"),
]


@pytest.mark.parametrize(("kind", "values", "message"), WRONG)
def test_a_wrong_value_names_rule_value_and_way_out(kind, values, message):
    with pytest.raises(ValueError, match=message):
        kind(**values)


def test_every_number_field_refuses_nan_text_and_what_lies_below_its_limit():
    for kind in (Workload, LoaderConfig, Machine):
        for name, default in vars(kind(**({"num_workers": 1} if kind is LoaderConfig else {}))).items():
            if isinstance(default, bool) or not isinstance(default, (int, float)):
                continue
            for wrong in (math.nan, "x", limits(kind, name)[0] - 1):
                with pytest.raises(ValueError, match=name):
                    kind(**{"num_workers": 1, name: wrong} if kind is LoaderConfig else {name: wrong})


def test_accepted_numbers_are_stored_plainly_so_that_equal_scenarios_are_equal():
    assert type(Workload(io_s=1).io_s) is float
    assert Workload(io_s=0, batches=3) == Workload(io_s=0.0, batches=3)
    assert Machine().shm_bytes_per_s == math.inf


def test_settings_cannot_be_changed_in_place():
    with pytest.raises(AttributeError):
        Workload().batches = 3


def test_too_many_samples_to_simulate_say_what_to_do():
    with pytest.raises(
        ValueError,
        match=r"batches x batch_size x epochs x ranks must be 20,000,000 or less, got 32000000000: use fewer",
    ):
        simulate(Scenario(workload=Workload(batches=10**6, batch_size=32_000)))


@pytest.mark.parametrize("axis", ["num_workers", "loader.workers", "loader", "machine.__class__", ""])
def test_an_unknown_axis_is_named(axis):
    with pytest.raises(ValueError, match="axis must be 'seed' or a field such as"):
        sweep(Scenario(), axis, [1])


def test_a_sweep_needs_values_and_refuses_a_wrong_one():
    with pytest.raises(ValueError, match="at least one value"):
        sweep(Scenario(), "loader.num_workers", [])
    with pytest.raises(ValueError, match="num_workers must be 0 or more, got -1"):
        sweep(Scenario(), "loader.num_workers", [0, -1])
