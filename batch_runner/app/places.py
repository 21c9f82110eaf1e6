"""Folders in which a ledger is not safe: synchronised ones and network shares."""

from __future__ import annotations

from pathlib import Path

SYNCED = ("dropbox", "onedrive", "google drive", "googledrive", "icloud", "nextcloud", "box sync")
"""Parts of folder names by which the usual synchronisers are known."""

_NETWORK = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "9p", "afs", "davfs"})
_MOUNTS = Path("/proc/mounts")


def synced_by(path: Path) -> str | None:
    """Which synchroniser a (resolved) path belongs to, by the names of its folders."""
    parts = [part.lower() for part in path.parts]
    return next((name for name in SYNCED if any(name in part for part in parts)), None)


def network_kind(path: Path, mounts: str) -> str | None:
    """The kind of network file system a (resolved) path lies on.

    ``mounts`` is the text of ``/proc/mounts``; the longest mount point that holds the path counts.
    """
    if str(path).startswith("\\\\"):
        return "a network share"
    best, kind = "", None
    for line in mounts.splitlines():
        words = line.split()
        if len(words) < 3:
            continue
        point = words[1].replace("\\040", " ")
        if len(point) >= len(best) and (path == Path(point) or Path(point) in path.parents):
            best, kind = point, words[2]
    return kind if kind in _NETWORK else None


def risk(path: Path) -> str | None:
    """Why a ledger beside this (resolved) sheet is at risk; ``None``: it is not."""
    synced = synced_by(path)
    if synced is not None:
        return f"the sheet lies in a folder that is synchronised ({synced})"
    mounts = _MOUNTS.read_text(errors="replace") if _MOUNTS.is_file() else ""
    network = network_kind(path, mounts)
    return None if network is None else f"the sheet lies on a network drive ({network})"


def advice(path: Path) -> str | None:
    """What to say to somebody whose ledger would be at risk here."""
    why = risk(path)
    if why is None:
        return None
    return (
        f"Warning: {why}, where the ledger of what was paid can be damaged. Keep it on this "
        "computer: set BATCH_RUNNER_STATE, or 'state:' in the config, to a local folder."
    )
