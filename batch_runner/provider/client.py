"""The video service over HTTP: :class:`HttpProvider` is the scheduler's ``Provider``.

Facts: https://docs.apimart.ai (video generation, task status, token balance).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, urlencode

import aiohttp
from yarl import URL

from batch_runner import __version__
from batch_runner.core import wire
from batch_runner.core.dialect import APIMART, Dialect
from batch_runner.core.errors import ConfigError
from batch_runner.core.language import phrase
from batch_runner.core.outcomes import (
    Balance,
    FetchOutcome,
    PollKind,
    PollOutcome,
    SubmitKind,
    SubmitOutcome,
    UploadKind,
    UploadOutcome,
)
from batch_runner.core.redact import told
from batch_runner.core.wire_upload import read_upload
from batch_runner.core.wire_usage import Usage, read_usage
from batch_runner.provider import download
from batch_runner.provider.exchange import (
    NoAnswer,
    Reply,
    Request,
    WatchedRequest,
    exchange,
)
from batch_runner.provider.origin import origin_url
from batch_runner.provider.proxies import Proxies
from batch_runner.provider.upload import form_of

USER_AGENT = f"batch-runner/{__version__}"
"""How requests introduce themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long each phase may take, and connections may idle, in seconds."""

    connect: float = 15.0  # name, connection, TLS, a proxy's tunnel
    submit: float = 180.0  # from there to the answer of a submit
    upload: float = 120.0  # from there to the answer of an upload
    read: float = 30.0  # to the answer of anything else
    idle: float = 60.0  # between two pieces of a download
    # A server that closes an idle connection just when a submit goes out leaves the row unknown,
    # so submits take only connections that were used a moment ago.
    submit_keepalive: float = 2.0
    look_keepalive: float = 30.0  # looks are simply sent again


class HttpProvider:
    """APIMart, or whatever speaks like it, at one origin with one key.

    An asynchronous context manager. Its methods never raise for what a network or a server may
    do; cancelling them is safe, but a cancelled submit may have been accepted.
    """

    def __init__(
        self,
        *,
        origin: str,
        key: str,
        language: str = "en",
        timeouts: Timeouts | None = None,
        dialect: Dialect = APIMART,
        download_rate: float | None = None,
    ) -> None:
        """Prepare, without connecting.

        Args:
            origin: scheme, host and port, as ``https://api.apimart.ai``.
            key: the API key; it goes into the ``Authorization`` header and nowhere else.
            language: of the provider's error sentences.
            timeouts: other than the usual.
            dialect: the service's paths, fields and words.
            download_rate: bytes a second of all downloads together, at most.

        Raises:
            ConfigError: the key or the origin cannot be used.
        """
        if not re.fullmatch(r"[\x21-\x7e]+", key):
            raise ConfigError(
                phrase(
                    "The API key is empty or has characters that no key has (blanks, line ends ...)."
                ),
                code="key_malformed",
                hint=phrase("Copy it again from the provider's console."),
            )
        self.origin = origin_url(origin)
        # Given with each request: the library shows a session's own headers to proxies as well.
        self._authorization = {"Authorization": f"Bearer {key}"}
        self._language = language
        self._timeouts = timeouts or Timeouts()
        self._dialect = dialect
        self._base = str(self.origin)
        self._submit_url = self._url(dialect.submit, {})
        self._submit_timeout = self._timeout(self._timeouts.submit)
        self._read_timeout = self._timeout(self._timeouts.read)
        self._download_rate = download_rate
        self._proxies = Proxies.from_environment()
        self._proxy = self._proxies.for_url(self.origin)
        self._secrets = (key, *self._proxies.secrets())

    def __repr__(self) -> str:
        return f"HttpProvider({str(self.origin)!r})"

    async def __aenter__(self) -> Self:
        self._submits = self._session(self._timeouts.submit_keepalive)
        self._looks = self._session(self._timeouts.look_keepalive)
        self._downloads = download.Downloads.open(
            origin=self.origin,
            proxies=self._proxies,
            user_agent=USER_AGENT,
            rate=self._download_rate,
            timeout=aiohttp.ClientTimeout(
                total=None, connect=self._timeouts.connect, sock_read=self._timeouts.idle
            ),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._submits.close()
        await self._looks.close()
        await self._downloads.close()

    async def submit(self, body: bytes, key: str) -> SubmitOutcome:
        """POST exactly these bytes under this idempotency key, once; paid if accepted."""
        sys.audit("batch_runner.provider.submit")
        reply = await exchange(
            self._submits,
            Request(
                method="POST",
                url=self._submit_url,
                timeout=self._submit_timeout,
                headers={
                    **self._authorization,
                    "Content-Type": "application/json",
                    "Idempotency-Key": key,
                },
                body=body,
                proxy=self._proxy,
            ),
        )
        sys.audit("batch_runner.provider.submitted")
        if isinstance(reply, NoAnswer):
            return self._unanswered(reply)
        outcome = wire.read_submit(**self._said(reply), dialect=self._dialect)
        return outcome if reply.whole else wire.cut_short(outcome)

    async def upload(self, content: bytes, name: str) -> UploadOutcome:
        """Put a picture where the provider itself can read it; free, and safe to repeat.

        Anybody who has the link can see it; ``name`` becomes part of that.
        """
        sys.audit("batch_runner.provider.upload")
        reply = await exchange(
            self._looks,
            Request(
                method="POST",
                url=self._url(self._dialect.upload, {}),
                timeout=self._timeout(self._timeouts.upload),
                headers=self._authorization,
                body=form_of(content, name),
                proxy=self._proxy,
            ),
        )
        sys.audit("batch_runner.provider.uploaded")
        if isinstance(reply, NoAnswer):
            why = self._no_answer(reply, self._timeouts.upload)
            return UploadOutcome(kind=UploadKind.UNAVAILABLE, message=why, reachable=False)
        return read_upload(**self._said(reply))

    async def poll(self, task_id: str) -> PollOutcome:
        """Look at a task; free, and safe to repeat."""
        # Encoded by hand: an id that was adopted from a sheet may hold anything.
        named = quote(task_id, safe="", errors="replace")
        path = self._dialect.task.replace("{id}", named)
        reply = await self._get(path, language=self._language)
        if isinstance(reply, NoAnswer):
            return PollOutcome(
                kind=PollKind.UNAVAILABLE,
                code="timeout" if reply.timed_out else "no_answer",
                message=self._no_answer(reply, self._timeouts.read),
            )
        return wire.read_poll(**self._said(reply), dialect=self._dialect)

    async def fetch(self, url: str, target: Path, part: Path) -> FetchOutcome:
        """Download a video to ``target`` plus its extension; see :mod:`.download`."""
        return await download.fetch(self._downloads, url, target, part)

    async def balance(self) -> Balance:
        """Ask for the balance; free."""
        reply = await self._get(self._dialect.balance)
        if isinstance(reply, NoAnswer):
            message = self._no_answer(reply, self._timeouts.read)
            return Balance(remaining=None, reachable=False, message=message)
        return wire.read_balance(**self._said(reply))

    async def usage(self, model: str, start: datetime, end: datetime) -> Usage:
        """Ask how many videos of a model were charged to this key in a span; free.

        At most 60 questions a minute; ``core.wire_usage`` says what the count leaves out.
        """
        span = {"start": str(int(start.timestamp())), "end": str(int(end.timestamp()))}
        reply = await self._get("v1/usage", model=model, scope="key", group_by="none", **span)
        if isinstance(reply, NoAnswer):
            return Usage(videos=None, message=self._no_answer(reply, self._timeouts.read))
        return read_usage(
            reply.status, reply.headers, reply.body, now=datetime.now(UTC), secrets=self._secrets
        )

    async def _get(self, path: str, **query: str) -> Reply | NoAnswer:
        return await exchange(
            self._looks,
            Request(
                method="GET",
                url=self._url(path, query),
                timeout=self._read_timeout,
                headers=self._authorization,
                proxy=self._proxy,
            ),
        )

    def _said(self, reply: Reply) -> dict[str, Any]:
        """An answer as its readers take it."""
        return {
            "status": reply.status,
            "headers": reply.headers,
            "body": reply.body,
            "now": datetime.now(UTC),
            "secrets": self._secrets,
        }

    def _url(self, path: str, query: Mapping[str, str]) -> URL:
        asked = f"?{urlencode(query)}" if query else ""
        return URL(f"{self._base}{path.lstrip('/')}{asked}", encoded=True)

    def _session(self, keepalive: float) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=keepalive),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={
                "Accept": "application/json",
                "Accept-Encoding": "identity",  # one thing less that can garble an answer
                "User-Agent": USER_AGENT,
            },
            request_class=WatchedRequest,
        )

    def _timeout(self, answer: float) -> aiohttp.ClientTimeout:
        # One timer for a whole request: one more for each piece read is a tenth of all it costs.
        connect = self._timeouts.connect
        return aiohttp.ClientTimeout(total=connect + answer, connect=connect)

    def _unanswered(self, lost: NoAnswer) -> SubmitOutcome:
        """A submit without an answer: certainly not sent, or unknown."""
        if not lost.sent:
            kind, code = SubmitKind.NOT_SENT, "not_connected"
        else:
            kind, code = SubmitKind.UNKNOWN, "timeout" if lost.timed_out else "connection_lost"
        message = self._no_answer(lost, self._timeouts.submit)
        return SubmitOutcome(kind=kind, code=code, message=message)

    def _no_answer(self, lost: NoAnswer, answer: float) -> str:
        """Why there is no answer, as a line for people; ``answer``: seconds waited for it."""
        host = self.origin.host
        if not lost.sent:
            text = f"no connection to {host} could be opened ({lost.reason})"
        elif lost.timed_out:
            text = f"no answer came from {host} within {answer:g} s"
        else:
            text = f"the connection to {host} was lost before an answer came ({lost.reason})"
        return told(text, self._secrets, 300)
