"""Links of shared folders: which ones open a page, and what gives the picture itself."""

from __future__ import annotations

import pytest

from batch_runner.core.share_links import SharePage, share_page

FILE = "1AbCdEfGhIjKlMnOp"


@pytest.mark.parametrize(
    ("link", "page"),
    [
        (
            f"https://drive.google.com/file/d/{FILE}/view?usp=sharing",
            SharePage("Google Drive", f"https://drive.google.com/uc?export=download&id={FILE}"),
        ),
        (
            f"https://drive.google.com/open?id={FILE}",
            SharePage("Google Drive", f"https://drive.google.com/uc?export=download&id={FILE}"),
        ),
        (
            "https://www.dropbox.com/scl/fi/abc/cat.png?rlkey=xyz&dl=0",
            SharePage("Dropbox", "https://www.dropbox.com/scl/fi/abc/cat.png?rlkey=xyz&raw=1"),
        ),
        ("https://1drv.ms/i/s!AbC", SharePage("OneDrive")),
        ("https://firm-my.sharepoint.com/:i:/g/personal/x", SharePage("OneDrive")),
        ("https://photos.app.goo.gl/abc", SharePage("Google Photos")),
    ],
)
def test_a_page_around_a_picture_is_recognised(link: str, page: SharePage) -> None:
    """With the direct link where one is certain."""
    assert share_page(link) == page


@pytest.mark.parametrize(
    "link",
    [
        f"https://drive.google.com/uc?export=download&id={FILE}",
        "https://www.dropbox.com/s/abc/cat.png?raw=1",
        "https://dl.dropboxusercontent.com/s/abc/cat.png",
        "https://images.example.com/drive.google.com/file/d/x.png",
        "https://[broken",
    ],
)
def test_other_links_are_left_alone(link: str) -> None:
    """Direct forms, and hosts that only look alike."""
    assert share_page(link) is None
