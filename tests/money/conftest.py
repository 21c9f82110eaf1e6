"""Sheets of one user, a provider that counts what it was paid, and the whole program in between."""

from __future__ import annotations

import asyncio
import csv
import json
import threading
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import keyring
import keyring.backends.fail
import pytest
import yaml

from batch_runner.cli.main import cli as command_line
from batch_runner.sandbox.options import SandboxOptions, parse_fault
from batch_runner.sandbox.server import Sandbox

IMAGE = "https://images.example.com/cat.png"
FAST = {
    "poll": {"first": "10ms", "min": "10ms", "max": "50ms"},
    "limits": {"rate": "100/s"},
}
PATIENCE = 30.0  # seconds after which a test gives up waiting


class Result(NamedTuple):
    """A command that ran."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Service:
    """A sandbox at work, as somebody at the provider's side sees it."""

    origin: str
    state: Path

    def bought(self) -> Counter[str]:
        """Prompt -> how many tasks were accepted for it."""
        file = self.state / "accepted.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        return Counter(json.loads(line)["body"]["prompt"] for line in lines)

    def task_of(self, prompt: str) -> str:
        """The id of the only task with this prompt."""
        lines = (self.state / "accepted.jsonl").read_text(encoding="utf-8").splitlines()
        (found,) = (t for t in map(json.loads, lines) if t["body"]["prompt"] == prompt)
        return str(found["task_id"])

    def misbehave(self, *faults: str) -> None:
        """Put these faults in force, and end all others."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        data = json.dumps({"faults": faults}).encode()
        opener.open(f"{self.origin}/sandbox/faults", data, timeout=PATIENCE).close()


@dataclass(frozen=True)
class Sheet:
    """A CSV sheet of the user's."""

    path: Path

    def rows(self) -> list[dict[str, str]]:
        """Header -> text, of every line below the headers."""
        with self.path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def column(self, name: str) -> list[str]:
        """What stands below a header."""
        return [row.get(name) or "" for row in self.rows()]

    def write(self, rows: Sequence[dict[str, str]]) -> None:
        """Save it with these rows."""
        with self.path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)

    @property
    def sidecar(self) -> Path:
        """The folder beside it."""
        return self.path.with_name(f"{self.path.name}.batch")


Cli = Callable[..., Result]
NewSheet = Callable[..., Sheet]
Serve = Callable[..., Service]


@pytest.fixture(autouse=True)
def books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A computer of one's own, and the folder of its user's books."""
    for name in ("HOME", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "BATCH_RUNNER_STATE"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    folder = tmp_path / "books"
    monkeypatch.setenv("BATCH_RUNNER_DATA", str(folder))
    monkeypatch.setenv("APIMART_API_KEY", "sk-of-the-user")
    keyring.set_keyring(keyring.backends.fail.Keyring())  # type: ignore[no-untyped-call]
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
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
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """``serve(*faults, **options)``: start a sandbox; from now on it is where requests go."""
    with ExitStack() as stack:

        def start(*faults: str, **options: Any) -> Service:
            asked = {"seconds": (0.0, 0.0), **options}
            state, parsed = tmp_path / "provider", tuple(map(parse_fault, faults))
            found = stack.enter_context(
                _serving(SandboxOptions(state=state, faults=parsed, **asked))
            )
            monkeypatch.setenv("APIMART_BASE_URL", found.origin)
            return found

        yield start


@pytest.fixture
def service(serve: Serve) -> Service:
    """A quick, faultless sandbox."""
    return serve()


@pytest.fixture
def new_sheet() -> NewSheet:
    """``new_sheet(prompts, name=..., **settings)``: a sheet, and the config beside it."""

    def make(
        prompts: Sequence[str],
        *,
        name: str = "campaign",
        columns: dict[str, Sequence[str]] | None = None,
        **settings: Any,
    ) -> Sheet:
        sheet = Sheet(Path(f"{name}.csv").absolute())
        more = columns or {}
        sheet.write(
            [
                {"prompt": prompt, "image_urls": IMAGE, **{k: v[i] for k, v in more.items()}}
                for i, prompt in enumerate(prompts)
            ]
        )
        config = yaml.safe_dump({**FAST, **settings}, allow_unicode=True)
        sheet.path.with_suffix(".yaml").write_text(config, encoding="utf-8")
        return sheet

    return make


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Cli:
    """``cli("run", sheet, ...)``: a command line, run here; never a traceback."""

    def run(*words: object) -> Result:
        capsys.readouterr()
        args = [str(w.path if isinstance(w, Sheet) else w) for w in words]
        code = command_line(args)
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Result(code, out, err)

    return run
