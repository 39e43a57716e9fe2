"""The words about errors, ranges and machines as they stand on the screen."""

import json

import pytest
from kept_runs import HERE, spec

from bench.runs.records import DONE, FAILED, Run
from pages._ui import format as written
from pages.measure import _wording


def run(machine=HERE, spec_json=None, **changes):
    text = spec_json or json.dumps(spec().to_dict())
    fields = {"id": 7, "created_utc": "2026-11-22T11:50:07Z", "who": "the app", "state": DONE, "message": ""}
    return Run(**(fields | {"spec_json": text, "machine": machine, "trials": 1} | changes))


@pytest.mark.parametrize(
    ("words", "shown"),
    [
        ("no batch arrived", "No batch arrived."),
        ("the end.", "The end."),
        ("num_workers must be 0 or more", r"num\_workers must be 0 or more."),
        ("got '[a](b) *c* $d$ <e>'", r"Got '\[a\](b) \*c\* \$d\$ \<e\>'."),
    ],
)
def test_an_error_is_one_sentence_that_shows_every_character(words, shown):
    assert written.sentence(words) == shown


def test_a_range_names_both_ends_once():
    assert written.span(0.381, 0.412, written.share) == "38 % to 41 %"
    assert written.span(0.411, 0.412, written.share) == "41 %"
    assert written.seconds(0) == "0 s"


def test_a_machine_is_short_and_may_be_unknown():
    assert _wording.machine(run()) == "Example 9000, 2 cores, id aaaa"
    assert _wording.machine(run(HERE | {"cores": "1"})) == "Example 9000, 1 core, id aaaa"
    assert _wording.machine(run({})) == "unknown processor, ? cores"


def test_a_run_of_another_release_is_named_without_its_settings():
    assert _wording.title(run(spec_json="{}")) == (
        "Run 7, 2026-11-22 11:50 UTC: unknown, written by another release of dataloader-lab"
    )


def test_a_failed_run_says_why_what_to_do_and_what_is_kept():
    said = _wording.ending(run(state=FAILED, message="no room is left"))
    assert said == (
        "Run 7 failed. No room is left. Change what it says, then press Run again; "
        "1 finished trial is kept and shown here."
    )
    assert _wording.ending(run()) == ""
