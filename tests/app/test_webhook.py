"""Being called back, over real HTTP: sooner done, and nothing to be feared from whoever calls."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.app.conftest import Cli, NewSheet, Serve, Service
from tests.app.sheets import FAST, Sheet

LOOK = "GET /v1/tasks/{task_id}"
RARELY = {"poll": {"first": "60s", "min": "60s", "max": "60s"}}


@pytest.fixture
def port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
    return number


@pytest.fixture
def config(port: int) -> Callable[..., Path]:
    """``config(**settings)``: a config that is named, with a webhook."""

    def write(**settings: Any) -> Path:
        path = Path("trusted.yaml").absolute()
        hook = {"url": f"http://127.0.0.1:{port}/hooks", "port": port}
        path.write_text(yaml.safe_dump({**FAST, "webhook": hook, **settings}), encoding="utf-8")
        return path

    return write


def _rows(new_sheet: NewSheet, *prompts: str) -> Sheet:
    sheet = new_sheet("csv", prompts)
    sheet.path.with_suffix(".yaml").unlink()
    return sheet


def test_calls_end_jobs_before_their_next_look(
    cli: Cli, serve: Serve, new_sheet: NewSheet, config: Callable[..., Path]
) -> None:
    """With looks a minute apart, each task is looked at once: when it calls; lies do no harm."""
    service = serve(seconds=(0.3, 0.3))
    sheet = _rows(new_sheet, "One.", "Two. [sandbox:call-twice]", "Three. [sandbox:call-early]")

    done = cli("run", sheet, "--config", config(**RARELY))

    assert done.code == 0
    assert sheet.column("status") == ["succeeded"] * 3
    assert all(count == 1 for count in service.bought().values())
    assert service.answers(LOOK)["200"] in {3, 4}  # the early call may come before it matters


def test_a_call_tells_the_task_of_a_submit_whose_answer_was_lost(
    cli: Cli, serve: Serve, new_sheet: NewSheet, config: Callable[..., Path]
) -> None:
    """What would be unknown is linked, fetched and paid once; the story says how."""
    service = serve(seconds=(0.5, 0.5))
    lost = "Lost. [sandbox:accept-then-drop]"
    sheet = _rows(new_sheet, lost, "Fine.", "Fine, too.")

    done = cli("run", sheet, "--config", config(poll={"first": "2s", "min": "1s", "max": "1s"}))

    assert done.code == 0, done.err
    assert sheet.column("status") == ["succeeded"] * 3
    assert sheet.row(lost)["task_id"] == service.task_of(lost)
    assert sheet.shows_its_own_video(sheet.row(lost))
    assert "called back" in json.dumps(cli("status", sheet, "--row", "2", "--json").json)


def test_a_request_is_replayed_with_the_address_it_was_sent_with(
    cli: Cli, service: Service, new_sheet: NewSheet, config: Callable[..., Path]
) -> None:
    """The same bytes under the same key, also by a run that listens no more: no second task."""
    prompt = "Lost. [sandbox:502-after-accept][sandbox:no-call]"
    sheet = _rows(new_sheet, prompt)
    first = cli("run", sheet, "--config", config(deadline={"run": "1s"}, limits={"rate": "1/min"}))
    assert first.code in {1, 3}
    plain = Path("plain.yaml")
    plain.write_text(yaml.safe_dump({**FAST, "idempotency": "replay"}), encoding="utf-8")

    done = cli("run", sheet, "--config", plain)

    assert done.code == 0, done.err
    assert sheet.column("status") == ["succeeded"]
    (task,) = service.accepted()
    assert task["body"]["webhook"].startswith("http://127.0.0.1:")


def test_a_webhook_is_no_part_of_a_row(
    cli: Cli, service: Service, new_sheet: NewSheet, config: Callable[..., Path]
) -> None:
    """Switched off, on, or moved: nothing that is finished runs again, or counts as changed."""
    sheet = _rows(new_sheet, "One.")
    assert cli("run", sheet, "--config", config()).code == 0
    assert cli("run", sheet).code == 0
    retried = cli("retry", sheet, "--changed")
    assert "webhook" in service.accepted()[0]["body"]
    assert len(service.accepted()) == 1, retried.out


def test_a_webhook_needs_a_config_that_is_named(
    cli: Cli, service: Service, new_sheet: NewSheet, config: Callable[..., Path]
) -> None:
    """A sheet's folder may come from anybody: exit 2, and nothing is sent."""
    sheet = _rows(new_sheet, "One.")
    config().rename(sheet.path.with_suffix(".yaml"))
    refused = cli("run", sheet)
    assert refused.code == 2
    assert "may not set 'webhook'" in refused.err
    assert service.accepted() == []


