"""What is compared: each does the same work, in a process of its own, and tells what it took.

``python -m tests.bench.contenders NAME ORIGIN JOBS SLOTS FOLDER`` prints one JSON line. Time and
CPU count from after the interpreter's start; all that a contender imports is in them.
"""

from __future__ import annotations

import asyncio
import csv
import itertools
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

IMAGE = "https://cdn.example.com/p/%d.jpg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """How much work there is, and where."""

    origin: str
    jobs: int
    slots: int
    folder: Path

    @property
    def submit_url(self) -> str:
        """Where a POST goes."""
        return f"{self.origin}/v1/videos/generations"

    def body(self, number: int) -> dict[str, object]:
        """What a job sends."""
        return {
            "model": "viduq3",
            "prompt": f"A boat on a lake at dawn, seen from above, take {number}",
            "image_urls": [IMAGE % number],
            "duration": 5,
            "resolution": "720p",
            "aspect_ratio": "16:9",
        }

    def poll_url(self, submitted: dict[str, list[dict[str, str]]]) -> str:
        """Where a look goes."""
        return f"{self.origin}/v1/tasks/{submitted['data'][0]['task_id']}"


Spent = tuple[float, float]
"""Seconds and CPU seconds, where a contender leaves its preparations out."""

HEADERS = {"Authorization": "Bearer sandbox-key"}


def bare(task: Task) -> None:
    """A loop of aiohttp workers that keeps nothing: the least that Python does for it."""
    import aiohttp

    async def work() -> None:
        numbers = iter(range(task.jobs))
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), headers=HEADERS
        ) as session:

            async def worker() -> None:
                for number in numbers:
                    async with session.post(task.submit_url, json=task.body(number)) as answer:
                        submitted = await answer.json()
                    async with session.get(task.poll_url(submitted)) as answer:
                        await answer.json()

            await asyncio.gather(*(worker() for _ in range(task.slots)))

    asyncio.run(work())


def journal(task: Task) -> Spent:
    """The same loop with the ledger: claim, accepted, finished; each durable before the next."""
    return _journal(task, grouped=True)


def journal_one_by_one(task: Task) -> Spent:
    """The same with one commit for each change."""
    return _journal(task, grouped=False)


def _journal(task: Task, *, grouped: bool) -> Spent:
    import aiohttp

    from batch_runner.core.identity import Basis, RowIdentity
    from batch_runner.core.jobs import Change, ClaimTerms, RowSpec
    from batch_runner.core.lifecycle import Event
    from batch_runner.core.model import Estimate
    from batch_runner.ledger.sqlite import SqliteLedger
    from tests.ledger.spooled import reading

    async def work() -> Spent:
        path = task.folder / "journal.sqlite"
        for old in task.folder.glob("journal.sqlite*"):
            old.unlink()
        ledger = (SqliteLedger.for_run if grouped else SqliteLedger.for_command)(path)
        basis = Basis(columns={}, headers=())
        scope, _ = await ledger.scope("", basis)
        specs = [
            RowSpec(
                identity=RowIdentity(row=n, row_hash=f"{n:064x}", whole_hash=f"{n:064x}"),
                model="viduq3",
                body=json.dumps(task.body(n)).encode(),
                estimate=Estimate(low=400_000, high=500_000),
            )
            for n in range(task.jobs)
        ]
        await ledger.enrol(scope, reading(specs, _now(), basis=basis, origin=task.origin))
        await ledger.start_run(_now(), host="here", pid=1, version="0")
        begun, cpu = time.perf_counter(), time.process_time()
        keys = itertools.count()
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), headers=HEADERS
        ) as session:

            async def worker() -> None:
                while True:
                    terms = ClaimTerms(
                        now=_now(), key=f"key-{next(keys)}", origin=task.origin, account="me"
                    )
                    job = (await ledger.claim(terms)).job
                    if job is None:
                        return
                    async with session.post(task.submit_url, data=job.body) as answer:
                        submitted = await answer.json()
                    await ledger.record(
                        job,
                        Change(
                            job=job.id,
                            attempt=1,
                            event=Event.ACCEPTED,
                            at=_now(),
                            task_id=submitted["data"][0]["task_id"],
                        ),
                    )
                    async with session.get(task.poll_url(submitted)) as answer:
                        done = await answer.json()
                    url = done["data"]["result"]["videos"][0]["url"][0]
                    await ledger.record(
                        job,
                        Change(
                            job=job.id,
                            attempt=1,
                            event=Event.FINISHED,
                            at=_now(),
                            urls=(url,),
                            cost=400_000,
                            hold=400_000,
                            duration=60.0,
                        ),
                    )

            await asyncio.gather(*(worker() for _ in range(task.slots)))
        spent = time.perf_counter() - begun, time.process_time() - cpu
        ledger.close()
        return spent

    return asyncio.run(work())


def _now() -> datetime:
    return datetime.now(UTC)


def sheet(task: Task) -> Path:
    """A fresh CSV of so many rows."""
    for old in task.folder.glob("campaign.csv*"):
        if old.is_dir():
            import shutil

            shutil.rmtree(old)
        else:
            old.unlink()
    path = task.folder / "campaign.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["model", "prompt", "image_urls", "duration", "resolution"])
        for n in range(task.jobs):
            body = task.body(n)
            writer.writerow([body["model"], body["prompt"], IMAGE % n, 5, "720p"])
    return path


def engine(task: Task) -> Spent:
    """``batch-runner run`` from reading the sheet to the last write, without downloads."""
    path = sheet(task)
    begun, cpu = time.perf_counter(), time.process_time()
    from batch_runner.cli.main import cli

    args = ["run", str(path), "--base-url", task.origin, "--no-download", "--yes", "--quiet"]
    code = cli([*args, "--concurrency", str(task.slots), "--rate", "10000/s"])
    assert code in {None, 0}, code
    return time.perf_counter() - begun, time.process_time() - cpu


def gather(task: Task) -> None:
    """The usual aiohttp script: one coroutine a job, a semaphore, nothing kept."""
    import aiohttp

    async def work() -> None:
        gate = asyncio.Semaphore(task.slots)
        async with aiohttp.ClientSession(headers=HEADERS) as session:

            async def one(number: int) -> None:
                async with gate:
                    async with session.post(task.submit_url, json=task.body(number)) as answer:
                        submitted = await answer.json()
                    async with session.get(task.poll_url(submitted)) as answer:
                        await answer.json()

            await asyncio.gather(*map(one, range(task.jobs)))

    asyncio.run(work())


def threads(task: Task) -> None:
    """The usual requests script: a pool of threads, a session each."""
    import threading
    from concurrent.futures import ThreadPoolExecutor

    import requests

    local = threading.local()

    def one(number: int) -> None:
        if not hasattr(local, "session"):
            local.session = requests.Session()
            local.session.headers.update(HEADERS)
        submitted = local.session.post(task.submit_url, json=task.body(number), timeout=60).json()
        local.session.get(task.poll_url(submitted), timeout=60).json()

    with ThreadPoolExecutor(task.slots) as pool:
        list(pool.map(one, range(task.jobs)))


def httpx_gather(task: Task) -> None:
    """The usual httpx script."""
    import httpx

    async def work() -> None:
        gate = asyncio.Semaphore(task.slots)
        limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
        async with httpx.AsyncClient(headers=HEADERS, limits=limits) as client:

            async def one(number: int) -> None:
                async with gate:
                    answer = await client.post(task.submit_url, json=task.body(number))
                    await client.get(task.poll_url(answer.json()))

            await asyncio.gather(*map(one, range(task.jobs)))

    asyncio.run(work())


def cookbook(task: Task) -> None:
    """The widely copied parallel processor: submits only, results appended to a file.

    Its shape: one loop, capacity refilled by the clock, a task for each request, a millisecond
    of sleep a turn, a line of JSON for each result.
    """
    import aiohttp

    async def work() -> None:
        results = task.folder / "results.jsonl"
        results.unlink(missing_ok=True)
        at_work: set[asyncio.Task[None]] = set()
        async with aiohttp.ClientSession(headers=HEADERS) as session:

            async def one(number: int) -> None:
                async with session.post(task.submit_url, json=task.body(number)) as answer:
                    line = json.dumps([task.body(number), await answer.json()])
                with results.open("a", encoding="utf-8") as file:
                    file.write(line + "\n")

            for number in range(task.jobs):
                started = asyncio.create_task(one(number))
                at_work.add(started)
                started.add_done_callback(at_work.discard)
                await asyncio.sleep(0.001)
            while at_work:  # noqa: ASYNC110 - as the original has it
                await asyncio.sleep(0.001)

    asyncio.run(work())


def curl(task: Task) -> None:
    """``xargs -P`` with two curl a job."""
    script = (
        f"id=$(curl -s -X POST {task.submit_url} -H 'Content-Type: application/json' "
        """-d '{"model":"viduq3","prompt":"'$0'"}' | sed 's/.*task_id":"//; s/".*//'); """
        f"curl -s {task.origin}/v1/tasks/$id >/dev/null"
    )
    numbers = "\n".join(map(str, range(task.jobs)))
    command = ["xargs", "-P", str(task.slots), "-I", "{}", "sh", "-c", script, "{}"]
    subprocess.run(command, input=numbers, text=True, check=True)


CONTENDERS: dict[str, Callable[[Task], Spent | None]] = {
    made.__name__: made
    for made in (
        bare,
        journal,
        journal_one_by_one,
        engine,
        gather,
        threads,
        httpx_gather,
        cookbook,
        curl,
    )
}


def main() -> None:
    """Run one contender and tell seconds, CPU seconds and the peak of memory in MB."""
    name, origin, jobs, slots, folder = sys.argv[1:]
    task = Task(origin=origin, jobs=int(jobs), slots=int(slots), folder=Path(folder))
    begun, cpu = time.perf_counter(), time.process_time()
    spent = CONTENDERS[name](task)
    spent = spent or (time.perf_counter() - begun, time.process_time() - cpu)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = spent[1] + children.ru_utime + children.ru_stime
    sys.stdout.write(json.dumps({"seconds": spent[0], "cpu": cpu, "peak": peak}) + "\n")


if __name__ == "__main__":
    main()
