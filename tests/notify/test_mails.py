"""E-mail by SMTP: against a real server, and against servers that mean no good."""

from __future__ import annotations

import asyncio
import email
import email.policy
import ssl
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
import trustme
from aiosmtpd.smtp import SMTP, AuthResult

from batch_runner.app.notify.news import News
from batch_runner.app.notify.tell import Told
from batch_runner.settings.notify import Mail, Security
from tests.notify.conftest import listening, talking

# aiosmtpd warns of what its own future versions will do.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:aiosmtpd")

PASSWORD = "s3cret-of-the-post"
Tell = Callable[..., Told]
Post = Callable[..., "Office"]


class Office:
    """An SMTP server with one customer."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.port = 0

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Take a mail."""
        mail = email.message_from_bytes(envelope.content, policy=email.policy.default)
        self.mails.append((envelope.rcpt_tos, mail))
        return "250 OK"

    def knows(
        self, _server: Any, _session: Any, _envelope: Any, _kind: Any, data: Any
    ) -> AuthResult:
        """Whether somebody may send."""
        right = (data.login, data.password) == (b"me", PASSWORD.encode())
        return AuthResult(success=right, handled=False)


@pytest.fixture
def authority() -> trustme.CA:
    """Whoever signs certificates here."""
    return trustme.CA()


@pytest.fixture
def post(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[Post]:
    """``post(security, login=...)``: open an office whose certificate this machine trusts."""
    trusted = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(trusted))
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with ExitStack() as stack:

        def open_one(
            security: Security, *, login: bool = False, host: str = "127.0.0.1"
        ) -> Office:
            office = Office()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert(host).configure_cert(context)

            def factory() -> SMTP:
                return SMTP(
                    office,
                    auth_required=login,
                    auth_require_tls=security == "starttls",
                    authenticator=office.knows,
                    tls_context=context if security == "starttls" else None,
                )

            async def start() -> asyncio.Server:
                ssl_context = context if security == "tls" else None
                return await asyncio.get_running_loop().create_server(
                    factory, "127.0.0.1", 0, ssl=ssl_context
                )

            office.port = stack.enter_context(listening(start))
            return office

        yield open_one


def to(office: Office, security: Security, **more: Any) -> Mail:
    """An e-mail by an office."""
    return Mail(
        host="127.0.0.1",
        port=office.port,
        security=security,
        sender="Batch <batch@example.com>",
        to=("me@example.com", "you@example.com"),
        **more,
    )


@pytest.mark.parametrize("security", ["starttls", "tls", "none"])
def test_a_mail_arrives(post: Post, told: Tell, security: Security) -> None:
    """To all who are named, by whichever kind of connection, logged in where that is wanted."""
    office = post(security, login=security == "starttls")
    login = {"user": "me", "password": PASSWORD} if security == "starttls" else {}
    assert told(to(office, security, **login)).trouble == ""
    ((receivers, mail),) = office.mails
    assert receivers == ["me@example.com", "you@example.com"]
    assert mail["Subject"] == "batch-runner: campaign.xlsx: all done"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().splitlines() == ["campaign.xlsx: all done", "3 succeeded."]


def test_a_hostile_title_makes_no_header(post: Post, told: Tell) -> None:
    """A line end in a sheet's name is no way to another receiver."""
    office = post("none")
    news = News(occasion="end", title="a\r\nBcc: all@example.com\r\n\r\nbuy", lines=["ü 猫"])
    assert told(to(office, "none"), news).trouble == ""
    ((receivers, mail),) = office.mails
    assert mail["Bcc"] is None
    assert len(receivers) == 2
    assert "ü 猫" in mail.get_content()


def test_a_password_never_goes_in_the_clear(post: Post, told: Tell) -> None:
    """Where the server offers no STARTTLS, nothing is sent at all."""
    office = post("none")
    trouble = told(to(office, "starttls", user="me", password=PASSWORD)).trouble
    assert "STARTTLS" in trouble
    assert PASSWORD not in trouble
    assert office.mails == []


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_another_ones_certificate_is_refused(post: Post, told: Tell, security: Security) -> None:
    """A server that is not the one it was called is not talked to."""
    office = post(security, host="elsewhere.example.com")
    assert "no safe connection" in told(to(office, security)).trouble
    assert office.mails == []


def test_a_wrong_password_is_tried_once(post: Post, told: Tell) -> None:
    """It would lock the account; the reason is told, the password is not."""
    office = post("starttls", login=True)
    trouble = told(to(office, "starttls", user="me", password="wrong-password")).trouble
    assert trouble.startswith("SMTP 535")
    assert "wrong-password" not in trouble


async def _garbage(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x00\xff garbage\r\n")
    await writer.drain()


async def _later(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"421 come back later\r\n")
    await writer.drain()
    await reader.readline()


async def _line_without_end(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"2" * 100_000)
        await writer.drain()


@pytest.mark.parametrize("script", [_garbage, _later, _line_without_end])
def test_a_server_that_speaks_otherwise_is_told_about(
    told: Tell, quick: None, script: Callable[..., Any]
) -> None:
    """It is a sentence, not a traceback, and no line without end is read to it."""
    with talking(script) as port:
        office = Office()
        office.port = port
        assert told(to(office, "none")).trouble


def test_a_silent_server_has_its_time_limit(told: Tell) -> None:
    """A server that drips a byte now and then is left behind when the time is over."""

    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            writer.write(b"2")
            await writer.drain()
            await asyncio.sleep(0.05)

    with talking(drip) as port:
        office = Office()
        office.port = port
        assert told(to(office, "none"), timeout=0.4).trouble == "not within 0.4 s"
