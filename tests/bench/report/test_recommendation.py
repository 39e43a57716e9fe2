from collections.abc import Sequence

import pytest

from bench.report.cells import cells
from bench.report.recommendation import loader_line, recommend
from bench.runs.records import Trial
from dataloader_sim.scenario import LoaderConfig, Scenario

BASE = Scenario(loader=LoaderConfig(num_workers=8))


def trials(workers: int, rates: Sequence[float], stall_share: float = 0.2) -> list[Trial]:
    return [
        Trial(
            block=block,
            num_workers=workers,
            wall_s=2.0,
            samples_per_s=rate,
            stall_share=stall_share,
            first_batch_s=0.1 * (block + 1),
            peak_memory_bytes=1000 + block,
        )
        for block, rate in enumerate(rates)
    ]


def failed(workers: int, block: int = 0) -> Trial:
    return Trial(block=block, num_workers=workers, wall_s=1.0, error="no batch arrived: look at dataset[0]")


def test_a_cell_gathers_its_trials() -> None:
    none, two = cells([*trials(2, [100.0, 121.0, 110.0]), failed(0), failed(2, block=3)])
    assert (none.num_workers, none.trials, none.rate, none.samples_per_s) == (0, 0, None, None)
    assert none.failed == ("no batch arrived: look at dataset[0]",)
    assert two.trials == 3
    assert two.rate == pytest.approx(110.0)
    assert two.samples_per_s is not None
    assert two.samples_per_s.low < 110.0 < two.samples_per_s.high
    assert two.first_batch_s == pytest.approx(0.2)
    assert two.peak_memory_bytes == 1002
    assert len(two.failed) == 1


def test_one_trial_has_a_rate_and_no_interval() -> None:
    (cell,) = cells(trials(0, [100.0]))
    assert cell.rate == pytest.approx(100.0)
    assert cell.samples_per_s is None


def test_the_smallest_value_that_is_as_good_is_chosen() -> None:
    seen = [
        *trials(0, [100, 101, 99, 100, 100]),
        *trials(4, [398, 402, 400, 401, 399], stall_share=0.02),
        *trials(8, [400, 404, 402, 403, 401], stall_share=0.01),
    ]
    advice = recommend(cells(seen), BASE)
    assert advice.num_workers == 4
    assert advice.sure
    assert advice.sentence.startswith("num_workers=4: 400 samples/s (95 %: ")
    assert "+300 % over num_workers=0" in advice.sentence
    assert "8 would not help: the GPU waits only 2 % of the time." in advice.sentence
    assert "ruled out" not in advice.sentence
    assert advice.line == "DataLoader(dataset, batch_size=32, num_workers=4)"


def test_a_smaller_value_that_is_not_proven_slower_is_named() -> None:
    seen = [
        *trials(0, [100, 101, 99, 100, 100]),
        *trials(2, [300, 420, 350, 410, 330]),
        *trials(4, [400, 401, 399, 400, 402]),
    ]
    advice = recommend(cells(seen), BASE)
    assert advice.num_workers == 4
    assert not advice.sure
    assert "). 2 cannot be ruled out." in advice.sentence


def test_a_choice_that_is_not_proven_as_good_says_so() -> None:
    seen = [*trials(2, [300, 480, 350, 450, 420]), *trials(4, [400, 401, 399, 400, 402])]
    advice = recommend(cells(seen), BASE)
    assert advice.num_workers == 2
    assert not advice.sure
    assert "That 4 is more than 5 % faster cannot be ruled out." in advice.sentence
    assert "would not help" not in advice.sentence


def test_nothing_to_gain_is_said() -> None:
    seen = [*trials(0, [400, 402, 399, 401, 400]), *trials(2, [401, 403, 400, 402, 401])]
    advice = recommend(cells(seen), BASE)
    assert advice.num_workers == 0
    assert "Nothing to gain: no number of workers tried is more than 5 % faster." in advice.sentence
    assert advice.line == "DataLoader(dataset, batch_size=32, num_workers=0)"


def test_a_gpu_that_still_waits_at_the_largest_value_is_not_the_end() -> None:
    seen = [*trials(0, [100, 101, 99, 100, 102]), *trials(2, [200, 201, 199, 200, 202], stall_share=0.4)]
    assert "the GPU still waits 40 % of the time: try more workers" in recommend(cells(seen), BASE).sentence


def test_few_trials_come_with_a_caution() -> None:
    one = recommend(cells([*trials(0, [100.0]), *trials(2, [200.0])]), BASE)
    assert one.num_workers == 2
    assert not one.sure
    assert "0 cannot be ruled out." in one.sentence
    assert "One trial per value says little: 5 or more are needed" in one.sentence
    three = recommend(cells([*trials(0, [100, 101, 102]), *trials(2, [200, 201, 202])]), BASE)
    assert "3 trials per value say little" in three.sentence
    assert not three.sure


def test_no_success_gives_no_number() -> None:
    advice = recommend(cells([failed(0), failed(2)]), BASE)
    assert (advice.num_workers, advice.line, advice.sure) == (None, "", False)
    assert recommend((), BASE).num_workers is None


def test_values_that_failed_are_left_out_of_the_choice() -> None:
    advice = recommend(cells([failed(8), *trials(2, [200, 201, 199, 200, 202])]), BASE)
    assert advice.num_workers == 2


def test_blocks_without_a_partner_are_left_out_of_the_pairs() -> None:
    four = [trial for trial in trials(4, [400, 401, 399, 400, 402]) if trial.block != 1]
    advice = recommend(cells([*trials(0, [100, 5, 99, 100, 100]), *four]), BASE)
    assert advice.num_workers == 4
    assert "ruled out" not in advice.sentence


def test_the_line_names_what_differs_from_torchs_defaults() -> None:
    loader = LoaderConfig(
        num_workers=2,
        prefetch_factor=4,
        pin_memory=True,
        persistent_workers=True,
        in_order=False,
        multiprocessing_context="spawn",
    )
    base = Scenario(loader=loader)
    assert loader_line(base, 2) == (
        "DataLoader(dataset, batch_size=32, num_workers=2, prefetch_factor=4, persistent_workers=True, "
        "multiprocessing_context='spawn', pin_memory=True, in_order=False)"
    )
    assert loader_line(base, 0) == (
        "DataLoader(dataset, batch_size=32, num_workers=0, pin_memory=True, in_order=False)"
    )
