"""Create and open the SQLite file of runs, and tell ours from any other."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path

# 'DLLR' in the file's header tells our file from an empty or a foreign one.
APPLICATION_ID = 0x444C4C52
VERSION = 1
WAIT_S = 5.0
SCHEMA = """
CREATE TABLE runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT, created_utc TEXT NOT NULL, who TEXT NOT NULL, state TEXT NOT NULL,
    message TEXT NOT NULL DEFAULT '', spec TEXT NOT NULL, machine TEXT NOT NULL
);
CREATE UNIQUE INDEX one_running ON runs (state) WHERE state = 'running';
CREATE TABLE trials (
    id INTEGER PRIMARY KEY AUTOINCREMENT, run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    block INTEGER NOT NULL, num_workers INTEGER NOT NULL, wall_s REAL NOT NULL,
    error TEXT NOT NULL, details TEXT NOT NULL, samples_per_s REAL NOT NULL, stall_share REAL NOT NULL,
    first_batch_s REAL NOT NULL, peak_memory_bytes INTEGER NOT NULL, skipped_pictures INTEGER NOT NULL,
    notes TEXT NOT NULL, versions TEXT NOT NULL, timeline BLOB
);
CREATE INDEX trials_of_run ON trials (run_id);
"""


class StoreError(RuntimeError):
    """Say in one sentence why runs cannot be kept or read, and the way out."""


def connect(path: Path, mode: str) -> sqlite3.Connection:
    """Open our file; raises sqlite3.DatabaseError for any other and StoreError for a newer one."""
    quoted = str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    connection = sqlite3.connect(f"file:{quoted}?{mode}", uri=True, timeout=WAIT_S, isolation_level=None)
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        _check_ours(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_ours(connection: sqlite3.Connection, path: Path) -> None:
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise sqlite3.DatabaseError("it is empty or another program's")
    if connection.execute("PRAGMA user_version").fetchone()[0] > VERSION:
        raise StoreError(f"{path} was written by a newer dataloader-lab: update this one to use it")


def create(path: Path) -> None:
    """Build the file under another name first, so that a kill never leaves an empty one."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.unlink(missing_ok=True)
    os.close(os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with contextlib.closing(sqlite3.connect(fresh, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(f"BEGIN; {SCHEMA} COMMIT;")
        fresh.rename(path)
    finally:
        fresh.unlink(missing_ok=True)
