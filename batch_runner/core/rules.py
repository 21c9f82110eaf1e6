"""What a row asks for, judged by its model's profile: a request, or all that is wrong with it.

Pure. Everything is said at once, each with its column, so that a sheet is mended in one go.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence

from batch_runner.core.between import constrain
from batch_runner.core.body import request
from batch_runner.core.check import Fault
from batch_runner.core.draft import Draft, require, say, take
from batch_runner.core.language import phrase
from batch_runner.core.model import (
    ColumnMap,
    Estimate,
    Problem,
    Severity,
    SheetRow,
    Verdict,
    iter_errors,
)
from batch_runner.core.nearest import did_you_mean
from batch_runner.core.profile import FRAMES, Catalogue, Profile, estimate
from batch_runner.core.prompts import advise
from batch_runner.core.supplement import NOTHING, Supplement, counting, given
from batch_runner.core.text import cell_text, quoted
from batch_runner.core.values import KEY, LINKED, PROMPT, cell, image_refs, is_blank

MODEL = "model"

_NO_ESTIMATE = Estimate(low=None, high=None)


def is_job(row: SheetRow, columns: ColumnMap, makers: frozenset[int] = frozenset()) -> bool:
    """Whether a line asks for a video at all; totals, notes and empty lines do not.

    ``makers``: columns of which its prompt or images are made.
    """
    if not is_blank(cell(row, columns, PROMPT)[1]):
        return True
    if any(image_refs(row, columns, name) for name in LINKED):
        return True
    if any(not is_blank(row.value(place)) for place in makers):
        return True
    asked = {place for name in (PROMPT, *LINKED) for place in columns.columns.get(name, ())}
    asked |= makers
    return any(problem.column in asked for problem in iter_errors(row.problems))


def judge(
    row: SheetRow, columns: ColumnMap, catalogue: Catalogue, supplement: Supplement = NOTHING
) -> Verdict:
    """Judge one row by the profile of the model that it, the settings or the catalogue name.

    ``supplement``: what is known of the row beside its cells.
    """
    mapped = {column for places in columns.columns.values() for column in places}
    carried = [p for p in row.problems if p.column is None or p.column in mapped]
    of_model = supplement.problems.get(MODEL, ())
    if any(iter_errors(of_model)):
        return _refused(row, "", [*carried, *of_model])
    name = model_name(row, columns, catalogue, supplement)
    profile = catalogue.find(name) if name else None
    if profile is None:
        carried.append(_no_model(row, columns, catalogue, name, supplement))
        return _refused(row, name, carried)
    draft = Draft(
        row=row,
        columns=columns,
        profile=profile,
        catalogue=catalogue,
        supplement=supplement,
        problems=carried,
    )
    _fill(draft)
    for constraint in profile.constraints:
        constrain(draft, constraint)
    for parameter in profile.parameters:
        if parameter.required:
            require(draft, parameter.name)
    _warn(draft)
    if any(iter_errors(draft.problems)):
        return _refused(row, profile.model, draft.problems)
    return Verdict(
        row=row.number,
        model=profile.model,
        request=request(profile, draft.values),
        estimate=estimate(profile.price, draft.values),
        problems=tuple(draft.problems),
    )


def fingerprint(verdict: Verdict) -> bytes | None:
    """The same for verdicts that ask for the very same video; ``None`` for an invalid row."""
    if verdict.request is None:
        return None
    asked = json.dumps(verdict.request, sort_keys=True)
    return hashlib.sha256(asked.encode()).digest()[:16]


def across(requests: Iterable[tuple[bytes, int]]) -> Iterator[Problem]:
    """What only shows when rows are seen together: the same request more than once.

    ``requests``: fingerprints and their lines, in order.
    """
    before, earlier = b"", 0
    for asked, row in requests:
        if asked != before:
            before, earlier = asked, row
            continue
        yield Problem(
            code="identical_row",
            message=phrase(
                "It asks for the same video as row {earlier}; both are paid.", earlier=earlier
            ),
            hint=phrase("Give them different seeds, or remove one."),
            severity=Severity.WARNING,
            row=row,
        )


def _refused(row: SheetRow, model: str, problems: Sequence[Problem]) -> Verdict:
    return Verdict(
        row=row.number,
        model=model,
        request=None,
        estimate=_NO_ESTIMATE,
        problems=tuple(problems),
    )


def model_name(
    row: SheetRow, columns: ColumnMap, catalogue: Catalogue, supplement: Supplement
) -> str:
    """The model that a row, the settings or the catalogue name; "" if none does."""
    own = given(row, columns, MODEL, supplement)
    if not isinstance(own, tuple) and not is_blank(own):
        return cell_text(own).strip()
    named = catalogue.defaults.get(MODEL)
    return str(named or catalogue.default_model or "").strip()


def _no_model(
    row: SheetRow, columns: ColumnMap, catalogue: Catalogue, name: str, supplement: Supplement
) -> Problem:
    column = cell(row, columns, MODEL)[0]
    made = counting(row, columns, MODEL, supplement)
    hint = did_you_mean(name, catalogue.profiles)
    if made is not None:
        column = made.columns[0] if made.columns else column
        hint = f"{made.traced(row.number)} {hint}".strip()
    return Problem(
        code="model_unknown" if name else "model_missing",
        message=phrase("There is no model {name}.", name=quoted(name))
        if name
        else phrase("No model is named."),
        hint=hint,
        row=row.number,
        column=column,
    )


def _fill(draft: Draft) -> None:
    """Take all values, but those of cells that could not even be read."""
    unreadable = {problem.column for problem in iter_errors(draft.problems)} - {None}
    for parameter in draft.profile.parameters:
        names = (parameter.name, *FRAMES) if parameter.frames else (parameter.name,)
        places = {place for name in names for place in draft.columns.columns.get(name, ())}
        told = [p for name in names for p in draft.supplement.problems.get(name, ())]
        draft.problems += told
        if unreadable.intersection(places) or any(iter_errors(told)):
            draft.settled.add(parameter.name)
        else:
            take(draft, parameter)


def _warn(draft: Draft) -> None:
    """Cells that this model has no use for, and prompts that will hardly do."""
    for name in draft.columns.columns:
        if name not in {MODEL, KEY} and _is_ignored(draft, draft.profile, name):
            fault = Fault(
                code=f"{name}_ignored",
                message=phrase(
                    "{model} has no {name}; this cell is ignored.",
                    model=draft.profile.model,
                    name=name,
                ),
                severity=Severity.WARNING,
            )
            say(draft, name, fault)
    prompt = draft.values.get(PROMPT)
    for advice in advise(prompt) if isinstance(prompt, str) else ():
        fault = Fault(
            code=advice.code,
            message=advice.message,
            hint=advice.hint,
            severity=Severity.WARNING,
        )
        say(draft, PROMPT, fault)


def _is_ignored(draft: Draft, profile: Profile, name: str) -> bool:
    framed = name in FRAMES and any(parameter.frames for parameter in profile.parameters)
    if framed or profile.parameter(name) is not None:
        return False
    if name in LINKED:
        return bool(image_refs(draft.row, draft.columns, name))
    return not is_blank(cell(draft.row, draft.columns, name)[1])
