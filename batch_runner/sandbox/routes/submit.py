"""``POST /v1/videos/generations``: refuse, replay or accept, then answer, well or badly."""

from __future__ import annotations

import json
import re
import secrets
import time
from dataclasses import dataclass
from hashlib import sha256

from aiohttp import web

from batch_runner.sandbox import answers
from batch_runner.sandbox.accepted import Accepted, Fate
from batch_runner.sandbox.catalogue import complaint, price
from batch_runner.sandbox.connection import cut, drop
from batch_runner.sandbox.dice import pick, throw
from batch_runner.sandbox.faults import Subject, faults_in
from batch_runner.sandbox.identity import account_of, new_request_id
from batch_runner.sandbox.routes import calls
from batch_runner.sandbox.world import WORLD, World

_KEY = re.compile(r"[!-~]{1,191}")
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_VERSION = "X-APIMart-Response-Version"


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """One POST as it came."""

    body: dict[str, object]
    subject: Subject
    key: str | None
    account: str
    versioned: bool  # the caller asked for the newer shape

    @property
    def identity(self) -> str:
        """What transient faults count by."""
        return self.key or self.subject.body_sha256


async def submit(request: web.Request) -> web.StreamResponse:
    """Take a submission; nothing is awaited between looking at the log and writing it."""
    world = request.app[WORLD]
    send = _read(request, await request.read())
    if isinstance(send, str):
        return answers.invalid(send)
    key = send.key if world.board.number("no-idempotency", send.subject) is None else None
    if key and (send.account, key) in world.busy:
        return answers.in_progress()
    slot = (send.account, key or "")
    world.busy.add(slot)
    try:
        if world.board.number("down", send.subject) is not None:
            return drop(request)
        settled = _refusal(world, send) or _settle(world, send, key)
        await world.delay(send.subject)
        if isinstance(settled, web.Response):
            return settled
        task, replayed = settled
        if not replayed:
            calls.arrange(world, task, f"{request.scheme}://{request.host}")
        return await _tell(request, world, send, task, replayed=replayed)
    finally:
        world.busy.discard(slot)


def _read(request: web.Request, raw: bytes) -> Send | str:
    """The submission, or what makes it unreadable."""
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        return "Invalid request parameters: the body is not JSON"
    if not isinstance(body, dict):
        return "Invalid request parameters: the body is not an object"
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        return "Idempotency-Key must be 1-191 visible ASCII characters"
    prompt = str(body.get("prompt", ""))
    try:
        faults_in(prompt)
    except ValueError as error:
        return f"[sandbox:...] in the prompt: {error}"
    return Send(
        body=body,
        subject=Subject(prompt=prompt, body_sha256=sha256(raw).hexdigest()),
        key=key,
        account=account_of(request) or "",
        versioned=_VERSION in request.headers,
    )


def _refusal(world: World, send: Send) -> web.Response | None:
    """The answer of a fault that keeps the submission from being accepted."""
    if world.key_is_bad(send.subject) or world.key_is_exchanged(send.account):
        return answers.key_refused()
    for name, make in answers.REFUSALS.items():
        if world.board.strikes(name, send.subject, send.identity):
            return make()
    return None


def _settle(world: World, send: Send, key: str | None) -> web.Response | tuple[Accepted, bool]:
    """The task and whether it is a replay's, or an honest refusal."""
    now = world.clock()
    known = world.log.known(send.account, key, now) if key else None
    if known is not None:
        same = known.body_sha256 == send.subject.body_sha256
        return (known, True) if same else answers.key_reused()
    wait = world.bucket.take(time.monotonic())
    if wait is not None:
        return answers.limited(wait)
    slots = world.options.concurrency
    if slots is not None and world.log.in_flight(now) >= slots:
        return answers.limited()
    wrong = complaint(send.body)
    if wrong:
        return answers.invalid(wrong)
    after = world.board.number("402-after", send.subject)
    cost = float(price(send.body))
    if (after is not None and len(world.log.tasks) >= after) or cost > world.balance(now):
        return answers.no_balance()
    return _accept(world, send, now, cost), False


def _accept(world: World, send: Send, now: float, cost: float) -> Accepted:
    """Put the task on disk; it is paid from here on."""
    options, number = world.options, len(world.log.tasks) + 1
    low, high = options.seconds
    task = Accepted(
        number=number,
        task_id=_task_id(world, number, now),
        idempotency_key=send.key,
        account=send.account,
        body_sha256=send.subject.body_sha256,
        body=send.body,
        at=now,
        seconds=round(low + (high - low) * throw(options.seed, "seconds", number), 3),
        cost=cost,
        fate=_fate(world, send.subject),
    )
    world.log.append(task)
    return task


def _fate(world: World, subject: Subject) -> Fate:
    board, before = world.board, world.log.of_body(subject.body_sha256)
    for name, fate in (
        ("stuck", Fate.STUCK),
        ("failed", Fate.FAILURE),
        ("moderated", Fate.FAILURE),
        ("bad-image", Fate.FAILURE),
        ("failed-then-ok", Fate.FAILURE),
    ):
        times = board.number(name, subject)
        if times is not None and before < times:
            return fate
    return Fate.VIDEO


def _task_id(world: World, number: int, now: float) -> str:
    """``task_`` and a ULID; with variety sometimes the older form."""
    if world.options.variety and pick((False, False, True), world.options.seed, "id", number):
        return f"task-unified-{int(now)}-{secrets.token_hex(4)}"
    milliseconds = int(now * 1000)
    stamp = "".join(_CROCKFORD[milliseconds >> shift & 31] for shift in range(45, -1, -5))
    return f"task_{stamp}" + "".join(secrets.choice(_CROCKFORD) for _ in range(16))


async def _tell(
    request: web.Request, world: World, send: Send, task: Accepted, *, replayed: bool
) -> web.StreamResponse:
    """Answer an accepted submission, unless a fault spoils it."""

    def strikes(name: str) -> bool:
        return world.board.strikes(name, send.subject, send.identity)

    if strikes("accept-then-drop"):
        return drop(request)
    for name, make in answers.SPOILED.items():
        if strikes(name):
            return make()
    good = _accepted(world, send, task)
    if strikes("truncated"):
        return await cut(request, good.text.encode() if good.text else b"", good.content_type)
    if replayed:
        good.headers["Idempotency-Replayed"] = "true"
    return good


def _accepted(world: World, send: Send, task: Accepted) -> web.Response:
    varied = world.options.variety and pick(
        (False, True), world.options.seed, "shape", task.number
    )
    if not (send.versioned or varied):
        return answers.answer(
            {"code": 200, "data": [{"status": "submitted", "task_id": task.task_id}]}
        )
    data = {"object": "generation.task", "id": task.task_id, "status": "queued"}
    body = {"code": 202, "request_id": f"req_{new_request_id()}", "data": data}
    return answers.answer(body, 202, {_VERSION: "2026-07-27"})
