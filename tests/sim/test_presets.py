"""Presets run, and each says where its figures come from."""

import ast
import math
from dataclasses import fields, replace
from pathlib import Path

import pytest

from dataloader_sim import LoaderConfig, Scenario, metrics, presets, simulate
from dataloader_sim.presets import MACHINES, SOURCES, WORKLOADS
from dataloader_sim.scenario import Machine

FREE = {item.name for item in fields(Machine) if item.name.endswith("_s") and item.default in {0.0, math.inf}}


def test_each_has_a_source_and_nothing_else_has():
    assert SOURCES.keys() == MACHINES.keys() | WORKLOADS.keys()
    assert not MACHINES.keys() & WORKLOADS.keys()
    assert all(len(one) > 20 for one in SOURCES.values())


def test_on_the_ideal_machine_no_plumbing_costs_anything():
    assert {name for name in FREE if getattr(MACHINES["ideal"], name) in {0.0, math.inf}} == FREE


@pytest.mark.parametrize("name", MACHINES)
def test_a_rate_that_was_not_measured_is_infinite_and_its_source_says_so(name):
    machine = MACHINES[name]
    assert math.isinf(machine.pin_bytes_per_s)
    if not math.isinf(machine.h2d_bytes_per_s):
        assert "nominal" in name
        assert "not measured" in SOURCES[name]


@pytest.mark.parametrize("workload", WORKLOADS)
@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("workers", [0, 2])
def test_each_runs(workload, machine, workers):
    work = replace(WORKLOADS[workload], batches=8)
    seen = simulate(Scenario(workload=work, machine=MACHINES[machine], loader=LoaderConfig(num_workers=workers)))
    assert metrics(seen).batches == 8


def test_they_are_constants():
    tree = ast.parse(Path(presets.__file__).read_text())
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.BinOp | ast.FunctionDef)]
