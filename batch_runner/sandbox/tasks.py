"""What a task shows when it is looked at: a pure function of its log line and the time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

from batch_runner.sandbox.accepted import Accepted, Fate
from batch_runner.sandbox.dice import pick

T = TypeVar("T")

_SUBMITTED, _PENDING = 0.05, 0.2  # until these parts of its time
_STUCK_AT = 60  # progress

_SYNONYMS = {
    "submitted": ("submitted", "SUBMITTED", "not_start"),
    "pending": ("pending", "queued"),
    "processing": ("processing", "in_progress", "running", "IN_PROGRESS"),
    "completed": ("completed", "complete", "succeeded", "SUCCESS"),
    "failed": ("failed", "failure", "FAILURE"),
}
_ODD = ("moderating", "rendering_2", "upscaling")
_UPSTREAM = (
    '{\n "error": {"code":404,"message":"Requested entity was not found.","status":"NOT_FOUND"}}\n'
)
REASONS = {
    "moderated": "The prompt or the images violate the content policy.",
    "bad-image": "Failed to download the reference image: unsupported image format.",
}
"""Why a task fails, by the fault that makes it fail."""

_TRANSLATED = {
    "ja": {
        "moderated": "プロンプトまたは画像がコンテンツポリシーに違反しています。",
        "bad-image": "参照画像をダウンロードできません。サポートされていない画像形式です。",
    },
    "zh": {
        "moderated": "提示词或图片违反了内容政策。",
        "bad-image": "无法下载参考图片：不支持的图片格式。",
    },
}
"""The same to who asks in another language; regions such as zh-CN are not understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """In which of its shapes the answer comes."""

    reason: str = ""  # of REASONS; "": the upstream's own trouble
    language: str = ""  # of the reason
    odd_status: bool = False  # undocumented words while the task is made
    variety: bool = False
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Where a finished task's video is; ``video`` None: it has no link."""

    video: str | None
    thumbnail: str
    expires_at: int  # Unix seconds


def ended(task: Accepted, now: float) -> bool:
    """Whether a task is completed or failed."""
    return now >= task.ends_at


def describe(task: Accepted, now: float, links: Links | None, shape: Shape) -> dict[str, object]:
    """The answer's ``data``; ``links`` are needed only where ``ended`` without failing."""
    if not ended(task, now):
        return _under_way(task, now, shape)
    if task.fate is Fate.FAILURE or links is None:
        return _failed(task, shape)
    data = _common(task, _word("completed", task, shape), 100)
    data |= {"completed": int(task.ends_at), "actual_time": round(task.seconds)}
    data["cost"] = task.cost
    data["credits_cost"] = round(task.cost * 10, 6)
    if _varied("cost", (False, False, True), task, shape):
        data["cost"] = str(task.cost)
    data["result"] = _result(task, links, shape)
    return data


def _under_way(task: Accepted, now: float, shape: Shape) -> dict[str, object]:
    stuck = task.fate is Fate.STUCK
    part = (now - task.at) / task.seconds if task.seconds else 1.0
    progress = max(0, min(_STUCK_AT if stuck else 99, int(part * 100)))
    if part < _SUBMITTED:
        return _common(task, _word("submitted", task, shape), progress)
    if shape.odd_status:
        return _common(task, _ODD[progress % len(_ODD)], progress)
    word = "pending" if part < _PENDING else "processing"
    return _common(task, _word(word, task, shape), progress)


def _common(task: Accepted, status: str, progress: int) -> dict[str, object]:
    return {
        "id": task.task_id,
        "status": status,
        "progress": progress,
        "created": int(task.at),
        "estimated_time": max(1, math.ceil(task.seconds * 1.5)),
    }


def _failed(task: Accepted, shape: Shape) -> dict[str, object]:
    """As captured: no times, and the upstream's JSON stuffed into the message."""
    error: dict[str, object] = {
        "code": _varied("error", ("task_failed", 500), task, shape),
        "type": "task_failed",
        "param": "",
        "message": _reason(shape),
    }
    return {
        "credits_cost": 0,
        "error": error,
        "id": task.task_id,
        "progress": 100,
        "status": _word("failed", task, shape),
    }


def _reason(shape: Shape) -> str:
    translated = _TRANSLATED.get(shape.language.lower(), {})
    return translated.get(shape.reason) or REASONS.get(shape.reason, _UPSTREAM)


def _result(task: Accepted, links: Links, shape: Shape) -> dict[str, object]:
    url: object = [links.video] if links.video else []
    if links.video and _varied("url", (False, True), task, shape):
        url = links.video
    videos = [{"url": url, "expires_at": links.expires_at}]
    if _varied("thumbnail", (True, False), task, shape):
        return {"thumbnail_url": links.thumbnail, "videos": videos}
    return {"videos": videos}


def _word(word: str, task: Accepted, shape: Shape) -> str:
    return _varied("status", _SYNONYMS[word], task, shape)


def _varied(what: str, choices: tuple[T, ...], task: Accepted, shape: Shape) -> T:
    return pick(choices, shape.seed, what, task.number) if shape.variety else choices[0]
