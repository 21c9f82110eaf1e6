"""The tables of the user's own books: one SQLite file for all sheets."""

from __future__ import annotations

import secrets
import sqlite3
from pathlib import Path

from batch_runner.core.errors import LedgerError
from batch_runner.core.language import phrase
from batch_runner.ledger.schema import statements

QUARTER = 900
"""Seconds: every day of every time zone in use begins at a multiple of them."""

UNKNOWN_ACCOUNT = "~"
"""How the name of an account begins whose key was never seen beside these books."""

V1 = """
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- One line a ledger; 'mark' is the last line of its history that the books know.
CREATE TABLE sources (
    id INTEGER PRIMARY KEY,
    ledger TEXT NOT NULL UNIQUE,              -- path
    campaign TEXT NOT NULL,
    sheet TEXT NOT NULL,                      -- path
    mark INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE charges (
    key TEXT PRIMARY KEY,                     -- the attempt's idempotency key
    source INTEGER NOT NULL REFERENCES sources (id),
    at REAL NOT NULL,                         -- when it was sent
    sends INTEGER NOT NULL,
    origin TEXT NOT NULL,
    account TEXT NOT NULL,                    -- salted fingerprint of the API key
    model TEXT NOT NULL,
    amount INTEGER NOT NULL,                  -- micro-dollars it counts against budgets
    cost INTEGER,                             -- micro-dollars charged, once known
    accepted INTEGER NOT NULL DEFAULT 0,
    ended_at REAL,
    reserved INTEGER NOT NULL                 -- 1 until the ledger was seen to have it, too
) STRICT, WITHOUT ROWID;
CREATE INDEX charges_reserved ON charges (source) WHERE reserved;
CREATE INDEX charges_account ON charges (account, at);

-- What the quarters of an hour hold, so that a day or month is added up at once.
CREATE TABLE quarters (
    account TEXT NOT NULL,
    origin TEXT NOT NULL,
    quarter INTEGER NOT NULL,
    total INTEGER NOT NULL,
    PRIMARY KEY (account, origin, quarter)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER charges_insert AFTER INSERT ON charges BEGIN
    INSERT INTO quarters
    VALUES (NEW.account, NEW.origin, CAST(NEW.at / 900 AS INTEGER), NEW.amount)
    ON CONFLICT DO UPDATE SET total = total + excluded.total;
END;
CREATE TRIGGER charges_delete AFTER DELETE ON charges BEGIN
    UPDATE quarters SET total = total - OLD.amount
    WHERE account = OLD.account AND origin = OLD.origin
        AND quarter = CAST(OLD.at / 900 AS INTEGER);
END;
CREATE TRIGGER charges_update AFTER UPDATE OF account, origin, at, amount ON charges BEGIN
    UPDATE quarters SET total = total - OLD.amount
    WHERE account = OLD.account AND origin = OLD.origin
        AND quarter = CAST(OLD.at / 900 AS INTEGER);
    INSERT INTO quarters
    VALUES (NEW.account, NEW.origin, CAST(NEW.at / 900 AS INTEGER), NEW.amount)
    ON CONFLICT DO UPDATE SET total = total + excluded.total;
END;

-- Accounts for which somebody set a budget of the day or month: all their sheets reserve.
CREATE TABLE watched (
    account TEXT PRIMARY KEY,
    until REAL NOT NULL
) STRICT;

-- What the provider said was left, to tell later what was charged since.
CREATE TABLE balances (
    account TEXT NOT NULL,
    at REAL NOT NULL,
    micros INTEGER NOT NULL,
    PRIMARY KEY (account, at)
) STRICT, WITHOUT ROWID;
"""

V2 = """
-- Runs that send for an account now; one that does not beat any more is no run.
CREATE TABLE members (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    origin TEXT NOT NULL,
    beat_at REAL NOT NULL,
    rate REAL NOT NULL,                       -- submits a second it would make alone
    slots INTEGER NOT NULL,                   -- tasks in flight it would have alone
    in_flight INTEGER NOT NULL,
    sending INTEGER NOT NULL,                 -- has more to send
    served_at REAL NOT NULL,                  -- when it last took a slot
    granted_rate REAL NOT NULL,
    granted_slots INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What is known of an account's limits, whichever run found it.
CREATE TABLE limits (
    account TEXT NOT NULL,
    origin TEXT NOT NULL,
    limited_at REAL NOT NULL DEFAULT 0,       -- the last 429 that said something
    limited_by TEXT NOT NULL DEFAULT '',      -- the member that got it
    cool_until REAL NOT NULL DEFAULT 0,       -- nobody submits before
    found_rate REAL,
    found_slots REAL,
    found_at REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (account, origin)
) STRICT, WITHOUT ROWID;
"""

STEPS = (V1, V2)
VERSION = len(STEPS)


def begin(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables, if they are not there yet.

    Raises:
        LedgerError: they were made by a newer version.
    """
    connection.execute("BEGIN IMMEDIATE")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise LedgerError(
            phrase(
                "these books have version {version}, this program knows up to {known}.",
                version=version,
                known=VERSION,
            ),
            code="spend_newer",
            where=str(path),
            hint=phrase("Update batch-runner; nothing was submitted."),
        )
    for statement in (s for step in STEPS[version:] for s in statements(step)):
        connection.execute(statement)
    if version == 0:
        connection.execute("INSERT INTO meta VALUES ('salt', ?)", (secrets.token_hex(16),))
    connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")
