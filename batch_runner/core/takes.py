"""Another take of a row: what its request is to be, and how the ledger remembers the wish."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from batch_runner.core.lifecycle import State
from batch_runner.core.profile import Profile
from batch_runner.core.text import quoted

SEED = "seed"
PROMPT = "prompt"
MOST_SEED = 2**31 - 1  # where a profile gives no range
REDO_FAILED = "redo_failed"
"""The error code of a row whose last take failed, and that shows the one before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Redo:
    """What somebody wants of a row's next take; by itself: the same, by a new seed.

    A row that has a seed of its own keeps it, unless a new one is asked for.
    """

    seed: int | None = None
    new_seed: bool = False
    prompt: str | None = None
    note: str = ""


AS_BEFORE = Redo()
"""The same once more, by a new seed where the row has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the ledger knows of a job that is to be made anew."""

    model: str
    body: bytes  # what its row asks for today
    mark: str  # what tells it from all others
    take: int  # the how-manieth attempt it would be


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """A wish as the ledger keeps it until the next one: fields that its request gets."""

    model: str = ""  # for which the fields are meant
    fields: Mapping[str, object] = field(default_factory=dict)
    note: str = ""
    order: str = ""  # the command that asked for it; begun again it asks for nothing new
    cell: str = ""  # the decision cell that asked for it, as long as it may stand there

    def to_json(self) -> str:
        """For the ledger; what is blank is left out."""
        told = {"model": self.model, "fields": dict(self.fields), "note": self.note}
        told |= {"order": self.order, "cell": self.cell}
        return json.dumps({name: value for name, value in told.items() if value})

    @classmethod
    def from_json(cls, text: str) -> Take:
        """The inverse of :meth:`to_json`."""
        return cls(**json.loads(text))

    def request(self, model: str, body: bytes) -> bytes:
        """A row's request as this take sends it."""
        if not self.fields or model != self.model:
            return body  # the row names another model by now, whose fields are others
        return _added(body, self.fields)


def with_fields(body: bytes, fields: str) -> bytes:
    """A row's request with what its variant adds (JSON; nothing: nothing)."""
    return _added(body, json.loads(fields)) if fields else body


def _added(body: bytes, fields: Mapping[str, object]) -> bytes:
    request = {**json.loads(body), **fields}
    text = json.dumps(request, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def seed_of(body: bytes) -> object:
    """The seed that a request names; ``None``: it has none."""
    try:
        request = json.loads(body)
    except ValueError:
        return None
    return request.get(SEED) if isinstance(request, dict) else None


def take_of(asked: Asked, redo: Redo, profile: Profile | None) -> Take:
    """The take that a wish means for a job; its seed follows from the job and the take."""
    fields: dict[str, object] = {}
    if redo.prompt is not None:
        fields[PROMPT] = redo.prompt
    seed = None if profile is None else profile.parameter(SEED)
    if seed is not None:
        own = seed.api_name in json.loads(asked.body)
        if redo.seed is not None:
            fields[seed.api_name] = redo.seed
        elif redo.new_seed or not own:
            fields[seed.api_name] = derived_seed(
                asked.mark, asked.take, seed.low or 1, seed.high or MOST_SEED
            )
    return Take(model=asked.model, fields=fields, note=redo.note)


def derived_seed(mark: str, number: int, low: int, high: int) -> int:
    """A seed for one of many videos of a row: the same for the same row, whoever asks."""
    text = hashlib.sha256(f"{mark}:{number}".encode()).digest()
    return low + int.from_bytes(text[:8], "big") % (high - low + 1)


def unfit(redo: Redo, profile: Profile | None, model: str) -> str:
    """Why a model cannot make the take that is wished for; ``""``: it can."""
    seed = None if profile is None else profile.parameter(SEED)
    if redo.seed is None:
        return ""
    if seed is None:
        return f"the model {quoted(model)} has no seed."
    low, high = seed.low if seed.low is not None else 0, seed.high
    if redo.seed < low or (high is not None and redo.seed > high):
        span = f"from {low} to {high}" if high is not None else f"{low} at least"
        return f"{redo.seed} is no seed of {quoted(model)}: it takes {span}."
    return ""


def not_now(state: State, error_code: str) -> str:
    """Why a job in this state cannot be made anew now; ``""``: it can."""
    if state is State.SUCCEEDED and error_code.startswith("video"):
        return "its video is paid and not here yet: 'batch-runner run' fetches it first."
    return {
        State.SUCCEEDED: "",
        State.FAILED: "",
        State.UNKNOWN: "nobody knows whether it was accepted: settle it with "
        "'batch-runner resolve' first.",
        State.QUEUED: "it was not made yet: 'batch-runner run' sends it.",
        State.SKIPPED: "it was not made yet: 'batch-runner run' sends it.",
        State.INVALID: "it is invalid: mend it first ('batch-runner check' says how).",
    }.get(state, "it is being made: let that end first ('batch-runner run' goes on with it).")
