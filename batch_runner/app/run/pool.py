"""One run among others of its account on this computer: they share what the account bears."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from batch_runner.app.clock import now
from batch_runner.app.money.spending import Purse
from batch_runner.core.errors import LedgerError
from batch_runner.core.pace import Found, Pace, found_by
from batch_runner.core.ports import Listener
from batch_runner.core.share import Member, Share
from batch_runner.ledger.pool_store import PoolStore, SqlitePoolStore
from batch_runner.scheduler.sharing import Sharing

MEET = 0.4  # seconds between two looks at the others: what one is told, all know within a second
EACH = 0.03  # seconds that each member leaves to every other between two looks of its own
LONGEST = 3600.0  # seconds of a pause that another run's clock may ask for


def _name() -> str:
    return f"{os.getpid()}-{secrets.token_hex(4)}"


def pause_among(members: int, lease: float) -> float:
    """Seconds between two looks where so many share: all together must not wear out the books.

    Each look reads all members, and only one is made at a time. However many there are, each
    looks well within the ``lease`` after which it would be a member no more.
    """
    return min(lease / 3, EACH * members)


@dataclass(frozen=True, slots=True, kw_only=True)
class Most:
    """What one member of a pool may use itself, beside what all may; ``None``: no matter."""

    rate: float | None = None  # submits a second
    slots: int | None = None  # tasks in flight

    def of(self, share: Share) -> Share:
        """A share, within this."""
        rate = share.rate if self.rate is None else min(share.rate, self.rate)
        slots = share.slots if self.slots is None else min(share.slots, self.slots)
        if (rate, slots) == (share.rate, share.slots):
            return share
        return replace(share, rate=rate, slots=slots, alone=False)


@dataclass(kw_only=True)
class Pool:
    """This run's place among them."""

    store: PoolStore
    name: str = field(default_factory=_name)
    every: float = MEET  # seconds between two looks at the others; more where there are many
    most: Most = Most()  # whatever others leave
    _broken: bool = False
    _next_at: float = 0.0  # loop time before which the others are not looked at

    async def found(self) -> Found | None:
        """The limits that earlier runs of the account found."""
        return await asyncio.to_thread(self.store.found, now().timestamp())

    async def meet(self, sharing: Sharing, listener: Listener) -> None:
        """Tell the others what is used, and use what they leave; alone, if that cannot be."""
        loop_time = asyncio.get_running_loop().time
        if self._broken or loop_time() < self._next_at:
            return
        at, use = now().timestamp(), sharing.use()
        me = Member(
            id=self.name,
            rate=use.rate,
            slots=use.slots,
            in_flight=use.in_flight,
            sending=use.sending,
            served_at=at - use.served_ago,
        )
        limited_at = 0.0 if use.limited_ago is None else at - use.limited_ago
        try:
            told = await asyncio.to_thread(
                self.store.meet, me, at, limited_at=limited_at, cool_until=at + use.cooling
            )
        except LedgerError as error:
            self._broken = True
            listener.noticed(error.code, str(error))
            alone = Share(rate=use.rate, slots=use.slots)
            sharing.take(alone, cooling=0.0, limited_ago=None)
            return
        self._next_at = loop_time() + pause_among(told.members, self.store.lease)
        sharing.take(
            self.most.of(told.share),
            cooling=min(LONGEST, max(0.0, told.cool_until - at)),
            limited_ago=None if told.limited_at is None else max(0.0, at - told.limited_at),
        )

    async def leave(self, pace: Pace) -> None:
        """The run is over: its share is free, what it found is kept."""
        rate, slots = found_by(pace)
        with contextlib.suppress(LedgerError):  # the share ends by itself; the find is a help only
            if rate is not None or slots is not None:
                await asyncio.to_thread(self.store.remember, rate, slots, now().timestamp())
            await asyncio.to_thread(self.store.leave, self.name)


@contextlib.contextmanager
def pool_of(purse: Purse | None) -> Iterator[Pool | None]:
    """The pool of the account that pays; ``None`` where the user's books cannot be used."""
    if purse is None:
        yield None
        return
    payer = purse.payer
    store = SqlitePoolStore.open(purse.store.path, payer.account, min(payer.origins))
    try:
        yield Pool(store=store)
    finally:
        store.close()
