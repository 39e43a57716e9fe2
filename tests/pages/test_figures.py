"""The Plotly pictures, from hand-written timelines: what they draw, in which colour, and the words on them."""

import dataclasses

import numpy as np
import pytest

from dataloader_sim import Band, Bounds, LoaderConfig, Machine, Scenario, Workload, sweep
from dataloader_sim.memory import predict
from dataloader_sim.timeline import GPU, MAIN, SPAN, Activity, Timeline
from pages._ui.figures import axis, compare, curve, limits
from pages._ui.figures.curve import DARK, LIGHT, Point
from pages._ui.words import BOUNDS

# Step time of 1 s and batches of 2 samples: 2 samples/s at most; a load of 4 s in each worker.
WORKLOAD = Workload(batches=9, batch_size=2, io_s=2.0, cpu_s=0.0, step_s=1.0)
BASE = Scenario(workload=WORKLOAD, loader=LoaderConfig(num_workers=1), machine=Machine(cores=4))


def by_hand(scenario):
    """Lay out steps that end every 5, 4, 2 or 1 s, by num_workers, each batch received as its step starts."""
    apart = {0: 5.0, 1: 4.0, 2: 2.0, 4: 1.0}[scenario.loader.num_workers]
    rows = []
    for batch in range(scenario.workload.batches):
        starts = (batch + 1) * apart
        lane = 0 if scenario.loader.num_workers else MAIN
        rows += [
            (0, lane, Activity.LOAD, 0, batch, starts - apart, starts),
            (0, MAIN, Activity.RECEIVE, 0, batch, starts, starts),
            (0, GPU, Activity.STEP, 0, batch, starts, starts + 1.0),
        ]
    return Timeline(scenario=scenario, source="simulated", spans=np.array(rows, SPAN))


def drawn(measured=(), **look):
    run = sweep(BASE, "loader.num_workers", (0, 1, 2, 4), run=by_hand)
    return curve.figure(run, "num_workers", (0, 1, 2, 4), measured, **look)


def traces(picture):
    return {trace.name: trace for trace in picture.data}


def point(value, rate, low=None, high=None, stall=0.5):
    return Point(value=value, samples_per_s=rate, low=low, high=high, stall_share=stall)


def test_the_curve_draws_throughput_and_stall_of_the_timelines():
    seen = traces(drawn())
    assert list(seen["Simulated"].x) == [0, 1, 2, 4]
    assert list(seen["Simulated"].y) == pytest.approx([0.4, 0.5, 1.0, 2.0])
    assert list(seen["Simulated"].customdata) == [0, 1, 2, 3]
    assert list(seen["GPU stalled"].y) == pytest.approx([0.8, 0.75, 0.5, 0.0])
    assert seen["GPU stalled"].yaxis != seen["Simulated"].yaxis


def test_the_curve_draws_the_bounds_that_are_near():
    seen = traces(drawn())
    assert list(seen["GPU bound"].y) == pytest.approx([2.0] * 4)
    assert list(seen["Loader bound"].y) == pytest.approx([2 / 5, 2 / 4, 4 / 4, 8 / 4])
    assert "Core bound" not in seen
    dashes = {seen[name].line.dash for name in ("GPU bound", "Loader bound", "Simulated")}
    assert len(dashes) == 3


def test_of_equal_bounds_one_is_drawn_and_one_far_above_is_not():
    seen = traces(drawn())
    # Without a launch or a message to take the training process can do what the accelerator can.
    assert "Host bound" not in seen
    names = {name for name in seen if name.endswith("bound")}
    assert names == {"GPU bound", "Loader bound"}


def test_every_bound_has_a_name_a_dash_and_a_colour_of_its_own():
    fields = {item.name for item in dataclasses.fields(Bounds)} - {"knee"}
    assert set(BOUNDS) == set(limits.DASHES) == fields
    for some in (set(BOUNDS.values()), set(limits.DASHES.values()), *({p[f] for f in fields} for p in (LIGHT, DARK))):
        assert len(some) == len(fields)


def test_the_band_of_the_seeds_is_filled_there_and_back_and_the_curve_is_its_median():
    run = sweep(BASE, "loader.num_workers", (0, 1, 2), run=by_hand)
    bands = tuple(Band(low=one, median=one + 1, high=one + 3) for one in (0.0, 2.0, 1.0))
    picture = curve.figure(dataclasses.replace(run, band=bands), "num_workers", (0, 1, 2))
    seen = traces(picture)
    band = seen["Seeds, lowest to highest"]
    assert list(band.x) == [0, 1, 2, 2, 1, 0]
    assert list(band.y) == [3.0, 5.0, 4.0, 1.0, 2.0, 0.0]
    assert band.fill == "toself"
    assert list(seen["Simulated, median"].y) == [1.0, 3.0, 2.0]
    assert seen["Simulated, median"].text[1] == "1: 3 samples/s (2 to 5)"
    assert [(note.text, note.y) for note in picture.layout.annotations] == [("knee: 1", 3.0)]
    assert picture.layout.yaxis.range[1] >= 5.0


