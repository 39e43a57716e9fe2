"""The engine against two oracles, and its exactness."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from features import FEATURES
from hypothesis import given, settings
from hypothesis import strategies as st
from oracles import in_order, stepped
from oracles.compare import assert_same_run
from strategies import loaders, scenarios, workloads

from dataloader_sim import LoaderConfig, Machine, Scenario, Workload, simulate

ROOT = Path(__file__).parents[2]


@settings(max_examples=300, deadline=None)
@given(scenarios(cores=64.0))
def test_with_a_core_for_everyone_every_time_equals_the_recurrence(scenario):
    assert_same_run(simulate(scenario), in_order.run(scenario).timeline)


@settings(max_examples=25, deadline=None)
@given(
    st.builds(
        Scenario,
        workload=workloads(most_batches=8),
        loader=loaders(most_workers=4),
        machine=st.builds(Machine, cores=st.floats(0.4, 4.0), storage_streams=st.integers(0, 3)),
        seed=st.integers(0, 1000),
    ),
)
def test_with_shared_cores_and_storage_the_steps_end_where_small_time_steps_put_them(scenario):
    simulated = simulate(scenario)
    expected, off_s = stepped.converged(scenario, simulated.end_s)
    assert_same_run(simulated, expected.timeline, within_s=off_s)


@pytest.mark.parametrize(("workers", "cores"), [(4, 2.0), (3, 1.0), (2, 0.5), (8, 3.0)])
def test_equal_busy_workers_share_the_cores_equally(workers, cores):
    work = Workload(batches=workers * 3, batch_size=4, io_s=0.0, cpu_s=0.01, step_s=0.0)
    scenario = Scenario(workload=work, loader=LoaderConfig(num_workers=workers), machine=Machine(cores=cores))
    # 4 samples x 10 ms on a core, stretched by workers / cores, in three rounds.
    assert simulate(scenario).end_s == pytest.approx(3 * 4 * 0.01 * workers / cores)


def test_blocked_samples_need_no_core():
    work = Workload(batches=64, batch_size=2, io_s=0.01, cpu_s=0.0, step_s=0.0)
    scenario = Scenario(workload=work, loader=LoaderConfig(num_workers=32), machine=Machine(cores=0.5))
    assert simulate(scenario).end_s == pytest.approx(2 * 2 * 0.01)


@pytest.mark.parametrize(("workers", "streams"), [(8, 4), (3, 1), (6, 5)])
def test_equal_reads_share_the_storage_equally(workers, streams):
    work = Workload(batches=workers * 3, batch_size=4, io_s=0.01, cpu_s=0.0, step_s=0.0)
    machine = Machine(cores=0.5, storage_streams=streams)
    scenario = Scenario(workload=work, loader=LoaderConfig(num_workers=workers), machine=machine)
    assert simulate(scenario).end_s == pytest.approx(3 * 4 * 0.01 * workers / streams)


@given(scenarios())
@settings(max_examples=20, deadline=None)
def test_equal_scenarios_give_equal_timelines_bit_for_bit(scenario):
    assert simulate(scenario).spans.tobytes() == simulate(scenario).spans.tobytes()


def test_the_seed_changes_a_jittered_run_and_only_that():
    jittered, steady = Workload(batches=8, jitter=0.5), Workload(batches=8)
    assert simulate(Scenario(workload=jittered, seed=1)).end_s != simulate(Scenario(workload=jittered, seed=2)).end_s
    assert simulate(Scenario(workload=steady, seed=1)).end_s == simulate(Scenario(workload=steady, seed=2)).end_s


DIGESTS = """
import hashlib, json, sys
from features import FEATURES
from dataloader_sim import simulate
spans = {name: simulate(one).spans for name, one in FEATURES.items()}
json.dump({name: [one.size, hashlib.sha256(one.tobytes()).hexdigest()] for name, one in spans.items()}, sys.stdout)
"""


def digests(**extra):
    run = subprocess.run(
        [sys.executable, "-c", DIGESTS],
        env=os.environ | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"} | extra,
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(run.stdout)


@pytest.fixture(scope="module")
def compiled():
    return digests()


def test_every_feature_gives_its_own_run(compiled):
    assert all(spans > 10 for spans, _ in compiled.values())
    assert len({digest for _, digest in compiled.values()}) == len(FEATURES)


def test_the_uncompiled_engine_gives_the_same_bits(compiled):
    assert digests(NUMBA_DISABLE_JIT="1") == compiled


@pytest.mark.skipif(platform.machine() != "x86_64", reason="names features of one family of processors")
def test_another_processor_gives_the_same_bits(compiled, tmp_path):
    older = "AVX2 FMA3 AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR"
    known = set(np._core._multiarray_umath.__cpu_dispatch__)
    disabled = " ".join(one for one in older.split() if one in known)
    assert (
        digests(NPY_DISABLE_CPU_FEATURES=disabled, NUMBA_CPU_NAME="generic", NUMBA_CACHE_DIR=str(tmp_path)) == compiled
    )


def test_spans_are_sorted_and_complete():
    scenario = Scenario(workload=Workload(batches=10), loader=LoaderConfig(num_workers=3))
    spans = simulate(scenario).spans
    assert np.all(np.diff(spans["start_s"]) >= 0)
    assert spans.size == 4 * 10
    assert not spans.flags.writeable
