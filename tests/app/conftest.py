"""The whole program in this process: sheets of both kinds, a real sandbox, a home of its own."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import keyring
import keyring.backends.fail
import pytest

from batch_runner.cli.main import cli as command_line
from batch_runner.sandbox.options import SandboxOptions, parse_fault
from batch_runner.sandbox.server import Sandbox
from tests.app.sheets import Cell, Sheet, write_config

IMAGE = "https://images.example.com/cat.png"
KEY = "sk-a-secret-of-its-owner-0123456789"
PATIENCE = 30.0  # seconds after which a test gives up waiting


class Result(NamedTuple):
    """A command that ran."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON document it is."""
        return json.loads(self.out)


Cli = Callable[..., Result]
Serve = Callable[..., "Service"]
NewSheet = Callable[..., Sheet]
Configure = Callable[..., None]


@dataclass(frozen=True)
class Service:
    """A sandbox at work, as somebody at the provider's side sees it."""

    origin: str
    state: Path

    def accepted(self) -> list[dict[str, Any]]:
        """All that was accepted and is (or was) paid."""
        lines = (self.state / "accepted.jsonl").read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines]

    def bought(self) -> Counter[str]:
        """Prompt -> how many tasks were accepted for it."""
        return Counter(task["body"]["prompt"] for task in self.accepted())

    def charged(self) -> float:
        """USD charged for what did not fail."""
        return sum(float(task["cost"]) for task in self.accepted() if task["fate"] != "failure")

    def task_of(self, prompt: str) -> str:
        """The id of the only task with this prompt."""
        (found,) = (t["task_id"] for t in self.accepted() if t["body"]["prompt"] == prompt)
        return str(found)

    def misbehave(self, *faults: str) -> None:
        """Put these faults in force, and end all others."""
        self._ask("/sandbox/faults", json.dumps({"faults": faults}).encode())

    def answers(self, route: str) -> Counter[str]:
        """Status -> how often the requests of a route were answered with it."""
        return Counter(self._ask("/sandbox/requests")["requests"].get(route, {}))

    def status_of(self, url: str) -> int:
        """What a link is answered with."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(url, timeout=PATIENCE) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def _ask(self, path: str, data: bytes | None = None) -> Any:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(self.origin + path, data, timeout=PATIENCE) as answer:
            return json.load(answer)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A computer of one's own: no settings, no key store, nothing of whoever runs the tests."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in (
        "HOME",
        "USERPROFILE",
        "APPDATA",
        "LOCALAPPDATA",
        "XDG_CONFIG_HOME",
        "XDG_DATA_HOME",
    ):
        monkeypatch.setenv(name, str(folder))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "BATCH_RUNNER_STATE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("APIMART_API_KEY", KEY)
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return folder


@contextmanager
def _serving(options: SandboxOptions) -> Iterator[Service]:
    """A sandbox on a thread and an event loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    def do(work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, loop).result(PATIENCE)

    box = Sandbox(options)
    try:
        do(box.__aenter__())
        try:
            yield Service(box.origin, options.state)
        finally:
            do(box.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Service]]:
    """``serve(*faults, **options)``: start a sandbox; from now on it is where requests go."""
    with ExitStack() as stack:

        def start(*faults: str, name: str = "provider", **options: Any) -> Service:
            asked = {"seconds": (0.0, 0.0), **options}
            found = stack.enter_context(
                _serving(
                    SandboxOptions(
                        state=tmp_path / name, faults=tuple(map(parse_fault, faults)), **asked
                    )
                )
            )
            monkeypatch.setenv("APIMART_BASE_URL", found.origin)
            return found

        yield start


@pytest.fixture
def service(serve: Callable[..., Service]) -> Service:
    """A quick, faultless sandbox."""
    return serve()


@pytest.fixture(params=["csv", "xlsx"])
def kind(request: pytest.FixtureRequest) -> str:
    """Both kinds of sheet: they behave alike."""
    return str(request.param)


@pytest.fixture
def new_sheet() -> Callable[..., Sheet]:
    """``new_sheet(kind, prompts, name=..., **columns)``: a sheet, and a config that polls fast."""

    def make(
        kind: str,
        prompts: Sequence[Cell],
        *,
        name: str = "campaign",
        columns: Mapping[str, Sequence[Cell]] | None = None,
    ) -> Sheet:
        sheet = Sheet(Path(f"{name}.{kind}").absolute())
        more = dict(columns or {})
        table = {"prompt": prompts, "image_urls": more.pop("image_urls", [IMAGE] * len(prompts))}
        table |= more
        sheet.save([list(table), *map(list, zip(*table.values(), strict=True))])
        write_config(sheet)
        return sheet

    return make


@pytest.fixture
def configure() -> Callable[..., None]:
    """``configure(sheet, **settings)``: write the config beside a sheet, polling fast."""
    return write_config


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Result]:
    """``cli("run", sheet, ...)``: a command line, run here; never a traceback."""

    def run(*words: object) -> Result:
        capsys.readouterr()
        args = [str(w.path if isinstance(w, Sheet) else w) for w in words]
        code = command_line(args)
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Result(code, out, err)

    return run
