"""A web page in one file: assets of the package joined, data beside them, nothing from elsewhere.

All that a sheet or a provider says travels as data that no parser of HTML takes for markup, and
the page's own policy lets nothing run but the script it was made with.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import BinaryIO

_ASSETS = files("batch_runner").joinpath("assets")
_IMPORT = re.compile(r"^import .*;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)

_POLICY = (
    "default-src 'none'; script-src {script}; style-src {style}; "
    "img-src 'self' file: data: https:; media-src 'self' file: data: https:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'"
)

# In JSON these stand only within strings, where an escape means the same. "<" could begin an end
# tag or a comment; the two separators end a line in old engines.
_ESCAPES = {ord(c): f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"}


def data_text(value: object) -> str:
    """A value as JSON that can stand within a ``script`` element, whatever its texts hold."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.translate(_ESCAPES)


class Page:
    """A page on its way into a file: its head at once, its data block by block, then its end."""

    def __init__(
        self,
        out: BinaryIO,
        *,
        frame: str,
        styles: Sequence[str],
        modules: Sequence[str],
        title: str,
        meta: Mapping[str, str],
    ) -> None:
        """Write all that comes before the data.

        Args:
            out: where the page goes.
            frame: the asset that holds its skeleton.
            styles: its style sheets, in their order.
            modules: its JavaScript modules, each after those it imports from.
            title: what it is called; any text.
            meta: names and values for its own script, as ``meta`` elements.
        """
        self._out = out
        self._script = script_of(tuple(modules))
        style = "".join(asset(name) for name in styles)
        policy = policy_of(styles, modules)
        before, self._after = asset(frame).split("<!--data-->")
        filled = {
            "<!--title-->": html.escape(title),
            "<!--policy-->": html.escape(policy, quote=True),
            "<!--meta-->": "".join(_meta(name, value) for name, value in meta.items()),
            "<!--style-->": f"<style>{style}</style>",
        }
        self._write(re.sub(r"<!--(?:title|policy|meta|style)-->", lambda m: filled[m[0]], before))

    def block(self, name: str, values: object) -> None:
        """One more block of data, for ``script[data-block=name]``."""
        self._write(f'<script type="application/json" data-block="{html.escape(name)}">')
        self._write(data_text(values))
        self._write("</script>\n")

    def rows(self, name: str, values: Iterable[object]) -> None:
        """A block that is a list, written item by item."""
        self._write(f'<script type="application/json" data-block="{html.escape(name)}">[')
        for i, value in enumerate(values):
            self._write(("," if i else "") + "\n" + data_text(value))
        self._write("]</script>\n")

    def end(self) -> None:
        """Write all that comes after the data."""
        script = f'<script type="module">{self._script}</script>'
        self._write(self._after.replace("<!--script-->", script))

    def _write(self, text: str) -> None:
        # A sheet may hold halves of characters, which no file can.
        self._out.write(text.encode("utf-8", "replace"))


@cache
def asset(name: str) -> str:
    """A text file among the package's assets."""
    return _ASSETS.joinpath(*name.split("/")).read_text(encoding="utf-8")


@cache
def script_of(modules: tuple[str, ...]) -> str:
    """Modules as one: with their imports left out, each finds the others' names around it."""
    return "".join(_EXPORT.sub("", _IMPORT.sub("", asset(name))) for name in modules)


def policy_of(styles: Sequence[str], modules: Sequence[str]) -> str:
    """What a page of these may do: run its own script, show its own looks, no more."""
    style = "".join(asset(name) for name in styles)
    return _POLICY.format(script=_hash(script_of(tuple(modules))), style=_hash(style))


def _hash(text: str) -> str:
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode('ascii')}'"


def _meta(name: str, value: str) -> str:
    return f'<meta name="{html.escape(name)}" content="{html.escape(value)}">'
