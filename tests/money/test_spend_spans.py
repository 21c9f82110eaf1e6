"""Which day and month an amount belongs to, wherever its sender is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_runner.core.spend import Span, span_start
from batch_runner.ledger.spend_schema import QUARTER

ZONES = [
    "UTC",
    "Europe/Berlin",
    "Asia/Tokyo",
    "Asia/Kathmandu",
    "America/St_Johns",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Africa/Cairo",
    "America/Havana",
]


@settings(max_examples=200, deadline=None)
@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)),  # noqa: DTZ001 - made aware below
    st.sampled_from(ZONES),
    st.sampled_from(Span),
)
def test_a_span_begins_at_the_first_moment_of_its_day_or_month(
    naive: datetime, zone: str, span: Span
) -> None:
    """At the moment found it is that day, just before it another, and it is a quarter of an hour."""
    at = naive.replace(tzinfo=UTC)

    def local(moment: datetime) -> datetime:
        return moment.astimezone(ZoneInfo(zone))

    start = span_start(at, span, local)

    pattern = "%Y-%m-%d" if span is Span.DAY else "%Y-%m"
    assert start <= at
    assert f"{local(start):{pattern}}" == f"{local(at):{pattern}}"
    assert f"{local(start - timedelta(seconds=1)):{pattern}}" != f"{local(at):{pattern}}"
    assert start.timestamp() % QUARTER == 0


@pytest.mark.parametrize(
    ("at", "zone", "start"),
    [
        ("2026-03-29T15:00", "Europe/Berlin", "2026-03-28T23:00"),  # clocks went forward at 2
        ("2026-10-25T15:00", "Europe/Berlin", "2026-10-24T22:00"),  # and back at 3
        ("2026-03-08T12:00", "America/Havana", "2026-03-08T05:00"),  # midnight was left out
    ],
)
def test_days_on_which_clocks_change(at: str, zone: str, start: str) -> None:
    """The midnight has its own offset, not that of the moment asked about."""
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    found = span_start(moment, Span.DAY, lambda t: t.astimezone(ZoneInfo(zone)))
    assert found == datetime.fromisoformat(start).replace(tzinfo=UTC)
