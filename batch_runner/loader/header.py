"""Where the header is, and what to say when no prompt column is found."""

from __future__ import annotations

from collections.abc import Sequence

from batch_runner.core.columns import IN_NAMES, header_score, map_columns
from batch_runner.core.errors import BatchRunnerError, SheetError
from batch_runner.core.headers import nearest
from batch_runner.core.language import joined, phrase
from batch_runner.core.model import CellValue, ColumnMap, Problem, ReadOptions, Severity
from batch_runner.core.recipe import made_of, makes_prompts, missing_names, recipe_of, unknown_name
from batch_runner.core.values import PROMPT

SEARCHED = 50
"""Lines among which the header is looked for."""


def blank_to_none(value: CellValue) -> CellValue:
    """A cell's value; ``None`` where nothing or only white space stands."""
    return None if isinstance(value, str) and (not value or value.isspace()) else value


def find_header(lines: Sequence[Sequence[CellValue]], options: ReadOptions) -> int | None:
    """The 0-based line of the header, the user's word first; ``None``: every line is blank.

    The line that names most known columns wins, the topmost of equals. Where none names any,
    it is the first that is not blank.
    """
    if options.header_row is not None:
        return options.header_row - 1
    best, best_score = None, -1
    for index, line in enumerate(lines[:SEARCHED]):
        if all(blank_to_none(cell) is None for cell in line):
            continue
        score = likeness(line, options)
        if score > best_score:
            best, best_score = index, score
    return best


def likeness(line: Sequence[CellValue], options: ReadOptions) -> int:
    """How much a line looks like the header, by all that the settings expect of one."""
    others = (name for recipe in options.recipes for name in recipe.names)
    return header_score(line, options.columns, options.parameters, others)


def header_texts(line: Sequence[CellValue]) -> tuple[str, ...]:
    """The headers as they stand, without outer blanks and without blank ones at the end."""
    texts = ["" if cell is None else str(cell).strip() for cell in line]
    while texts and not texts[-1]:
        texts.pop()
    return tuple(texts)


def map_headers(headers: Sequence[str], options: ReadOptions) -> ColumnMap:
    """The columns by these headers; what is doubtful about them is for the rules to tell."""
    return map_columns(headers, options.columns, options.parameters)[0]


def check_header_row(options: ReadOptions, lines: int, where: str) -> None:
    """Refuse a ``header_row`` that the sheet does not have.

    Raises:
        SheetError: The number is not within the sheet.
    """
    wanted = options.header_row
    if wanted is not None and not 1 <= wanted <= lines:
        raise SheetError(
            phrase(
                "The header cannot be in line {wanted}: the sheet has {lines} lines.",
                wanted=wanted,
                lines=lines,
            ),
            code="header_row_missing",
            hint=phrase("Correct 'header_row' in the config, or leave it out to have it found."),
            where=where,
        )


def empty_sheet(where: str) -> SheetError:
    """The error for a sheet in which nothing stands."""
    return SheetError(
        phrase("The sheet is empty."),
        code="empty_sheet",
        hint=phrase("Put a header with a 'prompt' column into its first line."),
        where=where,
    )


def has_prompts(headers: Sequence[str], options: ReadOptions) -> bool:
    """Whether rows under these headers have a prompt: in a column, or made by a template."""
    columns = map_headers(headers, options)
    return columns.first(PROMPT) is not None or makes_prompts(options, headers, columns)


def no_prompt(headers: Sequence[str], options: ReadOptions, where: str) -> BatchRunnerError:
    """The error for a sheet without a prompt column: what is there, and how to name it."""
    present = [header for header in headers if header]
    _, problems = map_columns(headers, options.columns, options.parameters)
    missing = [p for p in problems if p.code == "mapped_header_missing" and "prompt" in p.message]
    if missing and "prompt" in options.columns:
        return SheetError(
            missing[0].message, code="no_prompt_column", hint=missing[0].hint, where=where
        )
    recipe = recipe_of(options, PROMPT)
    if recipe is not None and present:
        lacking = missing_names(recipe, headers, map_headers(headers, options))
        if lacking:
            return unknown_name(lacking[0], PROMPT, headers, where)
    shown = ", ".join(f"'{header}'" for header in present[:30]) or "none"
    near = nearest("prompt", present, 1) or nearest("text prompt", present, 1)
    example = near[0] if near else (present[0] if present else "Your header")
    guess = phrase("Did you mean {names}?", names=f"'{near[0]}'") if near else ""
    return SheetError(
        phrase("No column holds the prompts. The headers are: {shown}.", shown=shown),
        code="no_prompt_column",
        hint=joined(
            guess,
            phrase(
                "Name the column 'prompt', or say in the config which one it is: columns: {{prompt: \"{example}\"}}.",
                example=example,
            ),
        ),
        where=where,
    )


def header_notice(index: int, first: int, options: ReadOptions) -> tuple[Problem, ...]:
    """Say so when the header was found below the sheet's first line."""
    if index == first or options.header_row is not None:
        return ()
    return (
        Problem(
            code="header_row_found",
            message=phrase(
                "The header is taken to be line {index}; what stands above it is left alone.",
                index=index + 1,
            ),
            hint=phrase("If that is wrong, set 'header_row' in the config."),
            severity=Severity.NOTICE,
            row=index + 1,
        ),
    )


def read_columns(headers: Sequence[str], options: ReadOptions) -> frozenset[int]:
    """All columns whose cells a job is made of."""
    columns = map_headers(headers, options)
    mapped = frozenset(i for found in columns.columns.values() for i in found)
    return mapped | made_of(options, headers, columns)


def essential_columns(headers: Sequence[str], options: ReadOptions) -> frozenset[int]:
    """The columns without which a line is no job: prompt and images, and what they are made of."""
    columns = map_headers(headers, options)
    own = frozenset(i for name in IN_NAMES[:2] for i in columns.columns.get(name, ()))
    return own | made_of(options, headers, columns)
