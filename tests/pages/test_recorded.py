"""The recorded run that stands in while the simulator compiles is what the simulator gives."""

import numpy as np
import pytest

from dataloader_sim import LoaderConfig, Scenario, Workload, sweep
from pages._ui import cache, recorded
from pages._ui.offered import BASE
from pages._ui.offered.row import WORKERS

RECORD_AGAIN = "the model or the defaults have changed: python -m pages._ui.recorded"


def same(one, other):
    assert (one.scenario, one.axis, one.values) == (other.scenario, other.axis, other.values), RECORD_AGAIN
    for left, right in zip(one.timelines, other.timelines, strict=True):
        assert (left.scenario, left.source) == (right.scenario, right.source)
        for name in ("rank", "lane", "activity", "epoch", "batch"):
            np.testing.assert_array_equal(left.spans[name], right.spans[name], RECORD_AGAIN)
        for name in ("start_s", "end_s"):
            # Another processor's exp may differ in the last bit.
            np.testing.assert_allclose(left.spans[name], right.spans[name], rtol=1e-6, err_msg=RECORD_AGAIN)
    assert (one.band is None) == (other.band is None)
    for left, right in zip(one.band or (), other.band or (), strict=True):
        for name in ("low", "median", "high"):
            assert getattr(left, name) == pytest.approx(getattr(right, name), rel=1e-6), RECORD_AGAIN


def test_the_recorded_run_is_a_fresh_one_of_the_default_settings():
    kept = recorded.read()
    assert (kept.scenario, kept.values) == (BASE, WORKERS)
    same(kept, cache.see_it(BASE, cache.SEEDS))


def test_the_recorded_run_is_small_enough_for_every_installation():
    assert recorded.FILE.stat().st_size < 100_000


@pytest.mark.parametrize("seeds", [1, 3])
def test_what_is_written_is_read_back(tmp_path, seeds):
    run = sweep(
        Scenario(workload=Workload(batches=5, batch_size=3, jitter=1.0), loader=LoaderConfig(num_workers=1)),
        "loader.num_workers",
        (0, 2, 3),
        seeds=seeds,
    )
    recorded.write(tmp_path / "run.npz", run)
    same(recorded.read(tmp_path / "run.npz"), run)
