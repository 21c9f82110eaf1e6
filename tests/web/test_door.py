"""Who may come in, and what a stranger can do: nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from batch_runner.web.door import FREE_TRIES, Door, Password
from tests.web.house import Dashboard, Visitor, dashboard

PRIVATE = ("home", "events", "sheets/0123456789abcdef/rows", "sheets/0123456789abcdef/plan")


def test_a_link_lets_one_browser_in_once(board: Dashboard) -> None:
    """Who reads the link later, in a log or over a shoulder, stays outside."""
    token = board.token()
    first, second = Visitor(board.host), Visitor(board.host)
    first.came_in(first.ask("/enter", {"token": token}))
    assert first.private("home").status == 200
    assert second.ask("/enter", {"token": token}).status == 403


def test_a_link_grows_old() -> None:
    """A link that nobody used for ten minutes is worth nothing."""
    at = 0.0
    door = Door(lambda: at)
    token = door.invite()
    at = 601.0
    assert door.enter(token) is None


def test_every_start_and_every_browser_has_secrets_of_its_own(board: Dashboard) -> None:
    """Nothing can be guessed from what another was given."""
    one, other = board.visitor(), board.visitor()
    assert len({one.path, one.cookie, one.csrf, other.path, other.cookie, other.csrf}) == 6
    assert min(len(one.path), len(one.cookie), len(one.csrf)) > 30


def test_the_cookie_is_kept_from_scripts_other_sites_and_other_ports(board: Dashboard) -> None:
    """HttpOnly, SameSite=Strict, and bound to a path that no other server of this host knows."""
    stranger = Visitor(board.host)
    answer = stranger.ask("/enter", {"token": board.token()})
    _, *traits = answer.headers["Set-Cookie"].split("; ")
    path = answer.json["path"]
    assert {"HttpOnly", "SameSite=Strict", f"Path={path}"} <= set(traits)
    assert path.startswith("/s/")


@pytest.mark.parametrize("where", PRIVATE)
def test_without_the_cookie_nothing_is_seen(board: Dashboard, where: str) -> None:
    """Neither its path alone nor the cookie of another browser opens anything."""
    owner, other = board.visitor(), board.visitor()
    assert owner.private(where, headers={"Cookie": None}).status == 401
    assert owner.private(where, headers={"Cookie": other.cookie}).status == 401
    assert owner.ask(f"/s/wrong/{where}").status == 401


def test_every_private_way_asks_who_it_is(board: Dashboard) -> None:
    """No route below the private path answers a stranger, whatever the method."""
    for method in ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"):
        for where in (*PRIVATE, "upload", "finish", "invite", "sheets/0123456789abcdef/start"):
            answer = Visitor(board.host).ask(f"/s/x/{where}", {}, method=method)
            assert answer.status in {401, 403, 404, 405}, (method, where)
    assert not board.house.over.is_set()


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:{port}",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.0.0.1.evil.example:{port}",
        "",
    ],
)
def test_a_name_that_is_not_ours_is_refused(board: Dashboard, host: str) -> None:
    """DNS rebinding: a stranger's name that leads here opens neither the page nor the door."""
    visitor = board.visitor()
    named = host.format(port=board.house.hosts.port)
    for where in ("/", "/enter", "/assets/main.js", f"{visitor.path}home"):
        assert visitor.ask(where, headers={"Host": named or " "}).status in {400, 421}


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": None},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"X-CSRF-Token": None},
        {"X-CSRF-Token": "wrong"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "multipart/form-data; boundary=x"},
    ],
    ids=str,
)
def test_a_change_comes_from_a_page_of_ours_only(
    board: Dashboard, headers: dict[str, str | None]
) -> None:
    """With the cookie, but from elsewhere or without the token: nothing is done."""
    visitor = board.visitor()
    answer = visitor.private("finish", {}, headers=headers)
    assert answer.status in {403, 415}
    assert not board.house.over.is_set()
    assert visitor.private("invite", {}).status == 200


def test_looking_changes_nothing(board: Dashboard) -> None:
    """GET never reaches what changes something."""
    visitor, sheet = board.visitor(), board.id_of(board.sheet("a.csv", ["A cat."]))
    for where in ("upload", "finish", "invite", f"sheets/{sheet}/start", f"sheets/{sheet}/order"):
        assert visitor.private(where).status == 405
    assert visitor.private(f"sheets/{sheet}/check").status == 200
    assert not (board.folder / "a.csv.batch").exists()


