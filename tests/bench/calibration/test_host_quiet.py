"""The quietest repeats are the ones that are kept; busy processes share what there is."""

import pytest

from bench.calibration import busy, quiet
from bench.calibration.quiet import KEPT, Watched, quietest, watch


def scripted(monkeypatch, shares, clock=None):
    """Let the n-th look or action see the n-th share; the last goes on."""
    left, actions = list(shares), []

    def seen(action):
        values = action()
        share = left.pop(0) if len(left) > 1 else left[0]
        return Watched(values=values, others_share=share)

    monkeypatch.setattr(quiet, "watch", seen)
    monkeypatch.setattr(quiet.time, "sleep", lambda _: None)
    if clock:
        monkeypatch.setattr(quiet.time, "monotonic", clock)

    def action():
        actions.append(len(actions))
        return {"number": float(len(actions))}

    return action, actions


def test_a_quiet_machine_needs_no_more_than_the_kept_repeats(monkeypatch):
    action, actions = scripted(monkeypatch, [0.01])
    repeats = quietest(action, patience_s=60.0)
    assert len(actions) == KEPT + 1
    assert repeats.values["number"] == [2.0, 3.0, 4.0, 5.0, 6.0], "the warm-up is not counted"
    assert repeats.others_share == 0.01


def test_disturbed_repeats_are_left_out_when_there_is_time(monkeypatch):
    # A look before each repeat, then the repeat: its third and fourth are disturbed.
    shares = [share for one in (0.0, 0.0, 0.9, 0.8, 0.0, 0.0, 0.0) for share in (0.0, one)]
    action, _ = scripted(monkeypatch, shares)
    repeats = quietest(action, patience_s=60.0, warm_up=False)
    assert repeats.values["number"] == [1.0, 2.0, 5.0, 6.0, 7.0]
    assert repeats.others_share == 0.0


def test_patience_bounds_the_wait_for_a_quiet_machine(monkeypatch):
    times = iter(range(100_000))
    action, actions = scripted(monkeypatch, [0.5], clock=lambda: next(times) * 0.01)
    repeats = quietest(action, patience_s=1.0, most=8, warm_up=False)
    assert len(actions) == KEPT
    assert repeats.others_share == 0.5
    assert next(times) < 300


def test_the_number_of_repeats_bounds_them_when_only_the_repeats_are_disturbed(monkeypatch):
    action, actions = scripted(monkeypatch, [0.0, 0.9] * 20)
    quietest(action, patience_s=600.0, most=8, warm_up=False)
    assert len(actions) == 8


def test_what_a_process_and_its_children_compute_is_not_others_work():
    seen = watch(lambda: {"done": busy.done_by(1)})
    assert seen.values["done"] > 0
    assert 0.0 <= seen.others_share <= 1.0


@pytest.mark.parametrize(
    ("usable", "expected"),
    [(0.5, (1, 2)), (1.0, (1, 2)), (2.0, (1, 2, 3, 4)), (1.5, (1, 2, 3, 4)), (6.0, (1, 2, 4, 6, 8, 12))],
)
def test_numbers_of_processes_go_to_twice_the_cores(usable, expected):
    assert busy.counts(usable) == expected


def test_large_machines_are_tried_at_few_numbers():
    assert len(busy.counts(128.0)) < 12
    assert {1, 128, 256} <= set(busy.counts(128.0))


def test_cores_are_what_the_full_machine_gets_done(monkeypatch):
    monkeypatch.setattr(busy, "done_by", lambda count: 100.0 * min(count, 1.8))
    seen = busy.cores_under_load(2.0)
    assert seen["cores"] == pytest.approx(1.8)
    assert (seen["busy_2"], seen["busy_4"]) == (pytest.approx(1.8), pytest.approx(1.8))
