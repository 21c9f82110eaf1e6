"""The id of a plan: the same as long as the very same videos would be bought of the same service.

It says how many videos, which rows, and what is asked for them, each by itself, so that two ids
also tell what differs. The order of the rows, results, prices, the time and the account are not in
it: a sheet may be sorted between ``check`` and ``run``.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from batch_runner.core.language import phrase, plural

_FORM = re.compile(r"(\d{1,12})-([0-9a-f]{8})-([0-9a-f]{8})")
_EXAMPLE = "10-5be1f0a2-93c4d7e1"
_MODULUS = 1 << 128


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanId:
    """What would be submitted, in short: ``10-5be1f0a2-93c4d7e1``."""

    videos: int
    rows: str  # which rows
    requests: str  # what is asked for them, and of which service

    def __str__(self) -> str:
        return f"{self.videos}-{self.rows}-{self.requests}"

    def unlike(self, now: PlanId) -> str:
        """What differs between this plan, that was agreed to, and the one of now."""
        if self.rows == now.rows:
            return phrase(
                "the same rows, but other requests: a default, a profile, a template or the service "
                "is not the same"
            )
        if self.videos == now.videos:
            return phrase(
                "as many videos, but of other rows: some were edited, or the filter is another"
            )
        return plural(
            "{count} video instead of {before}: rows were added, removed, edited or made meanwhile, "
            "or the filter is another",
            "{count} videos instead of {before}: rows were added, removed, edited or made "
            "meanwhile, or the filter is another",
            now.videos,
            before=self.videos,
        )


def parse_plan_id(text: str) -> PlanId:
    """Read an id as it was printed.

    Raises:
        ValueError: it is none; a phrase that fits after "must be".
    """
    found = _FORM.fullmatch(text.strip().lower())
    if found is None:
        raise ValueError(
            phrase("a plan's id as 'check' prints it, such as {example}", example=_EXAMPLE)
        )
    return PlanId(videos=int(found[1]), rows=found[2], requests=found[3])


@dataclass(slots=True)
class Digest:
    """Of things in any order, however many: equal ones count as often as they are there."""

    total: int = 0
    count: int = 0

    def add(self, *parts: bytes) -> None:
        """One more thing."""
        one = hashlib.sha256()
        for part in parts:
            one.update(len(part).to_bytes(8))
            one.update(part)
        self.total = (self.total + int.from_bytes(one.digest()[:16])) % _MODULUS
        self.count += 1

    def text(self, *about: str) -> str:
        """Eight hex digits, of the things and of what they are all about."""
        said = f"{self.count}\n{self.total}\n" + "\n".join(about)
        return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:8]


@dataclass(slots=True)
class PlanDigest:
    """Makes the id while the rows go by."""

    _rows: Digest
    _requests: Digest

    def __init__(self) -> None:
        self._rows, self._requests = Digest(), Digest()

    def add(self, who: str, body: bytes) -> None:
        """A row that would be sent: its key or hash, and its request."""
        name = who.encode("utf-8", "surrogatepass")
        self._rows.add(name)
        self._requests.add(name, body)

    def id(self, origin: str) -> PlanId:
        """The id, for this service."""
        return PlanId(
            videos=self._rows.count, rows=self._rows.text(), requests=self._requests.text(origin)
        )
