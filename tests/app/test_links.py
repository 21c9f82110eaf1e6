"""``links``: what has expired is asked for anew; nothing else changes, and nothing is sent."""

from __future__ import annotations

from tests.app.conftest import Cli, NewSheet, Serve


def test_expired_links_are_asked_for_anew(
    cli: Cli, serve: Serve, new_sheet: NewSheet, kind: str
) -> None:
    """Fresh links stand in the rows, all other cells are as they were; failed rows are left out."""
    service = serve(link_seconds=5.0)
    sheet = new_sheet(kind, ["One.", "Two.", "Fails. [sandbox:failed]"])
    cli("run", sheet)
    before = sheet.rows()
    service.misbehave("link-expired=1")  # the next look at a task gives another one
    for row in before[:2]:
        assert service.status_of(row["video_url"]) == 403
    service.misbehave()

    done = cli("links", sheet)

    assert done.code == 0
    assert "2 fresh, 0 still good, 0 cannot be had any more." in done.out
    after = sheet.rows()
    assert [row["video_url"] for row in after[:2]] != [row["video_url"] for row in before[:2]]
    assert [{**row, "video_url": ""} for row in after] == [
        {**row, "video_url": ""} for row in before
    ]
    assert len(service.accepted()) == 3
    assert cli("run", sheet).code == 0
    assert len(service.accepted()) == 3


def test_links_that_live_on_are_not_asked_for(cli: Cli, serve: Serve, new_sheet: NewSheet) -> None:
    """A day's link is left as it is, without a request."""
    service = serve()
    sheet = new_sheet("csv", ["One."])
    cli("run", sheet)
    looks = service.answers("GET /v1/tasks/{task_id}")
    done = cli("links", sheet)
    assert (done.code, "0 fresh, 1 still good" in done.out) == (0, True)
    assert service.answers("GET /v1/tasks/{task_id}") == looks


def test_a_video_that_is_gone_is_said_and_loses_nothing(
    cli: Cli, serve: Serve, new_sheet: NewSheet
) -> None:
    """Exit 1; the row and its file stay what they are."""
    service = serve(link_seconds=5.0)
    sheet = new_sheet("csv", ["One."])
    cli("run", sheet)
    before = sheet.rows()
    service.misbehave("forget")
    done = cli("links", sheet)
    assert (done.code, "1 cannot be had any more" in done.out) == (1, True)
    assert sheet.rows() == before
    assert len(sheet.videos) == 1


def test_links_need_a_sheet_that_ran_and_a_key_that_is_good(
    cli: Cli, serve: Serve, new_sheet: NewSheet
) -> None:
    """Exit 2 with a sentence in both cases."""
    service = serve(link_seconds=5.0)
    sheet = new_sheet("csv", ["One."])
    assert cli("links", sheet).code == 2
    cli("run", sheet)
    service.misbehave("key-refused")
    refused = cli("links", sheet)
    assert refused.code == 2
    assert "the API key is refused" in refused.err
