"""A sheet that comes in by the browser: bounded, under a safe name, never over another file."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest

from batch_runner.app.board.arrival import safe_name
from batch_runner.core.errors import UsageError
from tests.web.house import Dashboard

SHEET = b"prompt,image_urls\nA cat.,https://images.example.com/cat.png\n"


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("spring.csv", "spring.csv"),
        ("C:\\Users\\me\\spring.xlsx", "spring.xlsx"),
        ("../../etc/spring.csv", "spring.csv"),
        ("春の キャンペーン.xlsx", "春の キャンペーン.xlsx"),
        ("Cafe\u0301.csv", "Café.csv"),
    ],
)
def test_a_name_is_kept_without_its_folders(given: str, kept: str) -> None:
    """Whatever a browser says of folders, the sheet goes where all go."""
    assert safe_name(given) == kept


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "a", "a.exe", "a.yaml", ".csv", ".hidden.csv", "~$a.xlsx", "-rf.csv", "a\x00.csv",
     "a\n.csv", "a\u202e.csv", "con.csv", "NUL.xlsx", "com1.csv", "a:b.csv", "a|b.csv", "a .csv", "a..csv",
     "a.results.csv", "a.sandbox.csv", "x" * 130 + ".csv", "長" * 90 + ".csv", "a.csv/", "a.csv\\"],
)  # fmt: skip
def test_a_name_that_could_mean_something_else_is_refused(name: str) -> None:
    """No hidden files, no devices, no configs, no copies of ours, nothing that breaks a line."""
    with pytest.raises(UsageError):
        safe_name(name)


def test_a_sheet_comes_in_whole_and_never_over_another(board: Dashboard) -> None:
    """The same name a second time, in whatever case, changes nothing; no half file stays."""
    visitor = board.visitor()
    first = visitor.private(f"upload?{urlencode({'name': 'a.csv'})}", SHEET)
    assert first.json == {"ok": True, "name": "a.csv", "id": board.id_of(board.folder / "a.csv")}
    for name in ("a.csv", "A.CSV"):
        again = visitor.private(f"upload?{urlencode({'name': name})}", b"other")
        assert again.status == 422
        assert again.json["error"]["code"] == "name_taken"
    for query in (
        {"name": "b.exe"},
        {"name": "b.csv", "folder": "1"},
        {"name": "b.csv", "folder": "x"},
    ):
        assert visitor.private(f"upload?{urlencode(query)}", SHEET).status in {404, 422}
    assert {path.name: path.read_bytes() for path in board.folder.iterdir()} == {"a.csv": SHEET}


def test_a_link_in_the_folder_leads_no_upload_away(board: Dashboard) -> None:
    """A name that a dangling link has taken is taken."""
    target = board.folder.parent / "elsewhere.csv"
    (board.folder / "a.csv").symlink_to(target)
    answer = board.visitor().private("upload?name=a.csv", SHEET)
    assert answer.status == 422
    assert not target.exists()


def test_too_large_a_sheet_is_refused_and_leaves_nothing(
    board: Dashboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is too much is not kept, however it was announced."""
    monkeypatch.setattr("batch_runner.app.board.arrival.LARGEST", 1000)
    answer = board.visitor().private("upload?name=a.csv", b"x" * 100_000)
    assert answer.json["error"]["code"] == "sheet_too_large"
    assert list(board.folder.iterdir()) == []
