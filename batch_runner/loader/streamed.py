"""Rows that are not kept: they come from their file each time they are walked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import overload

from batch_runner.core.model import SheetRow


class StreamedRows(Sequence[SheetRow]):
    """A table's rows, read anew by each walk, so that no sheet is too long for the memory.

    Walking them is what they are for; counting or picking one is a walk, too.
    """

    def __init__(self, walk: Callable[[], Iterator[SheetRow]]) -> None:
        self._walk = walk

    def __iter__(self) -> Iterator[SheetRow]:
        return self._walk()

    def __len__(self) -> int:
        return sum(1 for _ in self._walk())

    @overload
    def __getitem__(self, index: int) -> SheetRow: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[SheetRow]: ...
    def __getitem__(self, index: int | slice) -> SheetRow | Sequence[SheetRow]:
        if isinstance(index, slice) or index < 0:
            return list(self._walk())[index]
        for row in islice(self._walk(), index, None):
            return row
        raise IndexError(index)
