"""The gallery in a real browser, opened from disk: what people see, and what they can do with it."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from batch_runner.app.gallery.gallery import FRAME, MODULES, STYLES
from batch_runner.reporter.page import Page as Writer
from tests.browser.conftest import Open

if TYPE_CHECKING:
    from playwright.sync_api import Page

IMAGE = "https://images.example.com/cat.png"
MARKUP = "</p></style></script><script>document.title='taken'</script><img src=x onerror=alert(1)>"
TURNED = "\u202egnol si siht\u2066 \u200fעברית\u2028next\u2029last"
LONG = "A very long shot. " * 277
EMOJI = "👩‍🚀 dances 🎬"
PROMPTS = ["The cat jumps.", "[sandbox:failed] The dog sleeps.", MARKUP, TURNED, LONG, EMOJI]
CLIENTS = ["ACME", "ACME", "Umbrella", "=1+1", "javascript:alert(1)", "日本"]


def run(*words: object) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own: the browser's driver holds this one's event loop."""
    return subprocess.run(
        [sys.executable, "-m", "batch_runner", *map(str, words)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=110,
    )


@pytest.fixture(scope="module")
def sheet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A campaign that was rehearsed, and its gallery."""
    home = tmp_path_factory.mktemp("gallery")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("HOME", "USERPROFILE", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
            patch.setenv(name, str(home))
        patch.setenv("APIMART_API_KEY", "sk-any")
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
        patch.chdir(home)
        with (home / "shots.csv").open("w", encoding="utf-8", newline="") as file:
            lines = csv.writer(file)
            lines.writerow(["prompt", "image_urls", "duration", "Client"])
            for prompt, client in zip(PROMPTS, CLIENTS, strict=True):
                lines.writerow([prompt, IMAGE, 5, client])
            lines.writerow(["Too long.", IMAGE, 99, "ACME"])
        config = "poll: {first: 10ms, min: 10ms, max: 50ms}\nlimits: {rate: 100/s}\n"
        (home / "shots.yaml").write_text(config, encoding="utf-8")
        run("run", "shots.csv", "--sandbox", "--quiet")
        assert run("report", "shots.sandbox.csv").returncode == 0
        yield home / "shots.sandbox.csv"


@pytest.fixture
def gallery(sheet: Path, open_page: Open) -> Callable[..., Page]:
    """``gallery(width=..., dark=...)``: the page, open and ready; nothing is asked of the network."""
    place = sheet.with_name(f"{sheet.name}.batch") / "report.html"
    return lambda **wish: _opened(open_page(**wish), place)


def _opened(page: Page, place: Path) -> Page:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail(f"a text of the sheet ran: {dialog.message}"))
    page.goto(place.as_uri())
    page.wait_for_selector("html[data-ready]")
    assert not [url for url in asked if not url.startswith(("file:", "data:"))]
    return page


def cards(page: Page) -> list[str]:
    """What the cards in the page are called."""
    return page.locator("#cards > li .name").all_inner_texts()


def until(page: Page, condition: str) -> None:
    """Wait until this is so; the page's policy forbids what Playwright's own wait does."""
    frame = "new Promise((done) => requestAnimationFrame(done))"
    page.evaluate(f"async () => {{ while (!({condition})) await {frame}; }}")


def press(page: Page, *keys: str) -> None:
    """Press these keys, one after the other."""
    for key in keys:
        page.keyboard.press(key)


def test_a_card_for_each_row(gallery: Callable[..., Page]) -> None:
    """Name, prompt, state in words, cost; and above them what they add up to."""
    page = gallery()
    assert cards(page) == [f"Row {n}" for n in range(2, 9)]
    first = page.locator("#cards > li").first
    assert "The cat jumps." in first.inner_text()
    assert "succeeded" in first.inner_text()
    assert "$" in first.locator(".meta").inner_text()
    assert "7 rows" in page.locator("#shown").inner_text()
    assert "99" in page.locator("#cards > li").last.locator(".error").inner_text()


def test_whatever_a_cell_holds_is_text(gallery: Callable[..., Page]) -> None:
    """Markup, turned writing, five thousand characters, emoji: shown as they are, all of it."""
    page = gallery()
    for line, prompt in enumerate(PROMPTS):
        page.locator("#cards > li .name").nth(line).click()
        shown = page.locator("#details .whole-prompt")
        assert shown.evaluate("one => one.textContent").split() == prompt.split()
        assert shown.evaluate("one => getComputedStyle(one).unicodeBidi") == "isolate"
        press(page, "Escape")
    assert page.title() == "shots.sandbox.csv"
    assert page.locator("img[src=x], #cards script, #details script").count() == 0
    assert page.locator("a[href^='javascript']").count() == 0


def test_a_video_plays_where_the_pointer_rests(gallery: Callable[..., Page]) -> None:
    """It truly plays, silently; it ends when the pointer leaves, and the player is gone."""
    page = gallery()
    page.locator("#cards > li").first.locator(".media").hover()
    until(page, "document.querySelector('.playing video')?.currentTime > 0.05")
    assert page.evaluate("document.querySelector('.playing video').muted")
    page.locator("#title").hover()
    page.wait_for_selector(".playing", state="detached")
    assert page.locator("#cards video").count() == 0


def test_a_video_on_the_web_is_asked_for_only_when_it_is_wanted(
    sheet: Path, open_page: Open
) -> None:
    """One that is kept elsewhere plays by a tap; or all do by themselves once that is ticked."""
    folder = sheet.with_name(f"{sheet.name}.batch")
    film = next((folder / "videos").glob("2_*"))
    address = "https://cdn.example.com/summer/2.mp4"
    text = (folder / "report.html").read_text(encoding="utf-8")
    local = f'"video":"videos/{film.name}"'
    assert text.count(local) == 1
    page, asked = open_page(), list[str]()
    elsewhere = folder / "elsewhere.html"
    elsewhere.write_text(text.replace(local, f'"remote":"{address}"'), encoding="utf-8")
    page.route(
        re.compile("^https:"), lambda route: route.fulfill(body="", content_type="image/png")
    )
    page.route(address, lambda route: route.fulfill(path=film, content_type="video/mp4"))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(elsewhere.as_uri())
    page.wait_for_selector("html[data-ready]")
    media = page.locator("#cards > li").first.locator(".media")

    media.hover()
    page.locator("#title").hover()
    page.locator("#cards > li .name").first.click()
    assert page.locator("#details video").get_attribute("src") == address
    press(page, "Escape")
    assert address not in asked
    media.locator(".play").click()
    until(page, "document.querySelector('.playing video')?.currentTime > 0.05")
    assert address in asked
    page.locator("#title").click()
    page.locator("#pictures").check()
    page.locator("#title").hover()
    media.hover()
    until(page, "document.querySelector('.playing video')?.currentTime > 0.05")


def test_without_posters_the_videos_show_themselves(sheet: Path, open_page: Open) -> None:
    """Each card in sight gets its video's first moment, and no player stays behind for it."""
    place = sheet.with_name(f"{sheet.name}.batch") / "report.html"
    bare = place.with_name("bare.html")
    page = place.read_text(encoding="utf-8")
    bare.write_text(page.replace('"poster":', '"nothing":'), encoding="utf-8")
    shown = _opened(open_page(), bare)
    shown.wait_for_selector("#cards > li:first-child canvas")
    assert shown.locator("#cards > li").first.locator("canvas").evaluate("one => one.width") > 100
    assert shown.locator("#cards video").count() == 0


def test_search_filter_and_order(gallery: Callable[..., Page]) -> None:
    """By words, state, and any column of the sheet; each can be taken back."""
    page = gallery()
    page.fill("#search", "CAT jumps")
    until(page, "document.getElementById('shown').textContent.startsWith('1 of 7')")
    assert cards(page) == ["Row 2"]
    page.click("#clear")
    page.click(".chip[data-state=failed]")
    assert cards(page) == ["Row 3"]
    page.click("#clear")
    page.select_option("#column", label="Client")
    page.select_option("#value", "ACME")
    assert cards(page) == ["Row 2", "Row 3", "Row 8"]
    page.select_option("#sort", "state")
    assert cards(page) == ["Row 3", "Row 8", "Row 2"]
    page.fill("#search", "there is no such row")
    page.wait_for_selector("#empty:visible")


def test_the_keyboard_is_enough(gallery: Callable[..., Page]) -> None:
    """Go, play, decide, look closer, search and get help without a mouse."""
    page = gallery()
    press(page, "ArrowRight", "ArrowRight")
    assert page.evaluate("document.activeElement.dataset.index") == "1"
    press(page, "ArrowLeft", " ")
    until(page, "document.querySelector('.playing video')?.currentTime > 0")
    press(page, " ")
    page.wait_for_selector(".playing", state="detached")
    press(page, "k", "k")
    assert page.locator(".decided-keep").count() == 1
    press(page, "u")
    assert page.locator("#bar").is_hidden()
    press(page, "k", "Enter")
    assert page.locator("#details-title").inner_text() == "Row 2"
    press(page, "ArrowRight")
    assert page.locator("#details-title").inner_text() == "Row 3"
    press(page, "Escape", "?")
    assert page.locator("#help").is_visible()
    press(page, "Escape", "/")
    page.keyboard.type("kxr")
    assert page.input_value("#search") == "kxr"
    assert page.locator(".decided-keep, .decided-reject, .decided-redo").count() <= 1


def test_decisions_become_a_file(gallery: Callable[..., Page]) -> None:
    """Keep, reject, redo with a note, a seed and another prompt; what cannot be judged is not."""
    page = gallery()
    press(page, "ArrowRight", "k", "ArrowRight", "k", "r", "ArrowRight", "x")
    page.locator("#cards > li .name").nth(3).click()
    page.click("#details .decide-redo")
    page.fill("#details .field:has(textarea) textarea >> nth=0", 'Slower, "please" <b>')
    seed = page.locator("#details input[inputmode=numeric]")
    seed.fill("12.5")
    seed.blur()
    assert "whole number" in page.locator("#details .wrong >> visible=true").first.inner_text()
    seed.fill("42")
    page.fill("#details .again textarea", "A calmer sea.")
    press(page, "Escape")
    with page.expect_download() as caught:
        page.click("#save")
    assert caught.value.suggested_filename == "shots.sandbox.csv.decisions.json"
    told = json.loads(Path(caught.value.path()).read_text(encoding="utf-8"))
    assert (told["format"], told["version"]) == ("batch-runner-decisions", 1)
    assert [(d["decision"], d["note"], d["seed"], d["prompt"]) for d in told["decisions"]] == [
        ("keep", "", None, None),
        ("redo", "", None, None),
        ("reject", "", None, None),
        ("redo", 'Slower, "please" <b>', 42, "A calmer sea."),
    ]
    assert "batch-runner apply" in page.locator("#decided").inner_text()


def test_what_is_decided_comes_into_the_sheet(
    sheet: Path, gallery: Callable[..., Page], tmp_path: Path
) -> None:
    """Decide in the browser, save, apply: the sheet shows it, and so does the page made anew."""
    own = tmp_path / sheet.parent.name
    shutil.copytree(sheet.parent, own)
    copy = own / sheet.name
    page = _opened(gallery().context.new_page(), own / f"{sheet.name}.batch" / "report.html")
    press(page, "ArrowRight", "k", "ArrowRight", "ArrowRight", "x")
    with page.expect_download() as caught:
        page.click("#save")
    caught.value.save_as(tmp_path / "made.json")
    done = run("apply", copy, tmp_path / "made.json")
    assert done.returncode == 0, done.stderr
    with copy.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["decision"] or "" for row in rows[:4]] == ["keep", "", "reject", ""]
    assert run("report", copy).returncode == 0
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.locator(".decided-keep, .decided-reject").count() == 2
    assert page.locator("#bar").is_hidden()


def test_a_draft_outlives_its_tab(sheet: Path, open_page: Open) -> None:
    """What was not saved is there again when the page is opened once more."""
    place = sheet.with_name(f"{sheet.name}.batch") / "report.html"
    page = _opened(open_page(), place)
    press(page, "ArrowRight", "k")
    again = _opened(page.context.new_page(), place)
    assert again.locator(".decided-keep").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_can_be_read_by_everybody(
    gallery: Callable[..., Page], axe: Callable[[Page], list[str]], scheme: str
) -> None:
    """Axe finds nothing serious: on the cards, with figures, decisions, details and help open."""
    page = gallery(dark=scheme == "dark")
    page.click("#figures-button")
    press(page, "ArrowRight", "k", "ArrowRight", "r")
    assert axe(page) == []
    press(page, "Enter")
    assert axe(page) == []
    press(page, "Escape", "?")
    assert axe(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(360, 740), (1280, 800), (3840, 2160)])
def test_it_fits_every_screen(
    gallery: Callable[..., Page],
    picture: Callable[[Page, str], None],
    width: int,
    height: int,
    scheme: str,
) -> None:
    """Nothing sticks out on a phone, a laptop or a wall, nor where a row is looked at closely."""
    page = gallery(width=width, height=height, dark=scheme == "dark")
    name = f"gallery-{width}-{scheme}"
    picture(page, name)
    press(page, "ArrowRight", "Enter")
    for one in ("html", "#details"):
        assert page.evaluate(
            "one => (e => e.scrollWidth <= e.clientWidth)(document.querySelector(one))", one
        )
    picture(page, f"{name}-details")


