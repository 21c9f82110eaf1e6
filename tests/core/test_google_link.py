"""Links to Google Sheets: every form that people paste means the same file here."""

from __future__ import annotations

from pathlib import Path

import pytest

from batch_runner.core.google_link import google_sheet

ID = "1BxiMVs0XRA5nFMdKvBdBZjgmUUqptlbs74OgvE2upms"
BASE = f"https://docs.google.com/spreadsheets/d/{ID}"
EXPORT = f"{BASE}/export?format=csv"


@pytest.mark.parametrize(
    ("link", "export", "name"),
    [
        (f"{BASE}/edit#gid=7", f"{EXPORT}&gid=7", "google-s74OgvE2upms-7.gsheet.csv"),
        (f"{BASE}/edit?gid=7#gid=7", f"{EXPORT}&gid=7", "google-s74OgvE2upms-7.gsheet.csv"),
        (f"{BASE}/edit?usp=sharing", EXPORT, "google-s74OgvE2upms.gsheet.csv"),
        (BASE, EXPORT, "google-s74OgvE2upms.gsheet.csv"),
        (f"{EXPORT}&gid=0", f"{EXPORT}&gid=0", "google-s74OgvE2upms-0.gsheet.csv"),
        (
            f"https://docs.google.com/spreadsheets/u/1/d/{ID}/edit#gid=7",
            f"{EXPORT}&gid=7",
            "google-s74OgvE2upms-7.gsheet.csv",
        ),
        (
            f"https://docs.google.com/spreadsheets/d/e/2PACX-{ID}/pubhtml?gid=7&single=true",
            f"https://docs.google.com/spreadsheets/d/e/2PACX-{ID}/pub?output=csv&single=true&gid=7",
            "google-s74OgvE2upms-7.gsheet.csv",
        ),
    ],
)
def test_a_link_leads_to_the_cells_of_its_worksheet(link: str, export: str, name: str) -> None:
    """As typed, and as a path library leaves it, which takes one of two slashes."""
    for text in (link, Path(link).as_posix()):
        found = google_sheet(text)
        assert found is not None
        assert (found.export, found.copy_name) == (export, name)


@pytest.mark.parametrize(
    "link",
    [
        "campaign.csv",
        f"https://docs.google.com/document/d/{ID}/edit",
        f"https://docs.google.com.example.org/spreadsheets/d/{ID}/edit",
        f"https://example.org/?x=https://docs.google.com/spreadsheets/d/{ID}",
        f"https://user@docs.google.com/spreadsheets/d/{ID}/edit",
        f"http://docs.google.com/spreadsheets/d/{ID}/edit",
        "https://docs.google.com/spreadsheets/d/../../etc/passwd",
    ],
)
def test_other_links_are_none(link: str) -> None:
    """Other hosts, other documents, and what only looks like a link to a spreadsheet."""
    assert google_sheet(link) is None
