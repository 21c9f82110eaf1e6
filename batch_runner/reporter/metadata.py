"""What a file has besides its bytes: owner, group, mode, ACL, extended attributes.

Replacing a file makes a new one, so all of this is carried over by hand.
"""

from __future__ import annotations

import ctypes
import os
import stat
import sys
from pathlib import Path

from batch_runner.core.errors import SheetBusyError
from batch_runner.core.language import phrase


def keep_metadata(source: Path, copy: Path) -> None:
    """Give ``copy`` everything that ``source`` has besides its bytes and times.

    Linux keeps ACLs as extended attributes, so they travel with those; macOS has one call for
    both. Windows gives a new file the rights of its folder, as every program's "save" does.

    Raises:
        SheetBusyError: code ``metadata_not_kept``; ``copy`` must not take the place of ``source``.
    """
    if sys.platform == "win32":
        return
    try:
        wanted = source.stat()
        # The owner first: changing it drops mode bits and rights to attributes.
        _keep_owner(wanted, copy)
        if sys.platform == "darwin":
            _keep_attributes_macos(source, copy)
        else:
            _keep_attributes_linux(source, copy)
        copy.chmod(stat.S_IMODE(wanted.st_mode))
    except OSError as error:
        raise SheetBusyError(
            phrase(
                "Owner, permissions or attributes of the file could not be kept ({reason}), so it was not replaced.",
                reason=error.strerror or error,
            ),
            code="metadata_not_kept",
            hint=phrase("Run as the file's owner, or make a copy of the sheet that is yours."),
            where=str(source),
        ) from error


def _keep_owner(wanted: os.stat_result, copy: Path) -> None:
    present = copy.stat()
    owner = wanted.st_uid if wanted.st_uid != present.st_uid else -1
    group = wanted.st_gid if wanted.st_gid != present.st_gid else -1
    if (owner, group) != (-1, -1):
        os.chown(copy, owner, group)


def _attributes(path: Path) -> dict[str, bytes]:
    return {name: os.getxattr(path, name) for name in os.listxattr(path)}


def _keep_attributes_linux(source: Path, copy: Path) -> None:
    wanted, present = _attributes(source), _attributes(copy)
    for name in present.keys() - wanted.keys():
        os.removexattr(copy, name)  # an ACL that the folder hands down to new files
    for name, value in wanted.items():
        if present.get(name) != value:
            os.setxattr(copy, name, value)


def _keep_attributes_macos(source: Path, copy: Path) -> None:
    acl, extended = 1 << 0, 1 << 2  # COPYFILE_ACL, COPYFILE_XATTR of copyfile(3)
    system = ctypes.CDLL(None, use_errno=True)
    done = system.copyfile(os.fsencode(source), os.fsencode(copy), None, acl | extended)
    if done != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
