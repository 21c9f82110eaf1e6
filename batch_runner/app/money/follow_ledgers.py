"""The user's books follow the ledgers: also those of sheets whose run was killed."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from batch_runner.app.clock import now
from batch_runner.app.money.accounts import fingerprint
from batch_runner.app.place.ledger_place import LedgerFile, reading
from batch_runner.core.errors import LedgerError, LockedError
from batch_runner.core.spend import Payer, Source
from batch_runner.ledger.ledger import Ledger
from batch_runner.ledger.lock import hold
from batch_runner.ledger.spend_schema import UNKNOWN_ACCOUNT
from batch_runner.ledger.spend_store import SpendStore

Who = tuple[str, Payer]
"""An API key, and whose it is in the books."""


def name_of(source: Source, fingerprint_there: str) -> str:
    """How the books name an account of which they only know the fingerprint in some ledger."""
    return f"{UNKNOWN_ACCOUNT}{source.campaign}.{fingerprint_there}"


async def follow(store: SpendStore, source: Source, ledger: Ledger, who: Who | None) -> Source:
    """Take over what happened in a ledger since the books looked last; ``who`` may have paid."""
    names = await _names(source, ledger, who)
    while True:
        charges, mark = await ledger.charges_since(source.mark, names)
        if mark == source.mark:
            return source
        store.book(source, charges, mark)
        source = replace(source, mark=mark)


async def _names(source: Source, ledger: Ledger, who: Who | None) -> Callable[[str], str]:
    salt = await ledger.meta("salt") or ""
    mine = None if who is None else fingerprint(who[0], salt)

    def name(there: str) -> str:
        return who[1].account if who is not None and there == mine else name_of(source, there)

    return name


async def catch_up(store: SpendStore, who: Who | None, *, without: Path | None = None) -> None:
    """Follow every ledger the books know of, and end what nobody holds any more.

    A ledger that cannot be read is passed over: its own run says what is wrong with it.

    Args:
        store: the books.
        who: whose key is known here, if any is.
        without: the ledger of the run that is on here.
    """
    for source in store.sources():
        if source.ledger != without:
            with contextlib.suppress(LedgerError):
                await _follow_from_outside(store, source, who)
    for source in store.leaky():
        if source.ledger != without and source.ledger.is_file():
            with contextlib.suppress(LedgerError, LockedError):
                await _end_leaks(store, source, who)


async def _follow_from_outside(store: SpendStore, source: Source, who: Who | None) -> None:
    async with reading(LedgerFile(source.ledger)) as ledger:
        if ledger is None:
            return
        if who is not None:
            salt = await ledger.meta("salt") or ""
            store.recognise(name_of(source, fingerprint(who[0], salt)), who[1].account)
        await follow(store, source, ledger, who)


async def _end_leaks(store: SpendStore, source: Source, who: Who | None) -> None:
    """Free what a run reserved that was killed; its lock shows that nobody is at work there."""
    folder = source.ledger.parent
    with hold(folder, host=socket.gethostname(), pid=os.getpid(), at=now()):
        await _follow_from_outside(store, source, who)
        store.free(source)
