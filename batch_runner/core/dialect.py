"""How a service names its places, fields and states, where it is not APIMart.

Many gateways take a request and answer with a task to look at, as APIMart does, under other
paths and names. What a dialect says goes before what is known of APIMart; the rest stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

MOST_VALUES = 100
"""Values that a path may lead to; an answer with more is not what it is taken for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """A service's own words.

    Paths into an answer are names joined by dots, such as ``data.result.url``; a number picks one
    of a list, and any other name goes through all of its items. The first path that leads
    somewhere counts; none: as at APIMart.
    """

    submit: str = "/v1/videos/generations"  # POST
    task: str = "/v1/tasks/{id}"  # GET
    balance: str = "/v1/balance"  # GET
    upload: str = "/v1/uploads/images"  # POST, multipart
    task_id: tuple[str, ...] = ()  # in the answer to a submit
    status: tuple[str, ...] = ()  # in the answer to a look, as all that follow
    url: tuple[str, ...] = ()
    cost: tuple[str, ...] = ()
    error: tuple[str, ...] = ()
    cost_per_usd: int = 1  # how many of its units are one dollar
    completed: frozenset[str] = frozenset()  # its words in lower case, besides the usual ones
    failed: frozenset[str] = frozenset()


APIMART = Dialect()


def found_at(document: Any, paths: Iterable[str]) -> tuple[Any, ...]:
    """What the first path that leads to something leads to; several where it crosses lists."""
    for path in paths:
        values = tuple(_follow(document, path.split(".")))[:MOST_VALUES]
        if values:
            return values
    return ()


def _follow(value: Any, names: list[str]) -> Iterator[Any]:
    if not names:
        if value is not None and value != "":
            yield value
    elif isinstance(value, dict):
        yield from _follow(value.get(names[0]), names[1:])
    elif isinstance(value, list) and names[0].isdecimal():
        place = int(names[0])
        yield from _follow(value[place] if place < len(value) else None, names[1:])
    elif isinstance(value, list):
        for item in value[:MOST_VALUES]:
            yield from _follow(item, names)
