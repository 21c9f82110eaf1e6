"""Which paths are sheets, and what to say of those that are not."""

from __future__ import annotations

import re
import shlex
from difflib import get_close_matches
from pathlib import Path

from batch_runner.core.errors import SheetError
from batch_runner.core.google_link import COPY_SUFFIX
from batch_runner.core.language import either, joined, phrase, series, template
from batch_runner.core.listing import LISTING_SUFFIX
from batch_runner.loader.listing import is_listing

CSV_SUFFIXES = frozenset({".csv", ".tsv"})
EXCEL_SUFFIXES = frozenset({".xlsx", ".xlsm"})
LINES_SUFFIXES = frozenset({".jsonl", ".ndjson"})
PARQUET_SUFFIX = ".parquet"
ODS_SUFFIX = ".ods"
READ_ONLY_SUFFIXES = LINES_SUFFIXES | {PARQUET_SUFFIX, ODS_SUFFIX}
SHEET_SUFFIXES = CSV_SUFFIXES | EXCEL_SUFFIXES | READ_ONLY_SUFFIXES

_ALLOWED = template(
    "A sheet is a .csv, .tsv, .xlsx, .xlsm, .ods, .jsonl, .ndjson or .parquet file."
)
_EXCEL = template(
    "Open it in Excel. Save it as 'Excel Workbook (.xlsx)' or 'CSV UTF-8 (.csv)' and run that file."
)
_TEMPLATE = template(
    "This is a template. Open it in Excel. Save it as 'Excel Workbook (.xlsx)' or 'CSV UTF-8 (.csv)' and run that file."
)
_ADVICE = {
    ".json": template(
        "Write one object a line, name it .jsonl, and run that file: jq -c '.[]' FILE.json > FILE.jsonl"
    ),
    ".txt": template("If it is a table, rename it to .csv or .tsv and run that file."),
    ".xls": template(
        "Open it in Excel or LibreOffice. Save it as 'Excel Workbook (.xlsx)' or 'CSV UTF-8 (.csv)' and run that file."
    ),
    ".xlsb": _EXCEL,
    ".xltx": _TEMPLATE,
    ".xltm": _TEMPLATE,
    ".fods": template("Open it in LibreOffice. Save it as .ods and run that file."),
    ".numbers": template("In Numbers choose File > Export To > Excel or CSV, and run that file."),
    ".gsheet": template(
        "In Google Sheets choose File > Download > .xlsx or .csv, and run that file."
    ),
}

_LINK = template(
    "Open the spreadsheet in Google Sheets, and give the link in the address bar, in quotes: 'https://docs.google.com/spreadsheets/d/.../edit#gid=0'."
)
_COPY = re.compile(r"(?P<stem>.+?)\.(results|before-restore)\..*?(?P<suffix>[^.]+)", re.IGNORECASE)
_SIDECAR = ".batch"


def is_only_read(path: Path) -> bool:
    """Whether a sheet stays as it is, and results go into a copy of it."""
    return path.suffix.lower() in READ_ONLY_SUFFIXES or path.name.endswith(COPY_SUFFIX)


def is_result_copy(path: Path) -> bool:
    """Whether this is a file made beside a sheet, by us or by a spreadsheet program.

    Such are ``*.results.*`` and ``*.before-restore.*``, lists of variants, the lock files ``~$*``,
    dotfiles and all within a sidecar folder ``*.batch``. Copies for the sandbox (``*.sandbox.*``) are sheets.
    """
    return _original(path) is not None


def advice_for(path: Path) -> str | None:
    """What to do with a spreadsheet of a kind that cannot be read; ``None``: it is no such."""
    suffix = path.suffix.lower()
    other = suffix in {".txt", ".json"}  # which are seldom meant as sheets
    advice = _ADVICE.get(suffix)
    return None if other or advice is None or is_result_copy(path) else phrase(advice)


