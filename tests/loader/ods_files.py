"""OpenDocument spreadsheets, as other programs save them."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
_NAMES = "".join(
    f' xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{prefix}:1.0"'
    for prefix in ("office", "table", "text", "style")
)
_MANIFEST = (
    '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
    f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{_TYPE}">{{}}'
    "</manifest:file-entry></manifest:manifest>"
)

Cell = str | int | float | None


def cell(value: Cell, *, link: str | None = None, more: str = "") -> str:
    """One cell's XML."""
    if value is None:
        return f"<table:table-cell{more}/>"
    text = escape(str(value))
    if link is not None:
        text = f"<text:a xlink:href={quoteattr(link)}>{text}</text:a>"
    kind = "string" if isinstance(value, str) else "float"
    number = "" if isinstance(value, str) else f' office:value="{value}"'
    return (
        f'<table:table-cell office:value-type="{kind}"{number}{more}>'
        f"<text:p>{text}</text:p></table:table-cell>"
    )


def row(*cells: str, more: str = "") -> str:
    """One row's XML."""
    return f"<table:table-row{more}>{''.join(cells)}</table:table-row>"


def save_ods(path: Path, sheets: Mapping[str, Sequence[str]], *, manifest: str = "") -> Path:
    """Save worksheets, given as the XML of their rows."""
    tables = "".join(
        f"<table:table table:name={quoteattr(name)}>{''.join(rows)}</table:table>"
        for name, rows in sheets.items()
    )
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content{_NAMES} '
        'xmlns:xlink="http://www.w3.org/1999/xlink"><office:body><office:spreadsheet>'
        f"{tables}</office:spreadsheet></office:body></office:document-content>"
    )
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("mimetype", _TYPE)
        package.writestr("META-INF/manifest.xml", _MANIFEST.format(manifest))
        package.writestr("content.xml", content)
    return path


def grid(lines: Sequence[Sequence[Cell]]) -> list[str]:
    """Rows of plain cells."""
    return [row(*map(cell, line)) for line in lines]
