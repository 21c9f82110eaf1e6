"""The other end: tell a run that is on, and hear what it says."""

from __future__ import annotations

import json
import socket
import sys
from pathlib import Path
from typing import Any

from batch_runner.app.campaign import Campaign
from batch_runner.app.ctl.orders import Order
from batch_runner.app.ctl.place import Place, read_note
from batch_runner.app.place.home import sidecar_of
from batch_runner.app.place.sidecar import sandbox_copy
from batch_runner.core.errors import UsageError
from batch_runner.core.language import phrase

PATIENCE = 15.0  # seconds; a run answers at once, unless its disk is very slow
MOST = 100_000  # bytes of an answer


def tell_run(campaign: Campaign, order: Order) -> dict[str, Any]:
    """Give a sheet's run an order; its answer has ``ok`` and ``say``.

    Raises:
        UsageError: no run is at work on the sheet, or it does not answer.
    """
    reply = ask(campaign.sidecar.home, order)
    if reply is not None:
        return reply
    hint = f"Start one with: {campaign.command('run')}"
    copy = sandbox_copy(campaign.source)
    rehearsal = sidecar_of(copy, campaign.settings.state_dir, campaign.data).home
    if copy != campaign.source and read_note(rehearsal) is not None:
        hint = f"A rehearsal has one: name it by its copy, {copy.name}."
    raise UsageError(
        phrase("no run is at work on this sheet."),
        code="no_run",
        where=str(campaign.sheet),
        hint=hint,
    )


def ask(sidecar: Path, order: Order) -> dict[str, Any] | None:
    """Give an order; ``None``: nobody is there.

    Raises:
        UsageError: somebody is, and gives no answer that can be understood.
    """
    place = read_note(sidecar)
    if place is None:
        return None
    try:
        with _connect(place) as line:
            line.sendall(order.to_line())
            with line.makefile("rb") as answers:
                reply = json.loads(answers.readline(MOST))
        if isinstance(reply, dict) and isinstance(reply.get("say"), str):
            return reply
    except (ConnectionRefusedError, FileNotFoundError):
        return None  # it was killed: its note stays behind
    except (OSError, ValueError):
        pass
    raise UsageError(
        phrase("its run does not answer."),
        code="run_silent",
        where=str(sidecar),
        hint=phrase(
            "It may be about to end; see 'batch-runner status'. A signal (Ctrl-C) reaches it too."
        ),
    )


def _connect(place: Place) -> socket.socket:
    if sys.platform != "win32" and place.socket is not None:
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        line.settimeout(PATIENCE)
        try:
            line.connect(str(place.socket))
        except OSError:
            line.close()
            raise
        return line
    line = socket.create_connection(("127.0.0.1", place.port), timeout=PATIENCE)
    line.sendall(place.token.encode() + b"\n")
    return line
