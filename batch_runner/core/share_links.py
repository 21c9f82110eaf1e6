"""Links to pictures in shared folders of the web: they open a page around the picture; pure.

Sources: help.dropbox.com/share/force-download (``raw=1``); a Google Drive file that anybody may
see is given by ``drive.google.com/uc?export=download&id=``. OneDrive and SharePoint have no such
form that holds for all accounts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import SplitResult, parse_qsl, urlencode, urlsplit, urlunsplit

_DRIVE_FILE = re.compile(r"/file/(?:u/\d+/)?d/([A-Za-z0-9_-]{10,})(?:/|$)")
_DRIVE_ID = re.compile(r"[A-Za-z0-9_-]{10,}")


@dataclass(frozen=True, slots=True)
class SharePage:
    """A link that opens a page and not the picture."""

    service: str
    direct: str = ""  # the link that gives the picture itself; "" where none is certain


def share_page(link: str) -> SharePage | None:
    """What is known of a link; ``None``: it is not known to lead to such a page."""
    try:
        parts = urlsplit(link)
        host = (parts.hostname or "").lower().removeprefix("www.")
    except ValueError:
        return None
    known = _BY_HOST.get("sharepoint.com" if host.endswith(".sharepoint.com") else host)
    return known(parts) if known is not None else None


def _google_drive(parts: SplitResult) -> SharePage | None:
    found = _DRIVE_FILE.match(parts.path)
    name = found[1] if found else _asked(parts).get("id", "") if parts.path == "/open" else ""
    if name and _DRIVE_ID.fullmatch(name):
        query = urlencode({"export": "download", "id": name})
        return SharePage("Google Drive", f"https://drive.google.com/uc?{query}")
    return SharePage("Google Drive") if parts.path.startswith("/drive/") else None


def _dropbox(parts: SplitResult) -> SharePage | None:
    asked = _asked(parts)
    direct = asked.get("raw") == "1" or asked.get("dl") == "1"
    if direct or not parts.path.startswith(("/s/", "/scl/fi/")):
        return None
    query = urlencode({**{name: v for name, v in asked.items() if name != "dl"}, "raw": "1"})
    return SharePage("Dropbox", urlunsplit((parts.scheme, parts.netloc, parts.path, query, "")))


def _onedrive(parts: SplitResult) -> SharePage | None:
    return None if "download" in _asked(parts) else SharePage("OneDrive")


def _google_photos(parts: SplitResult) -> SharePage | None:
    short = parts.hostname == "photos.app.goo.gl"
    return SharePage("Google Photos") if short or "/share/" in parts.path else None


def _asked(parts: SplitResult) -> dict[str, str]:
    return dict(parse_qsl(parts.query))


_BY_HOST: Mapping[str, Callable[[SplitResult], SharePage | None]] = MappingProxyType(
    {
        "drive.google.com": _google_drive,
        "dropbox.com": _dropbox,
        "1drv.ms": _onedrive,
        "onedrive.live.com": _onedrive,
        "sharepoint.com": _onedrive,
        "photos.app.goo.gl": _google_photos,
        "photos.google.com": _google_photos,
    }
)
