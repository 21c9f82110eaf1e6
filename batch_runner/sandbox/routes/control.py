"""``/sandbox``: what tests and rehearsals ask of the sandbox itself, without a key."""

from __future__ import annotations

from dataclasses import asdict

from aiohttp import web

from batch_runner.sandbox import answers
from batch_runner.sandbox.faults import parse_fault
from batch_runner.sandbox.world import WORLD


async def log(request: web.Request) -> web.Response:
    """All accepted submissions, as ``accepted.jsonl`` has them."""
    accepted = [asdict(task) for task in request.app[WORLD].log.tasks.values()]
    return answers.answer({"schema": 1, "accepted": accepted})


async def requests(request: web.Request) -> web.Response:
    """How often each route was answered with each status; ``closed``: with none."""
    counts: dict[str, dict[str, int]] = {}
    for (route, status), count in request.app[WORLD].requests.items():
        counts.setdefault(route, {})[status] = count
    return answers.answer({"schema": 1, "requests": counts})


async def replace_faults(request: web.Request) -> web.Response:
    """Put other faults in force: ``{"faults": ["429", "slow=2"]}``; ``[]`` ends them all."""
    try:
        names = (await request.json())["faults"]
        faults = tuple(parse_fault(name) for name in names)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return answers.invalid(f'The body is {{"faults": [NAME, ...]}}: {error}')
    request.app[WORLD].board.replace(faults)
    return answers.answer({"schema": 1, "faults": names})
