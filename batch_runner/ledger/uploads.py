"""Pictures at the provider: which jobs wait for them, and the links that requests get."""

from __future__ import annotations

import json
from collections.abc import Mapping

from batch_runner.core.jobs import ClaimTerms
from batch_runner.core.uploads import MARGIN, Upload, Waiting
from batch_runner.ledger.database import Connection, Row
from batch_runner.ledger.rows import UNSENT_COLUMNS, to_job

WINDOW = 200
"""Jobs whose pictures are looked at for the next that may be sent: one that is stuck with its
pictures does not hold up those behind it, and no claim goes through a whole sheet."""

_MAY_BE_SENT = """state = 'queued' AND wanted AND row IS NOT NULL AND body IS NOT NULL
    AND tries < ? AND not_before <= ? AND (estimate_high IS NOT NULL OR NOT ?)"""
_MISSING = """SELECT p.value FROM json_each(jobs.pictures) p WHERE NOT EXISTS
    (SELECT 1 FROM uploads u WHERE u.picture = p.value AND u.origin = ? AND u.account = ?
     AND u.until > ?)"""


def links_for(
    connection: Connection, pictures: str | None, terms: ClaimTerms
) -> Mapping[str, tuple[str, float]] | None:
    """Picture -> link and when that dies; ``None``: one of them has no link that lives on.

    ``pictures``: as the job's row spells them.
    """
    found: dict[str, tuple[str, float]] = {}
    for picture in json.loads(pictures) if pictures else ():
        row = connection.execute(
            """SELECT link, until FROM uploads
               WHERE picture = ? AND origin = ? AND account = ? AND until > ?""",
            (picture, *_where(terms)),
        ).fetchone()
        if row is None:
            return None
        found[picture] = (row["link"], row["until"])
    return found


def next_with_pictures(connection: Connection, terms: ClaimTerms) -> Row | None:
    """The next job that may be sent at once, where the first of them waits for pictures."""
    row: Row | None = connection.execute(
        f"""SELECT {UNSENT_COLUMNS} FROM jobs j WHERE id = (
               SELECT id FROM (
                   SELECT * FROM jobs INDEXED BY jobs_queued WHERE {_MAY_BE_SENT}
                   ORDER BY priority, scope, row LIMIT {WINDOW}
               ) AS jobs WHERE pictures IS NULL OR NOT EXISTS ({_MISSING})
               ORDER BY priority, scope, row LIMIT 1
           ) {connection.unlocked}""",  # noqa: S608 - constants
        (*_which(terms), *_where(terms)),
    ).fetchone()
    return row


def waiting(connection: Connection, terms: ClaimTerms, most: int) -> list[Waiting]:
    """Of the first jobs with pictures, those that wait for nothing but these; in their order.

    ``most``: how many are looked at, uploaded ones too.
    """
    rows = connection.execute(
        f"""SELECT {UNSENT_COLUMNS}, (SELECT json_group_array(value) FROM ({_MISSING}) AS lacking) AS missing
           FROM (
               SELECT * FROM jobs INDEXED BY jobs_pictures
               WHERE pictures IS NOT NULL AND {_MAY_BE_SENT} ORDER BY priority, scope, row LIMIT ?
           ) AS jobs WHERE EXISTS ({_MISSING}) ORDER BY priority, scope, row""",  # noqa: S608 - constants
        (*_where(terms), *_which(terms), most, *_where(terms)),
    )
    return [Waiting(job=to_job(row), missing=tuple(json.loads(row["missing"]))) for row in rows]


def keep(connection: Connection, upload: Upload) -> None:
    """Remember where a picture lies."""
    connection.execute(
        """INSERT INTO uploads (picture, origin, account, link, until) VALUES (?, ?, ?, ?, ?)
           ON CONFLICT (picture, origin, account)
           DO UPDATE SET link = excluded.link, until = excluded.until""",
        (upload.picture, upload.origin, upload.account, upload.link, upload.until.timestamp()),
    )


def _which(terms: ClaimTerms) -> tuple[object, ...]:
    return terms.max_tries, terms.now.timestamp(), terms.priced_only


def _where(terms: ClaimTerms) -> tuple[object, ...]:
    """Whose uploads count, and how long they must live at least."""
    return terms.origin, terms.account, (terms.now + MARGIN).timestamp()