@pytest.mark.parametrize("where", ["/", "/assets/main.js", "/nothing", "/s/x/home"])
def test_every_answer_says_what_a_browser_may_do_with_it(board: Dashboard, where: str) -> None:
    """A strict policy, no sniffing, no frames, no referrer, no other origins; errors, too."""
    headers = Visitor(board.host).ask(where).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "form-action 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert not any(name.startswith("Access-Control") for name in headers)


@pytest.mark.parametrize(
    "name",
    [
        "../pyproject.toml",
        "..%2f..%2fpyproject.toml",
        "%2e%2e/web/server.py",
        "dashboard/main.js",
        "main.js%00",
    ],
)
def test_only_the_files_of_the_page_are_given_out(board: Dashboard, name: str) -> None:
    """A name that leads elsewhere leads nowhere."""
    assert Visitor(board.host).ask(f"/assets/{name}").status == 404


def test_sheets_are_ids_and_never_paths(board: Dashboard) -> None:
    """Whatever stands where an id belongs: only known sheets are found."""
    outside = board.folder.parent / "outside.csv"
    outside.write_text("prompt\nA secret.\n", encoding="utf-8")
    visitor = board.visitor()
    for name in (
        "..%2foutside.csv",
        "%2e%2e%2foutside.csv",
        str(outside).replace("/", "%2f"),
        "0" * 16,
    ):
        for what in ("check", "rows", "plan", "unknown"):
            assert visitor.private(f"sheets/{name}/{what}").status == 404


def test_a_password_lets_others_in_and_is_not_to_be_guessed(tmp_path: Path) -> None:
    """The right one opens; after some wrong ones an address has to wait, even with the right one."""
    with dashboard(tmp_path, password="correct horse battery") as board:
        visitor = Visitor(board.host)
        visitor.came_in(visitor.ask("/enter", {"password": "correct horse battery"}))
        for _ in range(FREE_TRIES):
            assert visitor.ask("/enter", {"password": "wrong"}).status == 403
        refused = visitor.ask("/enter", {"password": "correct horse battery"})
        assert refused.status == 429
        assert int(refused.headers["Retry-After"]) >= 1


def test_a_wait_doubles_and_is_forgiven() -> None:
    """Each wrong password makes the next wait longer; the right one ends it."""
    at = 0.0
    door = Door(lambda: at, Password.of("correct horse battery"))
    waits = []
    for _ in range(FREE_TRIES + 3):
        waits.append(door.wait("a"))
        at += waits[-1]
        if waits[-1]:
            assert door.wait("a") == 0.0
    assert waits[:FREE_TRIES] == [0.0] * FREE_TRIES
    assert waits[FREE_TRIES:] == [2.0, 4.0, 8.0]
    assert door.wait("b") == 0.0
    door.forgive("a")
    assert door.wait("a") == 0.0


def test_a_password_is_not_kept_as_it_is() -> None:
    """Whoever sees the process's memory or a log finds no password."""
    one = Password.of("correct horse battery")
    assert b"correct" not in one.salt + one.digest
    assert "horse" not in repr(one)
    assert one != Password.of("correct horse battery")


def test_trouble_is_told_without_a_traceback_or_the_key(board: Dashboard) -> None:
    """What cannot be understood gets a sentence; the key is in no answer at all."""
    visitor, sheet = board.visitor(), board.id_of(board.sheet("a.csv", ["A cat."]))
    answers = [
        visitor.private(
            f"sheets/{sheet}/start", b"{not json", headers={"Content-Type": "application/json"}
        ),
        visitor.private(f"sheets/{sheet}/start", [1, 2]),
        visitor.private(f"sheets/{sheet}/start", {"first": -1}),
        visitor.private(f"sheets/{sheet}/order", {"do": "explode"}),
        visitor.private(f"sheets/{sheet}/cell", {"row": "x"}),
        visitor.private(f"sheets/{sheet}/rows?after=../../x"),
        visitor.private(f"sheets/{sheet}/rows/99999/resolve", {"resend": True}),
        visitor.private("home"),
        visitor.private(f"sheets/{sheet}/plan"),
    ]
    assert [answer.status // 100 for answer in answers] == [4] * 7 + [2] * 2
    for answer in answers:
        assert b"Traceback" not in answer.body
        assert b"sk-browser-test" not in answer.body
