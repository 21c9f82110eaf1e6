"""Balance, usage and the list of models."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from itertools import groupby

from aiohttp import web

from batch_runner.sandbox import answers
from batch_runner.sandbox.accepted import Accepted, Fate
from batch_runner.sandbox.catalogue import MODELS
from batch_runner.sandbox.identity import account_of
from batch_runner.sandbox.world import WORLD

_ZONE = timezone(timedelta(hours=8))  # of usage dates, unless asked otherwise: Asia/Shanghai
_GROUPS: Mapping[str, tuple[str, ...]] = {
    "none": (),
    "model": ("model",),
    "date": ("date",),
    "model,date": ("model", "date"),
}
_LONGEST = timedelta(days=31).total_seconds()


async def balance(request: web.Request) -> web.Response:
    """What is left, in USD and in credits (a tenth of a dollar)."""
    world = request.app[WORLD]
    if world.board.number("balance-error") is not None:
        message = "Failed to get token info: record not found"
        return answers.answer({"success": False, "message": message})
    now = world.clock()
    left, used = round(world.balance(now), 6), round(world.log.spent(now), 6)
    return answers.answer(
        {
            "success": True,
            "remain_balance": left,
            "remain_credits": round(left * 10, 5),
            "used_balance": used,
            "used_credits": round(used * 10, 5),
            "unlimited_quota": False,
        }
    )


async def usage(request: web.Request) -> web.Response:
    """What was charged in a span, failed and refunded tasks left out, booked at their end."""
    world, query = request.app[WORLD], request.query
    now = world.clock()
    try:
        start = _moment(query.get("start"), now - 86_400)
        end = _moment(query.get("end"), now)
    except ValueError:
        return answers.invalid("start and end must be unix seconds or RFC3339")
    group = _GROUPS.get(query.get("group_by", "none"))
    if group is None or not 0 <= end - start <= _LONGEST:
        return answers.invalid("Invalid request parameters")
    models = set(filter(None, query.get("model", "").split(",")))
    charged = [
        task
        for task in world.log.tasks.values()
        if task.fate is Fate.VIDEO
        and task.account == account_of(request)
        and start <= task.ends_at < end
        and task.ends_at <= now
        and (not models or task.body["model"] in models)
    ]
    body = {"start": int(start), "end": int(end), "items": _items(charged, group)}
    return answers.answer(body, headers={"X-Usage-Cache": "MISS"})


def _moment(text: str | None, otherwise: float) -> float:
    if text is None:
        return otherwise
    return float(text) if text.isdigit() else datetime.fromisoformat(text).timestamp()


def _items(charged: list[Accepted], group: tuple[str, ...]) -> list[dict[str, object]]:
    def names(task: Accepted) -> tuple[str, ...]:
        date = datetime.fromtimestamp(task.ends_at, UTC).astimezone(_ZONE).date().isoformat()
        every = {"model": str(task.body["model"]), "date": date}
        return tuple(every[name] for name in group)

    items = []
    for values, members in groupby(sorted(charged, key=names), key=names):
        tasks = list(members)
        amount = round(sum(task.cost for task in tasks), 6)
        items.append(
            {
                **dict(zip(group, values, strict=True)),
                "amount_usd": amount,
                "credits": round(amount * 10, 5),
                "requests": len(tasks),
                "prompt_tokens": 0,
                "completion_tokens": 0,
            }
        )
    return items


async def models(_: web.Request) -> web.Response:
    """The models with rules of their own."""
    data = [
        {"id": name, "object": "model", "created": 1_767_225_600, "owned_by": "vidu"}
        for name in MODELS
    ]
    return answers.answer({"object": "list", "data": data})