@pytest.mark.parametrize(
    ("language", "word"), [("ja-JP", "完了"), ("zh-CN", "完成"), ("fr", "succeeded")]
)
def test_it_speaks_the_reader_s_language(
    gallery: Callable[..., Page], language: str, word: str
) -> None:
    """By the browser's language; English for those it does not know."""
    page = gallery(language=language)
    assert word in page.locator(".badge").first.inner_text()
    assert page.evaluate("document.documentElement.lang")[:2] == (
        language[:2] if language != "fr" else "en"
    )


def test_paper_shows_all_cards(gallery: Callable[..., Page]) -> None:
    """Printed, every row that is shown is there, and nothing that is to be pressed."""
    page = gallery(height=300)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert len(cards(page)) == 7
    assert page.locator(".tools").is_hidden()
    tops = page.locator("#cards > li").evaluate_all("all => all.map(e => e.offsetTop)")
    assert len(set(tops)) > 1


def _large(place: Path, rows: int) -> None:
    with place.open("wb") as out:
        page = Writer(out, frame=FRAME, styles=STYLES, modules=MODULES, title="large.csv", meta={})
        head: dict[str, Any] = {
            "sheet": "large.csv",
            "campaign": "c",
            "made": "2026-11-26T06:00:00Z",
        }
        page.block("head", {**head, "worksheets": {}, "columns": ["Scene"], "unknown": 0})
        page.rows("rows", (_row(n) for n in range(rows)))
        page.end()


