"""May a half-downloaded file be continued? What HTTP says by which a video is known again.

Pure. RFC 9110: validators (8.8), ``If-Range`` (13.1.5), ``Content-Range`` (14.4). The part that is
there may only be continued where the server shows that it still has the very same bytes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime

_STRONG_ETAG = re.compile(r'"[\x21\x23-\x7e]{1,500}"')
_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """One file at one server, as its headers make it known; at least one validator is set."""

    etag: str  # a strong one, or ""
    modified: str  # an HTTP date that is strong as well, or ""
    length: int  # bytes of the whole
    place: str  # of the link it came from; equal for links that differ in their query only


def entity_of(headers: Mapping[str, str], length: int | None, place: str) -> Entity | None:
    """What an answer 200 shows its file to be; ``None``: it could not be told from another.

    ``headers``: names in any case, as the mappings of HTTP libraries take them.
    """
    if not length or "bytes" not in headers.get("Accept-Ranges", "bytes").lower():
        return None
    given = headers.get("ETag", "").strip()
    etag = given if _STRONG_ETAG.fullmatch(given) else ""
    modified = "" if etag else _strong_date(headers)
    if not etag and not modified:
        return None
    return Entity(etag=etag, modified=modified, length=length, place=place)


def asked_from(entity: Entity, offset: int, place: str) -> Mapping[str, str] | None:
    """The headers that ask for the rest from ``offset`` on; ``None``: nothing could prove it.

    A date is only a proof at the place it came from; a strong ETag, together with the length, also
    where a fresh link leads.
    """
    if not 0 < offset < entity.length or not (entity.etag or entity.place == place):
        return None
    return {"Range": f"bytes={offset}-", "If-Range": entity.etag or entity.modified}


def continues(entity: Entity, offset: int, headers: Mapping[str, str]) -> bool:
    """Whether an answer 206 carries this very file from this very byte on."""
    found = _RANGE.fullmatch(headers.get("Content-Range", "").strip())
    if found is None:
        return False
    first, last, length = map(int, found.groups())
    name, mine = ("ETag", entity.etag) if entity.etag else ("Last-Modified", entity.modified)
    same = headers.get(name, "").strip() in {"", mine}
    return same and first == offset <= last < length == entity.length


def _strong_date(headers: Mapping[str, str]) -> str:
    """``Last-Modified`` where it is a strong validator: older than the answer (RFC 9110, 8.8.2.2)."""
    given = headers.get("Last-Modified", "").strip()
    changed, answered = _date(given), _date(headers.get("Date", ""))
    if changed is None or answered is None:
        return ""
    return given if (answered - changed).total_seconds() >= 1 else ""


def _date(text: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo is not None else None
