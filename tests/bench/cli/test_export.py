"""`dataloader-lab export`: what is written where, and what cannot be."""

import csv
import json

import pytest
from traced_run import timeline

from bench.cli import export, main
from dataloader_sim.wire import timeline_to_bytes


@pytest.fixture
def trace(tmp_path):
    path = tmp_path / "my run.trace"
    path.write_bytes(timeline_to_bytes(timeline()))
    return path


def test_each_form_is_written_beside_the_trace(trace, capsys):
    assert main(["export", str(trace), "--to", "perfetto"]) == 0
    assert main(["export", str(trace), "--to", "json"]) == 0
    assert main(["export", str(trace), "--to", "csv"]) == 0
    names = ["my run.perfetto.json", "my run.json", "my run.csv", "my run-samples.csv", "my run-transforms.csv"]
    assert capsys.readouterr().out.splitlines() == [str(trace.with_name(name)) for name in names]
    assert sorted(one.name for one in trace.parent.iterdir()) == sorted([trace.name, *names])
    assert json.loads(trace.with_name(names[0]).read_text())["traceEvents"]
    assert json.loads(trace.with_name(names[1]).read_text())["kind"] == "dataloader-lab timeline"
    with trace.with_name(names[2]).open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 3


def test_out_says_where_and_what_was_there_is_replaced(trace, tmp_path, capsys):
    out = tmp_path / "other.csv"
    out.write_text("old")
    assert main(["export", str(trace), "--to", "csv", "--out", str(out), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["kind"], document["to"]) == ("export", "csv")
    assert document["files"] == [str(out.with_name(f"other{part}.csv")) for part in ("", "-samples", "-transforms")]
    assert out.read_text().startswith("rank,epoch,batch,worker,")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is not a trace that can be read (not a stored timeline"),
        (b"\x89PNG\r\n\x1a\n", "is not a trace that can be read (not a stored timeline"),
        (timeline_to_bytes(timeline())[:-9], "is not a trace that can be read (a stored timeline is damaged"),
    ],
)
def test_what_is_no_trace_is_one_sentence_and_nothing_is_written(data, words, tmp_path, capsys):
    path = tmp_path / "x.trace"
    path.write_bytes(data)
    assert main(["export", str(path), "--to", "json"]) == 2
    seen = capsys.readouterr()
    assert words in seen.err
    assert len(seen.err.splitlines()) == 1
    assert [one.name for one in tmp_path.iterdir()] == ["x.trace"]


def test_wrong_arguments_are_one_sentence(trace, capsys):
    for line, words in (
        (
            [str(trace.parent / "none.trace"), "--to", "json"],
            "cannot be read (No such file or directory): give the path",
        ),
        ([str(trace.parent), "--to", "json"], "cannot be read (Is a directory): give the path"),
        ([str(trace), "--to", "pdf"], "--to must be one of 'perfetto', 'csv', 'json', 'html', got 'pdf': see"),
        ([str(trace)], "the following arguments are required: --to"),
        ([str(trace), "--to", "json", "--out", str(trace)], "--out must be another file than the trace"),
    ):
        assert main(["export", *line]) == 2
        seen = capsys.readouterr()
        assert words in seen.err
        assert len(seen.err.splitlines()) == 1
    assert trace.read_bytes() == timeline_to_bytes(timeline())


def test_a_link_to_the_trace_is_the_trace(trace, capsys):
    link = trace.with_name("link.json")
    link.symlink_to(trace)
    assert main(["export", str(trace), "--to", "json", "--out", str(link)]) == 2
    assert "--out must be another file" in capsys.readouterr().err


def test_a_failed_write_leaves_what_was_there(trace, monkeypatch):
    out = trace.with_name("out.json")
    out.write_text("old")

    def full(_self, _target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(OSError, match="No space"):
        export._write(out, "new")
    assert out.read_text() == "old"
    assert len(list(trace.parent.iterdir())) == 2


def test_the_report_is_a_process_of_its_own(trace, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(export, "REPORT", "no.such.module")
    assert main(["export", str(trace), "--to", "html"]) == 1
    assert "the report could not be written: " in capsys.readouterr().err
    monkeypatch.setattr(export, "REPORT", "report_stand_in")
    monkeypatch.setattr(export, "ROOT", tmp_path)
    (tmp_path / "report_stand_in.py").write_text("import sys\nopen(sys.argv[2], 'w').write(sys.argv[1])\n")
    assert main(["export", str(trace), "--to", "html"]) == 0
    out = trace.with_name("my run.html")
    assert capsys.readouterr().out == f"{out}\n"
    assert out.read_text() == str(trace)
