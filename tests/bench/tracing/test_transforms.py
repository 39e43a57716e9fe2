"""Each step of a pipeline of transforms is timed where it runs, and is otherwise what it was."""

import time

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset

from bench.tracing.trace import trace

pytestmark = pytest.mark.live


class Wait:
    factor = 2

    def __call__(self, value):
        time.sleep(0.002)
        return value * self.factor


def add_one(value):
    return value + 1


class Compose:
    def __init__(self, transforms):
        self.transforms = transforms

    def __call__(self, value):
        for step in self.transforms:
            value = step(value)
        return value


class Transformed(Dataset):
    def __init__(self, transform):
        self.transform = transform

    def __len__(self):
        return 8

    def __getitem__(self, index):
        steps = getattr(self.transform, "transforms", [])
        # What a dataset may ask of a step stays true.
        assert not steps or (isinstance(steps[0], Wait) and steps[0].factor == 2)
        return self.transform(torch.tensor(float(index)))


PIPELINES = {"compose": Compose([Wait(), add_one]), "sequential": nn.Sequential(nn.ReLU(), nn.Identity())}


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("kind", PIPELINES)
def test_steps_are_timed(workers, kind):
    pipeline = PIPELINES[kind]
    dataset = Subset(Transformed(pipeline), range(8))
    steps = list(pipeline.transforms if kind == "compose" else pipeline)
    expected = [batch.tolist() for batch in DataLoader(dataset, batch_size=4)]
    with trace(DataLoader(dataset, batch_size=4, num_workers=workers), transforms=True) as traced:
        assert [batch.tolist() for batch in traced] == expected
    seen = traced.timeline.observed
    assert seen.steps == (("Wait", "add_one") if kind == "compose" else ("ReLU", "Identity"))
    assert sorted(zip(seen.transforms["batch"], seen.transforms["step"], strict=True)) == [
        (0, 0),
        (0, 1),
        (1, 0),
        (1, 1),
    ]
    assert set(seen.transforms["calls"]) == {4}
    if kind == "compose":
        assert seen.transforms["wall_s"][seen.transforms["step"] == 0].min() >= 4 * 0.002
    now = list(pipeline.transforms if kind == "compose" else pipeline)
    assert all(one is before and type(one) is type(before) for one, before in zip(now, steps, strict=True))


def test_without_being_asked_no_step_is_touched():
    with trace(DataLoader(Transformed(PIPELINES["compose"]), batch_size=4)) as traced:
        list(traced)
    assert traced.timeline.observed.steps == ()
    assert traced.timeline.observed.transforms.size == 0
