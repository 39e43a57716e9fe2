"""A trace file in the right form, with values that no run has: refused in one sentence, at little cost."""

import json

import numpy as np
import pytest
from hostile import HEAD, refused, with_head, with_observed, with_rows


@pytest.mark.parametrize(
    ("table", "name", "value"),
    [
        *(("spans", name, value) for name in ("start_s", "end_s") for value in (np.nan, np.inf, -np.inf, 1e300)),
        *(("spans", "start_s", value) for value in (-1e300, 5.0)),
        *(("spans", "lane", value) for value in (-4, -32768, 1024, 32767)),
        *(("spans", "rank", value) for value in (-1, 1, 32767)),
        *(("spans", "activity", value) for value in (-1, 13, 127)),
        *((table, name, -1) for table in ("spans", "samples", "loads", "transforms") for name in ("epoch", "batch")),
        *(("spans", name, 2**31 - 1) for name in ("epoch", "batch")),
        *(("boots", name, -1) for name in ("rank", "epoch", "worker")),
        *(("transforms", "step", value) for value in (-1, 2, 32767)),
        ("transforms", "calls", -5),
        ("loads", "samples", -2),
        ("loads", "tensor_bytes", 2**62),
        *(("loads", "fetch_s", value) for value in (np.inf, -np.inf, 1e300)),
        ("samples", "wall_s", np.inf),
        ("boots", "cpu_s", -np.inf),
    ],
)
def test_a_row_that_no_run_has_is_refused(table, name, value):
    refused(with_rows(table, name, value))


def test_a_step_beyond_the_names_is_refused():
    refused(with_observed(steps=[]))


LONG = "x" * (1 << 20)


@pytest.mark.parametrize(
    "changes",
    [
        {"notes": [LONG]},
        {"steps": [LONG, "b", "c"]},
        {"origin": {"torch": LONG}},
        {"origin": {LONG: "torch"}},
        {"notes": ["x"] * 100_000},
        {"notes": ["half a character \ud800"]},
        {"origin": {"\udfff": ""}},
        {"notes": "text"},
        {"notes": [None]},
        {"notes": [["nested"]]},
        {"steps": {"0": "a"}},
        {"steps": None},
        {"origin": []},
        {"origin": {"torch": 2}},
        {"partial": 1},
        {"partial": None},
        {"partial": LONG},
        {"rows": []},
        {"rows": {}},
        {"rows": {LONG: 1}},
        {"extra": 1},
    ],
    ids=lambda changes: json.dumps(changes)[:40],
)
def test_wrong_texts_of_a_trace_are_refused(changes):
    refused(with_observed(**changes))


@pytest.mark.parametrize(
    "changes",
    [
        {"observed": []},
        {"observed": 0},
        {"observed": {}},
        {"source": "guessed"},
        {"source": LONG},
        {"source": ["measured"]},
        {"source": None},
        {"peak_memory_bytes": -1},
        {"peak_memory_bytes": 1.5},
        {"peak_memory_bytes": "many"},
        {"peak_memory_bytes": None},
        {"peak_memory_bytes": float("nan")},
        {"peak_memory_bytes": 10**300},
        {"failure": {}},
        {"failure": []},
        {"failure": "killed"},
        {"failure": {"kind": "tired", "at_s": 1.0, "message": ""}},
        {"failure": {"kind": ["killed"], "at_s": 1.0, "message": ""}},
        {"failure": {"kind": "killed", "at_s": float("inf"), "message": ""}},
        {"failure": {"kind": "killed", "at_s": -1.0, "message": ""}},
        {"failure": {"kind": "killed", "at_s": 1.0, "message": 5}},
        {"failure": {"kind": "killed", "at_s": 1.0, "message": LONG}},
        {"scenario": []},
        {"scenario": {}},
        {"scenario": None},
        {"extra": 1},
        {LONG: 1},
    ],
    ids=lambda changes: json.dumps(changes)[:40],
)
def test_a_wrong_head_is_refused(changes):
    refused(with_head(**changes))


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("workload", "batches", 10**300),
        ("workload", "batches", 1e3),
        ("workload", "io_s", float("nan")),
        ("workload", "io_s", "fast"),
        ("workload", "io_s", {"a": 1}),
        ("workload", "io_s", LONG),
        ("workload", "io_factors", [1.0] * 100_000),
        ("workload", "io_factors", [float("inf")]),
        ("workload", "io_factors", ["inf"]),
        ("workload", "io_factors", [[1.0]]),
        ("workload", "io_factors", "11"),
        ("loader", "num_workers", -1),
        ("loader", "num_workers", 10**6),
        ("loader", "multiprocessing_context", ["fork"]),
        ("loader", "multiprocessing_context", LONG),
        ("machine", "cores", 0),
        ("machine", "cores", "inf"),
        ("machine", "shm_bytes_per_s", float("nan")),
        ("machine", "new_field", 1),
    ],
)
def test_a_wrong_scenario_is_refused(part, name, value):
    scenario = HEAD["scenario"]
    refused(with_head(scenario=scenario | {part: scenario[part] | {name: value}}))


def test_fewer_ranks_than_the_spans_have_are_refused():
    refused(with_rows("spans", "rank", 1))
