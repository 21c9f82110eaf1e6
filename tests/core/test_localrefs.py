"""What a cell says of a picture on this computer: which path is meant, and that it stays inside."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_runner.core.localrefs import is_local, paths_of, within

FOLDER = "/srv/sheets"


@pytest.mark.parametrize(
    ("ref", "path"),
    [
        ("a.png", "a.png"),
        ("photos\\my cat.png", "photos/my cat.png"),
        ("file:photos/my%20cat.png", "photos/my cat.png"),
        ("photos/100%.png", "photos/100%.png"),
        ("file:///srv/sheets/a.png", "/srv/sheets/a.png"),
        ("file://localhost/srv/sheets/a.png", "/srv/sheets/a.png"),
        ("file:///C:/sheets/a.png", "C:/sheets/a.png"),
        ("file://server/share/a.png", "//server/share/a.png"),
        ("猫.png", "猫.png"),
    ],
)
def test_a_reference_means_a_path(ref: str, path: str) -> None:
    """However Windows, hyperlinks or people write it."""
    assert is_local(ref)
    assert path in paths_of(ref)


@pytest.mark.parametrize(
    "ref", ["https://a.example/x.png", "data:image/png;base64,AA", "mailto:a@b.c"]
)
def test_a_link_is_no_path(ref: str) -> None:
    """What has a scheme of its own is not looked for on the disk."""
    assert not is_local(ref)


def test_a_drive_is_within_itself_whatever_its_case() -> None:
    """Windows does not tell cases apart."""
    assert list(within("c:/Sheets/a.png", ["C:\\sheets"])) == ["c:/Sheets/a.png"]
    assert list(within("D:/sheets/a.png", ["C:\\sheets"])) == []


@given(st.lists(st.sampled_from(["..", ".", "a", "b", "", "~", "C:", "\\", "/", "%2e%2e", "//h"])))
def test_no_path_leads_out_of_the_folder(steps: list[str]) -> None:
    """Whatever a cell says, every place that is looked at lies in the folder."""
    for path in paths_of("/".join(steps)):
        for place in within(path, [FOLDER]):
            assert posixpath.normpath(place).startswith(FOLDER + "/")
            assert ".." not in place.split("/")
