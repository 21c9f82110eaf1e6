"""Where the headers of a sheet are, by their text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator


class HeaderPlaces:
    """A table's headers, found by text without regard to case."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._places: dict[str, list[int]] = {}
        for place, text in enumerate(texts):
            if text.strip():
                self._places.setdefault(fold_header(text), []).append(place)

    def find(self, text: str) -> list[int]:
        """All columns of this header, from left to right."""
        return self._places.get(fold_header(text), [])

    def numbered(self, text: str) -> Iterator[str]:
        """``text``, ``text_2``, ``text_3`` ... as long as such headers stand, and the next."""
        number, candidate = 1, text
        while True:
            yield candidate
            if not self.find(candidate):
                return
            number += 1
            candidate = f"{text}_{number}"


def fold_header(text: str) -> str:
    """A header as it is compared: however it is composed, spaced and cased."""
    return unicodedata.normalize("NFC", text).strip().casefold()
