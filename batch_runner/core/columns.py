"""Which column of a sheet holds what, by its header.

A header is compared without regard to case, spaces, dashes, underscores and width (NFKC). The
order of trust: what the user's ``columns:`` says, then our exact names, then aliases in English,
Japanese and Chinese. A header that only looks like one of ours is never used, but said.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from batch_runner.core.decisions import DECISION
from batch_runner.core.headers import ALIASES, loosen, nearest, normalise
from batch_runner.core.language import both, phrase, series
from batch_runner.core.model import CellValue, ColumnMap, Problem, Severity, column_letter
from batch_runner.core.outcolumns import ALL_COLUMNS

IN_NAMES = ("prompt", "image_urls", "model", "duration", "resolution", "aspect_ratio", "seed")
"""The names every sheet may use; the profiles' parameters come on top."""

CONTROLS = ("enabled", "skip", "priority", DECISION, "variants")
"""Columns about the run, not the video: whether a row is to be sent, and which first."""

_TYPO_LENGTH = 5  # shorter words are too easily one letter away from another
_TYPO_LIKENESS = 0.8
_PROMPT_WEIGHT = 3  # a row that names a prompt column is the header, whatever stands above it


@dataclass(frozen=True, slots=True, kw_only=True)
class _Match:
    """What a header says by itself."""

    name: str
    exact: bool  # our own name rather than an alias
    number: int = 0  # 2 of image_url_2


_ALIAS_NAMES = {
    loosen(alias): name for name, aliases in ALIASES.items() for alias in aliases.split(",")
}
_EXACT_IMAGE = re.compile(r"imageurls?(\d{0,4})")
_NUMBERED = re.compile(r"(.*?\D)(\d{1,4})")


def map_columns(
    headers: Sequence[str],
    user: Mapping[str, tuple[str, ...]],
    parameters: frozenset[str],
) -> tuple[ColumnMap, tuple[Problem, ...]]:
    """Find the columns that the job needs.

    Args:
        headers: The header texts, in sheet order.
        user: Our name -> the user's headers. For ``image_urls`` all of them are read; for any
            other name they are alternatives, and the first that the sheet has is read.
        parameters: Every parameter name that a known profile declares.

    Returns:
        The columns, and all that is doubtful about them. Only a missing mapped header, an
        unknown mapped name and two columns for one value are errors.
    """
    names = _exact_names(parameters)
    taken, problems = _by_user(headers, user, frozenset(names.values()))
    columns = {name: found for name, found in taken.items() if found}
    claimed = {index for found in taken.values() for index in found}
    matches = {
        index: match
        for index, header in enumerate(headers)
        if index not in claimed and (match := _match(header, names)) and match.name not in user
    }
    found, unused = _by_trust(matches)
    columns.update(found)
    problems += _unused(headers, unused)
    problems += _duplicates(headers, columns)
    free = [i for i in range(len(headers)) if i not in claimed and i not in matches]
    problems += _typos(headers, free, names, columns)
    return ColumnMap(columns=columns), tuple(problems)


def header_score(
    cells: Sequence[CellValue],
    user: Mapping[str, tuple[str, ...]],
    parameters: frozenset[str],
    others: Iterable[str] = (),
) -> int:
    """How much a line looks like the header: the known names in it, a prompt counting most.

    ``others``: further names that the settings expect, of templates say.
    """
    texts = [cell.strip() for cell in cells if isinstance(cell, str) and cell.strip()]
    names = _exact_names(parameters)
    found = {match.name for text in texts if (match := _match(text, names))}
    keys = {normalise(text) for text in texts}
    for name, wanted in user.items():
        if any(normalise(header) in keys for header in wanted):
            found.add(name)
        else:
            found.discard(name)
    if expected := {loosen(name) for name in others}:
        expected -= {loosen(name) for name in names.values()}
        found.update(expected.intersection(map(loosen, texts)))
    return len(found) + (_PROMPT_WEIGHT - 1 if "prompt" in found else 0)


@lru_cache(maxsize=16)
def _exact_names(parameters: frozenset[str]) -> Mapping[str, str]:
    wanted = dict.fromkeys([*IN_NAMES, *CONTROLS, *sorted(parameters.difference(ALL_COLUMNS))])
    return {normalise(name): name for name in wanted}


def _match(header: str, names: Mapping[str, str]) -> _Match | None:
    key = normalise(header)
    image = _EXACT_IMAGE.fullmatch(key)
    if image:
        return _Match(name="image_urls", exact=True, number=int(image[1] or 0))
    if key in names:
        return _Match(name=names[key], exact=True)
    loose = loosen(header)
    if loose in _ALIAS_NAMES:
        return _Match(name=_ALIAS_NAMES[loose], exact=False)
    if loose in names:
        return _Match(name=names[loose], exact=False)
    numbered = _NUMBERED.fullmatch(loose)
    if numbered and _ALIAS_NAMES.get(numbered[1]) == "image_urls":
        return _Match(name="image_urls", exact=False, number=int(numbered[2]))
    return None


