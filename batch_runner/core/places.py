"""Where files may be put: a folder by its path, anything else by a URL."""

from __future__ import annotations

import re
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from batch_runner.core.language import phrase

_SCHEME = re.compile(r"[a-z][a-z0-9+.\-]*")
_NOT_FOR_PUTTING = frozenset({"http", "https", "memory", "data"})


def is_url(text: str) -> bool:
    """Whether it is written as a URL and not as a path."""
    return "://" in text


def check_place(text: str) -> str:
    """The URL of a place for files, without a slash at its end.

    Raises:
        ValueError: with a plain sentence: nothing can be put there, or it carries a password.
    """
    url = text.strip().rstrip("/")
    scheme, _, rest = url.partition("://")
    if not _SCHEME.fullmatch(scheme.lower()) or not rest or not url.isprintable() or "::" in url:
        raise ValueError(phrase("must be a folder, or a URL such as s3://bucket/folder"))
    if ":" in rest.rpartition("@")[0]:  # said before anything repeats it
        raise ValueError(
            phrase("must not carry a password: leave it to the environment of the run")
        )
    if scheme.lower() in _NOT_FOR_PUTTING or "?" in rest or "#" in rest:
        raise ValueError(phrase("must be a folder, or a URL such as s3://bucket/folder"))
    return f"{scheme.lower()}://{rest}"


def folder_of(url: str) -> Path | None:
    """The folder that a ``file://`` URL names; ``None``: it is no such URL."""
    if not url.startswith("file://"):
        return None
    parts = urlsplit(url)
    path = unquote(parts.path)
    drive = re.fullmatch(r"/([A-Za-z]:.*)", path)
    host = f"//{parts.netloc}" if parts.netloc not in {"", "localhost"} else ""
    return Path(drive[1] if drive else f"{host}{path}")


def is_elsewhere(stored: str) -> bool:
    """Whether a video, by what the ledger keeps of it, is no file that can be reached from here."""
    return is_url(stored) and folder_of(stored) is None


def stored_path(sheet_folder: Path, stored: str) -> Path:
    """The file of a video by what the ledger keeps: from the sheet's folder, or a ``file://`` URL.

    Whatever is kept elsewhere is no file that there is.
    """
    return folder_of(stored) or sheet_folder / stored


def is_inner(name: str) -> bool:
    """Whether a name with slashes stays within the folder that it is used in."""
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts
