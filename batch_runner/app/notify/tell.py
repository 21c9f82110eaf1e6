"""Telling all targets at once, within one time limit; nothing here can harm a run."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from batch_runner.app.notify.news import News
from batch_runner.app.notify.tries import FailedError, with_tries
from batch_runner.core.redact import told
from batch_runner.settings.notify import Mail, Notify, Target, Web

_dice = random.Random()  # noqa: S311 - only for distances in time


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What became of telling one target."""

    name: str
    trouble: str = ""  # why it was not told; blank: it was


async def tell(notify: Notify, news: News) -> Sequence[Told]:
    """Tell everybody who wants to know of this."""
    if news.occasion is not None and news.occasion not in notify.on:
        return ()
    return await asyncio.gather(*(_tell_one(notify, target, news) for target in notify.targets))


def troubles(results: Sequence[Told]) -> list[str]:
    """Sentences about those that were not told."""
    return [
        f"{one.name[:1].upper()}{one.name[1:]} could not be told ({one.trouble}). The run itself is not affected."
        for one in results
        if one.trouble
    ]


async def _tell_one(notify: Notify, target: Target, news: News) -> Told:
    trouble = ""
    try:
        async with asyncio.timeout(notify.timeout):
            await with_tries(partial(_send, target, news), _dice.random)
    except FailedError as error:
        trouble = str(error)
    except TimeoutError:
        trouble = f"not within {notify.timeout:g} s"
    return Told(name=target.name, trouble=told(trouble, notify.secrets, 300))


async def _send(target: Target, news: News) -> None:
    # Each brings its own libraries; most runs need none of them.
    if isinstance(target, Web):
        from batch_runner.app.notify import web

        await web.post(target, news)
    elif isinstance(target, Mail):
        from batch_runner.app.notify import mail

        await mail.send(target, news)
    else:
        from batch_runner.app.notify import program

        await program.run(target, news)
