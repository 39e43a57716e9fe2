"""The real DataLoader's memory, within the forecast."""

import sys

import pytest
from memory_scenarios import MB, scenario
from memory_watch import Case, watch

from dataloader_sim.memory import predict

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]


@pytest.mark.parametrize(("workers", "epochs"), [(1, 1), (3, 1), (2, 2)])
def test_the_real_dev_shm_under_a_slow_training_loop_is_at_most_the_forecast(workers, epochs):
    # A load takes so long that the loop has surely let go of the last batch before one more is made.
    work = {"batches": 12, "batch_size": 4, "sample_bytes": MB, "tensors": 2, "epochs": epochs}
    forecast = predict(scenario(workers, 3, **work)).shm_bytes
    seen = watch(Case(workers=workers, prefetch=3, sample_s=0.02, step_s=0.25, **work)).shm
    assert forecast / 2 <= seen <= forecast


def test_real_forked_workers_copy_objects_and_share_arrays():
    objects, arrays = (watch(Case(kind=kind, dataset_bytes=80 * MB, batches=40)) for kind in ("objects", "array"))
    assert objects.worker > 0.75 * 80 * MB
    assert arrays.worker < 0.75 * 80 * MB
