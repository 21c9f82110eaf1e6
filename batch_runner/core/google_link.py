"""Links to Google Sheets: where a sheet's cells can be had as CSV, and what its copy is called."""

from __future__ import annotations

import re
from dataclasses import dataclass

COPY_SUFFIX = ".gsheet.csv"
"""How the name of a local copy ends."""

_LINK = re.compile(
    r"https:/{1,2}docs\.google\.com/(?:a/[\w.-]+/)?spreadsheets/(?:u/\d+/)?d/"
    r"(?P<published>e/)?(?P<id>[\w-]{20,})(?P<rest>[/?#].*)?",
    re.ASCII,
)
_WORKSHEET = re.compile(r"[?&#]gid=(\d+)", re.ASCII)
_OF_ID = 12  # characters: the last ones, as many ids begin alike


@dataclass(frozen=True, slots=True)
class GoogleSheet:
    """One worksheet of a spreadsheet at Google."""

    export: str  # the link to its cells as CSV
    copy_name: str  # the same for every link to it


def google_sheet(text: str) -> GoogleSheet | None:
    """What a link means; ``None``: it leads to no spreadsheet of Google.

    The link may be that of the address bar, of the export, or of a sheet published on the web. A path
    library may have taken one of its slashes.
    """
    found = _LINK.fullmatch(text)
    if found is None:
        return None
    worksheet = _WORKSHEET.search(found["rest"] or "")
    gid = f"&gid={worksheet[1]}" if worksheet else ""
    base = "https://docs.google.com/spreadsheets/d/"
    export = (
        f"{base}e/{found['id']}/pub?output=csv&single=true{gid}"
        if found["published"]
        else f"{base}{found['id']}/export?format=csv{gid}"
    )
    part = f"-{worksheet[1]}" if worksheet else ""
    return GoogleSheet(export, f"google-{found['id'][-_OF_ID:]}{part}{COPY_SUFFIX}")
