"""OpenDocument spreadsheets as sheets."""

from __future__ import annotations

from pathlib import Path

import pytest

from batch_runner.core.errors import SheetError
from batch_runner.core.model import ReadOptions
from batch_runner.loader.load import load, worksheet_names
from tests.loader.ods_files import cell, grid, row, save_ods

IMAGE = "https://example.com/cat.png"
HEAD = ["prompt", "image_urls", "duration"]


def test_cells_links_and_hidden_rows(tmp_path: Path) -> None:
    """Rows bear the numbers that LibreOffice shows; links and hidden rows are known."""
    path = save_ods(
        tmp_path / "shots.ods",
        {
            "Shots": [
                row(cell(None), more=' table:number-rows-repeated="2"'),
                *grid([HEAD, ["One.", IMAGE, 5]]),
                row(more=' table:visibility="collapse" table:number-rows-repeated="2"'),
                row(
                    cell("Two."), cell("a picture", link=IMAGE), more=' table:visibility="filter"'
                ),
                row(cell(None), more=' table:number-rows-repeated="1048000"'),
            ]
        },
    )

    (table,) = load(path, ReadOptions())

    assert table.worksheet == "Shots"
    assert table.header_row == 3
    first, second = table.rows
    assert (first.number, first.values, first.hidden) == (4, ("One.", IMAGE, 5), False)
    assert (second.number, second.values, second.hidden) == (7, ("Two.", "a picture"), True)
    assert second.links == {1: IMAGE}


def test_worksheets_are_chosen_as_in_excel_files(tmp_path: Path) -> None:
    """Several with prompts: they are named; one or all of them can be chosen."""
    one = grid([HEAD, ["One.", IMAGE, None]])
    path = save_ods(
        tmp_path / "shots.ods", {"A": one, "Notes": grid([["what I think"]]), "B": one}
    )

    with pytest.raises(SheetError) as several:
        load(path, ReadOptions())
    assert several.value.code == "several_worksheets"
    assert [t.worksheet for t in load(path, ReadOptions(worksheet="all"))] == ["A", "B"]
    assert [t.worksheet for t in load(path, ReadOptions(worksheet="b"))] == ["B"]
    assert worksheet_names(path) == ("A", "Notes", "B")


def test_a_cell_repeated_without_end_is_refused(tmp_path: Path) -> None:
    """A few bytes that stand for billions of cells are refused before room is made for them."""
    many = ' table:number-columns-repeated="16000"'
    rows = [*grid([HEAD]), row(cell("x", more=many), more=' table:number-rows-repeated="1000000"')]
    path = save_ods(tmp_path / "bomb.ods", {"Shots": rows})

    with pytest.raises(SheetError) as refused:
        load(path, ReadOptions())

    assert refused.value.code == "worksheet_too_large"


def test_a_password_and_damage_are_told(tmp_path: Path) -> None:
    """An encrypted file, a cut one, and one that is no package at all each get a sentence."""
    path = save_ods(
        tmp_path / "a.ods", {"S": grid([HEAD])}, manifest="<manifest:encryption-data/>"
    )
    cut, text = tmp_path / "cut.ods", tmp_path / "text.ods"
    cut.write_bytes(path.read_bytes()[:-60])
    text.write_text("prompt,image_urls\n", encoding="utf-8")

    codes = []
    for one in (path, cut, text):
        with pytest.raises(SheetError) as refused:
            load(one, ReadOptions())
        codes.append(refused.value.code)
    assert codes == ["encrypted", "damaged", "damaged"]
