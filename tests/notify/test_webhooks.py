"""Webhooks: what arrives there, and that no endpoint can do harm."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest

from batch_runner.app.notify.news import News
from batch_runner.app.notify.tell import Told, tell
from batch_runner.settings.notify import Notify, Web
from tests.notify.conftest import NEWS, OK, Endpoint, status, talking

Start = Callable[..., Endpoint]
Tell = Callable[..., Told]


def test_a_webhook_gets_one_document(endpoint: Start, told: Tell) -> None:
    """It says what happened, to programs and to people, and by an id that it is the same news."""
    server = endpoint()
    assert told(Web(url=server.url)) == Told(name="the webhook at 127.0.0.1")
    (post,) = server.posts
    assert post["schema"] == 1
    assert (post["event"], post["id"]) == ("end", NEWS.id)
    assert post["text"] == "campaign.xlsx: all done\n3 succeeded."


def test_slack_gets_text_that_mentions_nobody(endpoint: Start, told: Tell) -> None:
    """What stands in a sheet or comes from a provider cannot ring everybody's bell."""
    server = endpoint()
    news = News(occasion="end", title="a", lines=["row 2: <!channel> & more\x1b[31m\nlies"])
    assert told(Web(url=server.url, slack=True), news).trouble == ""
    assert server.posts == [{"text": "a\nrow 2: &lt;!channel&gt; &amp; more[31m lies"}]


def test_a_server_that_stumbles_is_tried_again(endpoint: Start, told: Tell, quick: None) -> None:
    """Twice 500 and then well: told; it is the same news each time."""
    server = endpoint(status(500), status(503), OK)
    assert told(Web(url=server.url)).trouble == ""
    assert [post["id"] for post in server.posts] == [NEWS.id] * 3


@pytest.mark.parametrize(
    ("code", "times"), [(500, 3), (429, 3), (400, 1), (403, 1), (404, 1), (410, 1)]
)
def test_a_refusal_is_given_up(
    endpoint: Start, told: Tell, quick: None, code: int, times: int
) -> None:
    """What another try may mend is tried three times, all else once; the reason is told."""
    server = endpoint(status(code, b"no_text\n\x1b[2J"))
    trouble = told(Web(url=server.url)).trouble
    assert trouble == f"HTTP {code} no_text [2J"
    assert len(server.posts) == times


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(endpoint: Start, told: Tell, code: int) -> None:
    """An endpoint cannot make the program ask another address, least of all a local one."""
    inner = endpoint()
    outer = endpoint(status(code, Location=inner.url))
    assert "leads elsewhere" in told(Web(url=outer.url)).trouble
    assert (inner.posts, inner.gets) == ([], 0)
    assert len(outer.posts) == 1


def _endless(request: BaseHTTPRequestHandler) -> None:
    request.send_response(500)
    request.end_headers()
    for _ in range(1000):
        request.wfile.write(b"x" * 1_000_000)


def test_a_huge_answer_is_not_read(endpoint: Start, told: Tell, quick: None) -> None:
    """A gigabyte as an answer: its first words are looked at, the rest is cut off."""
    trouble = told(Web(url=endpoint(_endless).url)).trouble
    assert trouble.startswith("HTTP 500 xxx")
    assert len(trouble) <= 300


def test_a_slow_answer_has_its_time_limit(told: Tell) -> None:
    """A server that sends a byte now and then is not waited for longer than was allowed."""

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        while True:
            writer.write(b"H")
            await writer.drain()
            await asyncio.sleep(0.05)

    with talking(drip) as port:
        result = told(Web(url=f"http://127.0.0.1:{port}/"), timeout=0.5)
    assert result.trouble == "not within 0.5 s"


@pytest.mark.parametrize(
    "said", [b"", b"SSH-2.0-x\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000]
)
def test_a_server_that_speaks_no_http_is_told_about(told: Tell, quick: None, said: bytes) -> None:
    """It is a sentence, not a traceback."""

    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(said)
        await writer.drain()

    with talking(say) as port:
        assert told(Web(url=f"http://127.0.0.1:{port}/")).trouble.startswith("no connection")


def test_nobody_there_is_told_about(told: Tell, quick: None) -> None:
    """A port on which nobody listens."""
    with talking(lambda *_: asyncio.sleep(0)) as port:
        pass
    assert told(Web(url=f"http://127.0.0.1:{port}/")).trouble.startswith("no connection")


def test_one_that_is_slow_holds_up_no_other(endpoint: Start) -> None:
    """All are told at the same time, each within the same limit."""
    server = endpoint()

    async def silent(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    with talking(silent) as port:
        slow = tuple(Web(url=f"http://127.0.0.1:{port}/{n}") for n in range(5))
        notify = Notify(targets=(*slow, Web(url=server.url)), timeout=0.5)
        results = asyncio.run(tell(notify, NEWS))
    assert [bool(one.trouble) for one in results] == [True] * 5 + [False]
    assert len(server.posts) == 1


@pytest.mark.parametrize("occasion", ["end", "idle", "stop", "trouble"])
def test_only_what_was_asked_for_is_told(endpoint: Start, occasion: str) -> None:
    """``on`` says of what; all else is kept."""
    server = endpoint()
    notify = Notify(on=frozenset({"stop"}), targets=(Web(url=server.url),))
    asyncio.run(tell(notify, News(occasion=occasion, title="t", lines=[])))  # type: ignore[arg-type]
    assert len(server.posts) == (occasion == "stop")
