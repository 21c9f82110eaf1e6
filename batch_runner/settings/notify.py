"""Who is told of a run, and targets written as addresses: in options and in the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from email.utils import parseaddr
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

from batch_runner.core.errors import UsageError
from batch_runner.core.language import phrase

NOTIFY_VARIABLE = "BATCH_RUNNER_NOTIFY"
OFF = "off"
LONG = 16  # characters of a path or query from which on it may be a secret
FORMS = (
    "https://host/path, slack+https://host/path, or "
    "smtp://user:password@host:587/?from=me@x.org&to=you@x.org (smtps:// for port 465)"
)

Occasion = Literal["end", "idle", "stop", "trouble"]
Security = Literal["starttls", "tls", "none"]
PORTS: Mapping[str, int] = {"starttls": 587, "tls": 465, "none": 25}


@dataclass(frozen=True, slots=True, kw_only=True)
class Web:
    """A webhook: JSON is posted to it."""

    url: str = field(repr=False)  # whoever knows it may post there
    slack: bool = False  # the shape that Slack and its likes take

    @property
    def name(self) -> str:
        """What people are told of it: not the secret part."""
        return f"the {'Slack ' if self.slack else ''}webhook at {urlsplit(self.url).hostname}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """An e-mail by SMTP."""

    host: str
    port: int
    security: Security
    sender: str
    to: tuple[str, ...]
    user: str | None = None
    password: str = field(default="", repr=False)

    @property
    def name(self) -> str:
        """What people are told of it."""
        return f"e-mail to {', '.join(self.to)} by {self.host}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A command: it gets JSON on its standard input. Never a shell."""

    words: tuple[str, ...]

    @property
    def name(self) -> str:
        """What people are told of it: its options may hold secrets."""
        return f"the command {self.words[0]}"


Target = Web | Mail | Program


@dataclass(frozen=True, slots=True, kw_only=True)
class Notify:
    """Who is told of what."""

    on: frozenset[str] = frozenset({"end", "stop", "trouble"})
    targets: tuple[Target, ...] = ()
    timeout: float = 30.0  # seconds for all targets, tries included

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not stand in any log."""
        found = []
        for target in self.targets:
            if isinstance(target, Web):
                parts = urlsplit(target.url)
                found += [target.url, parts.password or ""]
                # A short path is a word that may well stand elsewhere, and no secret.
                found += [part for part in (parts.path, parts.query) if len(part) >= LONG]
            elif isinstance(target, Mail):
                found.append(target.password)
        return tuple(text for text in found if len(text) > 5)


def named_by(
    options: Mapping[str, object], environ: Mapping[str, str], otherwise: Notify
) -> Notify:
    """Who options name, else who the environment does, else as the config says.

    Raises:
        UsageError: they name nobody that can be told.
    """
    given = options.get("notify")
    texts = given if isinstance(given, list | tuple) else [given] if given else []
    source, text = "--notify", " ".join(map(str, texts))
    if not text:
        source, text = NOTIFY_VARIABLE, environ.get(NOTIFY_VARIABLE, "").strip()
    if not text:
        return otherwise
    try:
        return replace(otherwise, targets=parse_targets(text))
    except ValueError as error:
        raise UsageError(f"{source} {error}.", code="bad_notify") from None


def parse_targets(text: str) -> tuple[Target, ...]:
    """Targets written as addresses, blanks between them; ``off``: nobody.

    Raises:
        ValueError: with a plain phrase that repeats no secret.
    """
    words = text.split()
    return () if words == [OFF] else tuple(map(_target, words))


def check_url(url: str) -> str:
    """An address that JSON may be posted to.

    Raises:
        ValueError: it is none.
    """
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable or not url.isprintable() or " " in url:
        raise ValueError(phrase("must be an address such as https://host/path"))
    return url


def check_address(text: str) -> str:
    """An e-mail address.

    Raises:
        ValueError: it is none.
    """
    _, address = parseaddr(text)
    if not text.isprintable() or address.count("@") != 1 or not all(address.split("@")):
        raise ValueError(phrase("must be an e-mail address such as me@example.com"))
    return text


def _target(text: str) -> Target:
    scheme = text.partition("://")[0].lower()
    if scheme in {"smtp", "smtps"}:
        return _mail_address(text, scheme)
    slack = scheme.startswith("slack+")
    try:
        return Web(url=check_url(text[len("slack+") :] if slack else text), slack=slack)
    except ValueError:
        raise ValueError(phrase("must be an address: {forms}", forms=FORMS)) from None


def _mail_address(text: str, scheme: str) -> Mail:
    try:
        parts = urlsplit(text)
        asked = parse_qs(parts.query, strict_parsing=True)
        security: Security = "tls" if scheme == "smtps" else "starttls"
        if asked.pop("security", [security]) == ["none"]:
            security = "none"
        (sender,), to = asked.pop("from"), asked.pop("to")
        mail = Mail(
            host=parts.hostname or "",
            port=parts.port or PORTS[security],
            security=security,
            sender=check_address(sender),
            to=tuple(map(check_address, to)),
            user=None if parts.username is None else unquote(parts.username),
            password=unquote(parts.password or ""),
        )
    except (KeyError, ValueError):
        asked, mail = {"": []}, None
    if mail is None or asked or not mail.host:
        raise ValueError(phrase("must be an address: {forms}", forms=FORMS))
    return mail
