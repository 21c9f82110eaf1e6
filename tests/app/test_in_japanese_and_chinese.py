"""A whole campaign in Japanese and in Chinese: sentences are, what programs read is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.app.conftest import Cli, NewSheet, Service

SAMPLES = Path(__file__).parents[2] / "samples"
LANGUAGES = pytest.mark.parametrize("language", ["ja", "zh"])
ENGLISH = re.compile(r"[A-Za-z]{2,}(?: [A-Za-z]{2,}){2,}")
"""Three words in a row: names of models and parameters never come so."""


def own_words(text: str) -> str:
    """A text without what was quoted of cells and commands."""
    return re.sub(r'"[^"]*"|\'[^\']*\'', "", text)


@LANGUAGES
def test_no_english_is_left_in_what_is_wrong_with_a_sheet(cli: Cli, language: str) -> None:
    """Every kind of mistake is explained in the language that was asked for."""
    done = cli("check", SAMPLES / "mistakes.csv", "--language", language)
    assert done.code == 1
    left = [line for line in done.out.splitlines() if ENGLISH.search(own_words(line))]
    assert left == []


@LANGUAGES
def test_what_programs_read_is_the_same_in_every_language(cli: Cli, language: str) -> None:
    """Keys, codes, places and severities of the document do not follow the language."""

    def read(*options: str) -> list[object]:
        found = cli("check", SAMPLES / "mistakes.csv", "--json", *options).json["problems"]
        return [{k: v for k, v in one.items() if k not in {"message", "hint"}} for one in found]

    assert read("--language", language) == read()


@LANGUAGES
def test_an_error_cell_begins_with_its_class(
    cli: Cli, service: Service, new_sheet: NewSheet, language: str
) -> None:
    """The class is English and can be filtered by; the provider's reason is in the language, too."""
    sheet = new_sheet("csv", ["A. [sandbox:moderated]", "B. [sandbox:bad-image]"])
    cli("run", sheet, "--language", language)
    first, second = (row["error"] for row in sheet.rows())
    assert first.startswith("content policy: ")
    assert second.startswith("bad input: ")
    assert not ENGLISH.search(own_words(first + second))


@pytest.mark.parametrize("known", ["LANG", "BATCH_RUNNER_LANGUAGE"])
def test_the_language_of_the_user_is_spoken_without_an_option(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, known: str
) -> None:
    """What the system says is enough, even for a sheet that is not there."""
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.setenv(known, "ja")
    assert cli("restore", SAMPLES / "campaign.csv").err.startswith("エラー: ")


def test_another_language_is_no_news(cli: Cli, service: Service, new_sheet: NewSheet) -> None:
    """A row that was wrong before stays as it is for the exit code; its cell is in the new words."""
    sheet = new_sheet("csv", ["A cat runs", "A dog runs"], columns={"duration": ["5", "99"]})
    assert cli("run", sheet).code == 1
    assert cli("run", sheet).code == 0
    assert cli("run", sheet, "--language", "zh").code == 0
    assert "整数" in sheet.rows()[1]["error"]
    assert len(service.accepted()) == 1
