"""A pinning thread's work lies in a lane of its own; pinning itself is a stand-in, as there is no accelerator here."""

import pytest
import torch
from torch.utils.data import DataLoader
from traced_loaders import Squares

from bench.tracing.trace import trace
from dataloader_sim.timeline import MAIN, PIN, Activity

pytestmark = pytest.mark.live


@pytest.fixture
def _accelerator(monkeypatch):
    monkeypatch.setattr(torch.accelerator, "is_available", lambda: True)
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda *_: torch.device("cpu"))
    monkeypatch.setattr(torch.accelerator, "current_device_index", lambda: 0)
    monkeypatch.setattr(torch.accelerator, "set_device_index", lambda _: None)
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor, *_: tensor.clone())


@pytest.mark.usefixtures("_accelerator")
@pytest.mark.parametrize("persistent", [False, True])
def test_a_pinning_thread(persistent):
    settings = {"batch_size": 4, "num_workers": 2, "pin_memory": True, "persistent_workers": persistent}
    loader = DataLoader(Squares(), **settings)
    with trace(loader) as traced:
        epochs = [[batch[0][0].item() for batch in loader] for _ in range(2)]
    assert epochs == [[float(i * i) for i in range(0, 24, 4)]] * 2
    timeline = traced.timeline
    taken, pinned = timeline.of(Activity.GET), timeline.of(Activity.PIN)
    assert set(taken["lane"]) == {PIN}
    assert sorted(zip(taken["epoch"].tolist(), taken["batch"].tolist(), strict=True)) == [
        (epoch, task) for epoch in (0, 1) for task in range(6)
    ]
    assert set(pinned["lane"]) == {PIN}
    assert pinned.size >= 10
    assert len(list(loader)) == 6
    if persistent:
        loader._iterator._shutdown_workers()


@pytest.mark.usefixtures("_accelerator")
def test_pinning_in_the_training_process():
    with trace(DataLoader(Squares(), batch_size=4, pin_memory=True)) as traced:
        list(traced)
    pinned = traced.timeline.of(Activity.PIN)
    assert set(pinned["lane"]) == {MAIN}
    assert pinned["batch"].tolist() == list(range(6))
