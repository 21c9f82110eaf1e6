"""A sheet whose ledger an earlier version wrote goes on with this one."""

from __future__ import annotations

import pytest

from batch_runner.ledger import schema
from tests.app.conftest import Cli, NewSheet, Service


def test_a_new_version_goes_on_where_the_old_one_was(
    cli: Cli, service: Service, new_sheet: NewSheet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Looking works and changes nothing; the next run brings the ledger up and buys no row again."""
    sheet = new_sheet("csv", ["One.", "Two."])
    assert cli("run", sheet, "--limit", "1").code == 0
    step = "ALTER TABLE jobs ADD COLUMN note TEXT;"
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, step))
    monkeypatch.setattr(schema, "VERSION", schema.VERSION + 1)
    ledger = sheet.sidecar / "ledger.sqlite"
    before = ledger.read_bytes()

    assert "1 new, 1 done" in cli("check", sheet).out
    assert cli("status", sheet, "--json").json["states"] == {"succeeded": 1, "skipped": 1}
    assert cli("run", sheet, "--dry-run").code == 0
    assert ledger.read_bytes() == before
    assert cli("run", sheet).code == 0

    assert service.bought() == {"One.": 1, "Two.": 1}
