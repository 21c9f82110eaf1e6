"""A run does what it is told, and both sides hear of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from batch_runner.app.ctl.orders import Action, Order, rate_text
from batch_runner.app.documents import SCHEMA, time_text
from batch_runner.app.run.listen import RunListener
from batch_runner.core.errors import LedgerError
from batch_runner.core.jobs import Job
from batch_runner.core.language import phrase
from batch_runner.core.lifecycle import OPEN, State
from batch_runner.ledger.ledger import Ledger
from batch_runner.scheduler.controls import Controls, Gauges
from batch_runner.scheduler.halt import StopReason


def _drained() -> StopReason:
    said = phrase("it was told to send nothing more ('ctl drain').")
    return StopReason(code="drained", message=said)


def _stopped() -> StopReason:
    return StopReason(code="sigint", message=phrase("it was told to stop ('ctl stop')."))


@dataclass(frozen=True)
class Helm:
    """Takes orders for one run."""

    controls: Controls
    ledger: Ledger
    listener: RunListener
    run: int
    started: datetime
    now: Callable[[], datetime]

    async def obey(self, order: Order) -> dict[str, object]:
        """Do it; the answer says what was done, and how the run stands after it."""
        try:
            say = await self._cancel(order.row) if order.row else self._do(order)
            ok = True
        except (LedgerError, _CannotError) as error:
            say, ok = str(error), False
        if ok and order.action is not Action.SHOW:
            self.listener.noticed("ctl", phrase("From another shell: {order}", order=say))
        return {"schema": SCHEMA, "ok": ok, "say": say, "run": self._document()}

    def _do(self, order: Order) -> str:
        match order.action:
            case Action.PAUSE:
                return self._pause()
            case Action.RESUME:
                return self._resume()
            case Action.DRAIN:
                self.controls.drain(_drained())
                return f"nothing more is sent; {_coming(self._gauges)}, then the run ends."
            case Action.STOP:
                self.controls.leave(_stopped())
                return (
                    "stopping: nothing more is sent, answers on their way are waited for (10 s at "
                    "most); what is being made is fetched by the next run."
                )
            case Action.SET:
                self.controls.limit(rate=order.rate, slots=order.concurrency)
                return f"{_limits(self._gauges)}."
            case _:
                return self._show()

    def _pause(self) -> str:
        self._check_sending()
        self.controls.pause()
        return f"paused: nothing new is sent until 'resume'; {_coming(self._gauges)}."

    def _resume(self) -> str:
        self._check_sending()
        if not self._gauges.paused:
            return "it was not paused."
        self.controls.resume()
        return "resumed: rows are sent again."

    def _check_sending(self) -> None:
        stopping = self._gauges.stopping
        if stopping is not None:
            raise _CannotError(
                f"nothing more is sent anyway: {stopping.message} Run the same command again "
                "when it has ended."
            )

    async def _cancel(self, who: str) -> str:
        """Keep a row out of this run, if it was not sent yet."""
        found = await self.ledger.called(who)
        if not found:
            raise _CannotError(f"no row is called {who!r} in what was read last.")
        return " ".join([await self._cancel_one(job) for job in found])

    async def _cancel_one(self, job: Job) -> str:
        withdrawn = await self.ledger.withdraw(job.id, self.now())
        state = await self._state(job)
        if withdrawn is not None:
            self.listener.changed(job, withdrawn)
            return (
                f"{job.name} is not sent by this run. The next run sends it if it is still there."
            )
        if state in OPEN:
            return (
                f"{job.name} was sent already: the provider cannot be told to stop a task, and it "
                "is paid unless it fails; its video is fetched."
            )
        return f"{job.name} is {state}: there is nothing to cancel."

    async def _state(self, job: Job) -> State:
        return (await self.ledger.job(job.id)).state

    @property
    def _gauges(self) -> Gauges:
        return self.controls.gauges()

    def _show(self) -> str:
        tally, gauges = self.listener.tally, self._gauges
        begun = self.started.astimezone()
        new = ", ".join(f"{n} {state}" for state, n in tally.new.items()) or "nothing ended yet"
        parts = [
            f"run {self.run} (process {os.getpid()}), begun {begun:%Y-%m-%d %H:%M}",
            f"sent {tally.sent}, being made {tally.being_made}, {new}",
            _limits(gauges),
        ]
        if gauges.paused:
            parts.append("paused")
        if gauges.provider_down:
            parts.append("the provider does not answer")
        if gauges.stopping is not None:
            parts.append(f"ending: {gauges.stopping.message.rstrip('.')}")
        return "; ".join(parts) + "."

    def _document(self) -> dict[str, object]:
        tally, gauges = self.listener.tally, self._gauges
        stopping = gauges.stopping
        return {
            "id": self.run,
            "pid": os.getpid(),
            "started_at": time_text(self.started),
            "sent": tally.sent,
            "being_made": tally.being_made,
            "new": dict(tally.new),
            "limited": tally.limited,
            "in_flight": gauges.in_flight,
            "concurrency": gauges.slots,
            "rate_per_min": round(gauges.rate * 60, 3),
            "paused": gauges.paused,
            "provider_down": gauges.provider_down,
            "stopping": None if stopping is None else stopping.code,
        }


class _CannotError(Exception):
    """What was ordered cannot be done now; a plain sentence."""


def _limits(gauges: Gauges) -> str:
    slots = "given" if gauges.slots_given else "found out"
    rate = "given" if gauges.rate_given else "found out"
    return f"at most {gauges.slots} at once ({slots}), {rate_text(gauges.rate)} sent ({rate})"


def _coming(gauges: Gauges) -> str:
    n = gauges.at_work
    return f"{n} being made {'is' if n == 1 else 'are'} seen to the end"
