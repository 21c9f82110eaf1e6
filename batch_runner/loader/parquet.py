"""Parquet files, read batch by batch; ``pyarrow`` is an extra, since few need it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any, BinaryIO

from batch_runner.core.errors import SheetError
from batch_runner.core.language import phrase
from batch_runner.core.model import Form, ReadOptions, SheetRow, Table
from batch_runner.loader.fields import check_fields, row_of
from batch_runner.loader.source import Source
from batch_runner.loader.streamed import StreamedRows

ROWS = 1000  # that are unpacked at a time


def read_parquet(source: Source, options: ReadOptions) -> Table:
    """Read a file as one table; its rows stream from the file whenever they are asked for.

    Raises:
        SheetError: pyarrow is not installed, the file is damaged, or no column holds prompts.
        SheetChangedError: Somebody saved the file meanwhile.
    """
    where = source.path.name
    with source.opened() as file, _readable(where):
        names = tuple(map(str, _opened(file).schema_arrow.names))
    check_fields(names, options, where)
    return Table(
        path=source.path,
        worksheet=None,
        header_row=0,
        headers=names,
        rows=StreamedRows(lambda: _rows(source)),
        width=len(names),
        stamp=source.stamp,
        form=Form.FRAME,
    )


@contextmanager
def _readable(where: str) -> Iterator[None]:
    """Whatever the library finds wrong, as a sentence.

    Raises:
        SheetError: the library is missing, or the file is no whole Parquet file.
    """
    try:
        from pyarrow import ArrowException
    except ImportError as error:
        raise SheetError(
            phrase("Parquet files are read by pyarrow, which is not installed."),
            code="pyarrow_missing",
            hint=phrase(
                "pip install pyarrow (where batch-runner came by pipx: pipx inject batch-runner pyarrow)."
            ),
            where=where,
        ) from error
    try:
        yield
    except (ArrowException, OSError) as error:
        raise SheetError(
            phrase(
                "The file is no whole Parquet file ({names}).", names=" ".join(str(error).split())
            ),
            code="damaged",
            hint=phrase("Write it anew with the program that it comes from."),
            where=where,
        ) from error


def _opened(file: BinaryIO) -> Any:
    from pyarrow.parquet import ParquetFile

    # Without pre-buffering, pages are read as they are needed: a row group may be the whole file.
    return ParquetFile(file, pre_buffer=False, buffer_size=1 << 20)


def _rows(source: Source) -> Iterator[SheetRow]:
    with source.opened() as file, _readable(source.path.name):
        batches = _opened(file).iter_batches(batch_size=ROWS, use_threads=False)
        lines = chain.from_iterable(zip(*map(_values, b.columns), strict=True) for b in batches)
        for number, values in enumerate(lines, start=1):
            if (row := row_of(number, values)) is not None:
                yield row


def _values(column: Any) -> list[object]:
    try:
        return list(column.to_pylist())
    except (ValueError, OverflowError):  # moments that Python's own types cannot hold
        return list(column.cast("string").to_pylist())
