"""One line of a JSON Lines file: what it holds, and the same line with results in it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NoReturn

_BOM = b"\xef\xbb\xbf"

Fields = dict[str, Any]


class _FaultError(ValueError):
    """What is wrong with a line."""


def object_in(line: bytes) -> Fields | None:
    """The object that a line holds; ``None``: it is blank.

    Raises:
        ValueError: it holds something else; the message says what.
    """
    line = line.removeprefix(_BOM).strip()
    if not line:
        return None
    try:
        found = json.loads(
            line.decode(), object_pairs_hook=_once_each, parse_constant=_no_such_number
        )
    except UnicodeDecodeError:
        raise _FaultError("it is not UTF-8") from None
    except RecursionError:
        raise _FaultError("it is nested too deeply") from None
    except json.JSONDecodeError as error:
        raise _FaultError(f"{error.msg} at character {error.colno}") from None
    if not isinstance(found, dict):
        raise _FaultError("it is no object in braces")
    return found


def with_fields(line: bytes, added: Mapping[str, object]) -> bytes:
    """A line whose object has these fields, too.

    All that stood there stays, byte for byte; only where a field of such a name is there already
    the line is written anew.
    """
    fields = object_in(line) or {}
    body = line.rstrip()
    end = line[len(body) :]
    if not fields.keys().isdisjoint(added):
        return _written({**fields, **added}) + end
    head = body.removesuffix(b"}").rstrip()
    return b"".join((head, b", " if fields and added else b"", _written(added)[1:], end))


def _written(fields: Mapping[str, object]) -> bytes:
    return json.dumps(fields, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _once_each(pairs: list[tuple[str, Any]]) -> Fields:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _FaultError(f"the field {json.dumps(twice, ensure_ascii=False)} stands in it twice")
    return fields


def _no_such_number(text: str) -> NoReturn:
    raise _FaultError(f"{text} is no number in JSON")
