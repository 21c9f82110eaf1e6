"""Exports with a line for each picture: the rows of a product are one job."""

from __future__ import annotations

from itertools import permutations

import pytest

from batch_runner.app.sheet.intake import Memory
from batch_runner.core.errors import ConfigError
from batch_runner.core.model import Severity
from tests.templates.conftest import TakeIn, errors, hashes, known_as, requests, specs

HEAD = "Handle,Title,prompt,Image Src,Image Position\n"
BY_HANDLE = {"group_by": "Handle", "columns": {"image_urls": "Image Src"}}
MUG = "mug,Mug,It turns.,{front},1\nmug,,,{handle},3\nmug,,,{above},2\n"
PICTURES = {
    name: f"https://images.example.com/{name}.png" for name in ("front", "handle", "above")
}


def mug(**changed: str) -> str:
    """The lines of a product with three pictures."""
    return MUG.format(**PICTURES | changed)


def line(handle: str, prompt: str, picture: str, position: str = "") -> str:
    """One line."""
    return f"{handle},,{prompt},https://images.example.com/{picture}.png,{position}\n"


def shown(asked: dict[str, object]) -> list[str]:
    """The pictures of a request, by their names."""
    urls = asked["image_urls"]
    assert isinstance(urls, list)
    return [url.rsplit("/")[-1].removesuffix(".png") for url in urls]


def test_the_pictures_of_a_product_come_in_their_order(take: TakeIn) -> None:
    """The first row is the job, with all pictures by position; the other rows are none."""
    intake = take(HEAD + mug() + line("cup", "It falls.", "cup"), BY_HANDLE)
    asked = requests(intake)
    assert {row: shown(body) for row, body in asked.items()} == {
        2: ["front", "above", "handle"],
        5: ["cup"],
    }


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_positions_count_not_the_order_of_lines(take: TakeIn, order: tuple[int, ...]) -> None:
    """Wherever the row with the prompt's picture belongs, positions decide."""
    numbers = [str(order[i] + 1) for i in range(3)]
    sheet = HEAD + "".join(
        line("mug", "It turns." if i == 0 else "", str(i), numbers[i]) for i in range(3)
    )
    expected = [str(i) for i in sorted(range(3), key=lambda i: order[i])]
    assert shown(requests(take(sheet, BY_HANDLE))[2]) == expected


def test_without_positions_the_lines_decide(take: TakeIn) -> None:
    """Blank positions come last, in the order of the lines."""
    sheet = HEAD + line("mug", "It turns.", "a") + line("mug", "", "b") + line("mug", "", "c", "1")
    assert shown(requests(take(sheet, BY_HANDLE))[2]) == ["c", "a", "b"]


def test_no_more_pictures_than_the_model_takes(take: TakeIn) -> None:
    """The first ones are used, and it is said that there are more."""
    lines = "".join(line("mug", "" if i else "It turns.", str(i), str(i + 1)) for i in range(12))
    intake = take(HEAD + lines, BY_HANDLE)
    most = len(shown(requests(intake)[2]))
    assert shown(requests(intake)[2]) == [str(i) for i in range(most)]
    assert most < 12
    (notice,) = (p for p in intake.rows.findings if p.code == "pictures_left_out")
    assert notice.severity is Severity.NOTICE
    assert "12 images" in notice.message


def test_a_row_that_asks_for_a_video_is_its_own_job(take: TakeIn) -> None:
    """A prompt, or a cell that the template uses, makes a row of the same product a second job."""
    sheet = HEAD + mug() + line("mug", "It falls.", "other") + line("mug", "", "more")
    assert {row: len(shown(b)) for row, b in requests(take(sheet, BY_HANDLE)).items()} == {
        2: 3,
        5: 2,
    }
    titled = "Handle,Title,Image Src\nmug,Mug,{0}\nmug,,{0}\nmug,Big mug,{0}\n".format(
        PICTURES["front"]
    )
    config = BY_HANDLE | {"prompt": "{{ title }} of {{ handle }} turns"}
    assert {row: b["prompt"] for row, b in requests(take(titled, config)).items()} == {
        2: "Mug of mug turns",
        4: "Big mug of mug turns",
    }


def test_a_group_that_comes_back_is_told(take: TakeIn) -> None:
    """A picture behind another product's rows is refused with the place where its group began."""
    sheet = HEAD + mug() + line("cup", "It falls.", "cup") + line("mug", "", "late")
    intake = take(sheet, BY_HANDLE)
    assert ("group_scattered", 6, None) in errors(intake)
    assert "began in row 2 (A6)" in specs(intake)[6].problem


def test_rows_without_a_value_are_not_joined(take: TakeIn) -> None:
    """A blank handle belongs to nobody."""
    sheet = HEAD + line("", "It turns.", "a") + line("", "", "b") + mug()
    assert list(specs(take(sheet, BY_HANDLE))) == [2, 3, 4]


def test_the_joined_pictures_are_a_part_of_the_row(take: TakeIn) -> None:
    """Another picture anywhere in the group makes it another row; notes beside it do not."""
    before = hashes(take(HEAD + mug(), BY_HANDLE))
    changed = mug(above="https://images.example.com/below.png")
    assert hashes(take(HEAD + changed, BY_HANDLE)) != before
    assert hashes(take(HEAD + mug().replace("mug,,", "mug,noted,"), BY_HANDLE)) == before


def test_grouping_later_or_no_more_buys_nothing_again(take: TakeIn) -> None:
    """The first row is found under its hash of before, whether or not it was joined then."""
    apart = {"columns": BY_HANDLE["columns"]}
    sheet = HEAD + mug()
    for first, then in ((apart, BY_HANDLE), (BY_HANDLE, apart), (BY_HANDLE, BY_HANDLE)):
        before = take(sheet, first)
        after = take(sheet, then, Memory(basis=before.basis))
        assert known_as(after)[2] == hashes(before)[2]


def test_a_header_that_is_not_there_is_refused(take: TakeIn) -> None:
    """``group_by`` has to name a header of the sheet; the nearest is named."""
    with pytest.raises(ConfigError, match=r"no headers read so\. Did you mean Handle"):
        take(HEAD + mug(), BY_HANDLE | {"group_by": "Handel"})
