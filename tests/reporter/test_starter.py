from __future__ import annotations

import csv
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_runner.core.errors import UsageError
from batch_runner.reporter.starter import CHOICES, LAST_ROW, StarterColumn, make_starter

MODELS = tuple(f"model-{number}-with-quite-a-long-name" for number in range(40))
COLUMNS = (
    StarterColumn(
        name="prompt", note="What happens.", examples=("Drive, turn", "桜が散る"), width=60
    ),
    StarterColumn(name="model", choices=MODELS, examples=(MODELS[0],)),
    StarterColumn(name="duration", examples=(5, 6)),
    StarterColumn(
        name="aspect_ratio", choices=("16:9", "9:16"), examples=("16:9", None), as_text=True
    ),
)
ROWS: list[list[str | int | None]] = [
    ["prompt", "model", "duration", "aspect_ratio"],
    ["Drive, turn", MODELS[0], 5, "16:9"],
    ["桜が散る", None, 6, None],
]


def test_workbook_holds_headers_and_examples(tmp_path: Path) -> None:
    """A starter workbook opens with the headers in row 1 and the examples typed below."""
    make_starter(tmp_path / "new.xlsx", COLUMNS)
    sheet = openpyxl.load_workbook(tmp_path / "new.xlsx")["Videos"]
    assert [list(row) for row in sheet.iter_rows(values_only=True)] == ROWS
    assert sheet.freeze_panes == "A2"


def test_workbook_has_notes_on_headers(tmp_path: Path) -> None:
    """A header with a note carries it as a comment; the others carry none."""
    make_starter(tmp_path / "new.xlsx", COLUMNS)
    sheet = openpyxl.load_workbook(tmp_path / "new.xlsx")["Videos"]
    notes = [cell.comment.text if cell.comment else None for cell in sheet[1]]
    assert notes == ["What happens.", None, None, None]


def test_dropdowns_offer_every_choice(tmp_path: Path) -> None:
    """Each dropdown covers its whole column, and its source holds all words, however many."""
    make_starter(tmp_path / "new.xlsx", COLUMNS)
    book = openpyxl.load_workbook(tmp_path / "new.xlsx")
    offered = {}
    for rule in book["Videos"].data_validations.dataValidation:
        sheet_name, cells = str(rule.formula1).split("!")
        words = tuple(cell.value for (cell,) in book[sheet_name][cells.replace("$", "")])
        offered[str(rule.sqref)] = words
        assert rule.errorStyle == "warning"
    assert offered == {f"B2:B{LAST_ROW}": MODELS, f"D2:D{LAST_ROW}": ("16:9", "9:16")}
    assert book[CHOICES].sheet_state == "hidden"


def test_ratio_column_stays_text(tmp_path: Path) -> None:
    """The cells of a text column, filled or not, have the text format, so 16:9 is no time."""
    make_starter(tmp_path / "new.xlsx", COLUMNS)
    sheet = openpyxl.load_workbook(tmp_path / "new.xlsx")["Videos"]
    assert sheet.column_dimensions["D"].number_format == "@"
    assert [sheet["D2"].number_format, sheet["D3"].number_format] == ["@", "@"]
    assert sheet.column_dimensions["C"].number_format == "General"


def test_example_is_never_a_formula(tmp_path: Path) -> None:
    """An example that begins like a formula is stored as text."""
    make_starter(tmp_path / "new.xlsx", [StarterColumn(name="=a", examples=("=1+1",))])
    sheet = openpyxl.load_workbook(tmp_path / "new.xlsx")["Videos"]
    assert [sheet["A1"].data_type, sheet["A2"].data_type] == ["s", "s"]


@pytest.mark.parametrize(("suffix", "delimiter"), [(".csv", ","), (".tsv", "\t"), (".CSV", ",")])
def test_text_sheet_opens_in_excel(tmp_path: Path, suffix: str, delimiter: str) -> None:
    """A CSV or TSV has a BOM, ends lines by CRLF and reads back as the same table."""
    path = tmp_path / f"new{suffix}"
    make_starter(path, COLUMNS)
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.count(b"\r\n") == raw.count(b"\n") == len(ROWS)
    table = list(csv.reader(raw.decode("utf-8-sig").splitlines(), delimiter=delimiter))
    assert table == [["" if cell is None else str(cell) for cell in row] for row in ROWS]


@given(
    rows=st.lists(
        st.tuples(st.text(st.characters(exclude_categories=["Cs"])), st.integers()), max_size=5
    )
)
@settings(max_examples=30, deadline=None)
def test_any_example_survives_csv(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, int]]
) -> None:
    """Quotes, delimiters and line ends in an example come back as they were."""
    path = tmp_path_factory.mktemp("starter") / "new.csv"
    columns = [
        StarterColumn(name="prompt", examples=tuple(text for text, _ in rows)),
        StarterColumn(name="seed", examples=tuple(number for _, number in rows)),
    ]
    make_starter(path, columns)
    with path.open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.reader(file))[1:] == [[text, str(number)] for text, number in rows]


@pytest.mark.parametrize("name", ["new.xlsx", "new.csv"])
def test_existing_file_is_never_replaced(tmp_path: Path, name: str) -> None:
    """What is there already stays byte for byte, and the error says so."""
    (tmp_path / name).write_bytes(b"mine")
    with pytest.raises(UsageError) as caught:
        make_starter(tmp_path / name, COLUMNS)
    assert caught.value.code == "file_exists"
    assert caught.value.where == str(tmp_path / name)
    assert (tmp_path / name).read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["new.xls", "new.xlsm", "new", "new.ods"])
def test_other_suffix_is_refused(tmp_path: Path, name: str) -> None:
    """Only .xlsx, .csv and .tsv are made; nothing is left behind for another name."""
    with pytest.raises(UsageError) as caught:
        make_starter(tmp_path / name, COLUMNS)
    assert caught.value.code == "unsupported_format"
    assert not (tmp_path / name).exists()


def test_missing_folder_is_said(tmp_path: Path) -> None:
    """A folder that does not exist gives a sentence, not a traceback."""
    with pytest.raises(UsageError) as caught:
        make_starter(tmp_path / "nowhere" / "new.csv", COLUMNS)
    assert caught.value.code == "not_writable"


def test_full_disk_leaves_no_half_file(tmp_path: Path) -> None:
    """When the content cannot be stored, the new file is taken away again."""
    resource = pytest.importorskip("resource", reason="file size limits are a thing of POSIX")
    signal = pytest.importorskip("signal")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    former = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, hard))
    try:
        with pytest.raises(UsageError) as caught:
            make_starter(tmp_path / "new.csv", COLUMNS)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, former)
    assert caught.value.code == "not_writable"
    assert not (tmp_path / "new.csv").exists()
