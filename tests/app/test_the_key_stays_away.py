"""The key is nowhere but in the request; foreign text is data, wherever it goes."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from tests.app.conftest import KEY, Cli, Configure, NewSheet, Service

HOSTILE = [
    '=HYPERLINK("http://evil.example","click") [sandbox:failed]',
    "@SUM(1+1)*cmd|' /C calc'!A0 [sandbox:error-string]",
    "+1\x1b[2J\x07 bell and clear [sandbox:accept-then-drop]",
    '-2 quotes " and, commas; and\nlines',
]


def _everything(folder: Path) -> bytes:
    """All bytes of all files in and under a folder, with their names."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return b"\n".join(str(path).encode() + path.read_bytes() for path in files)


def test_the_key_is_kept_nowhere(
    cli: Cli, service: Service, new_sheet: NewSheet, kind: str
) -> None:
    """Not in the sheet, the ledger, the log, any copy, or anything that is said."""
    prompts = ["Fine.", "Fails. [sandbox:failed]", "Lost. [sandbox:accept-then-drop]"]
    sheet = new_sheet(kind, [*prompts, "Bad. [sandbox:error-string]"])

    said = [
        cli("run", sheet),
        cli("status", sheet),
        cli("status", sheet, "--row", "3"),
        cli("status", sheet, "--row", "4", "--json"),
        cli("resolve", sheet),
        cli("run", sheet, "--json"),
    ]

    found = _everything(sheet.path.parent)
    if kind == "xlsx":
        cells = openpyxl.load_workbook(sheet.path).worksheets[0].iter_rows(values_only=True)
        found += repr(list(cells)).encode()
    found += "".join(result.out + result.err for result in said).encode()
    assert KEY.encode() not in found
    assert KEY[3:20].encode() not in found
    assert len(service.accepted()) == 3


def test_a_refused_key_is_not_repeated(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """Nor where it is the trouble itself."""
    service.misbehave("key-refused")
    sheet = new_sheet("csv", ["One."])

    stopped = cli("run", sheet)

    assert stopped.code == 3
    assert KEY not in stopped.out + stopped.err
    assert KEY.encode() not in _everything(sheet.path.parent)


def test_a_key_that_is_none_is_refused_unseen(
    cli: Cli, service: Service, new_sheet: NewSheet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key with a line break or blanks in it: exit 2, and it is not shown."""
    monkeypatch.setenv("APIMART_API_KEY", "sk-first\nsk-second")
    sheet = new_sheet("csv", ["One."])

    refused = cli("run", sheet)

    assert refused.code == 2
    assert "sk-first" not in refused.out + refused.err
    assert service.accepted() == []


def test_hostile_text_stays_data(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure
) -> None:
    """Formulas and control characters in cells go to the provider as they are, and move nothing."""
    sheet = new_sheet("csv", HOSTILE)
    before = sheet.column("prompt")

    done = cli("run", sheet)
    shown = [done, cli("status", sheet), cli("resolve", sheet), cli("status", sheet, "--row", "4")]

    assert done.code == 1
    assert sheet.column("prompt") == before
    assert sheet.column("status") == ["failed", "failed", "unknown", "succeeded"]
    assert service.bought()[HOSTILE[3]] == 1
    for name in ("status", "video_url", "video_file", "task_id", "error", "job"):
        assert not any(cell.startswith(("=", "@", "+", "-")) for cell in sheet.column(name))
    for result in shown:
        assert "\x1b" not in result.out + result.err
        assert "\x07" not in result.out + result.err


def test_keys_that_look_like_paths_stay_in_the_folder(
    cli: Cli, service: Service, new_sheet: NewSheet, configure: Configure, kind: str
) -> None:
    """Videos are named by the user's keys, but never leave their folder by them."""
    keys = ["../../up", "/etc/passwd", "CON", "a b?c*", "=1+1", "猫"]
    sheet = new_sheet(kind, [f"Row {n}." for n in range(6)], columns={"id": keys})
    if kind == "xlsx":
        book = openpyxl.load_workbook(sheet.path)
        book.worksheets[0].cell(6, 3).data_type = "s"
        book.save(sheet.path)
    configure(sheet, key="id")

    done = cli("run", sheet)

    assert done.code == 0, done.err
    assert len(sheet.videos) == 6
    assert all(sheet.shows_its_own_video(row) for row in sheet.rows())
    names = [video.name for video in sheet.videos]
    assert any(name.startswith("猫_") for name in names)
    assert not any(name.lower().startswith(("con.", "con_.", ".")) for name in names)
    assert [str(line[2]) for line in sheet.grid()[1:]] == keys


def test_a_private_link_is_not_fetched(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """What a cell links to is the provider's to fetch: this program asks nobody but the API."""
    sheet = new_sheet(
        "csv", ["One."], columns={"image_urls": [f"{service.origin}/files/upload/x"]}
    )

    cli("check", sheet)
    cli("run", sheet)

    assert not service.answers("GET /files/upload/{name}")