def _row(n: int) -> dict[str, object]:
    return {
        "id": n,
        "job": f"{n:012x}",
        "line": n + 2,
        "scope": 1,
        "attempt": 1,
        "state": "succeeded" if n % 7 else "failed",
        "model": "viduq3",
        "cost": 0.4,
        "prompt": f"Shot {n} of many.",
        "cells": {"0": f"Scene {n % 12}"},
        "seconds": 60,
    }


def test_thousands_of_rows_scroll(tmp_path: Path, open_page: Open) -> None:
    """Of five thousand rows only those in sight are in the page; the last one can be reached."""
    place = tmp_path / "large.html"
    _large(place, 5000)
    page = _opened(open_page(), place)
    most = page.evaluate(
        """async () => {
            let most = 0;
            const end = document.documentElement.scrollHeight;
            for (let step = 0; step <= 20; step += 1) {
                scrollTo(0, (end * step) / 20);
                await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
                most = Math.max(most, document.querySelectorAll('#cards > li').length);
            }
            return most;
        }"""
    )
    assert most <= 40
    assert cards(page)[-1] == "Row 5001"
    press(page, "Home")
    assert page.evaluate("document.activeElement.getAttribute('aria-posinset')") == "1"
    press(page, "End")
    assert page.evaluate("document.activeElement.getAttribute('aria-posinset')") == "5000"
    page.fill("#search", "shot 4321")  # a prompt, and a line
    until(page, "document.getElementById('shown').textContent.startsWith('2 of 5,000')")
    assert cards(page) == ["Row 4321", "Row 4323"]


class _Server(HTTPServer):
    """Gives one page, and keeps what is posted to it."""

    page: bytes
    told: list[tuple[str | None, Any]]


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(self.server.page)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.told.append((self.headers["X-CSRF-Token"], json.loads(body)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words: Any) -> None:
        """Nothing."""


def test_served_it_posts_decisions(tmp_path: Path, open_page: Open) -> None:
    """Where a server says where to, decisions go there directly, with its token."""
    with (tmp_path / "page.html").open("wb") as out:
        meta = {"decisions": "/decide", "csrf": "t0ken"}
        page = Writer(out, frame=FRAME, styles=STYLES, modules=MODULES, title="a", meta=meta)
        head = {"sheet": "a.csv", "campaign": "c", "made": "2026-11-26T06:00:00Z"}
        page.block("head", {**head, "worksheets": {}, "columns": ["Scene"], "unknown": 0})
        page.rows("rows", [_row(1)])
        page.end()
    with _Server(("127.0.0.1", 0), _Handler) as server:
        server.page, server.told = (tmp_path / "page.html").read_bytes(), []
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            seen = open_page()
            seen.goto(f"http://127.0.0.1:{server.server_port}/")
            seen.wait_for_selector("html[data-ready]")
            press(seen, "ArrowRight", "x")
            seen.click("#save")
            until(seen, "document.getElementById('decided').textContent === 'Saved.'")
        finally:
            server.shutdown()
            thread.join()
    ((token, document),) = server.told
    assert token == "t0ken"
    assert [one["decision"] for one in document["decisions"]] == ["reject"]
