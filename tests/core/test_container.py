"""Which files are whole videos, and which addresses are public."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_runner.core.addresses import is_public
from batch_runner.core.container import HEAD, flaw, sniff, whole


def _box(kind: bytes, payload: bytes) -> bytes:
    return (8 + len(payload)).to_bytes(4, "big") + kind + payload


FTYP = _box(b"ftyp", b"isom\0\0\2\0isommp41")
MOOV = _box(b"moov", b"m" * 40)
MDAT = _box(b"mdat", b"d" * 300)
LONG_MDAT = b"\0\0\0\1mdat" + (16 + 50).to_bytes(8, "big") + b"d" * 50
OPEN_MDAT = b"\0\0\0\0mdat" + b"d" * 50
EBML = b"\x1a\x45\xdf\xa3\x87\x42\x82\x84webm"
SEGMENT = b"\x18\x53\x80\x67"
WEBM = EBML + SEGMENT + b"\x40\x0a" + b"s" * 10
WHOLE = {
    "mp4": FTYP + MOOV + MDAT,
    "mp4, index last": FTYP + _box(b"free", b"") + MDAT + MOOV,
    "mp4, 64-bit length": FTYP + LONG_MDAT + MOOV,
    "mp4, last box open": FTYP + MOOV + OPEN_MDAT,
    "mp4, fragments": FTYP + MOOV + _box(b"moof", b"f") + MDAT + _box(b"moof", b"f") + MDAT,
    "mov": _box(b"ftyp", b"qt  \0\0\0\0") + MOOV + MDAT,
    "webm": WEBM,
    "webm, live": EBML + SEGMENT + b"\x01" + b"\xff" * 7 + b"s" * 10,
    "gif": b"GIF89a" + b"x" * 20 + b";",
}
BROKEN = {
    "empty": b"",
    "page": b"<!doctype html><html></html>",
    "json": b'{"error": {"code": 404}}',
    "mp4 without index": FTYP + MDAT,
    "mp4 without media": FTYP + MOOV,
    "mp4 with a tail": FTYP + MOOV + MDAT + b"\0\0\0",
    "mp4 with an impossible box": FTYP + MOOV + MDAT + b"\0\0\0\4free",
    "mp4 with half a long length": FTYP + MOOV + MDAT + b"\0\0\0\1free\0\0",
    "mp4 not at the start": MOOV + FTYP + MDAT,
    "webm header only": EBML,
    "webm, other element": EBML + b"\xec\x40\x0a" + b"s" * 20,
    "webm, header of unknown length": b"\x1a\x45\xdf\xa3\xff" + b"x" * 30,
    "webm, no length": EBML + SEGMENT,
    "webm, live and empty": EBML + SEGMENT + b"\xff",
    "webm, empty": EBML + SEGMENT + b"\x80",
    "gif cut": b"GIF89a" + b"x" * 20,
}


def _flaw(data: bytes) -> str:
    return flaw(lambda offset, count: data[max(0, offset) : max(0, offset) + count], len(data))


@pytest.mark.parametrize("name", WHOLE)
def test_complete_files_are_whole(name: str) -> None:
    """Every usual layout of a complete file passes."""
    assert _flaw(WHOLE[name]) == ""


@pytest.mark.parametrize("name", BROKEN)
def test_other_files_are_not(name: str) -> None:
    """Pages, headers alone and damaged structures are no videos, and it is said why."""
    assert _flaw(BROKEN[name])


@pytest.mark.parametrize("name", ["mp4", "mp4, index last", "mov", "webm", "mp4, 64-bit length"])
def test_every_cut_is_seen(name: str) -> None:
    """No file that lost any number of bytes at its end is taken for whole."""
    data = WHOLE[name]
    assert all(_flaw(data[:length]) for length in range(len(data)))


@pytest.mark.parametrize(
    ("data", "extension"),
    [
        (WHOLE["mp4"], ".mp4"),
        (WHOLE["mov"], ".mov"),
        (WEBM, ".webm"),
        (b"\x1a\x45\xdf\xa3\x8b\x42\x82\x88matroska", ".mkv"),
        (b"GIF87a", ".gif"),
        (b"<html>", None),
        (b"", None),
    ],
)
def test_the_extension_follows_the_content(data: bytes, extension: str | None) -> None:
    """The name's ending comes from the first bytes."""
    assert sniff(data[:HEAD]) == extension


@settings(max_examples=200, deadline=None)
@given(
    start=st.sampled_from([b"", FTYP, FTYP + MOOV + MDAT, EBML, EBML + SEGMENT]),
    rest=st.binary(max_size=80),
)
def test_no_bytes_make_the_walk_fail(start: bytes, rest: bytes) -> None:
    """Any bytes get a verdict, and the two ways of asking agree."""
    data = start + rest
    verdict = _flaw(data)
    assert whole(lambda offset, count: data[offset : offset + count], len(data)) == (not verdict)


def test_a_file_of_boxes_without_end_is_given_up() -> None:
    """A hostile file of countless tiny boxes is not walked through to its end."""
    tiny = _box(b"free", b"")

    def read_at(offset: int, count: int) -> bytes:
        return FTYP + bytes(HEAD) if offset == 0 else tiny + tiny

    assert flaw(read_at, len(FTYP) + 8 * 10**9)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "2606:2800:220:1::1", "64:ff9b::5db8:d822", "::ffff:8.8.8.8"]
)
def test_public_addresses_are_public(address: str) -> None:
    """Addresses of the open internet, also in their IPv6 translation."""
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "::",
        "::1",
        "::127.0.0.1",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:a9fe:a9fe",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2001:0:53aa:64c:0:0:80ff:fffe",
        "127.1",
        "localhost",
        "",
    ],
)
def test_other_addresses_are_not(address: str) -> None:
    """Private, local, shared, reserved and disguised addresses, and what is no address."""
    assert not is_public(address)
