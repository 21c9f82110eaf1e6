"""Makes the newest released ledger from the one before: ``python -m tests.ledger.make_released``."""

from __future__ import annotations

import contextlib
import sqlite3
import tempfile
from pathlib import Path

from batch_runner.ledger.connection import connect
from batch_runner.ledger.schema import VERSION, migrate

RELEASED = Path(__file__).parent / "released"


def main() -> None:
    """Write it."""
    before = (RELEASED / f"v{VERSION - 1}.sqlite.sql").read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ledger.sqlite"
        with contextlib.closing(sqlite3.connect(path)) as old:
            old.executescript(before)
        with contextlib.closing(connect(path)) as connection:
            migrate(connection, path)
        with contextlib.closing(sqlite3.connect(path)) as new:
            lines = [*new.iterdump(), f"PRAGMA user_version = {VERSION};"]
    (RELEASED / f"v{VERSION}.sqlite.sql").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
