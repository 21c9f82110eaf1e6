"""Folders in which a ledger is not safe: synchronised ones and network shares."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from batch_runner.ledger.disk import network_kind

_NAMES = re.compile(
    r"(?P<name>onedrive|dropbox|google ?drive|my drive|icloud ?drive|icloud|mobile documents|nextcloud"
    r"|owncloud|box( sync)?|pclouddrive|syncthing|sharepoint|cloudstorage)(?P<more>[\s\-(~].*)?",
    re.IGNORECASE,
)
_SHAREPOINT = re.compile(r".+ - (shared )?documents", re.IGNORECASE)
"""How OneDrive names the folder of a SharePoint library: ``Site - Documents``."""

_MARKERS = {
    ".dropbox.cache": "Dropbox",
    ".849C9593-D756-4E56-8D6E-42412F2A707B": "OneDrive",
    ".tmp.drivedownload": "Google Drive",
    ".tmp.driveupload": "Google Drive",
    ".nextcloudsync.log": "Nextcloud",
    ".owncloudsync.log": "ownCloud",
    ".stfolder": "Syncthing",
}
_ONEDRIVE = ("OneDrive", "OneDriveCommercial", "OneDriveConsumer")
_DROPBOX = (("APPDATA", "Dropbox"), ("LOCALAPPDATA", "Dropbox"), ("HOME", ".dropbox"))


def synced_by(path: Path, environ: Mapping[str, str]) -> str | None:
    """Which synchroniser a (resolved) path belongs to.

    By what the synchronisers say in the environment and in their settings, by the usual names of
    their folders, and by the files that they leave in them.
    """
    for name, root in _said(environ):
        if path == root or root in path.parents:
            return name
    for folder in (path, *path.parents):
        if (found := _NAMES.fullmatch(folder.name)) is not None:
            return found["name"].lower()
        if _SHAREPOINT.fullmatch(folder.name):
            return "SharePoint"
        for marker, name in _MARKERS.items():
            if (folder / marker).exists():
                return name
    return None


def _said(environ: Mapping[str, str]) -> Iterator[tuple[str, Path]]:
    """The folders that synchronisers say they have."""
    for variable in _ONEDRIVE:
        if environ.get(variable):
            yield "OneDrive", Path(environ[variable]).resolve()
    for variable, folder in _DROPBOX:
        if environ.get(variable):
            for root in _dropbox_folders(Path(environ[variable], folder, "info.json")):
                yield "Dropbox", root


def _dropbox_folders(info: Path) -> list[Path]:
    """What Dropbox says in its own file; nothing where there is none that can be read."""
    try:
        told = json.loads(info.read_text(encoding="utf-8"))
        return [Path(account["path"]).resolve() for account in told.values()]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def advice(ledger: Path) -> str | None:
    """What to say to somebody whose ledger lies on a network drive."""
    kind = network_kind(ledger)
    if kind is None:
        return None
    return (
        f"Warning: the ledger of what was paid lies on a network drive ({kind}). It is written "
        "with more care there, which is slower; safer is a folder of this computer: set "
        "BATCH_RUNNER_STATE, or 'state:' in the config."
    )
