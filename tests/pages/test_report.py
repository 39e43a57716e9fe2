"""The report is one file that says what the trace says, asks nobody for anything and runs no script but its own."""

import base64
import html
import re
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import pytest
from kept_traces import changed, traced
from unpacking import unpack

from dataloader_sim import Failure, judge, simulate
from dataloader_sim.timeline import SPAN, Timeline
from dataloader_sim.wire import timeline_to_bytes
from pages._ui import report, report_parts

ROOT = Path(__file__).parents[2]
HOSTILE = """<script>document.title='pwned'</script><img src=x onerror="alert(1)">"' onclick='alert(2)'</style>&lt;"""
RUN = traced()


class Reader(HTMLParser):
    """Collect the elements, their attributes, and the visible text."""

    def __init__(self, text):
        super().__init__()
        self.elements, self.said, self.inside = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.inside.append(tag)

    def handle_endtag(self, tag):
        if tag in self.inside:
            while self.inside.pop() != tag:
                pass

    def handle_data(self, data):
        if not {"script", "style"} & set(self.inside):
            self.said.append(data)

    @property
    def words(self):
        return " ".join(" ".join(self.said).split())


def test_it_says_the_verdict_the_numbers_and_where_they_come_from():
    words = Reader(report.page(RUN, name="train", simulated=simulate(RUN.scenario))).words
    for said in (
        judge(RUN).finding,
        "GPU stalled, measured",
        "Throughput, simulated",
        "All 24 batches, measured",
        "prefetch_factor",
        "2.13.0",
        "Decode",
        "index",
        "p95",
    ):
        assert said.lower() in words.lower(), said


@pytest.mark.parametrize("simulated", [None, simulate(RUN.scenario)])
def test_the_player_gets_the_runs_that_were_given(simulated):
    text = report.page(RUN, name="train", simulated=simulated)
    code = re.search(r'<div class="payload" hidden>([^<]*)</div>', text)[1]
    header, _ = unpack(base64.b64decode(code))
    assert header["pair"] is (simulated is not None)
    assert [run["source"] for run in header["runs"]] == ["measured", "simulated"][: len(header["runs"])]


def test_hostile_texts_stay_texts():
    hostile = traced(steps=(HOSTILE,), notes=(HOSTILE,), partial=True, origin={HOSTILE: HOSTILE})
    hostile = replace(hostile, failure=Failure(kind="raised", at_s=hostile.end_s, message=HOSTILE))
    text = report.page(hostile, name=HOSTILE)
    read, plain = Reader(text), Reader(report.page(replace(RUN, failure=hostile.failure), name="train"))
    assert {tag for tag, _ in read.elements} == {tag for tag, _ in plain.elements}
    assert [tag for tag, _ in read.elements].count("script") == 1
    attributes = {name for _, attrs in read.elements for name in attrs}
    assert not {name for name in attributes if name.startswith("on") or name in {"src", "href", "style"}}
    assert text.count(html.escape(HOSTILE, quote=True)) >= 5
    assert HOSTILE not in text


def test_its_policy_allows_its_own_script_and_style_by_hash_and_nothing_else():
    text = report.page(RUN, name="train")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', text)[1]
    for kind, tag in (("script", '<script type="module">'), ("style", "<style>")):
        inside = text.split(tag)[1].split(f"</{kind}>")[0]
        code = base64.b64encode(sha256(inside.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{code}'" in policy
    assert policy.startswith("default-src 'none';")
    assert "unsafe" not in policy
    assert not re.search(r"https?://", text.replace("http://www.w3.org", ""))


def test_a_long_trace_is_shortened_and_says_so():
    words = Reader(report.page(traced(changed(batches=2100)), name="long")).words
    assert f"The first {report_parts.MOST_ROWS} of 2,100 batches" in words
    assert "The first 2,000 of 2,100 batches" in words


def test_partial_broken_and_empty_traces_have_a_report_too():
    partial = Reader(report.page(traced(partial=True, notes=("worker 1 wrote nothing",)), name="a")).words
    assert "This trace is partial" in partial
    assert "worker 1 wrote nothing" in partial
    broken = replace(RUN, failure=Failure(kind="killed", at_s=RUN.end_s, message="worker 0 is gone"))
    assert "The run broke off: killed after" in Reader(report.page(broken, name="a")).words
    assert "worker 0 is gone" in Reader(report.page(broken, name="a")).words
    nothing = Timeline(scenario=RUN.scenario, source="measured", spans=RUN.spans[:0].astype(SPAN))
    assert "There is none" in Reader(report.page(nothing, name="a")).words


def test_too_many_workers_for_the_player_are_said_and_the_rest_is_there():
    spans = RUN.spans.copy()
    spans["lane"][spans["lane"] == 1] = 200
    words = Reader(report.page(replace(RUN, spans=spans), name="a")).words
    assert "It cannot be drawn: num_workers must be 128 or fewer" in words
    assert "All 24 batches" in words


def run(*arguments):
    command = [sys.executable, "-m", "pages._ui.report", *map(str, arguments)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_the_program_writes_a_file_without_streamlit_or_torch(tmp_path):
    (tmp_path / "run.trace").write_bytes(timeline_to_bytes(RUN))
    assert run(tmp_path / "run.trace", tmp_path / "run.html").returncode == 0
    assert "<title>run: trace" in (tmp_path / "run.html").read_text(encoding="utf-8")
    program = "import sys, pages._ui.report; print({'streamlit', 'torch', 'plotly', 'bench'} & set(sys.modules))"
    seen = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert seen.stdout.strip() == "set()"


def test_the_program_says_in_one_sentence_what_is_wrong(tmp_path):
    whole = timeline_to_bytes(RUN)
    (tmp_path / "cut.trace").write_bytes(whole[: len(whole) // 2])
    for arguments, status in (((), 2), ((tmp_path / "cut.trace", tmp_path / "out.html"), 1)):
        seen = run(*arguments)
        assert seen.returncode == status
        assert len(seen.stderr.splitlines()) == 1
        assert "Traceback" not in seen.stderr
    assert not (tmp_path / "out.html").exists()


def test_advice_that_rests_on_predictions_stands_in_place_of_the_verdicts_own():
    text = report.page(traced(), name="train", advice="Set num_workers=3 <now>.")
    assert "Set num_workers=3 &lt;now&gt;." in text
    assert judge(traced()).advice not in text
