"""A campaign over many workers that are killed, on a database that is restarted.

``python -m tests.fleet.proof --rows 10000 --workers 4`` prints its figures; a row of
``duplicates``, ``lost`` or ``differing`` that is not 0 is a broken promise.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg

from tests.fleet.house import House, cells, house_at, most_at_once, most_within
from tests.postgres import Server, programs

FAULTS = ("429=0.01", "503=0.05", "accept-then-drop=0.01", "cut-download=0.05", "failed=0.02")
RATE, SLOTS = 20, 40  # submits a second, tasks in flight: the campaign's own limits
WINDOW = 5.0  # seconds


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How rough it is; pauses in seconds, 0: never."""

    rows: int
    workers: int
    kill_every: float
    restart_every: float
    rate: int = RATE
    slots: int = SLOTS


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What became of it."""

    rows: int
    exit: int
    seconds: float
    kills: int
    restarts: int
    accepted: int
    duplicates: int  # accepted more than once in one attempt
    lost: int  # accepted, and neither known by its id nor held as unknown
    unknown: int
    differing: int  # rows whose cell is not what the ledger says
    at_once: int  # most tasks in flight, as the sandbox counts
    in_window: int  # most submits accepted in a window
    connections: int  # most at the database


def prove(folder: Path, server: Server, plan: Plan) -> Figures:
    """Run a campaign to its end while its workers and its database are killed."""
    dsn = server.make_database("proof")
    faults = [word for fault in FAULTS for word in ("--fault", fault)]
    with house_at(folder, dsn, "--seconds", "0.5-1.5", *faults) as house:
        sheet = house.sheet(plan.rows)
        rough = _Rough(house, server, plan)
        begun = time.monotonic()
        limits = ("--rate", f"{plan.rate}/s", "--concurrency", str(plan.slots))
        with rough:
            run = house.start("run", str(sheet), "--yes", *limits)
            code = run.wait(3600)
        return _figures(house, sheet, code, time.monotonic() - begun, rough)


class _Rough:
    """Kills workers and the database, each at its pace, and counts connections."""

    def __init__(self, house: House, server: Server, plan: Plan) -> None:
        self._house = house
        self._server = server
        self._plan = plan
        self._dice = random.Random(plan.rows)
        self._over = threading.Event()
        self._workers = [house.worker() for _ in range(plan.workers)]
        self.kills = self.restarts = self.connections = 0
        self._threads = [
            threading.Thread(target=self._repeat, args=each)
            for each in (
                (plan.kill_every, self._kill),
                (plan.restart_every, self._restart),
                (1.0, self._count),
            )
            if each[0]
        ]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _repeat(self, pause: float, what: Callable[[], None]) -> None:
        while not self._over.wait(pause * self._dice.uniform(0.5, 1.5)):
            what()

    def _kill(self) -> None:
        place = self._dice.randrange(len(self._workers))
        self._workers[place].kill()
        self._workers[place].wait()
        self._workers[place] = self._house.worker()
        self.kills += 1

    def _restart(self) -> None:
        self._server.kill()
        self._server.start()
        self.restarts += 1

    def _count(self) -> None:
        try:
            with psycopg.connect(self._house.database) as connection:
                row = connection.execute(
                    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                ).fetchone()
        except psycopg.OperationalError:
            return  # it is away
        assert row is not None
        self.connections = max(self.connections, row[0] - 1)


def _figures(house: House, sheet: Path, code: int, seconds: float, rough: _Rough) -> Figures:
    with psycopg.connect(house.database) as connection:
        found = connection.execute("SELECT id FROM batch_runner.campaigns").fetchall()
        assert len(found) == 1
        connection.execute(f'SET search_path TO "campaign_{found[0][0]}"')
        jobs: dict[int, str] = dict(connection.execute("SELECT row, state FROM jobs").fetchall())
        attempts = connection.execute("SELECT key, task_id, outcome FROM attempts").fetchall()
    accepted = house.accepted()
    keys = [task["idempotency_key"] for task in accepted]
    known = {task_id for _, task_id, _ in attempts}
    held = {key for key, _, outcome in attempts if outcome == "lost"}
    lost = [t for t in accepted if t["task_id"] not in known and t["idempotency_key"] not in held]
    shown = {line: row["status"] for line, row in enumerate(cells(sheet), start=2)}
    return Figures(
        rows=len(jobs),
        exit=code,
        seconds=round(seconds, 1),
        kills=rough.kills,
        restarts=rough.restarts,
        accepted=len(accepted),
        duplicates=len(keys) - len(set(keys)),
        lost=len(lost),
        unknown=sum(state == "unknown" for state in jobs.values()),
        differing=sum(jobs.get(line) != state for line, state in shown.items()),
        at_once=most_at_once(accepted),
        in_window=most_within(accepted, WINDOW),
        connections=rough.connections,
    )


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--kill-every", type=float, default=5.0)
    parser.add_argument("--restart-every", type=float, default=20.0)
    parser.add_argument("--rate", type=int, default=RATE)
    parser.add_argument("--slots", type=int, default=SLOTS)
    plan = Plan(**vars(parser.parse_args()))
    found = programs()
    assert found is not None, "apt-get install postgresql"
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        figures = prove(folder, stack.enter_context(Server(found)), plan)
    for name, value in asdict(figures).items():
        sys.stdout.write(f"{name:<12} {value}\n")
    return int(bool(figures.duplicates or figures.lost or figures.differing))


if __name__ == "__main__":
    sys.exit(main())
