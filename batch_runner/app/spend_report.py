"""``spend``: what the user's sheets spent together, by day or month."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from batch_runner.app.money.follow_ledgers import catch_up
from batch_runner.app.sheet.plan import usd
from batch_runner.core.model import MICROS
from batch_runner.core.spend import Localise
from batch_runner.ledger.spend_store import FILE, SpendStore
from batch_runner.ledger.spend_views import Posting, postings

HEADERS = ("period", "origin", "group", "videos", "charged_usd", "pending_usd")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the report; money in micro-dollars."""

    period: str  # 2026-11-23, or 2026-11
    origin: str
    group: str  # a sheet or a model; "" for all together
    videos: int
    charged: int
    pending: int  # may still be charged: reserved or unknown


async def read_spending(folder: Path) -> list[Posting]:
    """What the books hold, the ledgers of all sheets they know looked at once more.

    Raises:
        LedgerError: the books cannot be read.
    """
    if not (folder / FILE).is_file():
        return []
    store = SpendStore.open(folder)
    try:
        await catch_up(store, None)
        return postings(store)
    finally:
        store.close()


def add_up(
    found: Sequence[Posting], localise: Localise, *, by: str | None, monthly: bool
) -> list[Line]:
    """The lines of a report, in order of time.

    Args:
        found: what the books hold.
        localise: turns a time into that of the user's place.
        by: ``sheet`` or ``model``; ``None``: all together.
        monthly: a line a month instead of a day.
    """
    import pandas as pd

    form = "%Y-%m" if monthly else "%Y-%m-%d"
    # What was sent and certainly not accepted is nothing.
    counted = [one for one in found if one.charged or one.pending or one.videos]
    books = pd.DataFrame(
        {
            "period": [localise(one.at).strftime(form) for one in counted],
            "origin": [one.origin for one in counted],
            "group": ["" if by is None else getattr(one, by) for one in counted],
            "videos": [one.videos for one in counted],
            "charged": [one.charged for one in counted],
            "pending": [one.pending for one in counted],
        }
    )
    sums = books.groupby(["period", "origin", "group"]).sum()
    return [
        Line(
            period=period,
            origin=origin,
            group=group,
            videos=int(videos),
            charged=int(charged),
            pending=int(pending),
        )
        for (period, origin, group), (videos, charged, pending) in zip(
            sums.index, sums.itertuples(index=False), strict=True
        )
    ]


def as_csv(lines: Sequence[Line]) -> str:
    """The report for another program; a text that could be a formula is made none."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(HEADERS)
    for line in lines:
        group = f"'{line.group}" if line.group.startswith(("=", "+", "-", "@")) else line.group
        charged, pending = line.charged / MICROS, line.pending / MICROS
        writer.writerow([line.period, line.origin, group, line.videos, charged, pending])
    return out.getvalue()


def as_table(lines: Sequence[Line]) -> list[str]:
    """The report for people; the origin is said only where there are several."""
    several = len({line.origin for line in lines}) > 1
    shown = []
    for line in lines:
        videos = "1 video" if line.videos == 1 else f"{line.videos} videos"
        parts = [f"{line.period}  {usd(line.charged):>10}  {videos:>12}"]
        parts += [line.group] if line.group else []
        parts += [line.origin] if several else []
        parts += [f"(and up to {usd(line.pending)} not settled)"] if line.pending else []
        shown.append("  ".join(parts))
    charged, pending = sum(x.charged for x in lines), sum(x.pending for x in lines)
    more = f"; up to {usd(pending)} more may be charged" if pending else ""
    return [*shown, f"In all {usd(charged)}{more}."]
