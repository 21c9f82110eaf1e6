"""The pictures within a workbook's file, read when they are needed."""

from __future__ import annotations

import zipfile
from contextlib import ExitStack

from batch_runner.core.ooxml import damaged, normal_name
from batch_runner.loader.archive import DAMAGE
from batch_runner.loader.source import Source


class Media:
    """Parts of a workbook by name; the file is open from the first read until it is closed."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._stack = ExitStack()
        self._members: dict[str, zipfile.ZipInfo] = {}
        self._zip: zipfile.ZipFile | None = None

    def read(self, part: str, most: int) -> bytes | None:
        """A part's content; ``None``: it has more bytes than ``most``.

        Raises:
            SheetChangedError: somebody saved the workbook since it was read.
            SheetError: the part is missing or damaged.
        """
        try:
            archive = self._zip or self._open()
            member = self._members[normal_name(part)]
            if member.file_size > most:
                return None
            with archive.open(member) as file:
                content = file.read(most + 1)
        except KeyError:
            raise damaged(self._source.path.name) from None
        except DAMAGE as error:
            raise damaged(self._source.path.name) from error
        return content if len(content) <= most else None

    def close(self) -> None:
        """Let go of the file.

        Raises:
            SheetChangedError: somebody saved it meanwhile.
        """
        self._zip = None
        self._members = {}
        self._stack.close()

    def _open(self) -> zipfile.ZipFile:
        file = self._stack.enter_context(self._source.opened())
        self._zip = self._stack.enter_context(zipfile.ZipFile(file))
        self._members = {normal_name(one.filename): one for one in self._zip.infolist()}
        return self._zip
