"""The campaigns of a database: made, found again, and whose sheet somebody writes now."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from batch_runner.ledger.database import Connection, Row
from batch_runner.ledger.postgres.migrate import schema_of
from batch_runner.ledger.rows import to_time


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """One campaign."""

    id: str
    number: int
    sheet: str  # the file's name
    origin: str
    policy: str  # JSON: how its jobs are to be made; for the application
    active: bool  # workers may take its jobs


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """The run that writes a campaign's sheet."""

    token: str
    host: str
    pid: int
    since: datetime

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}, since {self.since:%Y-%m-%d %H:%M %Z}"


_COLUMNS = "id, number, sheet, origin, policy, active"


def make(connection: Connection, sheet: str, origin: str) -> str:
    """A new campaign without tables; its id.

    Args:
        connection: to the shared tables.
        sheet: name of the file, by which it is found again.
        origin: of the service that makes its videos.
    """
    campaign = secrets.token_hex(16)
    connection.execute(
        """INSERT INTO campaigns (id, version, sheet, origin, created_at)
           VALUES (?, 0, ?, ?, seconds())""",
        (campaign, sheet, origin),
    )
    return campaign


def enter(connection: Connection, campaign: str, sheet: str, origin: str) -> None:
    """Make room for a campaign that has an id and is brought in; it stays closed until it is."""
    connection.execute(
        """INSERT INTO campaigns (id, version, sheet, origin, closed, created_at)
           VALUES (?, 0, ?, ?, TRUE, seconds())
           ON CONFLICT (id) DO UPDATE SET sheet = excluded.sheet, origin = excluded.origin""",
        (campaign, sheet, origin),
    )


def get(connection: Connection, campaign: str) -> Campaign | None:
    """A campaign by its id; ``None``: there is none, or it is closed."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM campaigns WHERE id = ? AND NOT closed",  # noqa: S608 - constants
        (campaign,),
    ).fetchone()
    return None if row is None else _campaign(row)


def every(connection: Connection, origin: str | None = None) -> list[Campaign]:
    """All campaigns that are not closed, or those of a service; the oldest first."""
    rows = connection.execute(
        f"""SELECT {_COLUMNS} FROM campaigns WHERE NOT closed AND (origin = ? OR ?)
            ORDER BY number""",  # noqa: S608 - constants
        (origin, origin is None),
    )
    return [_campaign(row) for row in rows]


def active(connection: Connection, origin: str) -> list[Campaign]:
    """Those of a service that workers may take jobs of."""
    return [campaign for campaign in every(connection, origin) if campaign.active]


def find(
    connection: Connection, sheet: str, origin: str, row_hashes: Sequence[str]
) -> list[tuple[Campaign, int]]:
    """Campaigns of sheets with this name that know some of its rows; how many. Best first."""
    found = []
    for campaign in _called(connection, sheet, origin):
        if not _has_tables(connection, campaign):
            continue
        (known,) = connection.execute(
            f"""SELECT count(*) FROM json_each(?) AS asked WHERE EXISTS
                (SELECT 1 FROM "{schema_of(campaign.id)}".jobs WHERE row_hash = asked.value)""",  # noqa: S608 - checked
            (json.dumps(list(row_hashes)),),
        ).fetchone()
        if known:
            found.append((campaign, int(known)))
    return sorted(found, key=lambda pair: -pair[1])


def begun(connection: Connection, sheet: str, origin: str) -> list[Campaign]:
    """Campaigns of sheets with this name that somebody begins now: their rows are not known yet."""
    return [
        campaign
        for campaign in _called(connection, sheet, origin)
        if writer(connection, campaign.id) is not None and not _has_rows(connection, campaign)
    ]


def _called(connection: Connection, sheet: str, origin: str) -> list[Campaign]:
    return [campaign for campaign in every(connection, origin) if campaign.sheet == sheet]


def _has_tables(connection: Connection, campaign: Campaign) -> bool:
    row = connection.execute(
        "SELECT version > 0 AS made FROM campaigns WHERE id = ?", (campaign.id,)
    ).fetchone()
    return bool(row["made"])


def _has_rows(connection: Connection, campaign: Campaign) -> bool:
    if not _has_tables(connection, campaign):
        return False
    jobs = f'"{schema_of(campaign.id)}".jobs'
    row = connection.execute(f"SELECT EXISTS (SELECT 1 FROM {jobs}) AS some")  # noqa: S608 - checked
    return bool(row.fetchone()["some"])


def rename(connection: Connection, campaign: str, sheet: str) -> None:
    """Its sheet has another name."""
    connection.execute("UPDATE campaigns SET sheet = ? WHERE id = ?", (sheet, campaign))


def set_policy(connection: Connection, campaign: str, policy: str) -> None:
    """Say how its jobs are to be made (JSON, never a key)."""
    connection.execute("UPDATE campaigns SET policy = ? WHERE id = ?", (policy, campaign))


def set_active(connection: Connection, campaign: str, *, active: bool) -> None:
    """Let workers take its jobs, or no more."""
    connection.execute("UPDATE campaigns SET active = ? WHERE id = ?", (active, campaign))


def writer(connection: Connection, campaign: str) -> Writer | None:
    """Who writes its sheet now; one whose time is over does not."""
    row = connection.execute(
        """SELECT w.token, w.host, w.pid, w.since FROM campaigns c
           JOIN workers w ON w.token = c.writer WHERE c.id = ? AND w.until > seconds()""",
        (campaign,),
    ).fetchone()
    if row is None:
        return None
    since = to_time(row["since"])
    assert since is not None
    return Writer(token=row["token"], host=row["host"], pid=row["pid"], since=since)


def hold(connection: Connection, campaign: str, token: str) -> Writer | None:
    """Become the one writer of its sheet; ``None``: so it is, else who is it already."""
    connection.execute(
        f"SELECT 1 FROM campaigns WHERE id = ? {connection.locked}",  # noqa: S608 - a constant
        (campaign,),
    )
    other = writer(connection, campaign)
    if other is not None and other.token != token:
        return other
    connection.execute("UPDATE campaigns SET writer = ? WHERE id = ?", (token, campaign))
    return None


def let_go(connection: Connection, campaign: str, token: str) -> None:
    """Its sheet is not written any more by this one."""
    connection.execute(
        "UPDATE campaigns SET writer = NULL WHERE id = ? AND writer = ?", (campaign, token)
    )


def _campaign(row: Row) -> Campaign:
    return Campaign(**dict(row))
