"""How the provider is asked to call back when a task ends, and whose call it is.

The request's field ``webhook`` takes an address, to which the provider adds ``/callback``; what it
posts there is not signed (https://docs.apimart.ai/en/api-reference/tasks/webhook). So each attempt
has an address of its own that nobody can guess, and a call is only a hint to look.
"""

from __future__ import annotations

import hashlib
import json

from batch_runner.core.jobs import Job

UNGUESSABLE = r"[0-9a-f]{32}"
"""What the last part of an attempt's address looks like."""


def token_of(key: str) -> str:
    """The secret part of an attempt's address, from its idempotency key, which it does not tell."""
    return hashlib.sha256(f"callback of {key}".encode()).hexdigest()[:32]


def address_of(base: str, key: str) -> str:
    """Where an attempt's task calls, below the address at which the outside reaches this run."""
    return f"{base.rstrip('/')}/{token_of(key)}"


def bytes_to_send(job: Job) -> bytes:
    """The exact request of a job's attempt; the same each time it is sent."""
    if not job.callback:
        return job.body
    return job.body[:-1] + b',"webhook":' + json.dumps(job.callback).encode() + b"}"


def task_in(content: bytes) -> str | None:
    """The id of the task that a call is about; ``None``: it does not say.

    The content is that of a look at the task.
    """
    try:
        data = json.loads(content)["data"]
        found = data["id"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    sound = isinstance(found, str) and found.isascii() and found.isprintable()
    return found if sound and 0 < len(found) <= 200 else None