def test_memory_is_drawn_below_with_its_limits_where_they_are_near():
    sized = dataclasses.replace(WORKLOAD, sample_bytes=10**7)
    machine = dataclasses.replace(BASE.machine, ram_bytes=5 * 10**8, shm_bytes=10**12)
    run = sweep(dataclasses.replace(BASE, workload=sized, machine=machine), "loader.num_workers", (0, 2), run=by_hand)
    forecasts = [predict(one.scenario) for one in run.timelines]
    picture = curve.figure(run, "num_workers", (0, 2), memory=forecasts)
    seen = traces(picture)
    assert list(seen["Memory"].y) == [one.total_bytes / 1e9 for one in forecasts]
    assert list(seen["in /dev/shm"].y) == [0.0, forecasts[1].shm_bytes / 1e9]
    assert list(seen["RAM limit"].y) == [0.5, 0.5]
    assert not any(name.endswith("shm limit") for name in seen)
    assert seen["Memory"].yaxis == "y3"
    assert picture.layout.yaxis3.title.text == "memory, GB"
    assert picture.layout.xaxis3.title.text == "num_workers"


def test_the_knee_is_named_at_its_point():
    words = [(note.text, note.x, note.y) for note in drawn().layout.annotations]
    assert words == [("knee: 4", 4, pytest.approx(2.0))]


def test_another_axis_has_no_knee():
    run = sweep(BASE, "workload.step_s", (1.0, 2.0))
    assert not curve.figure(run, "Step time, ms", (1000, 2000)).layout.annotations


def test_the_axes_say_what_they_show_with_their_units():
    layout = drawn().layout
    assert layout.yaxis.title.text == "samples/s"
    assert layout.yaxis2.title.text == "GPU stalled"
    assert layout.xaxis2.title.text == "num_workers"
    assert list(layout.xaxis2.ticktext) == ["0", "1", "2", "4"]


def test_measured_points_stand_over_the_curve_with_their_intervals():
    seen = traces(drawn([point(0, 0.4, 0.3, 0.6), point(2, 0.9)]))
    measured = seen["Measured, 95 %"]
    assert list(measured.x) == [0, 2]
    assert list(measured.error_y.array) == pytest.approx([0.2, 0.0])
    assert list(measured.error_y.arrayminus) == pytest.approx([0.1, 0.0])
    assert measured.marker.symbol == "diamond"
    assert "measured" in measured.hovertemplate
    assert "simulated" in seen["Simulated"].hovertemplate
    assert list(seen["Measured stall"].y) == [0.5, 0.5]


@pytest.mark.parametrize(("dark", "palette"), [(False, LIGHT), (True, DARK)])
def test_vermillion_is_for_stall_alone_in_both_themes(dark, palette):
    seen = traces(drawn([point(0, 0.4)], dark=dark))
    assert seen["GPU stalled"].line.color == palette["stall"]
    others = [seen[name].line.color for name in ("Simulated", "GPU bound", "Loader bound")]
    others.append(seen["Measured, one run"].marker.color)
    assert palette["stall"] not in others
    assert len(set(others)) == len(others)


def test_a_comparison_draws_both_runs_apart_in_colour_symbol_and_dash():
    one = compare.Curve(name="Run 1", points=[point(0, 10.0, 9.0, 12.0, 0.9), point(2, 20.0, stall=0.2)])
    other = compare.Curve(name="Run 2", points=[point(2, 30.0, 29.0, 31.0), point(4, 40.0)])
    picture = compare.figure([one, other])
    rates, stalls = picture.data[0::2], picture.data[1::2]
    assert [trace.name for trace in rates] == ["Run 1", "Run 2"]
    assert [list(trace.y) for trace in rates] == [[10.0, 20.0], [30.0, 40.0]]
    assert list(rates[0].error_y.array) == [2.0, 0.0]
    assert list(rates[0].error_y.arrayminus) == [1.0, 0.0]
    assert list(stalls[0].y) == [0.9, 0.2]
    assert [trace.showlegend for trace in stalls] == [False, False]
    for look in ("line.color", "line.dash", "marker.symbol"):
        part, name = look.split(".")
        assert rates[0][part][name] != rates[1][part][name]
    assert all("measured" in trace.hovertemplate for trace in picture.data)
    assert list(picture.layout.xaxis2.ticktext) == ["0", "2", "4"]
    assert picture.layout.yaxis.title.text == "samples/s"


def test_a_comparison_leaves_out_a_run_without_points_and_refuses_three():
    some, none = compare.Curve(name="Run 1", points=[point(1, 5.0)]), compare.Curve(name="Run 2", points=[])
    assert {trace.name for trace in compare.figure([some, none], dark=True).data} == {"Run 1"}
    with pytest.raises(ValueError, match="2 runs or fewer, got 3: choose two"):
        compare.figure([some, some, some])


def test_the_range_shows_every_point_and_intervals_up_to_twice_the_highest():
    assert axis.throughput([point(0, 100.0, 90.0, 120.0)]) == [0, pytest.approx(150.0)]
    assert axis.throughput([point(0, 100.0, 1.0, 80_000.0)]) == [0, pytest.approx(250.0)]
    assert axis.throughput([point(0, 100.0)], drawn=[400.0]) == [0, pytest.approx(500.0)]
    assert axis.throughput([]) == [0, pytest.approx(1.25)]
