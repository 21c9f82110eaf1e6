"""The ledger's SQL as PostgreSQL and its driver spell it."""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(
    r"""(?P<kept>::|"[^"%]*")
    | (?P<text>'(?:[^']|'')*')
    | (?P<place>\?)
    | :(?P<name>[a-z_]\w*)
    | (?P<percent>%)
    | (?P<index>\s+INDEXED\ BY\ \w+)
    | (?P<each>\bjson_each\b)""",
    re.VERBOSE,
)


@lru_cache(maxsize=1024)
def to_postgres(sql: str) -> str:
    """Translate a statement of the common subset, see :mod:`batch_runner.ledger.database`.

    ``json_each`` becomes ``json_values``: PostgreSQL has another function of that name.
    """
    return _WORD.sub(_spelled, sql)


def _spelled(found: re.Match[str]) -> str:
    spelled = {
        "kept": found[0],
        "text": found[0].replace("%", "%%"),
        "place": "%s",
        "name": f"%({found['name']})s",
        "percent": "%%",
        "index": "",
        "each": "json_values",
    }
    return spelled[found.lastgroup or "kept"]
