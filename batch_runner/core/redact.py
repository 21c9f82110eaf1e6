"""Text from outside made fit to keep: one line, printable, and without the API key.

Whatever a server or a library said goes through here before it reaches a log, the ledger, the
sheet or the screen.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import quote

HIDDEN = "***"
"""What stands where a secret stood."""

_ELLIPSIS = "…"
_BEARER = re.compile(r"(?i)\bbearer\s+[A-Za-z0-9._~+/=-]{6,}")
_BASIC = re.compile(  # what base64 looks like, since words may follow "basic" as well
    r"\b[Bb]asic\s+(?=\S*(?:[0-9=]|[a-z][A-Z]))[A-Za-z0-9+/=\\]{6,}"
)
_API_KEY = re.compile(r"\bsk-[A-Za-z0-9_-]{4,}")
_USERINFO = re.compile(r"(?<=://)[^\s/@\"'<>]+@")


def redact(text: str, secrets: Sequence[str] = ()) -> str:
    """``text`` without the given secrets, and without anything else that looks like one.

    Hidden are the secrets themselves (also percent-encoded, or with slashes escaped as some
    write JSON), what follows ``Bearer`` and ``Basic``, words that begin with ``sk-``, and the user
    part of addresses (proxy passwords).
    Redact before cutting a text short: half a key would not be recognised.
    """
    for form in _forms(tuple(secrets)):
        text = text.replace(form, HIDDEN)
    # Nearly all texts have none of these words, and asking that is much quicker than looking.
    lowered = text.lower()
    if "bearer" in lowered:
        text = _BEARER.sub(f"Bearer {HIDDEN}", text)
    if "basic" in lowered:
        text = _BASIC.sub(f"Basic {HIDDEN}", text)
    if "sk-" in text:
        text = _API_KEY.sub(HIDDEN, text)
    return _USERINFO.sub(f"{HIDDEN}@", text) if "@" in text else text


@lru_cache(maxsize=8)
def _forms(secrets: tuple[str, ...]) -> tuple[str, ...]:
    """The ways in which secrets may stand in a text, the longest secret first."""
    ranked = sorted(secrets, key=len, reverse=True)
    forms = (
        form
        for secret in ranked
        for form in (secret, quote(secret, safe=""), secret.replace("/", r"\/"))
    )
    return tuple(form for form in dict.fromkeys(forms) if form.strip())


def one_line(text: str, limit: int) -> str:
    """``text`` as one printable line of at most ``limit`` characters.

    Line ends and other white space become one blank; control, direction-changing and unpaired
    surrogate characters, which no sheet can hold and some terminals obey, are dropped.
    """
    # Nearly all texts have nothing to drop, and asking that is much quicker than looking.
    kept = text if text.isprintable() else "".join(map(_printable, text))
    line = " ".join(kept.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + _ELLIPSIS


def told(text: str, secrets: Sequence[str], limit: int) -> str:
    """One printable, redacted line: what people are shown of a foreign text."""
    # Redacted before the cut, which may go through a key, and again after characters were
    # dropped, which may have stood inside one.
    start = redact(text, secrets)[: 8 * limit]
    line = one_line(start, len(start) + 1)
    return one_line(line if line == start else redact(line, secrets), limit)


def _printable(char: str) -> str:
    if char.isspace():
        return " "
    return "" if unicodedata.category(char)[0] == "C" else char
