"""A real browser, as people have it: Chromium, driven by Playwright; nothing leaves this machine."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

SCREENSHOTS = Path(__file__).with_name("screenshots")
"""Where pictures of the pages go, for people to look at; never committed."""

WANTED = os.environ.get("BATCH_RUNNER_SCREENSHOTS") == "1"

_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

Open = Callable[..., "Page"]


def _chromium() -> str | None:
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)


@pytest.fixture(
    scope="module"
)  # its loop runs while it is there: no other module's tests may meet it
def chromium() -> Iterator[Browser]:
    """The browser itself, one for all tests of a module."""
    program = _chromium()
    if program is None:
        if os.environ.get("BATCH_RUNNER_REQUIRE_ALL") == "1":
            pytest.fail("chromium is missing: apt-get install chromium")
        pytest.skip("chromium is not installed (apt-get install chromium)")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=program, args=list(_QUIET))
        yield browser
        browser.close()


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[Open]:
    """``open_page(width=..., language=..., dark=...)``: a page of a browser of its own.

    What a page complains of in its console (a blocked script, an error) fails the test.
    """
    said: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            said.append(message.text)

    with ExitStack() as stack:

        def new(
            width: int = 1280,
            height: int = 800,
            *,
            language: str = "en-US",
            dark: bool = False,
            complains: bool = False,
        ) -> Page:
            context = chromium.new_context(
                viewport={"width": width, "height": height},
                locale=language,
                color_scheme="dark" if dark else "light",
            )
            stack.callback(context.close)
            page = context.new_page()
            page.set_default_timeout(15_000)
            if not complains:
                page.on("console", hear)
                page.on("pageerror", lambda error: said.append(str(error)))
            return page

        yield new
    assert said == []


@pytest.fixture
def axe() -> Callable[[Page], list[str]]:
    """``axe(page)``: what axe-core finds that is serious or critical, a line each."""
    script = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")

    def look(page: Page) -> list[str]:
        # Through the debugger: a page whose policy allows no foreign script can be looked at, too.
        session = page.context.new_cdp_session(page)
        session.send("Runtime.evaluate", {"expression": script})
        answer: Any = session.send(
            "Runtime.evaluate",
            {"expression": "axe.run()", "awaitPromise": True, "returnByValue": True},
        )
        violations = answer["result"]["value"]["violations"]
        return [
            f"{one['id']}: {one['help']}: {node['html'][:200]}"
            for one in violations
            if one["impact"] in {"serious", "critical"}
            for node in one["nodes"]
        ]

    return look


@pytest.fixture
def picture() -> Callable[[Page, str], None]:
    """``picture(page, "name")``: keep a picture of a page to look at, if they are wanted."""

    def take(page: Page, name: str) -> None:
        if WANTED:
            SCREENSHOTS.mkdir(exist_ok=True)
            page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=False)

    return take
