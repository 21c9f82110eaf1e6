"""A database made ready: the shared tables, and those of a campaign; safe to do twice and at once."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from batch_runner.core.errors import LedgerError
from batch_runner.core.language import phrase
from batch_runner.ledger.postgres.connection import PostgresConnection
from batch_runner.ledger.postgres.derive import derived
from batch_runner.ledger.postgres.shared import OWNERS, SCHEMA, STEPS
from batch_runner.ledger.schema import MIGRATIONS, VERSION

_LOCK = 7_405_511_238  # of all who change tables
_ID = re.compile(r"[0-9a-f]{32}")


def schema_of(campaign: str) -> str:
    """The schema of a campaign's tables."""
    if not _ID.fullmatch(campaign):
        raise ValueError(f"no id of a campaign: {campaign!r}")
    return f"campaign_{campaign}"


def prepare(connection: PostgresConnection) -> None:
    """Make the shared tables, or bring them up to date.

    Raises:
        LedgerError: they were made by a later version.
        psycopg.Error: it cannot be done.
    """
    with _alone(connection):
        version = _shared_version(connection)
        _check(version, len(STEPS))
        if version == len(STEPS):
            return
        connection.script(
            f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}; SET LOCAL search_path = {SCHEMA}"
        )
        for step in STEPS[version:]:
            connection.script(step)
        connection.execute(
            """INSERT INTO facts (name, value) VALUES ('version', ?), ('salt', ?)
               ON CONFLICT (name) DO UPDATE SET value = excluded.value
               WHERE facts.name = 'version'""",
            (str(len(STEPS)), secrets.token_hex(16)),
        )


def prepare_campaign(connection: PostgresConnection, campaign: str) -> int:
    """Bring a campaign's tables up to date, make them if there are none; its number.

    The campaign itself is known already.

    Raises:
        LedgerError: they were made by a later version.
        psycopg.Error: it cannot be done.
    """
    schema = schema_of(campaign)
    with _alone(connection):
        row = connection.execute(
            f"SELECT number, version FROM {SCHEMA}.campaigns WHERE id = ?",  # noqa: S608 - a constant
            (campaign,),
        ).fetchone()
        assert row is not None
        _check(row["version"], VERSION)
        if row["version"] < VERSION:
            connection.script(
                f'CREATE SCHEMA IF NOT EXISTS "{schema}"; SET LOCAL search_path = "{schema}", {SCHEMA}'
            )
            for number in range(row["version"], VERSION):
                connection.script(derived(MIGRATIONS[number]))
                connection.script(OWNERS.get(number + 1, "").format(number=row["number"]))
            connection.execute(
                "INSERT INTO meta (name, value) VALUES ('campaign', ?), ('salt', ?) ON CONFLICT DO NOTHING",
                (campaign, secrets.token_hex(16)),
            )
            connection.execute(
                f"UPDATE {SCHEMA}.campaigns SET version = ? WHERE id = ?",  # noqa: S608 - a constant
                (VERSION, campaign),
            )
    return int(row["number"])


@contextmanager
def _alone(connection: PostgresConnection) -> Iterator[None]:
    """A transaction in which nobody else changes tables."""
    with connection.raw.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(?)", (_LOCK,))
        yield


def _shared_version(connection: PostgresConnection) -> int:
    # Asked as a table is: to_regclass() may answer from before the lock was waited for.
    there = connection.execute(
        "SELECT 1 FROM pg_catalog.pg_tables WHERE schemaname = ? AND tablename = 'facts'",
        (SCHEMA,),
    ).fetchone()
    if there is None:
        return 0
    row = connection.execute(
        f"SELECT value FROM {SCHEMA}.facts WHERE name = 'version'"  # noqa: S608 - a constant
    ).fetchone()
    return int(row["value"]) if row else 0


def _check(version: int, known: int) -> None:
    if version > known:
        raise LedgerError(
            phrase(
                "this ledger has version {version}, this program knows up to {known}.",
                version=version,
                known=known,
            ),
            code="ledger_newer",
            hint=phrase("Update batch-runner; nothing was submitted."),
        )
