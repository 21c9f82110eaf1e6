"""The tables of the SQLite ledger, and the steps from each released version to the next."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from batch_runner.core.errors import LedgerError
from batch_runner.core.language import phrase
from batch_runner.ledger.connection import SqliteConnection

V1 = """
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- One scope a worksheet; a CSV file has one, its worksheet is ''.
CREATE TABLE scopes (
    id INTEGER PRIMARY KEY,
    worksheet TEXT NOT NULL UNIQUE,
    basis TEXT NOT NULL,                      -- columns the row hashes were made of
    out_columns TEXT NOT NULL DEFAULT '{}'    -- our name -> header text we wrote
) STRICT;

CREATE TABLE jobs (
    id INTEGER PRIMARY KEY,
    scope INTEGER NOT NULL REFERENCES scopes (id),
    row INTEGER,                              -- line as last read; NULL: no longer in the sheet
    key TEXT,
    row_hash TEXT NOT NULL,
    whole_hash TEXT NOT NULL,
    state TEXT NOT NULL,
    wanted INTEGER NOT NULL,                  -- may be submitted by the present run
    tries INTEGER NOT NULL DEFAULT 0,         -- sends in the present run
    not_before REAL NOT NULL DEFAULT 0,
    attempt INTEGER NOT NULL DEFAULT 0,
    model TEXT NOT NULL,
    body BLOB,                                -- what would be sent now
    estimate_low INTEGER,
    estimate_high INTEGER,
    task_id TEXT,
    urls TEXT,                                -- JSON list
    expires_at REAL,
    video_file TEXT,
    cost INTEGER,                             -- micro-dollars, all attempts
    error_code TEXT NOT NULL DEFAULT '',
    error TEXT NOT NULL DEFAULT '',
    finished_at REAL,
    noted INTEGER NOT NULL DEFAULT 0,         -- this trouble was told by a finished run
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL
) STRICT;
CREATE INDEX jobs_queued ON jobs (scope, row) WHERE state = 'queued';
CREATE INDEX jobs_open ON jobs (state, id)
    WHERE state IN ('submitting', 'running', 'fetching', 'unknown');
CREATE INDEX jobs_hash ON jobs (row_hash);

CREATE TABLE attempts (
    job INTEGER NOT NULL REFERENCES jobs (id),
    n INTEGER NOT NULL,
    key TEXT NOT NULL,                        -- Idempotency-Key
    body BLOB NOT NULL,                       -- the exact bytes
    body_hash TEXT NOT NULL,
    origin TEXT NOT NULL,
    account TEXT NOT NULL,                    -- salted fingerprint of the API key
    model TEXT NOT NULL,
    first_sent_at REAL NOT NULL,
    last_sent_at REAL NOT NULL,
    sends INTEGER NOT NULL DEFAULT 1,
    outcome TEXT NOT NULL DEFAULT '',         -- last event of this attempt
    task_id TEXT,
    accepted_at REAL,
    ended_at REAL,
    duration REAL,                            -- seconds at the provider
    hold INTEGER NOT NULL DEFAULT 0,          -- micro-dollars it counts against the budget
    cost INTEGER,
    video_file TEXT,
    video_size INTEGER,
    video_sha256 TEXT,
    thumbnail TEXT,
    error_code TEXT NOT NULL DEFAULT '',
    error TEXT NOT NULL DEFAULT '',
    request_id TEXT,
    raw TEXT,
    PRIMARY KEY (job, n)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX attempts_key ON attempts (key);
CREATE UNIQUE INDEX attempts_file ON attempts (video_file) WHERE video_file IS NOT NULL;
CREATE INDEX attempts_duration ON attempts (model, ended_at) WHERE duration IS NOT NULL;

CREATE TABLE held (total INTEGER NOT NULL) STRICT;
INSERT INTO held VALUES (0);
CREATE TRIGGER attempts_hold_insert AFTER INSERT ON attempts BEGIN
    UPDATE held SET total = total + NEW.hold;
END;
CREATE TRIGGER attempts_hold_update AFTER UPDATE OF hold ON attempts BEGIN
    UPDATE held SET total = total + NEW.hold - OLD.hold;
END;

-- Append-only: what happened, in order.
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    run INTEGER,
    job INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    event TEXT NOT NULL,
    state TEXT NOT NULL,
    detail TEXT                               -- JSON
) STRICT;
CREATE INDEX events_job ON events (job, id);

CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    started_at REAL NOT NULL,
    beat_at REAL NOT NULL,
    ended_at REAL,
    exit INTEGER,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    version TEXT NOT NULL
) STRICT;
"""

V2 = """
ALTER TABLE attempts ADD COLUMN callback TEXT NOT NULL DEFAULT '';  -- sent as the field webhook
ALTER TABLE attempts DROP COLUMN video_sha256;
"""

V3 = """
-- What is asked of a million jobs again and again: in the order of the sheet, and in numbers.
CREATE INDEX jobs_place ON jobs (scope, row, state) WHERE row IS NOT NULL;
CREATE INDEX jobs_video ON jobs (expires_at, id, error_code)
    WHERE state = 'succeeded' AND video_file IS NULL AND task_id IS NOT NULL;
CREATE INDEX jobs_trouble ON jobs (id)
    WHERE state IN ('failed', 'invalid') AND row IS NOT NULL AND NOT noted;
CREATE INDEX attempts_cost ON attempts (cost) WHERE cost IS NOT NULL;
"""

V4 = """
-- The order in which jobs are sent: the smallest first; those of the same in the order of the sheet.
ALTER TABLE jobs ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
DROP INDEX jobs_queued;
CREATE INDEX jobs_queued ON jobs (priority, scope, row) WHERE state = 'queued';
-- What its row wants the video to be called, within the folder; '': the usual name.
ALTER TABLE jobs ADD COLUMN file_name TEXT NOT NULL DEFAULT '';

