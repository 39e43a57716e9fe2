"""What the journals of a broken run tell is put together as far as it goes; the journals are written by hand."""

import json

import numpy as np
import pytest

from bench.tracing.assembly import assemble
from bench.tracing.ending import Ending, ending_of, write_ending
from bench.tracing.journal import Journal, Kind
from dataloader_sim.timeline import GPU, MAIN, Activity

MS = 1_000_000
SETTINGS = {"num_workers": 1, "prefetch_factor": 2, "batch_size": 2, "in_order": True, "iterable": False}


class Written:
    """Write the journals of one iterator with one worker, times in ms."""

    def __init__(self, folder, number=0, at=0):
        (folder / "loader-0.json").write_text(json.dumps(SETTINGS))
        self.main = Journal(folder / f"0-{number}-main")
        self.loads = Journal(folder / f"0-{number}-0-loads")
        self.at = at
        self.add(self.main, Kind.STARTED, 0, 77, self.ms(1), self.ms(2))
        self.add(self.main, Kind.BUILT, 0, self.ms(0), self.ms(3))
        self.add(self.loads, Kind.BOOTED, self.ms(2), self.ms(3), MS, 0, 77)

    def ms(self, value):
        return (1000 + self.at + value) * MS

    def add(self, journal, kind, *values, tail=b""):
        journal.add(kind, *values, tail=tail)
        journal.flush()

    def batch(self, task, start):
        """Load and hand over a batch: sent at once, loaded 10 ms later, handed over 15 ms later."""
        self.add(self.main, Kind.SENT, 0, task, 0, self.ms(start))
        self.begin(task, start)
        values = (0, self.ms(start), self.ms(start + 8), self.ms(start + 8), self.ms(start + 9), self.ms(start + 10))
        self.add(self.loads, Kind.LOADED, 0, task, *values, 5 * MS, MS, 7 * MS, -1, 2, 1, 64)
        rows = np.array([[2 * task, 4 * MS, 3 * MS], [2 * task + 1, 4 * MS, 2 * MS]], np.int64)
        self.add(self.loads, Kind.SAMPLES, 0, task, tail=rows.tobytes())
        self.add(self.main, Kind.HANDED, 0, task, self.ms(start + 1), self.ms(start + 15), 2 * MS)

    def begin(self, task, start):
        self.add(self.loads, Kind.BEGUN, 0, task, self.ms(start))

    def end(self, at):
        self.add(self.main, Kind.ENDED, 0, self.ms(at), self.ms(at + 1), MS)


def one(folder, ending=None):
    (loader,) = assemble(folder, ending or Ending())
    return loader


def test_a_whole_run(tmp_path):
    run = Written(tmp_path)
    run.batch(0, 5)
    run.batch(1, 25)
    run.end(50)
    timeline = one(tmp_path).timeline
    rows = timeline.batches()
    assert rows["load_start_s"] == pytest.approx([0.005, 0.025])
    assert rows["received_s"] == pytest.approx([0.020, 0.040])
    assert rows["step_end_s"] == pytest.approx([0.026, 0.050])
    assert timeline.observed.samples["index"].tolist() == [0, 1, 2, 3]
    assert timeline.scenario.workload.io_s == pytest.approx(0.0015)
    assert timeline.scenario.workload.cpu_s == pytest.approx(0.0025)
    assert timeline.scenario.workload.sample_bytes == 32
    assert timeline.of(Activity.BOOT)[["start_s", "end_s"]].tolist() == [(0.002, 0.003)]
    assert not timeline.observed.partial
    loads = timeline.observed.loads
    assert loads["fetch_s"] == pytest.approx([0.008, 0.008])
    assert loads["collate_s"] == pytest.approx([0.001, 0.001])
    assert np.isnan(loads["queued_s"]).all()
    assert np.isnan(loads["put_s"]).all()
    assert loads["body_cpu_s"] == pytest.approx([0.002, 0.001])