def _by_user(
    headers: Sequence[str], user: Mapping[str, tuple[str, ...]], known: frozenset[str]
) -> tuple[dict[str, tuple[int, ...]], list[Problem]]:
    """The columns that the user named, and what of it cannot be found."""
    taken: dict[str, tuple[int, ...]] = {}
    problems: list[Problem] = []
    allowed = known.union(ALL_COLUMNS, ("key",))
    for name, wanted in user.items():
        if name not in allowed:
            problems.append(_unknown_name(name, allowed))
            continue
        places = {header: _places(header, headers) for header in wanted}
        hits = [found for found in places.values() if found]
        if name == "image_urls":
            missing = [header for header, found in places.items() if not found]
            taken[name] = tuple(dict.fromkeys(i for found in hits for i in found))
        else:
            missing = [] if hits else list(wanted)
            taken[name] = hits[0] if hits else ()
        problems += [_missing(name, header, headers) for header in missing]
    return taken, problems


def _places(wanted: str, headers: Sequence[str]) -> tuple[int, ...]:
    """Where a header of the user's stands: by its exact text, else by what matters of it."""
    exact = tuple(i for i, header in enumerate(headers) if header == wanted.strip())
    if exact:
        return exact
    key = normalise(wanted)
    return tuple(i for i, header in enumerate(headers) if key and normalise(header) == key)


def _by_trust(matches: Mapping[int, _Match]) -> tuple[dict[str, tuple[int, ...]], dict[int, str]]:
    """Per name the columns of the best kind; and the aliases that an exact name outdoes."""
    by_name: dict[str, list[int]] = defaultdict(list)
    for index, match in matches.items():
        by_name[match.name].append(index)
    columns: dict[str, tuple[int, ...]] = {}
    unused: dict[int, str] = {}
    for name, places in by_name.items():
        exact = [i for i in places if matches[i].exact]
        used = exact or places
        columns[name] = tuple(sorted(used, key=lambda i: (matches[i].number, i)))
        unused.update({i: name for i in places if i not in used})
    return columns, unused


def _unknown_name(name: str, allowed: frozenset[str]) -> Problem:
    near = nearest(name, sorted(allowed), 1)
    return Problem(
        code="unknown_column_name",
        message=phrase(
            "'columns' maps '{name}', which is no parameter of any known model.", name=name
        ),
        hint=phrase("Did you mean {names}?", names=f"'{near[0]}'")
        if near
        else phrase("Known: {names}.", names=series(sorted(allowed))),
    )


def _missing(name: str, header: str, headers: Sequence[str]) -> Problem:
    near = nearest(header, [text for text in headers if text])
    there = series(f"'{text}'" for text in near or [text for text in headers if text][:20])
    hint = (
        phrase("Nearest: {headers}.", headers=there)
        if near
        else phrase("The headers are: {headers}.", headers=there)
    )
    return Problem(
        code="mapped_header_missing",
        message=phrase(
            "'columns' says that {name} stands under '{header}', but no header reads so.",
            name=name,
            header=header,
        ),
        hint=hint if there else "",
    )


def _unused(headers: Sequence[str], unused: Mapping[int, str]) -> list[Problem]:
    return [
        Problem(
            code="column_not_used",
            message=phrase(
                "Column {column} is not read: another column is named {name} exactly.",
                column=_cell(headers, index),
                name=name,
            ),
            hint=phrase(
                "To read this one instead, map {name} to it under 'columns' in the config.",
                name=name,
            ),
            severity=Severity.NOTICE,
            column=index,
        )
        for index, name in unused.items()
    ]


def _duplicates(headers: Sequence[str], columns: Mapping[str, tuple[int, ...]]) -> list[Problem]:
    return [
        Problem(
            code="duplicate_column",
            message=phrase(
                "Columns {columns} both give {name}; one is allowed.",
                columns=both(_cell(headers, i) for i in found),
                name=name,
            ),
            hint=phrase(
                "Rename one of them, or map {name} to one header under 'columns' in the config.",
                name=name,
            ),
            severity=Severity.WARNING if name == "priority" else Severity.ERROR,
            column=found[1],
        )
        for name, found in columns.items()
        if name != "image_urls" and len(found) > 1
    ]


def _typos(
    headers: Sequence[str],
    free: Sequence[int],
    names: Mapping[str, str],
    columns: Mapping[str, tuple[int, ...]],
) -> list[Problem]:
    """Headers that are nearly one of ours, where that one is not there."""
    out = {prefix + normalise(name) for name in ALL_COLUMNS for prefix in ("", "batch")}
    words = {**_ALIAS_NAMES, **names}
    candidates = [w for w, name in words.items() if len(w) >= _TYPO_LENGTH and name not in columns]
    problems = []
    for index in free:
        key = loosen(headers[index])
        if len(key) < _TYPO_LENGTH or normalise(headers[index]) in out:
            continue
        near = get_close_matches(key, candidates, 1, _TYPO_LIKENESS)
        if near and not _says_more(headers[index], near[0]):
            problems.append(_typo(headers, index, words[near[0]]))
    return problems


def _says_more(header: str, word: str) -> bool:
    """Whether a header has one of our words and others: no slip of the pen (``Variant SKU``)."""
    words = [loosen(one) for one in header.split()]
    return len(words) > 1 and bool(get_close_matches(word, words, 1, _TYPO_LIKENESS))


def _typo(headers: Sequence[str], index: int, name: str) -> Problem:
    return Problem(
        code="maybe_typo",
        message=phrase(
            "Column {column} is not read; it looks like {name}.",
            column=_cell(headers, index),
            name=name,
        ),
        hint=phrase(
            "Rename it to {name}, or map {name} to it under 'columns' in the config.", name=name
        ),
        severity=Severity.WARNING,
        column=index,
    )


def _cell(headers: Sequence[str], index: int) -> str:
    return f"{column_letter(index)} ('{headers[index]}')"
