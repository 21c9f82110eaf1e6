"""What a worksheet asks for, row by row: kept from reading it until the ledger has it.

A temporary SQLite file that no other process sees and that goes with this one. Whatever needs
many rows at once (who is whose job, which keys or requests come twice) is asked of it in order,
so that no sheet is too long for the memory.
"""

from __future__ import annotations

import json
import sqlite3
import weakref
from collections.abc import Iterator, Mapping
from typing import Any

from batch_runner.core.decisions import DECISION
from batch_runner.core.identity import KnownJob, RowIdentity
from batch_runner.core.jobs import Candidate, RowSpec
from batch_runner.ledger.findings import TABLE as PROBLEMS
from batch_runner.ledger.findings import Findings
from batch_runner.ledger.first_rows import FirstRows
from batch_runner.ledger.further import TABLE as LISTED
from batch_runner.ledger.further import ListedVariants
from batch_runner.ledger.picture_places import TABLE as PICTURES
from batch_runner.ledger.picture_places import PicturePlaces
from batch_runner.ledger.shown_cells import SLOTS, ShownCells, slot
from batch_runner.ledger.shown_cells import TABLE as CELLS
from batch_runner.ledger.spooled import IDENTITY, REST, to_candidate, to_identity

BATCH = 500  # rows that wait to be written together

_TABLES = """
CREATE TABLE rows (
    slot INTEGER PRIMARY KEY,
    row INTEGER NOT NULL,
    variant INTEGER NOT NULL,
    row_hash TEXT NOT NULL,
    whole_hash TEXT NOT NULL,
    key TEXT,
    former_hash TEXT,
    shown TEXT,            -- JSON, our name -> what the row's cell shows; NULL: nothing
    unmarked INTEGER,      -- shows a task id that no job mark vouches for
    model TEXT NOT NULL,
    body BLOB,
    estimate_low INTEGER,
    estimate_high INTEGER,
    problem TEXT NOT NULL,
    problem_code TEXT NOT NULL,
    priority INTEGER NOT NULL,
    left_out TEXT NOT NULL,
    file_name TEXT NOT NULL,
    request BLOB,          -- a digest by which equal requests are found
    decided INTEGER,       -- its decision cell says something
    fields TEXT NOT NULL   -- JSON: what its variant adds to the request
);
CREATE TABLE keys (key TEXT PRIMARY KEY, rows INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE jobs (
    slot INTEGER PRIMARY KEY,
    id INTEGER NOT NULL,
    state TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    row_hash TEXT NOT NULL,
    error_code TEXT NOT NULL,
    same INTEGER NOT NULL,
    take TEXT,
    best INTEGER NOT NULL
);
"""
_INDEXES = """
CREATE INDEX rows_key ON rows (key, variant, row) WHERE key IS NOT NULL;
CREATE INDEX rows_hash ON rows (coalesce(former_hash, row_hash), variant, row);
CREATE INDEX rows_request ON rows (request, row) WHERE request IS NOT NULL;
CREATE INDEX jobs_id ON jobs (id);
CREATE INDEX rows_decided ON rows (slot) WHERE decided;
"""
_BY_PRIORITY = "CREATE INDEX rows_priority ON rows (priority, slot)"


