"""Which columns of a sheet are ours, and what may be put into them.

A column is only ever taken over when its owner said so (the ledger wrote it, the config names
it) or when nothing of the user's can be in it. A result is data, whatever the provider
answered: ``safe_text`` sees to that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from batch_runner.core.celltext import plain_text, safe_text
from batch_runner.core.header_places import HeaderPlaces, fold_header
from batch_runner.core.identity import MARK_LENGTH
from batch_runner.core.language import phrase
from batch_runner.core.lifecycle import State, shown
from batch_runner.core.model import Problem, Severity, SheetRow, Table
from batch_runner.core.variants import column_name
from batch_runner.core.whose import Evidence, weigh

__all__ = [
    "ALL_COLUMNS",
    "OUT_COLUMNS",
    "PREVIEW",
    "STATUS_WORDS",
    "VARIANT_COLUMNS",
    "WIDTHS",
    "More",
    "OutColumns",
    "job_mark",
    "plan_columns",
    "safe_text",
    "shown_results",
]

OUT_COLUMNS = (
    "status",
    "video_url",
    "video_file",
    "task_id",
    "cost_usd",
    "error",
    "finished_at",
    "job",
)
"""Our columns, in the order in which they are appended."""

PREVIEW = "preview"
"""A column more, for those who want it: the video's picture, in workbooks."""

ALL_COLUMNS = (*OUT_COLUMNS, PREVIEW)
"""Every column that may be ours, but those of further variants."""

VARIANT_COLUMNS = tuple(name for name in OUT_COLUMNS if name != "finished_at")
"""What is shown of each further variant of a row, as ``status_2`` and so on."""

WIDTHS = dict(zip(ALL_COLUMNS, (12, 34, 34, 34, 10, 40, 27, 15, 20), strict=True))
"""How wide each is made in a workbook, in characters."""


def width_of(name: str) -> int:
    """How wide one of our columns is made, in characters."""
    return WIDTHS.get(name) or WIDTHS[name.rpartition("_")[0]]


STATUS_WORDS = frozenset(str(shown(state)) for state in State)
"""The words that a status cell may show."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutColumns:
    """Where our results go in one table."""

    places: Mapping[str, int]  # our name -> 0-based column
    names: Mapping[str, str]  # our name -> header text, as it stands or will stand
    added: Mapping[int, str]  # 0-based column -> header to write, because it is missing
    notices: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class More:
    """Which columns a sheet gets beside the usual ones."""

    preview: bool = False  # one for pictures
    variants: int = 1  # how many videos a row has at most
    further: bool = True  # whether further variants get columns of their own


NO_MORE = More()


def job_mark(row_hash: str) -> str:
    """What the ``job`` column shows of a row's hash: its first 12 hex digits."""
    return row_hash[:MARK_LENGTH]


def plan_columns(
    table: Table,
    recorded: Mapping[str, str],
    configured: Mapping[str, str],
    prefix: str = "batch_",
    more: More = NO_MORE,
) -> OutColumns:
    """Decide which column each of our names takes.

    A column is ours if the config names it, if the ledger wrote it, or if every cell below it
    is blank or one of our values. Such values count only in rows that carry both a ``job`` mark
    and one of our status words: a foreign ``Status`` column may well say "failed". Anything else is
    the user's: ours goes to ``<prefix><name>``, right of everything in use, and a notice says so.

    Args:
        table: the sheet as read.
        recorded: our name -> header text that the ledger knows we wrote.
        configured: our name -> header text from the config's ``output.columns``.
        prefix: what our names get where the user has a column of that name.
        more: what is wanted beside the usual ones. A column that the ledger wrote is ours also
            when it is no longer wanted.
    """
    headers = HeaderPlaces(table.headers)
    wanted = our_names(
        preview=more.preview or bool(headers.find(recorded.get(PREVIEW, ""))),
        variants=max(more.variants, *(number_of(name) for name in (*recorded, "status"))),
    )
    evidence = _evidence(table, headers, (recorded, configured), prefix, wanted)
    places: dict[str, int] = {}
    names: dict[str, str] = {}
    added: dict[int, str] = {}
    notices: list[Problem] = []

    for name in wanted:
        taken = set(places.values())
        place = _settled(headers, name, (configured, recorded), taken, evidence)
        if place is None:
            place = _recognised(headers, name, prefix, taken, evidence)
        if place is not None:
            places[name], names[name] = place, table.headers[place]
            continue
        if number_of(name) > 1 and not more.further:
            continue
        text, users = _new_header(headers, names.values(), name, configured, prefix)
        place = max(table.width, len(table.headers)) + len(added)
        places[name], names[name], added[place] = place, text, text
        if users is not None:
            notices.append(_kept(table, users, text))
    return OutColumns(places=places, names=names, added=added, notices=tuple(notices))


