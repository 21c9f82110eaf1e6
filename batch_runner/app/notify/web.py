"""Posting JSON to a webhook: bounded in time and size, and never led elsewhere."""

from __future__ import annotations

import json
from html import escape

import aiohttp
from yarl import URL

from batch_runner.app.notify.news import News
from batch_runner.app.notify.tries import FailedError
from batch_runner.core.errors import ConfigError
from batch_runner.provider.client import USER_AGENT
from batch_runner.provider.proxies import Proxies
from batch_runner.settings.notify import Web

ONE_TRY = 10.0  # seconds
MOST = 300  # bytes of an answer that are looked at, to say why


async def post(target: Web, news: News) -> None:
    """Post once.

    Raises:
        FailedError: it was not taken.
    """
    body = {"text": escape(news.text, quote=False)} if target.slack else news.document()
    # Escaped as Slack asks for it: an error from outside is no mention of everybody.
    try:
        url = URL(target.url)
        proxy = Proxies.from_environment().for_url(url)
        async with (
            aiohttp.ClientSession(
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=aiohttp.ClientTimeout(total=ONE_TRY),
                auto_decompress=False,
            ) as session,
            session.post(
                url,
                data=json.dumps(body, ensure_ascii=False).encode(),
                headers={"Content-Type": "application/json", "User-Agent": USER_AGENT},
                # Where it leads is chosen by somebody else, and may be this machine or its net.
                allow_redirects=False,
                proxy=None if proxy is None else proxy.url,
                proxy_headers=None
                if proxy is None or proxy.authorization is None
                else {"Proxy-Authorization": proxy.authorization},
            ) as answer,
        ):
            await _check(answer)
    except TimeoutError:
        raise FailedError(f"no answer within {ONE_TRY:g} s", again=True) from None
    except (aiohttp.ClientError, OSError) as error:
        raise FailedError(f"no connection ({type(error).__name__})", again=True) from None
    except (ValueError, ConfigError) as error:
        raise FailedError(str(error), again=False) from None


async def _check(answer: aiohttp.ClientResponse) -> None:
    if answer.status < 300:
        return
    if answer.status < 400:
        raise FailedError(
            f"HTTP {answer.status}: it leads elsewhere, which is not followed; give the address "
            "that it leads to",
            again=False,
        )
    said = (await answer.content.read(MOST)).decode("utf-8", "replace")
    again = answer.status >= 500 or answer.status in {408, 425, 429}
    raise FailedError(f"HTTP {answer.status} {said}", again=again)
