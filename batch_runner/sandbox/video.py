"""The sandbox's films: one small real H.264 video, made different for each task."""

from __future__ import annotations

import struct
from functools import cache
from importlib.resources import files


@cache
def _sample(name: str) -> bytes:
    return files("batch_runner.sandbox").joinpath("media", name).read_bytes()


def video(task_id: str) -> bytes:
    """A playable mp4 of 2 seconds that holds the task's id in a ``free`` box at its end."""
    note = task_id.encode()
    return _sample("sample.mp4") + struct.pack(">I4s", 8 + len(note), b"free") + note


def thumbnail() -> bytes:
    """A small JPEG of it."""
    return _sample("sample.jpg")
