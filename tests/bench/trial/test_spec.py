import json
import math
from dataclasses import replace

import pytest

from bench.trial.spec import TrialSpec
from dataloader_sim.scenario import Fault, LoaderConfig, Machine, Scenario, Workload


@pytest.mark.parametrize(
    "spec",
    [
        TrialSpec(),
        TrialSpec(workload="jpeg", images="/some where/\udcff", stall_timeout_s=2),
        TrialSpec(scenario=Scenario(loader=LoaderConfig(num_workers=3, multiprocessing_context="spawn"), seed=7)),
    ],
)
def test_a_spec_survives_json(spec: TrialSpec) -> None:
    assert TrialSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == spec


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"workload": "text"}, "workload must be one of emulated, jpeg, got 'text'"),
        ({"stall_timeout_s": 0}, "stall_timeout_s must be more than 0, got 0"),
        ({"stall_timeout_s": math.nan}, "stall_timeout_s must be a finite number"),
        ({"stall_timeout_s": True}, "stall_timeout_s must be a number, got True"),
        ({"images": "pictures"}, "only the workload jpeg reads pictures"),
        ({"images": "a\0b", "workload": "jpeg"}, "images must be the path of a folder"),
        ({"images": 3, "workload": "jpeg"}, "images must be the path of a folder"),
        ({"scenario": "fast"}, "scenario must be a Scenario, got 'fast'"),
    ],
)
def test_a_wrong_value_is_named(settings: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match="must be") as caught:
        TrialSpec(**settings)
    assert sentence in str(caught.value)


@pytest.mark.parametrize(
    ("part", "value", "sentence"),
    [
        ("machine", Machine(ranks=2), "ranks must be 1 in a trial, got 2"),
        ("threads", True, "threads must be False in a trial, got True"),
        ("fault", Fault(kind="killed"), "fault must be None in a trial, got 'killed'"),
        ("workload", Workload(dataset_bytes=1), "dataset_bytes must be 0 in a trial, got 1"),
        ("loader", LoaderConfig(num_workers=65), "num_workers must be 64 or less in a trial, got 65"),
        ("workload", Workload(batches=600_000, batch_size=1, epochs=2), "batches x epochs must be 1,000,000 or less"),
        (
            "workload",
            Workload(batches=10**6, batch_size=21),
            "batches x batch_size x epochs must be 20,000,000 or less",
        ),
    ],
)
def test_what_no_trial_can_run_is_refused_with_a_way_out(part: str, value: object, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        TrialSpec(scenario=replace(Scenario(), **{part: value}))
    assert str(caught.value).count(": ") == 1


def test_a_stream_of_which_no_batch_is_left_is_refused() -> None:
    workload, loader = Workload(batches=2, batch_size=4, iterable=True), LoaderConfig(num_workers=3, drop_last=True)
    with pytest.raises(ValueError, match=r"at least one batch that drop_last leaves, got 0: .* use fewer workers"):
        TrialSpec(scenario=Scenario(workload=workload, loader=loader))


@pytest.mark.parametrize("data", [None, [], {}, {"workload": "jpeg"}, TrialSpec().to_dict() | {"__class__": "x"}])
def test_a_document_of_another_form_is_refused(data: object) -> None:
    with pytest.raises(ValueError, match="a trial must be an object with the fields images, scenario"):
        TrialSpec.from_dict(data)
