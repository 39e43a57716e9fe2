"""Replay: the first batches are the loader's own, the others come again at once, and nothing stays behind."""

import time

import pytest
import torch
from torch.utils.data import DataLoader
from traced_loaders import Shards, Squares

from bench.tracing.replay import Headroom, headroom, replay
from bench.tracing.trace import trace

pytestmark = pytest.mark.live


def firsts(batches):
    return [int(batch[0][0] ** 0.5 + 0.5) for batch in batches]


@pytest.mark.parametrize("options", [{}, {"num_workers": 2}, {"num_workers": 1, "persistent_workers": True}])
def test_the_first_batches_are_real_and_come_again_until_the_epoch_has_its_length(options):
    loader = DataLoader(Squares(24), batch_size=4, **options)
    with replay(loader, batches=2) as replayed:
        seen = [firsts(replayed), firsts(loader)]
    assert seen == [[0, 4, 0, 4, 0, 4], [0, 4, 0, 4, 0, 4]]
    assert "_get_iterator" not in loader.__dict__
    assert firsts(loader) == [0, 4, 8, 12, 16, 20]


def test_a_slow_loader_has_headroom_and_a_loop_on_free_data_has_none():
    loader = DataLoader(Squares(24, slow_s=0.004), batch_size=4)
    with trace(loader) as traced:
        for _ in loader:
            time.sleep(0.002)
    with replay(loader, batches=2) as replayed:
        for _ in loader:
            time.sleep(0.002)
    found = headroom(traced.timeline, replayed.timeline)
    # 16 ms of loading for each step of 2 ms: at least twice as fast without, however busy the machine is.
    assert found.gain > 1
    assert found.sentence.startswith("headroom +")
    assert headroom(replayed.timeline, replayed.timeline).sentence == "do not tune: headroom is 0.0 %"


def test_what_is_said_of_headroom():
    assert (
        Headroom(gain=0.38, samples_per_s=812.3).sentence
        == "headroom +38 %: with free data the loop makes 812 samples/s"
    )
    assert Headroom(gain=0.013, samples_per_s=812).sentence == "do not tune: headroom is 1.3 %"


def test_a_stream_needs_its_length():
    loader = DataLoader(Shards(), batch_size=2)
    with pytest.raises(TypeError, match="length must be given"):
        replay(loader)
    with replay(loader, batches=1, length=3) as replayed:
        assert [batch.tolist() for batch in replayed] == [[0, 1]] * 3


def test_what_cannot_be_replayed_is_refused():
    loader = DataLoader(torch.arange(8), batch_size=2)
    with pytest.raises(ValueError, match="batches must be 1 or more"):
        replay(loader, batches=0)
    with replay(loader) as replayed, pytest.raises(RuntimeError, match="traced already"):
        trace(loader).__enter__()
    with pytest.raises(RuntimeError, match="no batch was replayed"):
        _ = replayed.timeline
