"""The dashboard in a real browser: the whole job without a shell, safely."""

from __future__ import annotations

import csv
import http.server
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import pytest

from tests.web.house import Dashboard, dashboard

if TYPE_CHECKING:
    from playwright.sync_api import Page

Open = Callable[..., "Page"]
Axe = Callable[["Page"], list[str]]
Picture = Callable[["Page", str], None]

PATIENCE = 60_000  # milliseconds that a run may take

HOSTILE = (
    "<script>document.title = 'taken'</script>",
    "</style><img src=x onerror=\"document.title = 'taken'\">",
    "\u202eevil \u2066marks\u2069 🦊" + "長" * 3000,
    "'\"><svg onload=alert(1)> {{7*7}} ${7*7}",
)
MISTAKES = """\
prompt,image_urls,duration,resolution
A cat jumps.,https://images.example.com/a.png,5,720p
A dog sleeps.,https://images.example.com/b.png,99,720p
A fox runs.,not a link,5,720p
A hen sings.,https://images.example.com/c.png,5,8K
"""


@pytest.fixture
def board(tmp_path: Path) -> Iterator[Dashboard]:
    """A dashboard whose runs are over soon."""
    with dashboard(tmp_path, seconds=0.5) as one:
        yield one


@pytest.fixture
def slow_board(tmp_path: Path) -> Iterator[Dashboard]:
    """A dashboard whose runs can be watched."""
    with dashboard(tmp_path, seconds=3.0) as one:
        yield one


def _enter(page: Page, board: Dashboard) -> Page:
    page.goto(board.link())
    page.locator("nav.top").wait_for()
    return page


def _standing(page: Page, words: str) -> None:
    page.locator(".standing", has_text=words).first.wait_for(timeout=PATIENCE)


def _open(page: Page, name: str) -> None:
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_role("heading", level=1, name=name).wait_for()


def _run(page: Page, videos: str) -> None:
    page.get_by_role("button", name="Run …").click()
    page.get_by_role("button", name=videos).click()


