"""What the user's books tell: sums for ``spend``, and the evidence for ``resolve``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from batch_runner.core.evidence import Known
from batch_runner.core.spend import Payer
from batch_runner.ledger.spend_schema import QUARTER
from batch_runner.ledger.spend_store import SpendStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting:
    """What one sheet spent on one model within a quarter of an hour, at one service."""

    at: datetime  # when the quarter began
    origin: str
    sheet: str  # path
    model: str
    videos: int  # accepted, and not refunded
    charged: int  # micro-dollars
    pending: int  # micro-dollars that may still be charged: reserved, and nothing settled


def postings(store: SpendStore) -> list[Posting]:
    """Everything the books hold, the oldest first."""
    with store.transaction() as connection:
        rows = connection.execute(
            f"""SELECT CAST(c.at / {QUARTER} AS INTEGER) AS quarter, c.origin, s.sheet, c.model,
                   sum(c.accepted AND (c.cost IS NULL OR c.cost > 0)) AS videos,
                   sum(coalesce(c.cost, 0)) AS charged,
                   sum(iif(c.cost IS NULL, c.amount, 0)) AS pending
               FROM charges c JOIN sources s ON s.id = c.source
               GROUP BY 1, 2, 3, 4 ORDER BY 1"""  # noqa: S608 - a constant
        ).fetchall()
    return [
        Posting(
            at=datetime.fromtimestamp(row["quarter"] * QUARTER, UTC),
            **{name: row[name] for name in row.keys() if name != "quarter"},  # noqa: SIM118
        )
        for row in rows
    ]


def known_since(store: SpendStore, payer: Payer, model: str, since: datetime) -> Known:
    """What is known to have been bought since a moment."""
    marks = ", ".join("?" * len(payer.origins))
    stamp = since.timestamp()
    with store.transaction() as connection:
        row = connection.execute(
            f"""SELECT
                   sum(model = ? AND done AND at >= ?) AS surely,
                   sum(model = ? AND done AND at < ?) AS perhaps,
                   sum(model = ? AND accepted AND ended_at IS NULL) AS open,
                   sum(model = ? AND NOT accepted AND amount > 0 AND at >= ?) AS lost,
                   sum(iif(at >= ?, coalesce(cost, iif(accepted, amount, 0)), 0)) AS money
               FROM (SELECT *, ended_at >= ? AND coalesce(cost, 1) > 0 AS done FROM charges
                     WHERE account = ? AND origin IN ({marks}))""",  # noqa: S608 - only marks
            (model, stamp) * 2
            + (model, model, stamp, stamp, stamp, payer.account, *payer.origins),
        ).fetchone()
    return Known(**{name: row[name] or 0 for name in row.keys()})  # noqa: SIM118 - a sqlite3.Row


def note_balance(store: SpendStore, account: str, at: datetime, micros: int) -> None:
    """Remember what the provider said was left."""
    with store.transaction() as connection:
        connection.execute(
            "INSERT OR REPLACE INTO balances VALUES (?, ?, ?)", (account, at.timestamp(), micros)
        )


def balance_before(store: SpendStore, account: str, at: datetime) -> tuple[datetime, int] | None:
    """The last balance noted before a moment, and when that was."""
    with store.transaction() as connection:
        row = connection.execute(
            "SELECT at, micros FROM balances WHERE account = ? AND at <= ? ORDER BY at DESC LIMIT 1",
            (account, at.timestamp()),
        ).fetchone()
    return None if row is None else (datetime.fromtimestamp(row["at"], UTC), row["micros"])
