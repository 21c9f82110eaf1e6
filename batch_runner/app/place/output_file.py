"""``--output``: results into a copy of the sheet, and which files may be that copy."""

from __future__ import annotations

import json
from pathlib import Path

from batch_runner.core.errors import UsageError
from batch_runner.ledger.sqlite import SqliteLedger

OUTPUTS = "outputs"
"""The ledger's note of the copies that were made of its sheet."""


async def outputs_of(ledger: SqliteLedger | None) -> frozenset[str]:
    """The copies that were made of a sheet so far, as resolved paths."""
    noted = None if ledger is None else await ledger.meta(OUTPUTS)
    return frozenset(json.loads(noted)) if noted else frozenset()


async def remember_output(output: Path | None, ledger: SqliteLedger) -> None:
    """Note a copy before it is made: then it is known as one even after a crash."""
    if output is not None:
        known = await outputs_of(ledger) | {_name(output)}
        await ledger.set_meta(OUTPUTS, json.dumps(sorted(known)))


def _name(output: Path) -> str:
    return str(output.resolve())


def check_output(output: Path | None, sheet: Path, known: frozenset[str]) -> None:
    """Results never go over a file that is not their own copy.

    Args:
        output: where results are to go; ``None``: into the sheet.
        sheet: the sheet, links resolved.
        known: the copies made of it before.

    Raises:
        UsageError: the file is the sheet, somebody else's, of another kind, or in no folder.
    """
    if output is None:
        return
    place = output.resolve()
    hint = "Name a file that does not exist yet."
    if place == sheet:
        message = "--output names the sheet itself, which it is to leave as it is."
    elif place.suffix.lower() != sheet.suffix.lower():
        message = f"--output must end in {sheet.suffix}: it is a copy of the sheet."
        hint = f"Such as {place.stem}{sheet.suffix}."
    elif not place.parent.is_dir():
        message = "the folder of --output does not exist."
        hint = "Make it first."
    elif place.exists() and _name(output) not in known:
        message = "--output names a file that exists and is no copy made of this sheet."
    else:
        return
    raise UsageError(message, code="bad_output", where=str(output), hint=hint)
