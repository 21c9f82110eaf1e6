"""``GET /v1/tasks/{task_id}``: how a task is doing."""

from __future__ import annotations

from aiohttp import web

from batch_runner.sandbox import answers, tasks
from batch_runner.sandbox.accepted import Accepted
from batch_runner.sandbox.identity import account_of
from batch_runner.sandbox.world import WORLD, World


async def look(request: web.Request) -> web.Response:
    """Show a task of this key's; any other id is invalid, as the real service has it."""
    world = request.app[WORLD]
    task = world.log.tasks.get(request.match_info["task_id"])
    if task is None or task.account != account_of(request):
        return answers.invalid("Invalid task ID")
    await world.delay(task.subject)
    if world.board.strikes("forget", task.subject, task.task_id):
        return answers.invalid("Invalid task ID")
    language = request.query.get("language", "")
    return answers.answer(shown(world, task, f"{request.scheme}://{request.host}", language))


def shown(world: World, task: Accepted, origin: str, language: str = "") -> dict[str, object]:
    """How a task is doing now, as a look shows it, and a call when it has ended."""
    now = world.clock()
    links = _links(origin, world, task, now) if tasks.ended(task, now) else None
    board = world.board
    shape = tasks.Shape(
        reason=next((n for n in tasks.REASONS if board.number(n, task.subject) is not None), ""),
        language=language,
        odd_status=board.number("unknown-status", task.subject) is not None,
        variety=world.options.variety,
        seed=world.options.seed,
    )
    return {"code": 200, "data": tasks.describe(task, now, links, shape)}


def _links(origin: str, world: World, task: Accepted, now: float) -> tasks.Links:
    base = f"{origin}/files"
    link = world.link(task.task_id, now)
    hidden = world.board.strikes("no-link", task.subject, task.task_id)
    video = f"{base}/video/{task.task_id}/{link.number}-{link.expires_at}.mp4"
    return tasks.Links(
        video=None if hidden else video,
        thumbnail=f"{base}/thumbnail/{task.task_id}.jpg",
        expires_at=link.expires_at,
    )
