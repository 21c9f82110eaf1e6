"""From what a cell says to the path of a picture that is meant; pure.

Cells come from anybody: a path that leads out of the folders where pictures may be is refused
before anything looks at it, for a look alone may tell a secret or, on Windows, log on to a server.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from urllib.parse import unquote

from batch_runner.core.images import is_web_link

_SCHEME = re.compile(r"(?!file:)[A-Za-z][A-Za-z0-9+.-]+:", re.IGNORECASE)  # C: is none
_DRIVE = re.compile(r"[A-Za-z]:/")
_FILE = re.compile(r"file:(?://(?P<host>[^/\\]*)(?=[/\\]|$))?", re.IGNORECASE)


def is_local(ref: str) -> bool:
    """Whether a reference can only be meant as a file: no link, and nothing like ``data:``."""
    return not is_web_link(ref) and not _SCHEME.match(ref)


def paths_of(ref: str) -> tuple[str, ...]:
    """The paths that a reference may mean, with slashes; the likeliest first.

    ``file:`` links and hyperlinks are percent-encoded, a name typed by hand is not; a backslash is
    a separator on Windows, where sheets come from. A server's name (``file://host/x``) stays:
    ``//host/x``.
    """
    link = _FILE.match(ref)
    text = ref[link.end() :] if link else ref
    host = link["host"] if link and link["host"] else ""
    if host and host.lower() != "localhost":
        text = f"//{host}{text}"
    elif link and re.match(r"[/\\]+[A-Za-z]:", text):
        text = text.lstrip("/\\")  # file:///C:/x
    plain, decoded = text, unquote(text)
    texts = (decoded, plain) if link else (plain, decoded)
    found = (form for one in texts for form in (one, one.replace("\\", "/")) if form)
    return tuple(dict.fromkeys(form for form in found if "\0" not in form))


def within(path: str, folders: Sequence[str]) -> Iterator[str]:
    """Where a path may lead to within these folders (full paths, with slashes).

    A relative one in each of them, a full one only if it lies in one of them. Links of the file
    system are another question.
    """
    for folder in folders:
        root = posixpath.normpath(folder.replace("\\", "/"))
        whole = posixpath.normpath(path if is_full(path) else posixpath.join(root, path))
        if _lies_in(whole, root):
            yield whole


def is_full(path: str) -> bool:
    """Whether a path says where it begins: ``/x``, ``//server/x``, ``C:/x``, ``~/x``."""
    return path.startswith(("/", "\\", "~")) or _DRIVE.match(path.replace("\\", "/")) is not None


def _lies_in(path: str, root: str) -> bool:
    same_case = (path.lower(), root.lower()) if _DRIVE.match(root) else (path, root)
    return same_case[0].startswith(same_case[1].rstrip("/") + "/")