def test_a_load_that_never_ended(tmp_path):
    run = Written(tmp_path)
    run.batch(0, 5)
    run.add(run.main, Kind.SENT, 0, 1, 0, run.ms(6))
    run.begin(1, 16)
    run.add(run.main, Kind.WAITING, 0, run.ms(21), run.ms(5021))
    run.add(run.main, Kind.WAITING, 0, run.ms(21), run.ms(10021))
    timeline = one(tmp_path, Ending(run.ms(12000), "killed", "KeyboardInterrupt: ")).timeline
    assert timeline.failure.kind == "hangs"
    assert timeline.failure.at_s == pytest.approx(12.0)
    assert timeline.failure.message == "no batch came for 10 s; KeyboardInterrupt: "
    unfinished = timeline.of(Activity.LOAD)[-1]
    assert (unfinished["batch"], unfinished["start_s"], unfinished["end_s"]) == (1, 0.016, pytest.approx(12.0))
    assert timeline.observed.partial


def test_journals_that_are_cut_off_or_gone(tmp_path):
    run = Written(tmp_path)
    run.batch(0, 5)
    run.batch(1, 25)
    run.end(50)
    path = tmp_path / "0-0-0-loads"
    path.write_bytes(path.read_bytes()[:-40])
    timeline = one(tmp_path).timeline
    assert timeline.batches().size == 2
    assert timeline.observed.partial
    assert any("cut off" in note for note in timeline.observed.notes)
    path.unlink()
    notes = one(tmp_path).timeline.observed.notes
    assert "of 2 of 2 batches the load was not seen" in notes
    assert "1 workers left no record of their start" in notes


def test_every_length_of_a_journal_can_be_put_together(tmp_path):
    run = Written(tmp_path)
    run.batch(0, 5)
    run.batch(1, 25)
    run.end(50)
    path = tmp_path / "0-0-main"
    whole = path.read_bytes()
    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        for loader in assemble(tmp_path, Ending()):
            assert loader.timeline.batches().size <= 2


def test_iterators_are_put_into_strands(tmp_path):
    for number, at in enumerate((0, 30, 100)):
        run = Written(tmp_path, number, at)
        run.batch(0, 5)
        run.end(60 if number == 0 else 25)
    loader = one(tmp_path)
    assert loader.timeline.batches()["epoch"].tolist() == [0, 1]
    assert [nested.batches().size for nested in loader.nested] == [1]
    assert loader.timeline.scenario.workload.epochs == 2


def test_gpu_times_make_launches_of_the_loop_bodies(tmp_path):
    run = Written(tmp_path)
    run.batch(0, 5)
    run.add(run.main, Kind.STEPPED, 0, 0, run.ms(22), run.ms(45))
    run.end(25)
    timeline = one(tmp_path).timeline
    assert timeline.of(Activity.STEP)[["lane", "start_s", "end_s"]].tolist() == [(GPU, 0.022, 0.045)]
    assert timeline.of(Activity.LAUNCH)[["lane", "start_s", "end_s"]].tolist() == [(MAIN, 0.02, 0.025)]


@pytest.mark.parametrize(
    ("status", "message"),
    [(-9, "the script was killed by SIGKILL"), (7, "the script ended at once with exit status 7")],
)
def test_an_end_that_nobody_told_of(tmp_path, status, message):
    assert ending_of(tmp_path, status) == Ending(kind="killed", message=message)


def test_an_end_that_was_told(tmp_path):
    ending = Ending(5, "raised", "ValueError: no", ("something is missing",))
    write_ending(tmp_path, ending)
    assert ending_of(tmp_path, 1) == ending


def test_nothing_was_recorded(tmp_path):
    assert assemble(tmp_path, Ending()) == ()
    (tmp_path / "loader-0.json").write_text("{")
    assert assemble(tmp_path, Ending()) == ()
