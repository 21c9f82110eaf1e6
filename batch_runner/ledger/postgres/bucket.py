"""The next job for one of many workers: within what the account bears, whoever sends.

One transaction: this worker is alive; nobody else claims for the account meanwhile; slots, rate
and cool-down allow it; the money does; the intent is kept. Only then may the request leave.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from batch_runner.core.errors import LedgerError
from batch_runner.core.jobs import Claim, ClaimKind, ClaimTerms
from batch_runner.core.language import phrase
from batch_runner.ledger import claims
from batch_runner.ledger.database import Connection, Row
from batch_runner.ledger.rows import to_time

AHEAD = 0.5
"""Seconds before its turn by the rate at which a job is handed out already; it is sent at its turn."""

FULL = 0.25
"""Seconds after which a worker asks again that found all slots of the account taken."""

LATE = 1.0
"""Seconds after which one asks again whose time is over, though nobody removed it yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What all workers of an account may do together, as far as one of them knows."""

    rate: float  # submits a second
    slots: int  # tasks in flight


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Who claims, and on whose account."""

    token: str
    account: str  # fingerprint of the API key, by the salt that all machines share
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A claim, and how long its request has to wait for its turn by the rate."""

    claim: Claim
    wait: float = 0.0  # seconds


def claim(
    connection: Connection, terms: ClaimTerms, desk: Desk, bounds: Bounds, campaign: int
) -> Turn:
    """Claim the next job of a campaign.

    The database's clock decides; what the claim says of times is by the clock of ``terms``.
    Workers find nothing where the campaign is not active; only the run that has its sheet does.

    Raises:
        LedgerError: this worker was removed (code ``lease_lost``).
    """
    here = _here(connection, desk, campaign)
    if not here["wanted"]:
        return Turn(claim=Claim(kind=ClaimKind.EMPTY))
    (flights, seconds) = connection.execute(
        "SELECT count(*), seconds() FROM flights WHERE account = ? AND origin = ?",
        (desk.account, desk.origin),
    ).fetchone()
    wait = _wait(here, seconds, full=flights >= bounds.slots)
    if wait > 0:
        later = terms.now + timedelta(seconds=wait)
        return Turn(claim=Claim(kind=ClaimKind.LATER, not_before=later))
    now = to_time(seconds)
    assert now is not None
    made = claims.claim(connection, replace(terms, now=now))
    if made.not_before is not None:
        made = replace(made, not_before=made.not_before - now + terms.now)
    if made.job is None:
        return Turn(claim=made)
    turn = max(seconds, here["next_at"])
    _take(connection, made.job.id, desk, campaign, turn + 1.0 / bounds.rate)
    return Turn(claim=made, wait=turn - seconds)


def _wait(here: Row, seconds: float, *, full: bool) -> float:
    """Seconds after which to ask again; 0: a job may be handed out now."""
    if not here["alive"]:
        return LATE
    until: float = max(here["cool_until"], here["next_at"] - AHEAD) - seconds
    return max(0.0, until, FULL if full else 0.0)


def _here(connection: Connection, desk: Desk, campaign: int) -> Row:
    """The worker, kept from being removed but not from beating; and the account's line, locked.

    So the account has one claim at a time, and one that is durable has an owner that was alive.
    """
    asked = """SELECT w.until > seconds() AS alive, c.active OR w.role = 'run' AS wanted,
                   l.next_at, l.cool_until
               FROM workers w, campaigns c, limits l
               WHERE w.token = ? AND c.number = ? AND l.account = ? AND l.origin = ?
               FOR KEY SHARE OF w FOR UPDATE OF l"""
    who = (desk.account, desk.origin)
    found: Row | None = connection.execute(asked, (desk.token, campaign, *who)).fetchone()
    if found is None:
        connection.execute(
            "INSERT INTO limits (account, origin) VALUES (?, ?) ON CONFLICT DO NOTHING", who
        )
        found = connection.execute(asked, (desk.token, campaign, *who)).fetchone()
    if found is None:
        raise lease_lost()
    return found


def _take(connection: Connection, job: int, desk: Desk, campaign: int, next_at: float) -> None:
    """The job is this worker's, it has a slot, and the next one has its turn after it."""
    connection.execute(
        """WITH turn AS (UPDATE limits SET next_at = ? WHERE account = ? AND origin = ?),
                slot AS (INSERT INTO flights (campaign, job, account, origin)
                         VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING)
           UPDATE jobs SET owner = ? WHERE id = ?""",
        (
            next_at,
            desk.account,
            desk.origin,
            campaign,
            job,
            desk.account,
            desk.origin,
            desk.token,
            job,
        ),
    )


def lease_lost() -> LedgerError:
    """This worker was taken for dead: what it had is others'."""
    return LedgerError(
        phrase("this worker was silent for too long; others do its jobs now."), code="lease_lost"
    )
