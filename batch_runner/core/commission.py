"""What a campaign asks of every worker that sends its rows, as it stands in the database.

A worker has neither the sheet nor its config. Keys are never in here: each worker has its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from typing import Any, TypeVar

from batch_runner.core.decide import Policy
from batch_runner.core.dialect import Dialect

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Commission:
    """How rows are sent, looked at and fetched, and what they may cost; ``None``: find out."""

    policy: Policy = field(default_factory=Policy)
    dialect: Dialect = field(default_factory=Dialect)
    language: str = "en"  # of what is written into error cells
    rate: float | None = None  # submits a second, of all workers together
    slots: int | None = None  # tasks in flight, of all workers together
    looks: float | None = None  # looks a second, of one worker
    downloads: int = 4  # at once, of one worker
    download_rate: float | None = None  # bytes a second, of one worker
    patience: float = 1800.0  # seconds to wait for a provider that is down
    cap: int | None = None  # micro-dollars that all attempts of the campaign may hold
    priced_only: bool = False  # a budget holds: what has no known price is not sent
    account: str = ""  # fingerprint of the API key that began it; only workers with it take part
    videos: str = ""  # URL of a place that all workers reach; "": the sheet's machine has it
    links: str = ""  # what lasting links to those videos begin with; "": there are none

    def to_text(self) -> str:
        """As the database keeps it."""
        return json.dumps(asdict(self), default=sorted)  # of sets, which have no order

    @classmethod
    def from_text(cls, text: str) -> Commission:
        """What was kept; what a later version added is passed over.

        Raises:
            ValueError: it was not written by this program.
        """
        try:
            return _read(cls, json.loads(text))
        except (TypeError, AttributeError) as error:
            raise ValueError(str(error)) from error


def _read(kind: type[T], told: Mapping[str, Any]) -> T:
    """A value of a dataclass whose every field has a default, which says what it holds."""
    assert is_dataclass(kind)
    usual = kind()
    given = {
        one.name: _like(getattr(usual, one.name), told[one.name])
        for one in fields(kind)
        if one.name in told
    }
    return kind(**given)


def _like(usual: object, value: Any) -> Any:
    if is_dataclass(usual):
        return _read(type(usual), value)
    if isinstance(usual, tuple | frozenset):
        return type(usual)(value)
    return value