def _cells(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_a_run_is_started_watched_paused_and_seen_to_its_end(
    open_page: Open, slow_board: Dashboard, picture: Picture, axe: Axe
) -> None:
    """From the plan to the links in the sheet, live, at each size, by light and in the dark."""
    sheet = slow_board.sheet(
        "campaign.csv", [f"The cat jumps over box {n} in the evening." for n in range(6)]
    )
    with sheet.with_name("campaign.csv.yaml").open("a", encoding="utf-8") as config:
        config.write("limits: {concurrency: 2}\nbudget: {total_usd: 25}\n")
    page = _enter(open_page(), slow_board)
    _open(page, "campaign.csv")
    page.get_by_role("button", name="Run …").click()
    page.get_by_text("It never costs more than $3.00").wait_for()
    assert axe(page) == []
    picture(page, "plan-1280-light")
    page.get_by_role("button", name="Make 6 videos").click()
    _standing(page, "At work")
    page.get_by_role("button", name="Pause").click()
    _standing(page, "Paused")
    page.locator(".figures", has_text="In flight").wait_for()
    for width, height in ((360, 740), (1280, 800), (3840, 2160)):
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            page.set_viewport_size({"width": width, "height": height})
            picture(page, f"run-{width}-{scheme}")
            wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
            assert page.evaluate(wide) is False
        assert width > 2000 or axe(page) == []
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.get_by_role("button", name="Resume").click()
    _standing(page, "At work")
    _standing(page, "Done")
    assert page.locator(".figures").inner_text().startswith("Videos\n6 of 6 rows")
    assert {row["status"] for row in _cells(sheet)} == {"succeeded"}

    page.locator("tbody tr", has_text="box 3").get_by_role("button").click()
    page.locator("dialog .timeline", has_text="downloaded").wait_for()
    ready = "new Promise(done => { const v = document.querySelector('dialog video'); v.readyState >= 1 ? done(v.duration) : v.addEventListener('loadedmetadata', () => done(v.duration)); })"
    assert page.evaluate(ready) > 0
    assert axe(page) == []
    picture(page, "row-1280-light")
    page.keyboard.press("Escape")
    page.get_by_role("link", name="All sheets").click()
    page.locator(".card", has_text="6 succeeded").wait_for()
    assert axe(page) == []
    picture(page, "overview-1280-light")


def test_a_sheet_with_mistakes_comes_in_is_corrected_and_rehearsed(
    open_page: Open, board: Dashboard, picture: Picture, axe: Axe, tmp_path: Path
) -> None:
    """Upload, see each wrong cell, correct it in the page, rehearse: no shell, no spreadsheet."""
    mine = tmp_path / "mistakes.csv"
    mine.write_text(MISTAKES, encoding="utf-8")
    page = _enter(open_page(), board)
    page.get_by_role("heading", name="No sheets here yet").wait_for()
    picture(page, "empty-1280-light")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Add a sheet").first.click()
    chooser.value.set_files(mine)
    page.get_by_role("heading", name="Check of mistakes.csv").wait_for()
    page.get_by_text("3 problems keep rows from running").wait_for()
    assert page.locator(".faults .is-error .value").all_inner_texts() == ["99", "not a link", "8K"]
    assert axe(page) == []
    picture(page, "check-1280-light")
    page.set_viewport_size({"width": 360, "height": 740})
    picture(page, "check-360-light")
    page.set_viewport_size({"width": 1280, "height": 800})
    for wrong, right in (
        ("99", "9"),
        ("not a link", "https://images.example.com/f.png"),
        ("8K", "720p"),
    ):
        row = page.locator(".faults tr.is-error", has_text=wrong)
        row.get_by_role("button").click()
        page.locator("#new-value").fill(right)
        assert axe(page) == []
        page.get_by_role("button", name="Save").click()
        row.wait_for(state="detached")
    page.get_by_text("No problems found.").wait_for()
    kept = MISTAKES.replace("99", "9").replace("not a link", "https://images.example.com/f.png")
    assert (board.folder / "mistakes.csv").read_text(encoding="utf-8") == kept.replace(
        "8K", "720p"
    )
    page.get_by_role("button", name="Rehearse").click()
    page.get_by_role("link", name="All sheets").click()
    rehearsal = page.locator(".card", has_text="mistakes.sandbox.csv")
    rehearsal.get_by_text("4 succeeded").wait_for(timeout=PATIENCE)
    assert "status" not in (board.folder / "mistakes.csv").read_text(encoding="utf-8")


def test_hostile_texts_are_texts_here_and_in_the_gallery(
    open_page: Open, board: Dashboard, picture: Picture
) -> None:
    """Tags, style ends, direction marks, template signs and walls of text change nothing.

    The gallery's videos play, under a policy that allows nothing else.
    """
    sheet = board.sheet("b x&amp; '.csv", HOSTILE)
    page = _enter(open_page(), board)
    _open(page, sheet.name)
    _run(page, "Make 4 videos")
    _standing(page, "Done")
    page.locator("tbody tr").nth(3).wait_for()
    shown = page.locator("td.prompt").all_inner_texts()
    assert [text[:40] for text in shown] == [text[:40] for text in HOSTILE]
    picture(page, "hostile-1280-light")
    page.locator("tbody button").nth(1).click()
    page.locator("dialog .whole").wait_for()
    assert page.locator("dialog .whole").inner_text() == HOSTILE[1]
    assert page.title() == f"{sheet.name} · batch-runner"
    assert page.locator("#page img, #page script, #page svg, dialog img").count() == 0
    page.keyboard.press("Escape")
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Gallery").click()
    gallery = opened.value
    said: list[str] = []
    gallery.on("console", lambda message: said.append(message.text))
    gallery.reload()
    gallery.locator("#cards li").nth(3).wait_for()
    gallery.locator("[data-video]").first.hover()
    loaded = "v => new Promise(done => v.readyState >= 2 ? done(true) : v.addEventListener('loadeddata', () => done(true)))"
    assert gallery.locator(".playing video").evaluate(loaded) is True
    picture(gallery, "gallery-1280-light")
    assert "taken" not in gallery.title()
    gallery.get_by_role("button", name="Keep").first.click()
    with gallery.expect_response("**/decisions") as saved:
        gallery.get_by_role("button", name="Save decisions").click()
    assert saved.value.status == 200
    assert [row["decision"] or "" for row in _cells(sheet)] == ["keep", "", "", ""]
    assert said == []


class _Attack(http.server.BaseHTTPRequestHandler):
    """A page of somebody else, on this machine."""

    seen: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.seen.append(self.headers.get("Cookie") or "")
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>attacker</title><body>")

    def log_message(self, *_: object) -> None:
        """Be silent."""


ATTACK = """async ([origin, path, csrf]) => {
  const got = [];
  const tell = (name, promise) => promise.then((a) => got.push(`${name} ${a.type} ${a.status}`), () => got.push(`${name} no`));
  const json = { "Content-Type": "application/json", "X-CSRF-Token": csrf };
  await tell("read", fetch(origin + path + "home", { credentials: "include" }));
  await tell("page", fetch(origin + "/"));
  await tell("write", fetch(origin + path + "finish", { method: "POST", credentials: "include", headers: json, body: "{}" }));
  await tell("simple", fetch(origin + path + "finish", { method: "POST", mode: "no-cors", credentials: "include", body: "{}" }));
  const form = Object.assign(document.createElement("form"), { method: "POST", enctype: "text/plain", action: origin + path + "finish", target: "hole" });
  const hole = Object.assign(document.createElement("iframe"), { name: "hole" });
  document.body.append(hole, form);
  await new Promise((done) => { hole.onload = done; form.submit(); });
  const frame = document.createElement("iframe");
  await new Promise((done) => { frame.onload = done; frame.src = origin + "/"; document.body.append(frame); });
  got.push("framed " + (frame.contentDocument === null));
  const stream = new EventSource(origin + path + "events", { withCredentials: true });
  await new Promise((done) => { stream.onmessage = stream.onopen = () => { got.push("stream yes"); done(); }; stream.onerror = () => { stream.close(); done(); }; });
  const video = document.createElement("video");
  await new Promise((done) => { video.oncanplay = () => { got.push("video yes"); done(); }; video.onerror = done; video.src = origin + path + "sheets/x/rows/1/video"; });
  return got;
}"""


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost"])
def test_a_page_of_another_origin_can_do_nothing(
    open_page: Open, board: Dashboard, name: str
) -> None:
    """Even one that knows the secret path and the token: it reads nothing and changes nothing."""
    page = _enter(open_page(complains=True), board)
    path = page.evaluate("localStorage.getItem('path')")
    csrf = page.evaluate(f"fetch('{path}home').then(a => a.json()).then(a => a.csrf)")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Attack)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        other = page.context.new_page()
        other.goto(f"http://{name}:{server.server_port}/")
        got = other.evaluate(ATTACK, [f"http://{board.host}", path, csrf])
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert got == ["read no", "page no", "write no", "simple no", "framed true"]
    assert not board.house.over.is_set()
    assert not any(
        "batch_runner" in cookie for cookie in _Attack.seen
    )  # it was sent no cookie of ours
    page.reload()
    page.get_by_role("heading", name="No sheets here yet").wait_for()


