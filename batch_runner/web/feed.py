"""What is new, told to all pages that are open; looked for only while there is one."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence

EVERY = 1.0  # seconds between two looks
ALIVE = 15.0  # seconds of silence after which a page is told that there is nothing new

Documents = Sequence[Mapping[str, object]]


class _Page:
    """An open page: what it was not told yet, the newest of each sheet only."""

    def __init__(self) -> None:
        self.news: dict[str, str] = {}
        self.order: str | None = None
        self.ready = asyncio.Event()


class Feed:
    """Looks once for all."""

    def __init__(self, look: Callable[[], Documents]) -> None:
        """Prepare.

        Args:
            look: gives the document of each sheet, in order; called in a thread, one at a time.
        """
        self._look = look
        self._pages: set[_Page] = set()
        self._shown: dict[str, str] | None = None  # None: what was seen last may be old
        self._wake = asyncio.Event()
        self._over = False

    async def run(self) -> None:
        """Look until this task is cancelled."""
        while True:
            self._wake.clear()
            if self._pages:
                self._take(await asyncio.to_thread(self._look))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(EVERY if self._pages else None):
                    await self._wake.wait()

    def hurry(self) -> None:
        """Something was done: look at once."""
        self._wake.set()

    def end(self) -> None:
        """Let all pages go."""
        self._over = True
        for page in self._pages:
            page.ready.set()

    def _take(self, documents: Documents) -> None:
        before, shown = self._shown, {str(one["id"]): _text(one) for one in documents}
        self._shown = shown
        news = {mark: text for mark, text in shown.items() if (before or {}).get(mark) != text}
        same = before is not None and list(before) == list(shown)
        order = None if same else _text(list(shown))
        for page in self._pages:
            page.news |= news
            page.order = order or page.order
            if news or order:
                page.ready.set()

    async def events(self) -> AsyncIterator[str]:
        """What one page is told: first all, then what is new, as server-sent events."""
        with self._open() as page:
            yield "retry: 2000\n\n"
            while not self._over:
                page.ready.clear()
                for text in _told(page):
                    yield text
                try:
                    async with asyncio.timeout(ALIVE):
                        await page.ready.wait()
                except TimeoutError:
                    yield ": nothing new\n\n"

    @contextlib.contextmanager
    def _open(self) -> Iterator[_Page]:
        page = _Page()
        if not self._pages:
            self._shown = None
        if self._shown is not None:
            page.news, page.order = dict(self._shown), _text(list(self._shown))
        self._pages.add(page)
        self.hurry()
        try:
            yield page
        finally:
            self._pages.discard(page)


def _told(page: _Page) -> Iterator[str]:
    news, page.news = page.news, {}
    for text in news.values():
        yield f"event: sheet\ndata: {text}\n\n"
    if page.order is not None:
        yield f"event: order\ndata: {page.order}\n\n"
        page.order = None


def _text(document: object) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))
