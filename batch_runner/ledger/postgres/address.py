"""Where a database is, and what may be said of it: never its password."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

import psycopg
from psycopg.conninfo import conninfo_to_dict

from batch_runner.core.errors import ConfigError
from batch_runner.core.language import phrase
from batch_runner.core.redact import redact

PREFIXES = ("postgresql://", "postgres://")


@dataclass(frozen=True, slots=True)
class Address:
    """A database and how to get into it."""

    terms: Mapping[str, str] = field(repr=False)  # libpq's words; may hold a password

    @classmethod
    def of(cls, url: str) -> Self:
        """Read an address.

        Raises:
            ConfigError: it is none.
        """
        # What the reader says of a bad address may quote it, password and all.
        try:
            found = conninfo_to_dict(url) if url.startswith(PREFIXES) else None
        except (psycopg.Error, ValueError):
            found = None
        if found is None:
            raise ConfigError(
                phrase("the address of the ledger's database cannot be read."),
                code="ledger_address",
                hint=phrase(
                    "It looks like postgresql://USER@HOST:5432/DATABASE; a password with special characters in it is written with % codes, or kept in ~/.pgpass."
                ),
            )
        return cls({name: str(value) for name, value in found.items() if value is not None})

    def __str__(self) -> str:
        """What may be told."""
        host, port = self.terms.get("host", ""), self.terms.get("port", "")
        return f"postgresql://{host}{':' if port else ''}{port}/{self.terms.get('dbname', '')}"

    def told(self, error: psycopg.Error) -> str:
        """What the server or the driver says, in one line and without the password."""
        said = error.diag.message_primary or str(error).partition("\n")[0]
        return redact(said, [secret] if (secret := self.terms.get("password")) else [])
