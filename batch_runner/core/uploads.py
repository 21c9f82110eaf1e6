"""Pictures that are uploaded before their rows are sent, and how a request names them until then.

A row of the sheet asks for the same video wherever its pictures happen to be uploaded and however
long those links live. So its request holds a placeholder for each, by content, and gets the links
only when it is about to be sent: those very bytes are what the attempt keeps.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from batch_runner.core.jobs import Job

LIFE = timedelta(hours=72)
"""How long an upload's link works (https://docs.apimart.ai/en/api-reference/uploads/images)."""

MARGIN = timedelta(hours=2)
"""How much of that must be left when a row is sent: the provider may queue the task for a while."""

PICTURE_REFUSED = "picture_refused"
"""Code of rows whose picture the provider does not take."""

_MARK = "picture:"
_KEY = r"(?:file|link)-[0-9a-f]{64}"
_IN_BODY = re.compile(rf'"{_MARK}({_KEY})"'.encode())
_PLACEHOLDER = re.compile(f"{_MARK}({_KEY})")


def key_of_file(sha256: str) -> str:
    """How a picture is called that is known by its content."""
    return f"file-{sha256}"


def key_of_link(link: str) -> str:
    """How a picture is called that is to be had from a link first, and uploaded then."""
    return f"link-{hashlib.sha256(link.encode('utf-8', 'surrogatepass')).hexdigest()}"


def placeholder(key: str) -> str:
    """What stands in a request for a picture whose link is not known yet."""
    return _MARK + key


def is_placeholder(ref: str) -> bool:
    """Whether a reference stands for a picture that is to be uploaded."""
    return _PLACEHOLDER.fullmatch(ref) is not None


def key_in(ref: str) -> str | None:
    """The key of the picture that a placeholder stands for; ``None``: it is none."""
    found = _PLACEHOLDER.fullmatch(ref)
    return found[1] if found else None


def pictures_in(body: bytes | None) -> tuple[str, ...]:
    """The keys of all pictures that a request waits for, each once."""
    if body is None or _MARK.encode() not in body:
        return ()
    return tuple(dict.fromkeys(key.decode() for key in _IN_BODY.findall(body)))


def with_links(body: bytes, links: Mapping[str, str]) -> bytes:
    """The request as it is sent: links in the place of placeholders.

    Args:
        body: the request.
        links: key of a picture -> its link; all that the request has.
    """
    return _IN_BODY.sub(lambda found: json.dumps(links[found[1].decode()]).encode(), body)


@dataclass(frozen=True, slots=True, kw_only=True)
class PictureFile:
    """A picture that is to be uploaded."""

    content: bytes
    name: str  # that the upload gets: it shows in its link, so nothing of the user's is in it
    called: str  # what the user calls it, for messages


@dataclass(frozen=True, slots=True, kw_only=True)
class NoPicture:
    """Why there is nothing to upload."""

    code: str
    message: str  # an error cell: class: plain sentence. Charged or not. What to do.
    passing: bool = False  # it may be had later


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A picture as it lies at the provider."""

    picture: str  # its key
    origin: str
    account: str  # salted fingerprint of the API key
    link: str
    until: datetime  # when the link dies


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A job that could be sent but for its pictures."""

    job: Job
    missing: tuple[str, ...]  # keys of pictures without a link that lives long enough
