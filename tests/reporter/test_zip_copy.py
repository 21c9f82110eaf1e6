from __future__ import annotations

import io
import struct
import zipfile
import zlib
from contextlib import ExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_runner.core.errors import SheetError
from batch_runner.reporter.zip_copy import Package, Packed, packed


class Pipe(io.RawIOBase):
    """A place to write to that cannot be wound back: zip writers then use data descriptors."""

    def __init__(self) -> None:
        self.data = b""

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: object) -> int:
        """Keep what comes."""
        self.data += bytes(data)  # type: ignore[call-overload]
        return len(bytes(data))  # type: ignore[call-overload]


def copied(data: bytes, changes: dict[str, bytes | None] | None = None) -> bytes:
    """A copy of a zip file with these members changed."""
    out = io.BytesIO()
    with ExitStack() as stack:
        new: dict[str, Packed | None] = {}
        for name, content in (changes or {}).items():
            new[name] = change = None if content is None else packed([content])
            if change is not None:
                stack.enter_context(change.data)
        Package(io.BytesIO(data), "x.xlsx").write(out, new)
    return out.getvalue()


def raw(data: bytes) -> list[tuple[str, bytes]]:
    """Every member's name and packed bytes, as they lie in the file."""
    found = []
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        for member in sorted(package.infolist(), key=lambda one: one.header_offset):
            at = member.header_offset
            name, extra = struct.unpack_from("<HH", data, at + 26)
            start = at + 30 + name + extra
            found.append((member.filename, data[start : start + member.compress_size]))
    return found


def sound(data: bytes) -> zipfile.ZipFile:
    """The file, once all its checksums are verified."""
    package = zipfile.ZipFile(io.BytesIO(data))
    assert package.testzip() is None
    return package


members = st.dictionaries(
    st.text("abc日é.", min_size=1, max_size=12), st.binary(max_size=200), min_size=1, max_size=6
)
methods = st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])


@settings(max_examples=60, deadline=None)
@given(
    contents=members,
    method=methods,
    streamed=st.booleans(),
    comment=st.sampled_from([b"", b"note"]),
)
def test_what_is_not_changed_is_the_same_packed_bytes(
    contents: dict[str, bytes], method: int, *, streamed: bool, comment: bytes
) -> None:
    """Order, names and packed bytes of members stay: deflated, stored, sizes before or after."""
    pipe, file = Pipe(), io.BytesIO()
    with zipfile.ZipFile(pipe if streamed else file, "w", method) as package:
        for name, content in contents.items():
            package.writestr(name, content)
        package.comment = comment
    data = pipe.data if streamed else file.getvalue()
    first = next(iter(contents))
    after = copied(data, {first: b"new content", "added.xml": b"<a/>"})
    new = raw(after)
    assert [one for one in raw(data) if one[0] != first] == [
        one for one in new if one[0] not in {first, "added.xml"}
    ]
    assert [name for name, _ in new] == [*(name for name, _ in raw(data)), "added.xml"]
    assert sound(after).read(first) == b"new content"
    assert sound(after).comment == comment


def test_64_bit_headers_are_understood() -> None:
    """Some programs write 64-bit sizes always; their members are copied like all others."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as package:
        for name in ("a.xml", "b.xml"):
            with package.open(name, "w", force_zip64=True) as member:
                member.write(name.encode() * 50)
    after = copied(file.getvalue(), {"b.xml": b"b"})
    assert raw(after)[0] == raw(file.getvalue())[0]
    assert sound(after).read("a.xml") == b"a.xml" * 50


def test_dates_attributes_and_extra_fields_stay() -> None:
    """What the directory says of a member beside its size is carried over."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as package:
        member = zipfile.ZipInfo("a.xml", (2019, 5, 6, 7, 8, 10))
        member.external_attr, member.comment = 0o644 << 16, b"note"
        member.extra = struct.pack("<HH4s", 0xA220, 4, b"grow")
        package.writestr(member, b"a")
    found = sound(copied(file.getvalue())).infolist()[0]
    assert (found.date_time, found.external_attr) == ((2019, 5, 6, 7, 8, 10), 0o644 << 16)
    assert (found.comment, found.extra) == (b"note", member.extra)


def test_members_are_found_and_left_out_whatever_their_case_and_slashes() -> None:
    """Backslashes and other case name the same member, as they do for Excel."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as package:
        package.writestr("xl\\Worksheets\\Sheet1.xml", b"old")
        package.writestr("xl/calcChain.xml", b"gone")
    data = file.getvalue()
    assert Package(io.BytesIO(data), "").read("XL/worksheets/sheet1.xml") == b"old"
    after = copied(data, {"xl/worksheets/sheet1.xml": b"new", "XL/CALCCHAIN.XML": None})
    assert [name for name, _ in raw(after)] == ["xl\\Worksheets\\Sheet1.xml"]
    assert sound(after).read("xl\\Worksheets\\Sheet1.xml") == b"new"


@pytest.mark.parametrize("cut", [0, 3, 40, -30])
def test_cut_file_ends_in_a_sentence(cut: int) -> None:
    """A file that is not whole is refused, wherever it was cut."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as package:
        package.writestr("a.xml", b"a" * 100)
    with pytest.raises(SheetError) as caught:
        copied(file.getvalue()[:cut])
    assert caught.value.code == "damaged"


def test_damaged_member_is_found_when_it_is_read() -> None:
    """A checksum that does not fit is no content to work on."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as package:
        package.writestr("a.xml", b"a" * 100)
    data = file.getvalue().replace(b"a" * 100, b"b" * 100)
    with pytest.raises(SheetError) as caught:
        Package(io.BytesIO(data), "").read("a.xml")
    assert caught.value.code == "damaged"
    with pytest.raises(SheetError):
        Package(io.BytesIO(data), "").read("other.xml")


def test_encrypted_archive_is_refused() -> None:
    """An archive with encrypted members is said to be one."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as package:
        package.writestr("a.xml", b"a")
    data = bytearray(file.getvalue())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(SheetError) as caught:
        Package(io.BytesIO(bytes(data)), "")
    assert caught.value.code == "encrypted"


def test_packing_follows_what_is_given() -> None:
    """Size, checksum and packed bytes belong to the content, however large its pieces."""
    content = b"".join(bytes([i % 251]) * 1000 for i in range(3000))
    done = packed(content[i : i + 70_000] for i in range(0, len(content), 70_000))
    with done.data as data:
        data.seek(0)
        assert zlib.decompress(data.read(), -15) == content
    assert (done.unpacked, done.crc) == (len(content), zlib.crc32(content))
