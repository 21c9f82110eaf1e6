"""Where requests may go."""

from __future__ import annotations

import pytest

from batch_runner.settings.origins import BUILT_IN_ORIGINS, check_origin, is_loopback


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://api.apimart.ai", "https://api.apimart.ai"),
        (" HTTPS://API.Apimart.AI:443/ ", "https://api.apimart.ai"),
        ("https://host.example:8443", "https://host.example:8443"),
        ("http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
        ("http://localhost:80", "http://localhost"),
        ("http://[::1]:9000", "http://[::1]:9000"),
        ("http://127.8.9.1:1", "http://127.8.9.1:1"),
    ],
)
def test_origins_are_written_in_one_way(url: str, origin: str) -> None:
    """The same place compares equal, however it was typed."""
    assert check_origin(url) == origin


@pytest.mark.parametrize(
    "url",
    [
        "",
        "api.apimart.ai",
        "ftp://api.apimart.ai",
        "http://api.apimart.ai",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example",
        "http://192.168.1.5",
        "http://0.0.0.0:80",
        "https://user@api.apimart.ai",
        "https://user:secret@api.apimart.ai",
        "https://api.apimart.ai/v1",
        "https://api.apimart.ai?x=1",
        "https://api.apimart.ai#x",
        "https://",
        "https://[::1",
        "https://host.example:99999",
        "https://ho st.example",
        "javascript:alert(1)",
    ],
)
def test_anything_else_is_refused(url: str) -> None:
    """Plain http to elsewhere, paths and embedded users never get a request."""
    with pytest.raises(ValueError, match=r"origin|https"):
        check_origin(url)


@pytest.mark.parametrize("rest", ["", ":99999", "/v1", ":x", "?a=1"])
def test_a_refusal_never_repeats_a_password(rest: str) -> None:
    """An origin with a secret in it is refused without showing it."""
    with pytest.raises(ValueError, match="user or password") as caught:
        check_origin(f"https://user:secret@host.example{rest}")
    assert "secret" not in str(caught.value)


def test_built_in_origins_are_valid() -> None:
    """APIMart's own lines pass the same check."""
    assert tuple(check_origin(origin) for origin in BUILT_IN_ORIGINS) == BUILT_IN_ORIGINS


@pytest.mark.parametrize(
    ("host", "loop"), [("LOCALHOST", True), ("::1", True), ("10.0.0.1", False)]
)
def test_loopback_is_only_this_machine(host: str, *, loop: bool) -> None:
    """A private address is another machine."""
    assert is_loopback(host) is loop