def test_a_run_outlives_the_page_and_the_line_comes_back(
    open_page: Open, slow_board: Dashboard
) -> None:
    """A broken line is told and mended by itself; a closed page harms nothing."""
    sheet = slow_board.sheet("campaign.csv", ["A cat.", "A dog."])
    page = _enter(open_page(complains=True), slow_board)
    _open(page, "campaign.csv")
    _run(page, "Make 2 videos")
    _standing(page, "At work")
    page.context.set_offline(True)
    slow_board.hang_up()
    page.get_by_text("The connection to the dashboard is broken").wait_for()
    page.context.set_offline(False)
    page.get_by_text("The connection to the dashboard is broken").wait_for(state="detached")
    page.close()
    again = _enter(open_page(), slow_board)
    _open(again, "campaign.csv")
    _standing(again, "Done")
    assert {row["status"] for row in _cells(sheet)} == {"succeeded"}


def test_failed_and_unknown_rows_are_settled_in_the_page(
    open_page: Open, board: Dashboard, picture: Picture, axe: Axe
) -> None:
    """What failed is tried again, what is unknown is settled after a question; 429s are counted."""
    board.sheet(
        "odd.csv",
        [
            "[sandbox:accept-then-drop] A cat.",
            "[sandbox:failed-then-ok] A dog.",
            "[sandbox:429] A hen.",
        ],
    )
    page = _enter(open_page(), board)
    _open(page, "odd.csv")
    _run(page, "Make 3 videos")
    _standing(page, "Done, but 2 rows need you")
    picture(page, "odd-1280-light")
    page.get_by_role("button", name="Retry one failed").click()
    page.locator("dialog").get_by_role("button", name="Retry one failed").click()
    _standing(page, "Done, but one row needs you")
    page.get_by_role("link", name="Settle one unknown").click()
    page.get_by_role("button", name="Not accepted: send it again").wait_for()
    assert axe(page) == []
    picture(page, "unknown-1280-light")
    page.get_by_role("button", name="Give it up").click()
    page.locator("#said", has_text="Settled.").wait_for()


@pytest.mark.parametrize(
    ("language", "add"),
    [("ja-JP", "シートを追加"), ("zh-CN", "添加表格"), ("fr-FR", "Add a sheet")],
)
def test_it_speaks_the_language_of_the_browser(
    open_page: Open, board: Dashboard, picture: Picture, language: str, add: str
) -> None:
    """English, Japanese, Chinese; English for whoever reads none of them."""
    board.sheet("campaign.csv", ["A cat."])
    page = _enter(open_page(360, 740, language=language, dark=True), board)
    page.get_by_role("button", name=add).wait_for()
    picture(page, f"overview-360-{language}")
    assert page.locator("html").get_attribute("lang") == language[:2].replace("fr", "en")


def test_it_can_be_used_with_the_keyboard_alone(open_page: Open, board: Dashboard) -> None:
    """Tab, Enter and Escape lead to the plan of a run and back; Finish ends the dashboard."""
    board.sheet("campaign.csv", ["A cat."])
    page = _enter(open_page(), board)
    page.locator(".card").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("heading", level=1, name="campaign.csv").wait_for()
    page.get_by_role("button", name="Run …").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Make one video").wait_for()
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    page.locator("summary", has_text="⋯").click()
    page.get_by_role("button", name="Finish").click()
    page.locator("dialog").get_by_role("button", name="Finish").click()
    page.get_by_role("heading", name="The dashboard has ended").wait_for()
    board.ended()


def test_a_used_link_shows_the_door_and_no_sheet(open_page: Open, board: Dashboard) -> None:
    """Who comes by an old link is told how to get a fresh one."""
    board.sheet("secret-campaign.csv", ["A cat."])
    link = board.link()
    first = open_page()
    first.goto(link)
    first.locator(".card").wait_for()
    assert "enter=" not in first.url
    first.reload()
    first.locator(".card").wait_for()
    second = open_page(complains=True)
    second.goto(link)
    second.get_by_role("heading", name="This page needs a fresh link").wait_for()
    assert "secret-campaign" not in second.content()
