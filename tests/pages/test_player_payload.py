from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from browser import written_runs as written
from unpacking import unpack

from dataloader_sim import LoaderConfig, Metrics, Scenario, Timeline, Workload, judge, metrics, simulate
from dataloader_sim.timeline import Activity
from pages._ui import player_assets, player_payload
from pages._ui.player_payload import PlayerRun, pack, pack_pair
from pages._ui.player_spans import PACKED


def run_of(num_workers: int, batches: int = 6, **changes: object) -> PlayerRun:
    scenario = Scenario(workload=Workload(batches=batches), loader=LoaderConfig(num_workers=num_workers))
    return as_run(simulate(scenario), value=num_workers, **changes)


def as_run(timeline: Timeline, **changes: object) -> PlayerRun:
    run = PlayerRun(value=0, timeline=timeline, metrics=metrics(timeline), verdict=judge(timeline), bound=1067.0)
    return replace(run, **changes)


def test_every_run_arrives_with_its_words_numbers_and_spans() -> None:
    runs = [run_of(workers) for workers in (0, 1, 2)]
    header, spans = unpack(pack(runs, selected=1, knob="num_workers", source="simulated"))
    assert (header["selected"], header["knob"], header["source"]) == (1, "num_workers", "simulated")
    for run, facts, (packed,) in zip(runs, header["runs"], spans, strict=True):
        sent = run.timeline.spans[run.timeline.spans["activity"] != Activity.SEND]
        assert facts["value"] == run.value
        assert facts["workers"] == run.timeline.scenario.loader.num_workers
        assert facts["capacity"] == 2 * facts["workers"]
        assert facts["samples_per_s"] == run.metrics.samples_per_s
        assert facts["stall_share"] == run.metrics.stall_share
        assert (facts["finding"], facts["advice"]) == (run.verdict.finding, run.verdict.advice)
        assert facts["bound"] == 1067.0
        assert sorted(packed["batch"]) == sorted(sent["batch"])
        assert sorted(packed["lane"]) == sorted(sent["lane"])
        np.testing.assert_allclose(np.sort(packed["end_s"]), np.sort(sent["end_s"]), rtol=1e-6)
        assert np.all(np.diff(packed["start_s"]) >= 0)


def test_a_span_is_twelve_bytes() -> None:
    assert PACKED.itemsize == 12


def test_the_knee_is_the_first_run_within_two_percent_of_the_best() -> None:
    runs = [run_of(workers, batches=60) for workers in (1, 2, 4, 8, 12, 16)]
    header, _ = unpack(pack(runs, selected=0, knob="num_workers", source="simulated"))
    rates = [run.metrics.samples_per_s for run in runs]
    knee = header["knee"]
    assert rates[knee] >= 0.98 * max(rates)
    assert all(rate < 0.98 * max(rates) for rate in rates[:knee])
    alone, _ = unpack(pack(runs[:1], selected=0, knob=None, source="simulated"))
    assert alone["knee"] is None


def test_equal_runs_have_equal_digests_whatever_is_selected() -> None:
    def digest(runs: list[PlayerRun], selected: int) -> str:
        return unpack(pack(runs, selected=selected, knob="num_workers", source="simulated"))[0]["digest"]

    runs = [run_of(1), run_of(2)]
    assert digest(runs, 0) == digest([run_of(1), run_of(2)], 1)
    assert digest(runs, 0) != digest([run_of(1), run_of(3)], 0)


def test_what_has_no_limit_is_null() -> None:
    header, _ = unpack(pack([run_of(2, bound=math.inf, low=math.nan)], selected=0, knob=None, source="measured"))
    assert header["runs"][0]["bound"] is None
    assert header["runs"][0]["low"] is None


def test_only_as_many_ranks_travel_as_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [as_run(written.plumbed(workers, 4, ranks=4), value=workers) for workers in (1, 2)]
    one_rank = sum(run.timeline.spans.size for run in runs) / 4 * PACKED.itemsize
    monkeypatch.setattr(player_payload, "MOST_RANK_BYTES", int(2.5 * one_rank))
    header, ranks = unpack(pack(runs, selected=0, knob="num_workers", source="simulated"))
    assert [len(one) for one in ranks] == [2, 2]
    assert [run["of_ranks"] for run in header["runs"]] == [4, 4]
    monkeypatch.setattr(player_payload, "MOST_RANK_BYTES", 1)
    assert [len(one) for one in unpack(pack(runs, selected=0, knob=None, source="simulated"))[1]] == [1, 1]


def test_a_run_that_broke_off_has_no_knee() -> None:
    timelines = [written.plumbed(2, 6), written.broken("killed")]
    runs = [as_run(one, metrics=written.numbers(one), verdict=written.verdict()) for one in timelines]
    header, _ = unpack(pack(runs, selected=0, knob="num_workers", source="simulated"))
    assert header["knee"] is None
    assert header["runs"][0]["failure"] is None


