import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.pictures import generated, list_pictures
from bench.trial.measure import run_trial
from bench.trial.spec import TrialError, TrialResult, TrialSpec
from dataloader_sim.scenario import LoaderConfig, Scenario, Workload
from dataloader_sim.simulate import simulate

pytestmark = pytest.mark.live


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return generated(tmp_path / "images", count=10)


def run_jpeg(images: Path, workers: int = 2) -> TrialResult:
    workload = Workload(batches=4, batch_size=5, step_s=0.001)
    scenario = Scenario(workload=workload, loader=LoaderConfig(num_workers=workers))
    return run_trial(TrialSpec(scenario=scenario, workload="jpeg", images=str(images)))


def in_a_process_with_torch(code: str, *arguments: object) -> object:
    run = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=True)
    return json.loads(run.stdout)


@pytest.mark.parametrize("workers", [0, 2])
def test_pictures_are_loaded_and_their_cost_becomes_the_scenarios(images: Path, workers: int) -> None:
    result = run_jpeg(images, workers)
    workload = result.timeline.scenario.workload
    assert result.timeline.batches().size == 4
    assert result.skipped_pictures == 0
    assert 0.0002 < workload.cpu_s < 1.0
    assert workload.io_s >= 0.0
    assert workload.sample_bytes == 3 * 224 * 224 * 4 + 8
    # The simulator can be drawn beside it.
    assert simulate(result.timeline.scenario).batches().size == 4


def test_damaged_pictures_are_replaced_and_counted_once_each(images: Path) -> None:
    names = [Path(name) for name in list_pictures(images)]
    names[1].write_bytes(names[1].read_bytes()[:20_000])
    names[2].write_bytes(b"")
    names[5].write_bytes(b"not a picture")
    result = run_jpeg(images)
    assert result.skipped_pictures == 3
    assert result.timeline.batches().size == 4


@pytest.mark.parametrize("workers", [0, 2])
def test_a_folder_of_damaged_pictures_is_one_sentence(tmp_path: Path, workers: int) -> None:
    for number in range(3):
        (tmp_path / f"{number}.jpg").write_bytes(b"\xff\xd8 cut off")
    with pytest.raises(TrialError, match=r"^none of the 3 pictures can be decoded: give a folder of whole JPEG files$"):
        run_jpeg(tmp_path, workers)


def test_an_empty_folder_is_refused_before_anything_starts(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="give another folder"):
        run_jpeg(tmp_path)


def test_a_picture_is_normalised_and_the_same_in_every_process(images: Path) -> None:
    code = """
import json, sys, torch
from bench.child.datasets import Pictures
from bench.pictures import list_pictures
from dataloader_sim.scenario import Scenario, Workload
scenario = Scenario(workload=Workload(batches=5, batch_size=4))
one, two = (Pictures(list_pictures(sys.argv[1]), scenario) for _ in range(2))
picture, number = one[7]
print(json.dumps({
    "shape": list(picture.shape), "dtype": str(picture.dtype), "number": int(number),
    "contiguous": picture.is_contiguous(), "low": float(picture.min()), "high": float(picture.max()),
    "same": bool(torch.equal(picture, two[7][0])), "next epoch differs": not torch.equal(picture, one[27][0]),
}))
"""
    seen = in_a_process_with_torch(code, images)
    # Black and white lie between -2.2 and 2.7 after ImageNet's normalisation.
    assert -2.2 < seen.pop("low") < seen.pop("high") < 2.7
    assert seen == {
        "shape": [3, 224, 224],
        "dtype": "torch.float32",
        "number": 7,
        "contiguous": True,
        "same": True,
        "next epoch differs": True,
    }


def test_an_emulated_sample_costs_time_and_processor_time() -> None:
    code = """
import json, time
from bench.child.datasets import Emulated
from dataloader_sim.costs import costs
from dataloader_sim.scenario import Scenario, Workload
workload = Workload(batches=1, batch_size=50, io_s=0.002, cpu_s=0.001, jitter=0.5, sample_bytes=1600, tensors=2)
dataset, drawn = Emulated(Scenario(workload=workload)), costs(workload, 0)
clock, cpu = time.perf_counter(), time.thread_time()
samples = [dataset[index] for index in range(50)]
clock, cpu = time.perf_counter() - clock, time.thread_time() - cpu
print(json.dumps({
    "slept": clock >= float(drawn.io_s.sum() + drawn.cpu_s.sum()), "burnt": cpu >= float(drawn.cpu_s.sum()),
    "bytes": sum(tensor.nbytes for tensor in samples[9]), "tensors": len(samples[9]), "number": int(samples[9][-1][0]),
}))
"""
    expected = {"slept": True, "burnt": True, "bytes": 1600, "tensors": 2, "number": 9}
    assert in_a_process_with_torch(code) == expected
