"""Names of files made of cells lead nowhere but into the folder of the videos."""

from __future__ import annotations

from pathlib import PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_runner.core.container import EXTENSIONS
from batch_runner.core.errors import ConfigError
from batch_runner.core.file_names import LONGEST_PART, checked_name, harmless, same_place
from tests.templates.conftest import IMAGE, TakeIn, errors, specs

HEAD = "SKU,prompt,image_urls\n"
NASTY = st.text(
    alphabet=st.one_of(
        st.sampled_from('./\\:~ \t\r\n\0<>|?*"CONnul%\u202e\u200b-_'), st.characters()
    )
)


def names(sku: list[str], template: str, take: TakeIn) -> list[str]:
    """What the videos of rows with these SKUs are called."""
    lines = "".join(f'"{cell}",It turns {i}.,{IMAGE}\n' for i, cell in enumerate(sku))
    intake = take(HEAD + lines, {"download": {"name": template}})
    return [spec.file_name for spec in specs(intake).values()]


@given(NASTY, NASTY)
def test_no_cell_leads_out_of_the_folder(first: str, second: str) -> None:
    """Whatever stands in cells: the name is refused, or it is plain parts that any system takes."""
    name, wrong = checked_name(f"a/{harmless(first)}{harmless(second)}.mp4", EXTENSIONS)
    assert bool(name) is not bool(wrong)
    if not name:
        return
    for path in (PurePosixPath(name), PureWindowsPath(name)):
        assert not path.is_absolute()
        assert not path.anchor
        assert len(path.parts) == 2
        assert not {"..", "."}.intersection(path.parts)
    for part in name.split("/"):
        assert 0 < len(part.encode()) <= LONGEST_PART
        assert part == part.rstrip(" .")
        assert not part.startswith(".")
        assert not set(part).intersection('<>:"|?*\\\0\r\n\t')
        assert part.split(".")[0].lower() not in {"con", "prn", "aux", "nul", "com1", "lpt9"}


@given(NASTY)
def test_a_whole_name_is_checked_like_its_parts(text: str) -> None:
    """A name that somebody wrote as they liked is refused or stays inside, and stays as it is."""
    name, _ = checked_name(text, EXTENSIONS)
    if name:
        assert ".." not in name.split("/")
        assert not PureWindowsPath(name).is_absolute()
        again, wrong = checked_name(name, ())
        assert (again, wrong) == (name, "")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("clips/mug.mp4", "clips/mug"),
        ("mug.MP4", "mug"),
        ("mug.v2", "mug.v2"),
        ("CON", "CON_"),
        ("con.tar", "con_.tar"),
        ("lpt1/aux.mp4", "lpt1_/aux_"),
        ("console", "console"),
    ],
)
def test_usual_names_stay(text: str, name: str) -> None:
    """The extension goes, the video's own is added later; reserved names get a sign more."""
    assert checked_name(text, EXTENSIONS) == (name, "")


@pytest.mark.parametrize(
    "text",
    [
        *("/etc/x", "~/x", "C:x", "c:/x", "../x", "a/../x", "a//b", "a/", "", ".", ".hidden"),
        *("a./b", "a\\b", "a:b", "a\x00b", "a\u202eb", " a/ b"),
        *("a/" * 9 + "b", "x" * 201, "\u6f22" * 67),
    ],
)
def test_names_that_lead_away_or_fit_nowhere_are_refused(text: str) -> None:
    """Absolute, upwards, hidden, too long or too deep, or with signs that some system refuses."""
    name, wrong = checked_name(text, EXTENSIONS)
    assert not name
    assert wrong


def test_a_config_cannot_name_files_elsewhere(take: TakeIn) -> None:
    """A template that leads away whatever the cells hold is refused before any row."""
    for template in ("../{{ sku }}", "/tmp/{{ sku }}", "{{ sku }}/../../x", "C:{{ sku }}"):
        with pytest.raises(ConfigError, match=r"The template of download\.name cannot be used"):
            names(["mug"], template, take)


def test_cells_cannot_name_files_elsewhere(take: TakeIn) -> None:
    """Slashes, drives and dots of cells become signs of a name."""
    found = names(["../../etc/passwd", "C:\\x", "a b/c"], "v/{{ sku }}", take)
    assert found == ["v/_.._etc_passwd", "v/C__x", "v/a_b_c"]


def test_names_may_hold_what_a_job_is(take: TakeIn) -> None:
    """Line, mark, model and key are at hand beside the cells."""
    sheet = HEAD + f"mug,It turns.,{IMAGE}\n"
    config = {"key": "SKU", "download": {"name": "{{ model }}/{{ key }}_{{ row }}_{{ job }}.mp4"}}
    ((spec),) = specs(take(sheet, config)).values()
    assert spec.file_name == f"viduq3/mug_2_{spec.identity.row_hash[:8]}"


@pytest.mark.parametrize(
    ("first", "second"), [("mug", "MUG"), ("caf\u00e9", "cafe\u0301"), ("a/b", "a_b"), ("x", "x")]
)
def test_two_rows_get_no_name_twice(take: TakeIn, first: str, second: str) -> None:
    """Where case, composition or cleaning makes one name of two, the later row is refused."""
    lines = "".join(f"{sku},It turns {sku}.,{IMAGE}\n" for sku in (first, second))
    intake = take(HEAD + lines, {"download": {"name": "{{ sku }}"}})
    assert errors(intake) == [("video_name_taken", 3, 0)]
    assert "as that of row 2" in specs(intake)[3].problem


def test_a_blank_or_endless_cell_is_named(take: TakeIn) -> None:
    """What makes no name is said at its cell, before a submit."""
    long = "\u6f22" * 70
    lines = f",It turns.,{IMAGE}\n{long},It falls.,{IMAGE}\n"
    intake = take(HEAD + lines, {"download": {"name": "{{ sku }}"}})
    assert errors(intake) == [("video_name_invalid", 2, 0), ("video_name_invalid", 3, 0)]
    assert "uses sku, which is blank" in specs(intake)[2].problem
    assert "210 bytes; at most 200" in specs(intake)[3].problem


def test_a_file_name_is_no_part_of_a_row(take: TakeIn) -> None:
    """Naming videos otherwise, or editing a cell that only names them, buys nothing again."""
    sheet = HEAD + f"mug,It turns.,{IMAGE}\n"
    named = {"download": {"name": "{{ sku }}"}}
    plain = [spec.identity.row_hash for spec in specs(take(sheet)).values()]
    for text in (sheet, sheet.replace("mug", "cup")):
        assert [s.identity.row_hash for s in specs(take(text, named)).values()] == plain


@given(st.text())
def test_same_place_does_not_care_for_case_or_composition(text: str) -> None:
    """A name is one place with its upper, lower and folded form where systems fold names."""
    assert same_place(text.casefold()) == same_place(same_place(text))