def test_the_curve_and_its_knee_go_by_the_medians() -> None:
    timeline = written.plumbed(2, 6)
    medians = (50.0, 99.0, 100.0)
    runs = [as_run(timeline, verdict=written.verdict(), median=one) for one in medians]
    header, _ = unpack(pack(runs, selected=0, knob="num_workers", source="simulated"))
    assert [run["curve"] for run in header["runs"]] == list(medians)
    assert header["knee"] == 1
    assert header["runs"][0]["samples_per_s"] == runs[0].metrics.samples_per_s


def test_the_bound_has_a_name() -> None:
    runs = [run_of(1), run_of(2, bound=5.0, bound_name="core bound")]
    header, _ = unpack(pack(runs, selected=0, knob="num_workers", source="simulated"))
    assert [(run["bound"], run["bound_name"]) for run in header["runs"]] == [(1067.0, "GPU bound"), (5.0, "core bound")]


def test_a_throughput_without_a_batch_is_null() -> None:
    header, _ = unpack(pack([run_of(1, metrics=nothing())], selected=0, knob=None, source="simulated"))
    assert header["runs"][0]["stall_share"] is None


def nothing() -> Metrics:
    return replace(metrics(written.plumbed(2, 6)), samples_per_s=math.nan, stall_share=math.nan)


def test_the_header_lists_what_occurs() -> None:
    header, _ = unpack(pack([run_of(0), run_of(2)], selected=0, knob="num_workers", source="simulated"))
    assert header["activities"] == [Activity.LOAD, Activity.RECEIVE, Activity.STEP]
    header, _ = unpack(pack([as_run(written.plumbed(2, 6))], selected=0, knob=None, source="simulated"))
    plumbing = {Activity.START, Activity.BOOT, Activity.PUT, Activity.GET, Activity.TOUCH, Activity.COPY}
    assert plumbing | {Activity.LAUNCH, Activity.STOP} <= set(header["activities"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"runs": []}, "runs must be at least one run"),
        ({"selected": 1}, "selected must be the index of one of 1 runs"),
        ({"selected": -1}, "selected must be the index of one of 1 runs"),
        ({"source": "guessed"}, "source must be one of simulated, measured"),
    ],
)
def test_wrong_input_is_refused(changes: dict, message: str) -> None:
    arguments = {"runs": [run_of(1)], "selected": 0, "knob": None, "source": "simulated", **changes}
    with pytest.raises(ValueError, match=message):
        pack(arguments.pop("runs"), **arguments)


def test_more_than_the_format_holds_is_refused() -> None:
    with pytest.raises(ValueError, match="num_workers must be 128 or fewer in the player, got 129"):
        pack([run_of(129, batches=129)], selected=0, knob=None, source="simulated")
    spans = run_of(1).timeline.spans.copy()
    spans["batch"] += 65_536
    many = as_run(Timeline(scenario=Scenario(), source="measured", spans=spans))
    with pytest.raises(ValueError, match="batches must be 65,536 or fewer in the player"):
        pack([many], selected=0, knob=None, source="measured")


def test_a_pair_holds_two_runs_with_their_sources_and_no_knob() -> None:
    seen = run_of(2).timeline
    measured = as_run(Timeline(scenario=seen.scenario, source="measured", spans=seen.spans.copy()))
    header, spans = unpack(pack_pair(replace(measured, until_s=0.25), run_of(2)))
    assert (header["pair"], header["knob"], header["selected"], header["autoplay"]) == (True, None, 0, False)
    assert [run["source"] for run in header["runs"]] == ["measured", "simulated"]
    assert [run["until"] for run in header["runs"]] == [0.25, None]
    assert len(spans) == 2
    alone, _ = unpack(pack([run_of(2)], selected=0, knob=None, source="simulated"))
    assert alone["pair"] is False
    assert alone["runs"][0]["source"] == "simulated"


def test_the_joined_script_is_one_module_with_unique_names() -> None:
    files = sorted(player_assets.ASSETS.glob("*.mjs"))
    assert sorted(player_assets.MODULES) == [path.stem for path in files]
    script = player_assets.script()
    assert not re.search(r"^\s*import\b", script, re.MULTILINE)
    assert re.findall(r"^export .*", script, re.MULTILINE) == [
        "export default function mount({ data, parentElement, setStateValue }) {",
    ]
    source = "".join(path.read_text(encoding="utf-8") for path in files)
    names = re.findall(r"^(?:export )?(?:function|class|const) (\w+)", source, re.MULTILINE)
    assert len(names) == len(set(names))


def test_a_module_comes_after_those_it_imports_from() -> None:
    for place, name in enumerate(player_assets.MODULES):
        source = (player_assets.ASSETS / f"{name}.mjs").read_text(encoding="utf-8")
        for needed in re.findall(r'^import .* from "\./(\w+)\.mjs"', source, re.MULTILINE):
            assert player_assets.MODULES.index(needed) < place, f"{name} needs {needed}"


def test_every_style_file_is_sent() -> None:
    assert sorted(player_assets.STYLES) == sorted(path.stem for path in player_assets.ASSETS.glob("*.css"))


def test_no_file_of_the_player_is_long() -> None:
    for path in Path(player_assets.ASSETS).iterdir():
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 200, path.name
