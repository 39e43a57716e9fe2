"""Keep runs and their trials in SQLite in the user's data folder, each trial as soon as it is finished."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import platformdirs

from bench import lock
from bench.runs.database import Database
from bench.runs.plan import SweepSpec
from bench.runs.records import INTERRUPTED, RUNNING, Run, Trial
from bench.runs.schema import StoreError
from dataloader_sim.timeline import Timeline
from dataloader_sim.wire import timeline_from_bytes, timeline_to_bytes

__all__ = ["Store", "StoreError", "data_folder"]

_JSON_FIELDS = ("notes", "versions")
_TRIAL_FIELDS = tuple(item.name for item in fields(Trial) if item.name != "id")
_RUNS = "SELECT runs.*, (SELECT count(*) FROM trials WHERE run_id = runs.id) AS trials FROM runs"
# SQLite refuses larger numbers with an OverflowError.
_LARGEST_ID = 2**63 - 1


def data_folder() -> Path:
    """Return where runs are kept: the user's data folder, below XDG_DATA_HOME on Linux."""
    return Path(platformdirs.user_data_dir("dataloader-lab"))


class Store:
    """Keep and read runs; every method may be called from any thread and raises StoreError when it cannot.

    notice: what happened to a damaged file when this store was opened, '' otherwise.
    Opening looks the whole file through, so keep a store instead of opening one per page.
    """

    def __init__(self, folder: Path | None = None) -> None:
        """Open the runs in `folder`, by default `data_folder()`."""
        self._database = Database((folder or data_folder()).absolute())
        self.notice = self._database.check()

    @property
    def folder(self) -> Path:
        """Return the folder of the runs, which holds the lock too."""
        return self._database.folder

    def check_room(self) -> None:
        """Raise StoreError when so little room is left that a run might not be kept."""
        self._database.check_room()

    def create_run(self, spec: SweepSpec, machine: dict[str, str], *, who: str) -> int:
        """Keep a new run in state running and return its number; the caller holds the lock."""
        with self._database.write() as connection:
            # Whoever holds the lock knows that no other run is alive.
            connection.execute("UPDATE runs SET state = ? WHERE state = ?", (INTERRUPTED, RUNNING))
            values = (lock.utc_now(), who, RUNNING, json.dumps(spec.to_dict()), json.dumps(machine))
            sql = "INSERT INTO runs (created_utc, who, state, spec, machine) VALUES (?, ?, ?, ?, ?)"
            return int(connection.execute(sql, values).lastrowid or 0)

    def add_trial(self, run_id: int, trial: Trial, timeline: Timeline | None) -> Trial:
        """Keep one finished trial, and return it with its number once it is on disk; a failed one has no timeline."""
        values = [
            json.dumps(getattr(trial, name)) if name in _JSON_FIELDS else getattr(trial, name) for name in _TRIAL_FIELDS
        ]
        blob = None if timeline is None else timeline_to_bytes(timeline)
        places = ", ".join("?" * (len(values) + 2))
        sql = f"INSERT INTO trials (run_id, {', '.join(_TRIAL_FIELDS)}, timeline) VALUES ({places})"  # noqa: S608 (names from the class above)
        with self._database.write() as connection:
            number = connection.execute(sql, (run_id, *values, blob)).lastrowid
        return replace(trial, id=int(number or 0))

    def set_state(self, run_id: int, state: str, message: str = "") -> None:
        """Keep how a run ended and why."""
        with self._database.write() as connection:
            connection.execute("UPDATE runs SET state = ?, message = ? WHERE id = ?", (state, message, run_id))

    def runs(self) -> tuple[Run, ...]:
        """Return all runs, the latest first; one whose process is gone has the state interrupted."""
        with self._database.read() as connection:
            rows = connection.execute(f"{_RUNS} ORDER BY id DESC").fetchall()
            return self._as_runs(rows)

    def run(self, run_id: int) -> Run:
        """Return one run; raises StoreError when there is none of that number."""
        if not 0 < run_id <= _LARGEST_ID:
            raise StoreError(_no_run(run_id))
        with self._database.read() as connection:
            runs = self._as_runs(connection.execute(f"{_RUNS} WHERE id = ?", (run_id,)).fetchall())
        if not runs:
            raise StoreError(_no_run(run_id))
        return runs[0]

    def latest_running(self) -> Run | None:
        """Return the run that is alive now, or None."""
        with self._database.read() as connection:
            runs = self._as_runs(connection.execute(f"{_RUNS} WHERE state = ?", (RUNNING,)).fetchall())
        return next((run for run in runs if run.state == RUNNING), None)

    def trials(self, run_id: int) -> tuple[Trial, ...]:
        """Return the trials of a run in the order they finished."""
        sql = f"SELECT id, {', '.join(_TRIAL_FIELDS)} FROM trials WHERE run_id = ? ORDER BY id"  # noqa: S608 (as above)
        with self._database.read() as connection:
            return tuple(_as_trial(row) for row in connection.execute(sql, (run_id,)))

    def timeline(self, trial_id: int) -> Timeline:
        """Return the measured timeline of a trial; raises StoreError when it has none or it is damaged."""
        with self._database.read() as connection:
            row = connection.execute("SELECT timeline FROM trials WHERE id = ?", (trial_id,)).fetchone()
        if row is None or row["timeline"] is None:
            raise StoreError(f"trial {trial_id} has no timeline: choose one that succeeded")
        try:
            return timeline_from_bytes(row["timeline"])
        except ValueError as error:
            raise StoreError(f"the timeline of trial {trial_id} cannot be read ({error}): measure it again") from None

    def delete(self, run_id: int) -> None:
        """Delete a run with its trials; raises StoreError for one that is running or does not exist."""
        if self.run(run_id).state == RUNNING:
            raise StoreError(f"run {run_id} is running: cancel it before deleting it")
        with self._database.write() as connection:
            connection.execute("DELETE FROM runs WHERE id = ?", (run_id,))

    def _as_runs(self, rows: Sequence[sqlite3.Row]) -> tuple[Run, ...]:
        if not any(row["state"] == RUNNING for row in rows):
            return tuple(_as_run(row) for row in rows)
        there = lock.holder(self.folder)
        runs = []
        for row in rows:
            run = _as_run(row)
            # A holder that has not written its run's number yet may be the one that is running.
            if run.state == RUNNING and (there is None or there.run_id not in (0, run.id)):
                message = "its process ended before it did: the finished trials are kept"
                run = replace(run, state=INTERRUPTED, message=message)
            runs.append(run)
        return tuple(runs)


def _as_run(row: sqlite3.Row) -> Run:
    plain: dict[str, Any] = dict(row)
    return Run(spec_json=plain.pop("spec"), machine=json.loads(plain.pop("machine")), **plain)


def _as_trial(row: sqlite3.Row) -> Trial:
    plain: dict[str, Any] = dict(row)
    plain |= {"notes": tuple(json.loads(plain["notes"])), "versions": json.loads(plain["versions"])}
    return Trial(**plain)


def _no_run(run_id: int) -> str:
    shown = run_id if abs(run_id) <= _LARGEST_ID else "of that number"
    return f"there is no run {shown}: `dataloader-lab runs` lists those there are"
