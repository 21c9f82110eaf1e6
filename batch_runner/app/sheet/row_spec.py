"""From what the rules and the sheet's own controls say of a row to what is kept of it."""

from __future__ import annotations

import json
from collections.abc import Sequence

from batch_runner.core.columns import CONTROLS
from batch_runner.core.controls import Passage
from batch_runner.core.identity import RowIdentity
from batch_runner.core.jobs import RowSpec
from batch_runner.core.language import joined, phrase
from batch_runner.core.model import Problem, Verdict, address, iter_errors
from batch_runner.core.wording import NOT_CHARGED


def make_spec(
    verdict: Verdict, identity: RowIdentity, passage: Passage, fields: Sequence[str]
) -> RowSpec:
    """What is kept of a row: its request or what is wrong, and whether and when it is to run.

    ``fields``: the names of the sheet's columns, where those have no letters.
    """
    errors = [problem.named(fields) for problem in iter_errors(verdict.problems)]
    body = (
        None
        if verdict.request is None
        else json.dumps(verdict.request, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "surrogatepass"
        )
    )
    told = body is None and passage.left_out not in CONTROLS
    return RowSpec(
        identity=identity,
        model=verdict.model,
        body=body,
        estimate=verdict.estimate,
        problem=_problem_text(errors) if told else "",
        problem_code=errors[0].code if errors and told else "",
        priority=passage.priority,
        left_out=passage.left_out,
    )


def _problem_text(errors: Sequence[Problem]) -> str:
    """The error cell of an invalid row: all that is wrong with it, and where."""
    parts = []
    for error in errors:
        place = address("", None, error.row, error.column, error.field)
        text = f"{place}: {error.message}" if error.column is not None else error.message
        parts.append(joined(text, error.hint))
    remedy = phrase("Correct the row and run again.")
    return f"invalid: {joined(*parts, phrase(NOT_CHARGED), remedy)}"
