"""The sandbox's films: one small real H.264 video, made different for each task."""

from __future__ import annotations

import random
import struct
from functools import cache
from importlib.resources import files


@cache
def _sample(name: str) -> bytes:
    return files("batch_runner.sandbox").joinpath("media", name).read_bytes()


def video(task_id: str, size: int = 0) -> bytes:
    """A playable mp4 of 2 seconds that holds the task's id in a ``free`` box at its end.

    Filled up to about ``size`` bytes by a box in which no two places look alike.
    """
    note, film = task_id.encode(), _sample("sample.mp4")
    film += _box(_noise(task_id, size - len(film))) if size > len(film) else b""
    return film + _box(note)


def remade(film: bytes) -> bytes:
    """Another cut of it: as long, playable, with other bytes in its last quarter but the end."""
    middle = slice(len(film) * 3 // 4, len(film) - 64)
    return film[: middle.start] + bytes(255 - b for b in film[middle]) + film[middle.stop :]


def _box(content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), b"free") + content


def _noise(seed: str, size: int) -> bytes:
    return random.Random(seed).randbytes(size)  # noqa: S311 - nobody is to be kept from guessing it


def thumbnail() -> bytes:
    """A small JPEG of it."""
    return _sample("sample.jpg")