def our_names(*, preview: bool, variants: int) -> tuple[str, ...]:
    """All names that a sheet's columns of ours have, in their order."""
    further = (column_name(name, n) for n in range(2, variants + 1) for name in VARIANT_COLUMNS)
    return (*(ALL_COLUMNS if preview else OUT_COLUMNS), *further)


def number_of(name: str) -> int:
    """Which variant a column is of: 2 for ``status_2``."""
    plain, _, number = name.rpartition("_")
    return int(number) if plain in VARIANT_COLUMNS and number.isdecimal() else 1


def shown_results(row: SheetRow, columns: OutColumns) -> dict[str, str]:
    """What a row shows in our columns at present, as text; blank ones are left out."""
    found = {
        name: plain_text(row.value(place))
        for name, place in columns.places.items()
        if place not in columns.added
    }
    return {name: text for name, text in found.items() if text}


def unnamed_before_ours(headers: Sequence[str]) -> range:
    """The unnamed columns between a sheet's own and our columns at its right end.

    Results are appended right of the widest line, so what stands under these was beyond the
    header before they were.
    """
    ours = len(headers)
    while ours and _is_our_name(fold_header(headers[ours - 1]).removeprefix("batch_")):
        ours -= 1
    own = ours
    while own and ours < len(headers) and not headers[own - 1].strip():
        own -= 1
    return range(own, ours)


def _is_our_name(text: str) -> bool:
    return text in ALL_COLUMNS or number_of(text) > 1


def _evidence(
    table: Table,
    headers: HeaderPlaces,
    settled: tuple[Mapping[str, str], ...],
    prefix: str,
    names: Iterable[str],
) -> Evidence:
    """What stands below every header that one of our columns may have."""

    def candidates(name: str) -> list[int]:
        texts = {name, *headers.numbered(prefix + name)}
        texts.update(header[name] for header in settled if name in header)
        return [place for text in texts for place in headers.find(text)]

    return weigh(table.rows, {name: candidates(name) for name in names}, STATUS_WORDS)


def _settled(
    headers: HeaderPlaces,
    name: str,
    settled: tuple[Mapping[str, str], ...],
    taken: set[int],
    evidence: Evidence,
) -> int | None:
    """The column that the config or the ledger says is ours, if it still stands."""
    for source in settled:
        if name not in source:
            continue
        found = [place for place in headers.find(source[name]) if place not in taken]
        if found:
            # Of several with one header: the one that holds only ours, else the rightmost,
            # since that is where we append.
            clean = (place for place in found if evidence.is_ours(name, place))
            return next(clean, found[-1])
    return None


def _recognised(
    headers: HeaderPlaces,
    name: str,
    prefix: str,
    taken: set[int],
    evidence: Evidence,
) -> int | None:
    """The column that can only be ours, by its header and what stands below.

    Prefixed ones first: we make them only where the plain name is the user's.
    """
    texts = [*reversed(list(headers.numbered(prefix + name))), name]
    for text in texts:
        for place in headers.find(text):
            if place not in taken and evidence.is_ours(name, place):
                return place
    return None


def _new_header(
    headers: HeaderPlaces,
    given: Iterable[str],
    name: str,
    configured: Mapping[str, str],
    prefix: str,
) -> tuple[str, int | None]:
    """The header for a column to add, and the user's column it gives way to, if any."""
    used = {fold_header(text) for text in given}
    wanted = configured.get(name, "").strip() or name
    users = headers.find(wanted)
    if not users and fold_header(wanted) not in used:
        return wanted, None
    number, text = 1, prefix + name
    while headers.find(text) or fold_header(text) in used:
        number += 1
        text = f"{prefix}{name}_{number}"
    return text, users[0] if users else None


def _kept(table: Table, users: int, text: str) -> Problem:
    return Problem(
        code="column_kept",
        severity=Severity.NOTICE,
        row=table.header_row,
        column=users,
        message=(
            phrase(
                "The column '{header}' holds values of yours, so it is not touched; results go to '{other}'.",
                header=table.headers[users],
                other=text,
            )
        ),
        hint=phrase(
            "Name the column under 'output: columns:' in the config if it is meant for results."
        ),
    )
