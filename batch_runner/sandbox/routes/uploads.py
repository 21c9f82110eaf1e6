"""``POST /v1/uploads/images``: an image for later use in ``image_urls``."""

from __future__ import annotations

import hashlib

from aiohttp import BodyPartReader, web

from batch_runner.sandbox import answers, uploads
from batch_runner.sandbox.connection import drop
from batch_runner.sandbox.faults import Subject
from batch_runner.sandbox.world import WORLD

_TOO_MUCH = 1 << 16
_DEGENERATE = {"code": "invalid_request_error", "message": "invalid image content"}
_LIMITED = {"error": {"code": 429, "message": "Rate limit exceeded", "type": "rate_limit_error"}}


def _error(status: int, message: str) -> web.Response:
    """Upload errors carry no code."""
    return answers.answer({"error": {"message": message, "type": "invalid_request_error"}}, status)


async def upload(request: web.Request) -> web.StreamResponse:
    """Keep the multipart field ``file`` and give its link."""
    missing = _error(400, "missing or invalid file field: http: no such file")
    if not request.content_type.startswith("multipart/"):
        return missing
    async for part in await request.multipart():
        if isinstance(part, BodyPartReader) and part.name == "file":
            return _take(request, part.filename or "image", await _read(part))
    return missing


async def _read(part: BodyPartReader) -> bytes:
    """The part's bytes, a little more than the limit at most."""
    data = bytearray()
    while len(data) <= uploads.LIMIT and (chunk := await part.read_chunk(_TOO_MUCH)):
        data += chunk
    return bytes(data)


def _fault(request: web.Request, data: bytes) -> web.StreamResponse | None:
    """The answer of a fault that hits this picture."""
    board, picture = request.app[WORLD].board, hashlib.sha256(data).hexdigest()
    subject = Subject(prompt="", body_sha256=picture)
    if board.strikes("upload-429", subject, picture):
        return answers.answer(_LIMITED, 429, {"Retry-After": "1"})
    if board.strikes("upload-500", subject, picture):
        return _error(500, "failed to upload image")
    if board.strikes("upload-refused", subject, picture):
        return answers.answer(_DEGENERATE, 400)
    if board.strikes("upload-dropped", subject, picture):
        uploads.keep(request.app[WORLD].options.state, "dropped", data, request.app[WORLD].clock())
        return drop(request)
    return None


def _take(request: web.Request, filename: str, data: bytes) -> web.StreamResponse:
    fault = _fault(request, data)
    if fault is not None:
        return fault
    if len(data) > uploads.LIMIT:
        return _error(413, f"file size {len(data)} exceeds maximum {uploads.LIMIT} bytes")
    wrong = uploads.complaint(data)
    if wrong == "invalid image content":  # as captured: not even in an error object
        return answers.answer(_DEGENERATE, 400)
    if wrong:
        return _error(400, wrong)
    world = request.app[WORLD]
    now = world.clock()
    name = uploads.keep(world.options.state, filename, data, now)
    return answers.answer(
        {
            "url": f"{request.scheme}://{request.host}/files/upload/{name}",
            "filename": filename,
            "content_type": uploads.sniff(data),
            "bytes": len(data),
            "created_at": int(now),
        }
    )
