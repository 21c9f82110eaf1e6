"""A ledger on a network drive is written in a way that is safe there."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from batch_runner.app.place.places import advice
from batch_runner.ledger import disk
from batch_runner.ledger.disk import kind_of, linux_mounts, mac_mounts
from batch_runner.ledger.sqlite import SqliteLedger

LINUX = """\
sysfs /sys sysfs rw 0 0
/dev/vda / ext4 rw 0 0
nas:/share /mnt/big\\040share nfs4 rw 0 0
tmpfs /mnt/big\\040share/ram tmpfs rw 0 0
"""
MAC = """\
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
//anna@nas/share (1) on /Volumes/share (1) (smbfs, nodev, nosuid, mounted by anna)
map auto_home on /System/Volumes/Data/home (autofs, automounted)
"""


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        ("/srv/anna/a.csv", "ext4"),
        ("/mnt/big share/x/a.csv", "nfs4"),
        ("/mnt/big share", "nfs4"),
        ("/mnt/big sharexyz/a.csv", "ext4"),
        ("/mnt/big share/ram/a.csv", "tmpfs"),
    ],
)
def test_the_nearest_mount_says_the_kind_on_linux(place: str, kind: str) -> None:
    """Blanks in mount points, mounts within mounts, names that only begin alike."""
    assert kind_of(Path(place), linux_mounts(LINUX)) == kind


def test_a_mac_says_it_in_other_words() -> None:
    """A share whose name has brackets, too."""
    mounted = mac_mounts(MAC)
    assert kind_of(Path("/Volumes/share (1)/a.csv"), mounted) == "smbfs"
    assert kind_of(Path("/Library/a.csv"), mounted) == "apfs"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc/mounts")
@pytest.mark.parametrize(("kind", "mode"), [("ext4", "wal"), ("nfs4", "truncate")])
def test_no_shared_memory_on_a_network_drive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, mode: str
) -> None:
    """There the ledger keeps a rollback journal, also one that was made elsewhere; it is said."""
    path = tmp_path / "ledger.sqlite"
    SqliteLedger.for_command(path).close()
    mounts = tmp_path / "mounts"
    mounts.write_text(f"server:/x {tmp_path} {kind} rw 0 0\n")
    monkeypatch.setattr(disk, "MOUNTS", mounts)

    SqliteLedger.for_command(path).close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == (
            mode if mode == "wal" else "delete",  # what is not WAL is not kept in the file
        )
    warning = advice(path)
    assert (warning is not None and "network drive (nfs4)" in warning) == (kind == "nfs4")
