"""What every request has to pass, and what every answer carries."""

from __future__ import annotations

import asyncio
import hmac
import logging

from aiohttp import web
from aiohttp.typedefs import Handler

from batch_runner.core.errors import BatchRunnerError, LockedError, SheetChangedError
from batch_runner.core.language import speak
from batch_runner.settings.languages import LANGUAGES, load_language
from batch_runner.web.house import house_of, session_of

CSRF = "X-CSRF-Token"
SAFE = frozenset({"GET", "HEAD"})

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; media-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Only what this server sends is used; nothing that stands in a page is taken for a program."""

_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}

_log = logging.getLogger(__name__)


async def add_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Before any answer leaves; what a handler said itself stays."""
    response.headers.pop("Server", None)
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)


@web.middleware
async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a request through, or say no; trouble becomes a document, never a traceback."""
    try:
        _check(request)
        speak(await asyncio.to_thread(load_language, _language(request)))
        return await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return refusal(error.status, "http", error.reason)
    except BatchRunnerError as error:
        return refusal(_status(error), error.code, error.message, error.hint, error.where)
    except ConnectionResetError:
        raise  # nobody is there any more
    except Exception:  # noqa: BLE001 - whatever it is: it is logged, and nobody sees a traceback
        _log.exception("a request failed")
        message = "something went wrong here that should not: a fault of this program."
        return refusal(500, "fault", message)


def _language(request: web.Request) -> str:
    """The first of the reader's languages that we have."""
    wished = request.headers.get("Accept-Language", "").split(",")
    codes = (tag.strip()[:2].lower() for tag in wished)
    return next((code for code in codes if code in LANGUAGES), "en")


def refusal(status: int, code: str, message: str, hint: str = "", where: str = "") -> web.Response:
    """No, and why."""
    told = {"code": code, "message": message, "hint": hint, "where": where}
    return web.json_response({"error": told}, status=status)


def _status(error: BatchRunnerError) -> int:
    if error.code.startswith("no_such_"):
        return 404
    return 409 if isinstance(error, LockedError | SheetChangedError) else 422


def _check(request: web.Request) -> None:
    """The name we are called by, who asks, and from which page.

    Raises:
        web.HTTPException: one of them is not right.
    """
    house = house_of(request)
    if not house.hosts.knows(request.host):
        raise web.HTTPMisdirectedRequest
    if _from_elsewhere(request):
        raise web.HTTPForbidden
    if request.method not in SAFE:
        _check_origin(request, house.hosts.origin(request.host))
    if "session" not in request.match_info:
        return
    session = session_of(request)
    if session is None:
        raise web.HTTPUnauthorized
    if request.method not in SAFE and not hmac.compare_digest(
        session.csrf.encode(), request.headers.get(CSRF, "").encode("utf-8", "replace")
    ):
        raise web.HTTPForbidden


def _from_elsewhere(request: web.Request) -> bool:
    """Whether another page asks; its link may lead to the door, and no further."""
    headers = request.headers
    if headers.get("Sec-Fetch-Site", "none") in {"same-origin", "none"}:
        return False
    return request.path != "/" or headers.get("Sec-Fetch-Mode") != "navigate"


def _check_origin(request: web.Request, ours: str) -> None:
    """A change comes from a page of ours, which sends no form.

    Raises:
        web.HTTPException: it does not.
    """
    if request.headers.get("Origin", "").lower() != ours:
        raise web.HTTPForbidden
    if request.content_type not in {"application/json", "application/octet-stream"}:
        raise web.HTTPUnsupportedMediaType