class Spool:
    """The rows of one worksheet that are jobs, and what was found out about them."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        weakref.finalize(self, self._connection.close)
        # Nobody comes back to this file: it needs no journal, and one transaction is enough.
        self._connection.execute("PRAGMA journal_mode = OFF")
        self._connection.execute("BEGIN")
        for statement in (_TABLES + PROBLEMS + CELLS + PICTURES + LISTED).split(";\n"):
            self._connection.execute(statement)
        self._new: list[tuple[Any, ...]] = []
        self._ranked = False  # whether any row has a priority
        self._placed: list[tuple[Any, ...]] = []
        self.findings = Findings(self._connection)
        self.cells = ShownCells(self._connection)
        self.names = FirstRows(self._connection, "names")  # of videos
        self.groups = FirstRows(self._connection, "groups")
        self.pictures = PicturePlaces(self._connection)
        self.listed = ListedVariants(self._connection)

    # -- filled once, row by row -------------------------------------------------------

    def count_key(self, key: str) -> None:
        """A row has this key."""
        self._connection.execute(
            "INSERT INTO keys VALUES (?, 1) ON CONFLICT (key) DO UPDATE SET rows = rows + 1",
            (key,),
        )

    def rows_with_key(self, key: str) -> int:
        """How many rows were counted for a key."""
        found = self._connection.execute("SELECT rows FROM keys WHERE key = ?", (key,)).fetchone()
        return found[0] if found else 0

    def add(
        self,
        spec: RowSpec,
        shown: Mapping[str, object] | None = None,
        *,
        unmarked: bool = False,
        request: bytes | None = None,
    ) -> None:
        """The next row.

        Args:
            spec: what it asks for; the filter's and the adopter's part of it is not kept.
            shown: what it shows in our columns.
            unmarked: whether it shows a task id that no job mark vouches for.
            request: a digest of its request, the same for equal ones.
        """
        one = spec.identity
        self._new.append(
            (
                slot(one.row, one.variant),
                one.row,
                one.variant,
                one.row_hash,
                one.whole_hash,
                one.key,
                one.former_hash,
                json.dumps(shown) if shown else None,
                unmarked,
                spec.model,
                spec.body,
                spec.estimate.low,
                spec.estimate.high,
                spec.problem,
                spec.problem_code,
                spec.priority,
                spec.left_out,
                spec.file_name,
                request,
                bool(shown and DECISION in shown),
                spec.fields,
            )
        )
        self._ranked = self._ranked or spec.priority != 0
        if len(self._new) >= BATCH:
            self._write_new()

    def complete(self) -> None:
        """All rows were added."""
        self._write_new()
        for statement in _INDEXES.split(";\n"):
            self._connection.execute(statement)
        if self._ranked:
            self._connection.execute(_BY_PRIORITY)

    def _write_new(self) -> None:
        if not self._new:
            return
        places = ", ".join("?" * len(self._new[0]))
        self._connection.executemany(
            f"INSERT INTO rows VALUES ({places})",  # noqa: S608 - no text in it
            self._new,
        )
        self._new.clear()

    # -- which row is which job --------------------------------------------------------

    def keyed(self) -> Iterator[RowIdentity]:
        """Rows with a key, in the order of the keys; see :class:`identity.RowsToMatch`."""
        return self._identities("WHERE r.key IS NOT NULL ORDER BY r.key, r.variant, r.row")

    def unplaced(self) -> Iterator[RowIdentity]:
        """Rows without a job, in the order of their hash."""
        self._write_placed()
        return self._identities(
            """WHERE NOT EXISTS (SELECT 1 FROM jobs j WHERE j.slot = r.slot)
               ORDER BY coalesce(r.former_hash, r.row_hash), r.variant, r.row"""
        )

    def forget_jobs(self) -> None:
        """No row has a job, until it is placed."""
        self._placed.clear()
        self._connection.execute("DELETE FROM jobs")

    def place(self, row: RowIdentity, job: KnownJob) -> None:
        """This row is this job."""
        place = slot(row.row, row.variant)
        known = (place, job.id, job.state, job.attempt, job.row_hash, job.error_code)
        self._placed.append((*known, place, place, job.asked, job.take, job.best))
        if len(self._placed) >= BATCH:
            self._write_placed()

    def has_job(self, job: int) -> bool:
        """Whether a row is this job."""
        self._write_placed()
        found = self._connection.execute("SELECT 1 FROM jobs WHERE id = ?", (job,)).fetchone()
        return found is not None

    def known(self) -> int:
        """How many rows are jobs."""
        self._write_placed()
        return self._number("SELECT count(*) FROM jobs")

    def jobs(self) -> Iterator[tuple[int, int]]:
        """Line and job of the rows that have one, in the order of the lines."""
        self._write_placed()
        yield from self._connection.execute(
            f"SELECT slot / {SLOTS}, id FROM jobs ORDER BY slot"  # noqa: S608 - a number
        )

    def _write_placed(self) -> None:
        self._connection.executemany(
            """INSERT INTO jobs VALUES
                   (?, ?, ?, ?, ?, ?, (SELECT body IS NOT NULL FROM rows WHERE slot = ?)
                    AND (SELECT body FROM rows WHERE slot = ?) IS ?, ?, ?)""",
            self._placed,
        )
        self._placed.clear()

    # -- questions ---------------------------------------------------------------------

    def __len__(self) -> int:
        """How many rows there are."""
        return self._number("SELECT count(*) FROM rows")

    def candidates(self, *, as_sent: bool = False) -> Iterator[Candidate]:
        """All rows in their order, each with the job it is.

        ``as_sent``: in the order in which they are sent, by their priority.
        """
        return self._candidates("", "r.priority, r.slot" if as_sent and self._ranked else "r.slot")

    def decided(self) -> Iterator[Candidate]:
        """Those whose user decided something about them."""
        return self._candidates("WHERE r.decided")

    def with_takes(self) -> Iterator[Candidate]:
        """Those of which another take was asked for once."""
        return self._candidates("WHERE j.take IS NOT NULL")

    def _candidates(self, which: str, order: str = "r.slot") -> Iterator[Candidate]:
        self._write_placed()
        rows = self._connection.execute(
            f"""SELECT {IDENTITY}, {REST} FROM rows r LEFT JOIN jobs j ON j.slot = r.slot
                {which} ORDER BY {order}"""  # noqa: S608 - constants
        )
        for row in rows:
            yield to_candidate(row)

    def has_any(self, first: int, last: int) -> bool:
        """Whether any row stands at these lines."""
        found = self._connection.execute(
            "SELECT 1 FROM rows WHERE row BETWEEN ? AND ? LIMIT 1", (first, last)
        ).fetchone()
        return found is not None

    def hashes(self) -> Iterator[str]:
        """The hash of each row."""
        for (row_hash,) in self._connection.execute("SELECT row_hash FROM rows"):
            yield row_hash

    def unvouched(self) -> tuple[int, int | None]:
        """How many rows show a task id that neither a mark nor a job explains; the first line."""
        self._write_placed()
        count, first = self._connection.execute(
            """SELECT count(*), min(row) FROM rows r
               WHERE unmarked AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.slot = r.slot)"""
        ).fetchone()
        return count, first

    def requests(self) -> Iterator[tuple[bytes, int]]:
        """Digest and line of each request, in order: the same ones follow each other."""
        yield from self._connection.execute(
            "SELECT request, row FROM rows WHERE request IS NOT NULL ORDER BY request, row"
        )

    def _identities(self, which: str) -> Iterator[RowIdentity]:
        rows = self._connection.execute(f"SELECT {IDENTITY} FROM rows r {which}")  # noqa: S608 - constants
        for row in rows:
            yield to_identity(row)

    def _number(self, question: str) -> int:
        (number,) = self._connection.execute(question).fetchone()
        return int(number)