-- Another take of a job: what it is to be, and what the one before it had.
ALTER TABLE jobs ADD COLUMN take TEXT;            -- JSON, see core.takes
ALTER TABLE attempts ADD COLUMN asked BLOB;       -- what the row asked for, where a take differs
ALTER TABLE attempts ADD COLUMN note TEXT NOT NULL DEFAULT '';
ALTER TABLE attempts ADD COLUMN urls TEXT;        -- JSON list
ALTER TABLE attempts ADD COLUMN expires_at REAL;
ALTER TABLE attempts ADD COLUMN finished_at REAL; -- it had its video, and could stand again
-- Several videos of one row.
ALTER TABLE jobs ADD COLUMN variant INTEGER NOT NULL DEFAULT 1;
ALTER TABLE jobs ADD COLUMN best INTEGER NOT NULL DEFAULT 1;   -- which the main columns show
ALTER TABLE jobs ADD COLUMN fields TEXT NOT NULL DEFAULT '';   -- JSON, what its variant adds
CREATE INDEX jobs_variant ON jobs (scope, row) WHERE variant > 1 AND row IS NOT NULL;
DROP INDEX jobs_trouble;
CREATE INDEX jobs_trouble ON jobs (id)
    WHERE (state IN ('failed', 'invalid') OR error_code = 'redo_failed')
        AND row IS NOT NULL AND NOT noted;

-- Pictures that are uploaded: what jobs wait for, and where it lies at the provider.
ALTER TABLE jobs ADD COLUMN pictures TEXT;    -- JSON list of keys; NULL: none
CREATE INDEX jobs_pictures ON jobs (priority, scope, row)
    WHERE state = 'queued' AND pictures IS NOT NULL;
ALTER TABLE attempts ADD COLUMN unlinked BLOB;  -- the request before its pictures had links
ALTER TABLE attempts ADD COLUMN links_until REAL;  -- when the first of those links dies
CREATE TABLE uploads (
    picture TEXT NOT NULL,                    -- its key
    origin TEXT NOT NULL,
    account TEXT NOT NULL,
    link TEXT NOT NULL,
    until REAL NOT NULL,                      -- when the link dies
    PRIMARY KEY (picture, origin, account)
) STRICT, WITHOUT ROWID;
"""

V5 = """
ALTER TABLE jobs ADD COLUMN published TEXT;      -- a link to the stored video that lasts
ALTER TABLE attempts ADD COLUMN published TEXT;
ALTER TABLE attempts ADD COLUMN video_sha256 TEXT;  -- of a video in a shared place
CREATE INDEX jobs_unpublished ON jobs (id) WHERE error_code = 'video_unpublished';
"""

MIGRATIONS: tuple[str, ...] = (V1, V2, V3, V4, V5)
"""Step n brings a ledger of version n to version n + 1. Released steps never change."""

VERSION = len(MIGRATIONS)


def migrate(connection: sqlite3.Connection, path: Path) -> None:
    """Bring the ledger to this program's version, all of it or nothing.

    A ledger that holds something is copied first, to ``<name>.v<old>.bak`` beside it.

    Raises:
        LedgerError: it was written by a newer program.
    """
    version = _version(connection, path)
    if version == VERSION:
        return
    if version:
        _copy(connection, path.with_name(f"{path.name}.v{version}.bak"))
    _take_steps(connection, path)


def migrated_copy(connection: SqliteConnection, path: Path) -> SqliteConnection:
    """An older ledger as it would be at this program's version, for looking at only.

    A temporary database that goes with its connection; the ledger itself stays as it is.
    """
    copy = sqlite3.connect(
        "", isolation_level=None, check_same_thread=False, factory=SqliteConnection
    )
    copy.row_factory = connection.row_factory
    connection.backup(copy)
    _take_steps(copy, path)
    return copy


def _take_steps(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Asked again now that no other process can write: it may have been here first.
        for step in range(_version(connection, path), VERSION):
            for statement in statements(MIGRATIONS[step]):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {step + 1}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _copy(connection: sqlite3.Connection, target: Path) -> None:
    """A whole copy, with what still lies in the write-ahead log (copying the file loses that)."""
    fresh = target.with_name(f"{target.name}.new")
    fresh.unlink(missing_ok=True)
    with contextlib.closing(sqlite3.connect(fresh)) as copy:
        connection.backup(copy)
    fresh.replace(target)


def copy_ledger(source: Path, target: Path) -> None:
    """Copy a ledger to another folder, whole and sound or not at all.

    Raises:
        sqlite3.Error: it cannot be read, or is damaged.
    """
    with contextlib.closing(sqlite3.connect(f"{source.as_uri()}?mode=rw", uri=True)) as connection:
        (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
        if found != "ok":
            raise sqlite3.DatabaseError(found)
        _copy(connection, target)


def statements(script: str) -> Iterator[str]:
    """The statements of a script; ``executescript`` would commit before each script."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def is_older(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether a ledger is of an earlier version.

    Raises:
        LedgerError: it is of a later one, or was only just being made.
    """
    version = _version(connection, path)
    if version == 0:
        raise LedgerError(phrase("this ledger is empty."), code="ledger_empty", where=str(path))
    return version < VERSION


def _version(connection: sqlite3.Connection, path: Path) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise LedgerError(
            phrase(
                "this ledger has version {version}, this program knows up to {known}.",
                version=version,
                known=VERSION,
            ),
            code="ledger_newer",
            where=str(path),
            hint=phrase("Update batch-runner; nothing was submitted."),
        )
    return int(version)
