"""A window shows a few batches of a long run, whole, on a clock of its own; both runs of a job at the same batches."""

import numpy as np
import pytest
from kept_traces import changed, traced

from dataloader_sim import LoaderConfig
from dataloader_sim.timeline import Activity
from pages._ui.window import Window, around, cut, same, whole, worst_stall

LONG = traced(changed(batches=60, epochs=2))


def test_all_of_a_run_is_the_run_itself():
    part = cut(LONG, whole(LONG))
    assert part.timeline is LONG
    assert (part.at_s, part.until_s) == (0.0, None)


@pytest.mark.parametrize("first", [0, 1, 30, 60, 90])
def test_the_windows_batches_keep_their_times_on_a_moved_clock(first):
    rows = LONG.batches()
    part = cut(LONG, Window(first=first, last=first + 9))
    assert part.at_s == (rows["step_end_s"][first - 1] if first else 0.0)
    assert part.until_s == pytest.approx(rows["step_end_s"][first + 9] - part.at_s)
    seen = part.timeline.batches()
    assert seen["batch"][:10].tolist() == rows["batch"][first : first + 10].tolist()
    for name in ("received_s", "step_end_s"):
        np.testing.assert_allclose(seen[name][:10], rows[name][first : first + 10] - part.at_s)
    # What was loaded before the window began is ready at its 0.
    loaded = np.maximum(rows["loaded_s"][first : first + 10] - part.at_s, 0.0)
    np.testing.assert_allclose(seen["loaded_s"][:10], loaded)
    assert seen["received_s"].min() >= 0


def test_what_is_loaded_ahead_of_the_windows_end_is_there():
    part = cut(LONG, Window(first=10, last=19))
    ahead = LONG.batches()[20:]
    loading = ahead["batch"][ahead["load_start_s"] <= part.at_s + part.until_s].tolist()
    assert loading
    assert part.timeline.of(Activity.LOAD)["batch"].max() == max(loading)
    assert part.timeline.batches().size == 10 + len(loading)


def test_a_window_of_the_second_epoch_starts_its_workers():
    part = cut(LONG, Window(first=60, last=64))
    assert part.timeline.of(Activity.BOOT)["epoch"].tolist() == [1, 1]
    assert cut(LONG, Window(first=70, last=74)).timeline.of(Activity.BOOT).size == 0


def test_windows_stay_inside_the_run():
    assert around(LONG, 0, 20) == Window(first=0, last=19)
    assert around(LONG, 119, 20) == Window(first=100, last=119)
    assert around(LONG, 60, 20) == Window(first=50, last=69)
    assert around(LONG, 3, 1000) == whole(LONG) == Window(first=0, last=119)


def test_the_longest_stall_is_that_of_the_new_epochs_first_batch():
    # Workers that start anew keep the accelerator waiting longer than any batch does.
    assert worst_stall(traced(changed(batches=60, epochs=2, jitter=0.0, slow_every=0))) == 60


def test_another_run_shows_the_same_batches_or_says_that_it_lacks_them():
    other = traced(changed(batches=60, epochs=2, loader=LoaderConfig(num_workers=3)))
    assert same(Window(first=58, last=62), LONG, other) == Window(first=58, last=62)
    assert same(Window(first=58, last=62), LONG, traced(changed(batches=60))) is None


def test_a_run_that_broke_off_breaks_off_in_its_last_window_only():
    from dataclasses import replace

    from dataloader_sim import Failure

    rows = LONG.batches()
    broken = replace(LONG, failure=Failure(kind="killed", at_s=float(rows["step_end_s"][-1]), message="gone"))
    last = cut(broken, Window(first=110, last=119))
    assert last.timeline.failure.at_s == pytest.approx(broken.failure.at_s - last.at_s)
    assert cut(broken, Window(first=0, last=9)).timeline.failure is None
