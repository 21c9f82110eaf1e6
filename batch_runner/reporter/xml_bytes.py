"""XML parts edited as bytes: where an element stands, and what an attribute says.

A parsed and re-written part is never the same; here everything that is not edited stays, byte
for byte. Only well-formed parts come here: the loader has parsed the package before.
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

ATTRIBUTES = rb"""(?:[^<>"']|"[^"]*"|'[^']*')*?"""
"""What stands between a tag's name and its end; ``>`` may stand within quotes."""

_TOKEN = re.compile(
    rb"<(?:!--.*?-->|!\[CDATA\[.*?\]\]>|\?.*?\?>|(/?)([^\s/<>!?]+)(" + ATTRIBUTES + rb")(/?)>)",
    re.DOTALL,
)
_ATTRIBUTE = re.compile(rb"""([^\s=<>"'/]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_DECLARED = re.compile(rb"""<\?xml[^>]*?\sencoding\s*=\s*["']([A-Za-z][\w.-]*)["']""")
_AS_IT_IS = frozenset({"utf-8"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Element:
    """Where an element stands within some bytes."""

    name: bytes  # without its prefix
    start: int
    inner: int  # where its content begins; equal to ``inner_end`` if it has none
    inner_end: int
    end: int
    attributes: bytes

    def get(self, name: str) -> str | None:
        """An attribute's value by its full name."""
        return attribute(self.attributes, name)


Edit = tuple[int, int, bytes]
"""From where to where, and what stands there instead."""


def elements(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Element]:
    """The elements between two places, but not those within them."""
    depth = 0
    opened: tuple[bytes, int, int, bytes] = (b"", 0, 0, b"")
    for token in _TOKEN.finditer(data, start, len(data) if end is None else end):
        name = token[2]
        if name is None:
            continue
        if token[1]:
            depth -= 1
            if depth == 0:
                yield Element(
                    name=opened[0],
                    start=opened[1],
                    inner=opened[2],
                    inner_end=token.start(),
                    end=token.end(),
                    attributes=opened[3],
                )
        elif token[4]:
            if depth == 0:
                yield Element(
                    name=local(name),
                    start=token.start(),
                    inner=token.end(),
                    inner_end=token.end(),
                    end=token.end(),
                    attributes=token[3],
                )
        else:
            if depth == 0:
                opened = local(name), token.start(), token.end(), token[3]
            depth += 1


def children(data: bytes, parent: Element) -> Iterator[Element]:
    """The elements right within another."""
    return elements(data, parent.inner, parent.inner_end)


def child(data: bytes, parent: Element, name: bytes) -> Element | None:
    """The first element of this name right within another."""
    return next((one for one in children(data, parent) if one.name == name), None)


def local(name: bytes) -> bytes:
    """A name without its prefix."""
    return name.rpartition(b":")[2]


def prefix_of(data: bytes, element: Element) -> str:
    """What stands before the names of an element's own vocabulary: ``x:``, or nothing."""
    tag = re.compile(rb"<([^\s/<>]+)").match(data, element.start)
    assert tag is not None
    return tag[1][: len(tag[1]) - len(element.name)].decode()


def attribute(attributes: bytes, name: str) -> str | None:
    """An attribute's value among those of a tag."""
    wanted = name.encode()
    for found in _ATTRIBUTE.finditer(attributes):
        if found[1] == wanted:
            value = found[2] if found[2] is not None else found[3]
            return html.unescape(value.decode("utf-8", "surrogateescape"))
    return None


def relation_of(element: Element) -> str:
    """The ``r:id`` of an element, whatever prefix stands for ``r``."""
    for found in _ATTRIBUTE.finditer(element.attributes):
        if found[1].endswith(b":id"):
            return (found[2] if found[2] is not None else found[3]).decode()
    return ""


def namespaces(attributes: bytes) -> dict[str, str]:
    """Namespace -> its prefix, as a tag declares them; the default one has the prefix ``""``."""
    declared: dict[str, str] = {}
    for found in _ATTRIBUTE.finditer(attributes):
        key, _, prefix = found[1].decode().partition(":")
        if key == "xmlns":
            value = found[2] if found[2] is not None else found[3]
            declared[html.unescape(value.decode())] = prefix
    return declared


def with_attribute(tag: bytes, name: str, value: str) -> bytes:
    """A start tag in which an attribute has this value; all else in it stays."""
    wanted = name.encode()
    text = escaped_attribute(value).encode()
    for found in _ATTRIBUTE.finditer(tag):
        if found[1] == wanted:
            group = 2 if found[2] is not None else 3
            return tag[: found.start(group)] + text + tag[found.end(group) :]
    end = len(tag) - (2 if tag.endswith(b"/>") else 1)
    return tag[:end].rstrip() + b" " + wanted + b'="' + text + b'"' + tag[end:]


def without_attribute(tag: bytes, name: str) -> bytes:
    """A start tag without an attribute."""
    for found in _ATTRIBUTE.finditer(tag):
        if found[1] == name.encode():
            return tag[: found.start()].rstrip() + tag[found.end() :]
    return tag


def start_tag(data: bytes, element: Element) -> bytes:
    """An element's start tag; the whole of it, if it has no content of its own."""
    return data[element.start : element.inner]


def insertion(data: bytes, element: Element, added: bytes) -> Edit:
    """The edit that adds content at an element's end; a self-closed one is opened for it."""
    if element.end != element.inner_end:
        return element.inner_end, element.inner_end, added
    tag = start_tag(data, element)
    return element.start, element.end, opened(tag) + added + closing(tag)


def opened(tag: bytes) -> bytes:
    """A start tag that is not closed in itself."""
    return tag[:-2].rstrip() + b">" if tag.endswith(b"/>") else tag


def closing(tag: bytes) -> bytes:
    """The end tag for a start tag."""
    name = re.match(rb"<([^\s/<>]+)", tag)
    assert name is not None
    return b"</" + name[1] + b">"


def edited(data: bytes, edits: Sequence[Edit]) -> bytes:
    """The bytes after some edits that do not overlap."""
    parts, at = [], 0
    for start, end, new in sorted(edits, key=lambda edit: edit[:2]):
        parts += [data[at:start], new]
        at = end
    return b"".join((*parts, data[at:]))


def escaped(text: str) -> str:
    """Text as it may stand in an element."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def escaped_attribute(text: str) -> str:
    """Text as it may stand in a double-quoted attribute; line breaks survive there so only."""
    plain = escaped(text).replace('"', "&quot;")
    return plain.replace("\t", "&#9;").replace("\n", "&#10;").replace("\r", "&#13;")


def codec_of(start: bytes) -> str | None:
    """How a part is encoded, by its first bytes; ``None``: UTF-8, so its bytes are worked on."""
    for mark, codec in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        if start.startswith(mark):
            return codec
    if start.startswith(b"<\0"):
        return "utf-16-le"
    if start.startswith(b"\0<"):
        return "utf-16-be"
    declared = _DECLARED.match(start.removeprefix(codecs.BOM_UTF8))
    name = codecs.lookup(declared[1].decode()).name if declared else "utf-8"
    return None if name in _AS_IT_IS else name


def to_utf8(chunks: Iterable[bytes], codec: str | None) -> Iterator[bytes]:
    """A part's bytes as UTF-8, bit by bit."""
    if codec is None:
        yield from chunks
        return
    decoder = codecs.getincrementaldecoder(codec)()
    for chunk in chunks:
        yield decoder.decode(chunk).encode()


def from_utf8(chunks: Iterable[bytes], codec: str | None) -> Iterator[bytes]:
    """UTF-8 back in a part's own encoding; what that lacks becomes a character reference."""
    if codec is None:
        yield from chunks
        return
    decoder = codecs.getincrementaldecoder("utf-8")()
    for chunk in chunks:
        yield decoder.decode(chunk).encode(codec, "xmlcharrefreplace")