@pytest.mark.parametrize(
    "url", ["http://hooks.example.com", "https://a:b@x.org", "https://x.org/?a=1", "ftp://x.org"]
)
def test_an_address_that_cannot_be_meant_is_refused(
    cli: Cli, new_sheet: NewSheet, config: Callable[..., Path], url: str
) -> None:
    """Plain http to elsewhere, passwords and queries: exit 2 before anything is sent."""
    sheet = _rows(new_sheet, "One.")
    refused = cli("run", sheet, "--config", config(webhook={"url": url}))
    assert refused.code == 2
    assert "webhook.url" in refused.err


def test_a_run_that_cannot_listen_goes_on_by_looking(
    cli: Cli, service: Service, new_sheet: NewSheet, config: Callable[..., Path], port: int
) -> None:
    """Another program has the port: it is said, and the requests ask for no call."""
    sheet = _rows(new_sheet, "One.")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        done = cli("run", sheet, "--config", config())
    assert done.code == 0
    assert "No calls of the provider are heard" in done.out + done.err
    assert "webhook" not in service.accepted()[0]["body"]


def test_sheets_that_run_together_share_the_port(
    cli: Cli, serve: Serve, new_sheet: NewSheet, config: Callable[..., Path]
) -> None:
    """Each hears of its own tasks; one that ends early leaves the others their calls."""
    service = serve(seconds=(0.3, 0.3))
    sheets = [_rows(new_sheet, "One."), new_sheet("csv", ["Two.", "Three."], name="other")]
    sheets[1].path.with_suffix(".yaml").unlink()

    done = cli("run", *sheets, "--config", config(**RARELY))

    assert done.code == 0, done.err
    assert "No calls" not in done.out + done.err
    assert [sheet.column("status") for sheet in sheets] == [["succeeded"], ["succeeded"] * 2]
    assert service.answers(LOOK)["200"] == 3


@pytest.fixture
def hostile(port: int) -> Callable[..., int | None]:
    """``hostile(method, path, body)``: somebody calls; the status, or none."""

    def call(method: str, path: str, body: bytes = b"") -> int | None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        try:
            line.request(method, path, body)
            return line.getresponse().status
        except OSError:
            return None
        finally:
            line.close()

    return call


def test_whoever_calls_without_an_address_gets_nothing(
    cli: Cli,
    serve: Serve,
    new_sheet: NewSheet,
    config: Callable[..., Path],
    hostile: Callable[..., int | None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Guesses, other methods, huge and mad bodies are turned away; the run does not notice."""
    from batch_runner.app.run import callbacks

    service, answers = serve(seconds=(0.2, 0.2)), dict[str, int | None]()
    about = callbacks.Callbacks.know

    def know(self: callbacks.Callbacks, job: Any) -> None:
        """Once a job can be called about, hostile calls come in from a thread of their own."""
        about(self, job)
        if not answers:
            import threading

            answers["begun"] = None
            threading.Thread(target=storm, args=(job.callback.rpartition("/")[2],)).start()

    def storm(token: str) -> None:
        answers["guess"] = hostile("POST", f"/hooks/{'0' * 32}/callback")
        answers["elsewhere"] = hostile("POST", "/admin")
        answers["get"] = hostile("GET", f"/hooks/{token}/callback")
        answers["huge"] = hostile("POST", f"/hooks/{token}/callback", b"x" * 1_000_000)
        answers["mad"] = hostile("POST", f"/hooks/{token}/callback", b"\0{{{")

    monkeypatch.setattr(callbacks.Callbacks, "know", know)
    sheet = _rows(new_sheet, "One.", "Two.")
    done = cli("run", sheet, "--config", config(poll={"first": "1s", "min": "1s", "max": "1s"}))
    assert done.code == 0
    assert len(service.accepted()) == 2
    del answers["begun"]
    wanted = {"guess": 404, "elsewhere": 404, "get": 405, "huge": 413, "mad": 200}
    assert {name: wanted[name] for name in answers} == answers
    assert answers.keys() == wanted.keys()
