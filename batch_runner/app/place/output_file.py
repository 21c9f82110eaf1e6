"""``--output``: results into a copy of the sheet, and which files may be that copy."""

from __future__ import annotations

import json
from pathlib import Path

from batch_runner.core.errors import UsageError
from batch_runner.core.language import phrase
from batch_runner.ledger.ledger import Ledger
from batch_runner.reporter.copies import results_path

OUTPUTS = "outputs"
"""The ledger's note of the copies that were made of its sheet."""


async def outputs_of(ledger: Ledger | None) -> frozenset[str]:
    """The copies that were made of a sheet so far, as resolved paths."""
    noted = None if ledger is None else await ledger.meta(OUTPUTS)
    return frozenset(json.loads(noted)) if noted else frozenset()


async def remember_output(output: Path | None, ledger: Ledger) -> None:
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
    place, suffix = output.resolve(), results_path(sheet).suffix
    hint = "Name a file that does not exist yet."
    if place == sheet:
        message = "--output names the sheet itself, which it is to leave as it is."
    elif place.suffix.lower() != suffix.lower():
        message = f"--output must end in {suffix}: it is a copy of the sheet."
        hint = f"Such as {place.stem}{suffix}."
    elif not place.parent.is_dir():
        message = "the folder of --output does not exist."
        hint = "Make it first."
    elif place.exists() and _name(output) not in known:
        if place == results_path(sheet):
            raise _results_without_ledger(output, sheet)
        message = "--output names a file that exists and is no copy made of this sheet."
    else:
        return
    raise UsageError(message, code="bad_output", where=str(output), hint=hint)


def _results_without_ledger(output: Path, sheet: Path) -> UsageError:
    return UsageError(
        phrase(
            "the results of this sheet go into this file, but it exists and no ledger of the sheet knows it: its rows may have been paid already."
        ),
        code="results_without_ledger",
        where=str(output),
        hint=phrase(
            "If so, run it instead under another name (such as {stem}-2{suffix}): what its rows show is looked up, not paid again. Else move it away.",
            stem=sheet.stem,
            suffix=output.suffix,
        ),
    )