def check_sheet_path(path: Path) -> None:
    """Refuse a path that cannot be a sheet, before it is opened; links are not resolved here.

    Raises:
        SheetError: It is a web link, missing, a folder, a result copy, or of another format;
            with the nearest names or the real sheet's name where there are any.
    """
    _refuse_link(path)
    where = str(path)
    if path.is_symlink() and not path.exists():
        raise SheetError(
            phrase("This link leads to no file."),
            code="sheet_missing",
            hint=phrase("Name the file itself, or make the link anew."),
            where=where,
        )
    if not path.exists():
        raise SheetError(
            phrase("There is no such file."),
            code="sheet_missing",
            hint=_nearest(path),
            where=where,
        )
    if path.is_dir():
        raise SheetError(
            phrase("This is a folder, not a sheet."),
            code="sheet_is_folder",
            hint=joined(phrase("Name the file in it."), phrase(_ALLOWED)),
            where=where,
        )
    if not path.is_file():
        raise SheetError(
            phrase("This is a pipe or a device, not a file."),
            code="sheet_is_no_file",
            hint=joined(phrase("Save what comes from it, and run the file."), phrase(_ALLOWED)),
            where=where,
        )
    original = _original(path)
    if original is not None:
        raise SheetError(
            phrase("This file was made beside a sheet and is never taken as a sheet itself."),
            code="result_copy",
            hint=phrase("Name the sheet itself: {original}", original=original),
            where=where,
        )
    if path.suffix.lower() not in SHEET_SUFFIXES:
        advice = _ADVICE.get(path.suffix.lower())
        raise SheetError(
            joined(
                phrase(
                    "Files of the kind '{suffix}' cannot be read.", suffix=path.suffix or path.name
                ),
                phrase(_ALLOWED),
            ),
            code="unsupported_format",
            hint=phrase(advice) if advice else "",
            where=where,
        )


def _refuse_link(path: Path) -> None:
    text = path.as_posix()
    if not re.match(r"(?i)(https?|ftp|s3|gs|file):/", text):
        return
    google = "docs.google.com" in text or "drive.google.com" in text
    hint = phrase(_LINK) if google else phrase("Download it first, and run the file.")
    raise SheetError(
        phrase(
            "This is a link; a sheet has to be a file on this machine, or a link to Google Sheets."
        ),
        code="sheet_is_link",
        hint=hint,
        where=text,
    )


def _original(path: Path) -> Path | None:
    """The sheet to which a result copy belongs; ``None`` for what may be a sheet itself."""
    for folder in path.parents:
        if folder.name.lower().endswith(_SIDECAR) and folder.name.lower() != _SIDECAR:
            return folder.with_name(folder.name[: -len(_SIDECAR)])
    name = path.name
    if name.startswith("~$"):
        return path.with_name(name[2:])
    if name.startswith(".") and name != "..":
        bare = name.removeprefix(".~lock.").removesuffix("#").lstrip(".")
        return path.with_name(bare or name)
    if is_listing(path):
        stem = name[: -len(LISTING_SUFFIX)]
        sheets = [path.with_name(stem + end) for end in (*sorted(SHEET_SUFFIXES), COPY_SUFFIX)]
        return next((one for one in sheets if one.exists()), sheets[0])
    found = _COPY.fullmatch(name)
    if found is None:
        return None
    same = path.with_name(f"{found['stem']}.{found['suffix']}")
    others = (path.with_name(found["stem"] + suffix) for suffix in (ODS_SUFFIX, COPY_SUFFIX))
    return same if same.exists() else next((one for one in others if one.exists()), same)


def _nearest(path: Path) -> str:
    """A hint with the sheets of the folder whose names are like the one that is missing."""
    folder = path.parent
    if path.with_name(path.name + _SIDECAR).is_dir():
        return phrase(
            "The folder {folder} is still there. If the sheet was renamed or moved: batch-runner move {file} NEW. If it is lost: batch-runner report {file} --sheet-out {file}",
            folder=f"{path.name}{_SIDECAR}",
            file=shlex.quote(path.name),
        )
    if not folder.is_dir():
        return phrase("The folder {folder} does not exist either.", folder=folder)
    try:
        sheets = [
            entry.name
            for entry in folder.iterdir()
            if entry.suffix.lower() in SHEET_SUFFIXES and not is_result_copy(entry)
        ]
    except OSError as error:
        return phrase(
            "The folder {folder} cannot be read: {reason}.", folder=folder, reason=error.strerror
        )
    by_case = {name.casefold(): name for name in sorted(sheets)}
    near = get_close_matches(path.name.casefold(), by_case, 3, 0.5)
    if near:
        return phrase("Did you mean {names}?", names=either(by_case[name] for name in near))
    if not sheets:
        return phrase("This folder has no sheet.")
    return phrase("The sheets in this folder are: {names}.", names=series(sorted(sheets)[:10]))
