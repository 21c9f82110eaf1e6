"""What kind of disk a file lies on: on a network drive SQLite needs another way of writing."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

NETWORK = frozenset(
    [
        "nfs",
        "nfs4",
        "cifs",
        "smb",
        "smb3",
        "smbfs",
        "afpfs",
        "webdav",
        "davfs",
        "davfs2",
        "fuse.sshfs",
        "fuse.rclone",
        "fuse.davfs2",
        "fuse.glusterfs",
        "glusterfs",
        "ceph",
        "fuse.ceph",
        "lustre",
        "9p",
        "afs",
    ]
)
"""Kinds of file systems that lie on another computer, as Linux and macOS name them."""

MOUNTS = Path("/proc/mounts")
_MAC = re.compile(r"^.*? on (?P<point>/.*) \((?P<kind>[^,()]+)[^()]*\)$")
_REMOTE = 4  # DRIVE_REMOTE, says Windows


def network_kind(path: Path) -> str | None:
    """The kind of network file system a path lies on; ``None``: on none, as far as is known."""
    path = path.absolute()
    if sys.platform == "win32":
        return _on_windows(path)
    kind = kind_of(path, _mounted())
    return kind if kind in NETWORK else None


def kind_of(path: Path, mounted: list[tuple[str, str]]) -> str | None:
    """The kind of the file system with the longest mount point that holds a path."""
    above = {str(folder) for folder in (path, *path.parents)}
    holding = [(len(point), kind) for point, kind in mounted if point in above]
    return max(holding)[1] if holding else None


def linux_mounts(text: str) -> list[tuple[str, str]]:
    """Mount points and kinds, of ``/proc/mounts``, where blanks are written in octal."""
    lines = (line.split() for line in text.splitlines())
    return [(words[1].replace("\\040", " "), words[2]) for words in lines if len(words) > 2]


def mac_mounts(text: str) -> list[tuple[str, str]]:
    """Mount points and kinds, as the command ``mount`` tells them on a Mac."""
    found = map(_MAC.match, text.splitlines())
    return [(match["point"], match["kind"]) for match in found if match is not None]


def _mounted() -> list[tuple[str, str]]:
    if sys.platform == "darwin":
        told = subprocess.run(["/sbin/mount"], capture_output=True, text=True, check=False)
        return mac_mounts(told.stdout)
    return linux_mounts(MOUNTS.read_text(errors="replace")) if MOUNTS.is_file() else []


def _on_windows(path: Path) -> str | None:
    if str(path).startswith("\\\\"):
        return "a share"
    import ctypes

    kernel = getattr(ctypes, "windll").kernel32  # noqa: B009 - is there on Windows only
    remote = kernel.GetDriveTypeW(path.anchor) == _REMOTE
    return "a mapped drive" if remote else None
