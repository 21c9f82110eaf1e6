"""The shapes of the service's answers, as aiohttp responses."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType

from aiohttp import web

from batch_runner.sandbox.identity import REQUEST_ID, new_request_id

PAGE = """<html>\r
<head><title>{0}</title></head>\r
<body>\r
<center><h1>{0}</h1></center>\r
<hr><center>nginx</center>\r
</body>\r
</html>\r
"""


def answer(
    body: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A JSON answer."""
    return web.Response(
        text=json.dumps(body, ensure_ascii=False),
        status=status,
        headers=headers,
        content_type="application/json",
    )


def page(title: str, status: int) -> web.Response:
    """A proxy's HTML page."""
    return web.Response(text=PAGE.format(title), status=status, content_type="text/html")


def error(
    status: int,
    message: str,
    kind: str,
    *,
    code: int | str | None = None,
    retry_after: int | None = None,
) -> web.Response:
    """An error in the documented shape; ``code`` is the status where none is given."""
    body = {"error": {"code": status if code is None else code, "message": message, "type": kind}}
    headers = {} if retry_after is None else {"Retry-After": str(retry_after)}
    return answer(body, status, headers)


def invalid(message: str) -> web.Response:
    """The request is wrong for good."""
    return error(400, message, "invalid_request_error")


def key_refused(message: str = "invalid API key") -> web.Response:
    """401 as captured: an empty code, the request's id in the header and in the message."""
    request_id = new_request_id()
    text = f"{message} (request id: {request_id})"
    body = {"error": {"code": "", "message": text, "param": "", "type": "apimart_error"}}
    return answer(body, 401, {REQUEST_ID: request_id})


def limited(retry_after: int | None = 1) -> web.Response:
    """Too many requests, or too many tasks in flight."""
    message = "Rate limit exceeded. Please try again later"
    return error(429, message, "rate_limit_error", retry_after=retry_after)


def no_balance() -> web.Response:
    """The money is used up."""
    return error(402, "Insufficient balance. Please top up your account", "payment_required")


def in_progress() -> web.Response:
    """The same key is being worked on."""
    message = "A request with this Idempotency-Key is still in progress"
    code = "idempotency_in_progress"
    return error(409, message, "invalid_request_error", code=code, retry_after=1)


def key_reused() -> web.Response:
    """The same key came with another body."""
    message = "This Idempotency-Key was used with different parameters"
    return error(409, message, "invalid_request_error", code="idempotency_key_reused")


def indeterminate() -> web.Response:
    """The service itself does not know what became of the first send."""
    message = "The result of the original request is unknown"
    return error(409, message, "server_error", code="idempotency_result_indeterminate")


def bad_gateway() -> web.Response:
    """A proxy lost the service; the request may have run or not."""
    return error(502, "Bad gateway. The server is temporarily unavailable", "bad_gateway")


def _unavailable() -> web.Response:
    message = "Service is temporarily unavailable. Please try again later"
    return error(503, message, "service_unavailable")


def _no_idempotency_store() -> web.Response:
    message = "Idempotency storage is unavailable; the request was not executed"
    return error(503, message, "service_unavailable", code="idempotency_unavailable")


def _no_channel() -> web.Response:
    body = {
        "message": "Please wait and try again later...",
        "type": "apimart_error",
        "code": "get_channel_failed",
    }
    return answer({"error": body}, 400)


def _build_failed() -> web.Response:
    message = "build_request_failed: invalid size: 3:5, allowed: 16:9, 9:16, 1:1"
    return error(500, message, "server_error")


REFUSALS: Mapping[str, Callable[[], web.Response]] = MappingProxyType(
    {
        "429": limited,
        "429-bare": lambda: limited(None),
        "503": _unavailable,
        "503-bare": lambda: page("503 Service Temporarily Unavailable", 503),
        "503-idempotency": _no_idempotency_store,
        "502": bad_gateway,
        "400-channel": _no_channel,
        "500-build": _build_failed,
        "200-error": lambda: answer({"code": 500, "message": "internal error"}),
        "error-string": lambda: answer({"error": "Invalid format"}, 400),
    }
)
"""What a submit is answered with, unaccepted, by the fault that refuses it."""

SPOILED: Mapping[str, Callable[[], web.Response]] = MappingProxyType(
    {
        "502-after-accept": bad_gateway,
        "409-indeterminate": indeterminate,
        "409-in-progress": in_progress,
        "html": lambda: page("Please wait ...", 200),
    }
)
"""What an accepted submit is answered with by the fault that hides the acceptance."""
