"""By which address the owner of a dashboard comes in."""

from __future__ import annotations

import pytest

from batch_runner.web.hosts import from_here


@pytest.mark.parametrize(
    ("listens", "host"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("localhost", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("::", "127.0.0.1"),
        ("192.168.1.7", "192.168.1.7"),
        ("fd00::7", "[fd00::7]"),
    ],
)
def test_the_printed_link_can_be_opened_on_this_computer(listens: str, host: str) -> None:
    """A server that listens at all addresses is not called by "all addresses"."""
    assert from_here(listens) == host
