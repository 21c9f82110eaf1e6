"""Troubles of all rows stop a run; failures of one row are told apart and treated in their own way."""

from __future__ import annotations

import pytest

from batch_runner.core.failures import Failure, classify
from tests.money.conftest import Cli, NewSheet, Serve, Service

MODERATED, IMAGE, PASSING = (
    "A. [sandbox:moderated]",
    "B. [sandbox:bad-image]",
    "C. [sandbox:failed]",
)


def test_the_same_rejection_of_the_first_rows_stops_the_rest(
    cli: Cli, serve: Serve, new_sheet: NewSheet
) -> None:
    """A wrong setting burns a handful of rows: exit 3, it is said, the others stay queued."""
    service = serve("500-build")
    sheet = new_sheet([f"Row {n}." for n in range(30)], limits={"concurrency": 2, "rate": "50/s"})

    stopped = cli("run", sheet)

    assert stopped.code == 3
    assert "the first 5 rows were all refused for the same reason" in stopped.out
    states = sheet.column("status")
    assert 5 <= states.count("failed") <= 7
    assert states.count("queued") == 30 - states.count("failed")
    service.misbehave()
    assert cli("run", sheet).code in {0, 1}
    assert sheet.column("status").count("succeeded") == 30 - states.count("failed")


def test_rejections_after_a_success_are_the_rows_own(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """Once anything was accepted, bad rows stop nobody."""
    bad = [f"Bad {n}. [sandbox:500-build]" for n in range(8)]
    sheet = new_sheet(["Good.", *bad, "Last."], limits={"concurrency": 1, "rate": "100/s"})

    assert cli("run", sheet).code == 1
    assert service.bought() == {"Good.": 1, "Last.": 1}


def test_a_short_sheet_of_refused_rows_came_to_its_end(
    cli: Cli, serve: Serve, new_sheet: NewSheet
) -> None:
    """Where nothing is left to send, nothing was stopped early."""
    serve("500-build")

    assert cli("run", new_sheet([f"Row {n}." for n in range(5)])).code == 1


def test_each_kind_of_failure_says_what_it_is(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """The error cell begins with the kind: forbidden content, bad input, or the provider's own."""
    sheet = new_sheet([MODERATED, IMAGE, PASSING])

    assert cli("run", sheet).code == 1

    starts = [error.split(":")[0] for error in sheet.column("error")]
    assert starts == ["content policy", "bad input", "failed"]
    assert all("Not charged." in error for error in sheet.column("error"))
    assert set(service.bought().values()) == {1}


def test_retry_leaves_out_what_would_fail_again(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """Unchanged content and input are not sent again, and that is said; --same sends them."""
    sheet = new_sheet([MODERATED, IMAGE, PASSING])
    cli("run", sheet)

    again = cli("retry", sheet)

    assert service.bought() == {MODERATED: 1, IMAGE: 1, PASSING: 2}
    assert "2 failed rows are left out: refused for content or input" in again.out
    cli("retry", sheet, "--same")
    assert service.bought() == {MODERATED: 2, IMAGE: 2, PASSING: 3}


def test_retry_sends_a_refused_row_whose_request_is_another_now(
    cli: Cli, service: Service, new_sheet: NewSheet
) -> None:
    """A setting that changes the request makes it worth another try."""
    sheet = new_sheet([IMAGE])
    cli("run", sheet)

    cli("retry", sheet, "--set", "duration=8")

    assert service.bought() == {IMAGE: 2}


@pytest.mark.parametrize(
    ("setting", "again"),
    [
        ("failed_tasks", PASSING),
        ("policy_failures", MODERATED),
        ("input_failures", IMAGE),
    ],
)
def test_each_kind_has_its_own_retry_setting(
    cli: Cli, service: Service, new_sheet: NewSheet, setting: str, again: str
) -> None:
    """One new attempt for the kind that the setting names, none for the others."""
    sheet = new_sheet([MODERATED, IMAGE, PASSING], retry={setting: 1})

    cli("run", sheet)

    assert service.bought() == {MODERATED: 1, IMAGE: 1, PASSING: 1, again: 2}


@pytest.mark.parametrize(
    ("code", "message", "kind"),
    [
        ("task_failed", "Your request was rejected by our safety system.", Failure.POLICY),
        ("content_policy_violation", "", Failure.POLICY),
        ("task_failed", "输入内容包含敏感信息", Failure.POLICY),
        ("task_failed", "Output blocked by moderation", Failure.POLICY),
        ("task_failed", "コンテンツガイドラインに違反しています。", Failure.POLICY),
        ("task_failed", "提示词违反了使用规范", Failure.POLICY),
        ("task_failed", "無効な値です", Failure.INPUT),
        ("task_failed", "不支持该格式", Failure.INPUT),
        ("task_failed", "内部エラーが発生しました。もう一度お試しください。", Failure.PASSING),
        ("task_failed", "系统繁忙，请稍后重试", Failure.PASSING),
        ("invalid_duration", "duration must be 3 to 16", Failure.INPUT),
        ("task_failed", "failed to download image from url", Failure.INPUT),
        ("invalid_request_error", "invalid image content", Failure.INPUT),
        ("task_failed", "image resolution is below 128x128", Failure.INPUT),
        ("unsupported_image_count", "", Failure.INPUT),
        ("task_failed", "Requested entity was not found.", Failure.PASSING),
        ("task_failed", "internal error, please retry", Failure.PASSING),
        ("task_failed", "upstream timeout", Failure.PASSING),
        ("", "", Failure.PASSING),
    ],
)
def test_failures_are_told_apart_by_what_is_said(code: str, message: str, kind: Failure) -> None:
    """Forbidden content and bad input are recognised; what is not counts as passing."""
    assert classify(code, message) is kind
