"""Runs tell people how they went, and never suffer from it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.app.conftest import KEY, Cli, Configure, NewSheet, Serve, Service

SECRET = "/services/T0/s3cret-part"


class Phone:
    """A webhook, and what it was told."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.answer = 200
        self.url = ""

    def events(self) -> list[str]:
        """What it heard of, in order."""
        return [str(one["event"]) for one in self.told]


@pytest.fixture
def phone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Phone]:
    """A webhook on this machine, named by the environment."""
    found = Phone()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(found.answer)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}{SECRET}"
    monkeypatch.setenv("BATCH_RUNNER_NOTIFY", found.url)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_end_is_told_with_counts_cost_first_errors_and_the_next_command(
    cli: Cli, service: Service, new_sheet: NewSheet, phone: Phone
) -> None:
    """Whoever reads only this knows what there is to do."""
    sheet = new_sheet("csv", ["Fine.", "Fails. [sandbox:failed]"])
    done = cli("run", sheet)
    assert done.code == 1
    (told,) = phone.told
    assert (told["event"], told["exit"]) == ("end", 1)
    assert told["title"] == "campaign.csv: finished, with something to look at"
    assert told["states"] == {"succeeded": 1, "failed": 1}
    assert told["new"] == {"succeeded": 1, "failed": 1}
    assert told["cost_usd"] == pytest.approx(0.4)
    assert told["next"] == "batch-runner retry campaign.csv"
    (error,) = told["first_errors"]
    assert error["row"] == 3
    assert error["error"] in told["text"]
    assert "Next: batch-runner retry campaign.csv" in told["text"]
    assert KEY not in json.dumps(told)


def test_a_run_with_nothing_to_do_rings_no_bell(
    cli: Cli, service: Service, new_sheet: NewSheet, phone: Phone
) -> None:
    """Every night the same "nothing" is read by nobody; ``on: [idle]`` asks for it."""
    sheet = new_sheet("csv", ["One."])
    assert cli("run", sheet).code == 0
    assert cli("run", sheet).code == 0
    assert phone.events() == ["end"]


def test_no_telling_of_a_plan(
    cli: Cli, service: Service, new_sheet: NewSheet, phone: Phone
) -> None:
    """--dry-run does nothing, so there is nothing to tell."""
    cli("run", new_sheet("csv", ["One."]), "--dry-run")
    cli("run", "missing.csv", "--dry-run")
    assert phone.told == []


@pytest.mark.parametrize(
    "words",
    [("missing.csv",), ("campaign.csv", "--set", "nonsense"), ("nightly.yaml",), ("none/",)],
)
def test_a_run_that_cannot_begin_is_told(
    cli: Cli, service: Service, new_sheet: NewSheet, phone: Phone, words: tuple[str, ...]
) -> None:
    """The one who schedules it hears that nothing was made, and why."""
    new_sheet("csv", ["One."])
    Path("nightly.yaml").write_text("nonsense: [", encoding="utf-8")
    done = cli("run", *words)
    assert done.code == 2
    (told,) = phone.told
    assert (told["event"], told["exit"]) == ("stop", 2)
    assert told["error"]["message"] in done.err


def test_trouble_is_told_at_once_and_the_stop_at_the_end(
    cli: Cli, serve: Serve, new_sheet: NewSheet, phone: Phone
) -> None:
    """A balance that is used up is told when it happens, once, whatever still goes on."""
    serve("402-after=2")
    done = cli("run", new_sheet("csv", ["One.", "Two.", "Three."]))
    assert done.code == 3
    assert phone.events() == ["trouble", "stop"]
    trouble, stop = phone.told
    assert trouble["trouble"]["code"] == "no_balance"
    assert stop["stopped"]["code"] == "no_balance"
    assert stop["next"] == "batch-runner run campaign.csv"


def test_several_sheets_are_told_in_one_message(
    cli: Cli, service: Service, new_sheet: NewSheet, phone: Phone
) -> None:
    """One command, one message; what went wrong comes first."""
    good = new_sheet("csv", ["One."], name="good")
    bad = new_sheet("csv", ["Two. [sandbox:failed]"], name="bad")
    assert cli("run", good, bad, "missing.csv").code == 2
    (told,) = phone.told
    assert told["event"] == "stop"
    assert told["title"].startswith("3 sheets: ")
    assert [one["exit"] for one in told["sheets"]] == [2, 1, 0]
    for name in ("good.csv: all done", "bad.csv: finished", "missing.csv: could not run"):
        assert name in told["text"]


def test_a_deaf_endpoint_changes_nothing_but_is_said(
    cli: Cli, service: Service, new_sheet: NewSheet, phone: Phone
) -> None:
    """Same exit code, same sheet; a sentence on standard error even when quiet, without the secret."""
    phone.answer = 404
    sheet = new_sheet("csv", ["One."])
    done = cli("run", sheet, "--quiet")
    assert done.code == 0
    assert done.out == ""
    assert done.err == (
        "The webhook at 127.0.0.1 could not be told (HTTP 404). The run itself is not affected.\n"
    )
    assert sheet.column("status") == ["succeeded"]


def test_secrets_of_targets_are_in_no_file(
    cli: Cli, serve: Serve, new_sheet: NewSheet, phone: Phone
) -> None:
    """Whoever gets the folder, with log and ledger, cannot post in one's name."""
    serve("402-after=1")
    phone.answer = 403
    sheet = new_sheet("csv", ["One.", "Two."])
    done = cli("run", sheet)
    assert done.code == 3
    assert len(phone.told) == 2
    log = (sheet.sidecar / "run.log").read_text(encoding="utf-8")
    assert "not_told" in log
    files = [path for path in sheet.path.parent.rglob("*") if path.is_file()]
    assert not [path for path in files if b"s3cret" in path.read_bytes()]
    assert "s3cret" not in done.out + done.err


def test_the_config_says_of_what(
    cli: Cli, service: Service, new_sheet: NewSheet, phone: Phone, configure: Configure
) -> None:
    """``on`` of a config given by --config; an option silences all."""
    sheet = new_sheet("csv", ["One."])
    configure(sheet, notify={"on": ["idle"]})
    named = sheet.path.with_suffix(".yaml")
    for _ in range(2):
        assert cli("run", sheet, "--config", named).code == 0
    assert phone.events() == ["idle"]
    assert cli("run", sheet, "--config", named, "--notify", "off").code == 0
    assert phone.events() == ["idle"]


def test_it_can_be_tried_out(cli: Cli, phone: Phone) -> None:
    """``notify`` tells everybody a test, and says what came of it."""
    well = cli("notify")
    assert (well.code, well.out) == (0, "The webhook at 127.0.0.1: told\n")
    assert phone.events() == ["test"]
    phone.answer = 410
    deaf = cli("notify", "--notify", f"slack+{phone.url}")
    assert (deaf.code, deaf.out) == (1, "")
    assert deaf.err == "The Slack webhook at 127.0.0.1: HTTP 410\n"
    nobody = cli("notify", "--notify", "off")
    assert nobody.code == 2
    assert "nobody is to be told" in nobody.err
