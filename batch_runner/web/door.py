"""Who may come in: by a link that works once, or by a password; each visitor with secrets of its own.

A cookie knows hosts but no ports: a server of somebody else on this machine is sent what is meant
for us. So the cookie is bound to a path that nobody can guess, under which everything private lies,
and is never sent anywhere else.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

INVITED = 600.0  # seconds that a link waits to be used
MOST_SESSIONS = 50
FREE_TRIES = 5  # wrong passwords of one address before it has to wait
LONGEST_WAIT = 900.0  # seconds
MOST_ADDRESSES = 1000
SHORTEST = 12  # characters of a password

_N, _R, _P = 2**14, 8, 1  # of scrypt: about 50 ms and 16 MB a try


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One browser that was let in."""

    path: str = field(repr=False)  # everything private lies below it
    cookie: str = field(repr=False)
    csrf: str = field(repr=False)  # only a page of ours can read it


@dataclass(frozen=True, slots=True)
class Password:
    """A password as it is kept: nobody can read it back."""

    salt: bytes = field(repr=False)
    digest: bytes = field(repr=False)

    @classmethod
    def of(cls, text: str) -> Password:
        """A password by its digest."""
        salt = secrets.token_bytes(16)
        return cls(salt, _digest(text, salt))

    def fits(self, text: str) -> bool:
        """Whether somebody knows it; takes as long for a wrong one."""
        return hmac.compare_digest(self.digest, _digest(text, self.salt))


def _digest(text: str, salt: bytes) -> bytes:
    return hashlib.scrypt(text.encode("utf-8", "replace"), salt=salt, n=_N, r=_R, p=_P)


class Door:
    """Invitations, sessions, and how often an address guessed wrong."""

    def __init__(self, clock: Callable[[], float], password: Password | None = None) -> None:
        self.password = password
        self._clock = clock
        self._invitations: dict[str, float] = {}  # token -> until when
        self._sessions: OrderedDict[str, Session] = OrderedDict()  # by path
        self._wrong: OrderedDict[str, tuple[int, float]] = OrderedDict()  # tries, the last one

    def invite(self) -> str:
        """A token that lets one browser in, once and soon."""
        now = self._clock()
        self._invitations = {t: until for t, until in self._invitations.items() if until > now}
        token = secrets.token_urlsafe(32)
        self._invitations[token] = now + INVITED
        return token

    def enter(self, token: str) -> Session | None:
        """Let somebody in by an invitation, which is used up by it."""
        known = next((t for t in self._invitations if hmac.compare_digest(t, token)), None)
        if known is None or self._invitations.pop(known) <= self._clock():
            return None
        return self.let_in()

    def let_in(self) -> Session:
        """A session of its own for a browser that showed that it may."""
        session = Session(
            path=secrets.token_urlsafe(24),
            cookie=secrets.token_urlsafe(32),
            csrf=secrets.token_urlsafe(32),
        )
        self._sessions[session.path] = session
        while len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return session

    def session(self, path: str, cookie: str | None) -> Session | None:
        """The session of a request that knows its path and brings its cookie."""
        found = self._sessions.get(path)
        if found is None or cookie is None or not hmac.compare_digest(found.cookie, cookie):
            return None
        return found

    def wait(self, address: str) -> float:
        """Seconds until an address may try a password again; counts one try from now."""
        now = self._clock()
        tries, last = self._wrong.pop(address, (0, now))
        left = last + _pause(tries) - now
        if left > 0:
            self._wrong[address] = tries, last
            return left
        self._wrong[address] = tries + 1, now
        while len(self._wrong) > MOST_ADDRESSES:
            self._wrong.popitem(last=False)
        return 0.0

    def forgive(self, address: str) -> None:
        """It knew the password."""
        self._wrong.pop(address, None)


def _pause(tries: int) -> float:
    """How long somebody waits after so many tries."""
    return 0.0 if tries < FREE_TRIES else min(LONGEST_WAIT, 2.0 ** (tries - FREE_TRIES + 1))
