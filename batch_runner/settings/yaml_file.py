"""Reading YAML that people write by hand: safe, strict, and with line numbers.

YAML 1.1 reads ``16:9`` as the number 969, ``no`` as false and ``007`` as 7. Here only what
looks like nothing else is a number or a truth value (as in YAML 1.2); all the rest is text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from batch_runner.core.errors import ConfigError
from batch_runner.core.language import phrase

MAX_BYTES = 1_000_000
MAX_DEPTH = 20

_BOOL = re.compile(r"(?:true|True|TRUE|false|False|FALSE)$")
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,30})$")
_FLOAT = re.compile(
    r"[-+]?(?:(?:0|[1-9][0-9]{0,30})(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?$"
)
_NULL = re.compile(r"(?:~|null|Null|NULL|)$")


def _without_surprises(base: Any) -> Any:
    """A safe loader that reads as numbers and truth values only what YAML 1.2 does."""
    loader: Any = type("Loader", (base,), {"yaml_implicit_resolvers": {}})
    loader.add_implicit_resolver("tag:yaml.org,2002:bool", _BOOL, list("tTfF"))
    loader.add_implicit_resolver("tag:yaml.org,2002:int", _INT, list("-+0123456789"))
    loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+.0123456789"))
    loader.add_implicit_resolver("tag:yaml.org,2002:null", _NULL, ["~", "n", "N", ""])
    return loader


_LOADER = _without_surprises(yaml.SafeLoader)
_QUICK_LOADER = _without_surprises(getattr(yaml, "CSafeLoader", yaml.SafeLoader))
"""Ten times as fast, but nesting without end could exhaust its stack."""

_PLAIN_TAGS = {"tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One YAML file: what it says, and where."""

    path: Path
    data: Mapping[str, Any]
    lines: Mapping[tuple[str, ...], int]  # path of keys -> 1-based line

    def where(self, keys: tuple[str, ...]) -> str:
        """The place of a key for a message: file and line."""
        while keys and keys not in self.lines:
            keys = keys[:-1]
        return f"{self.path}:{self.lines[keys]}" if keys else str(self.path)


def read_yaml(path: Path, *, trusted: bool = False) -> Document:
    """Read a file whose top level is a mapping (or nothing at all).

    Args:
        path: the file.
        trusted: whether it is the user's own or ours, and not one that came with a sheet.

    Raises:
        ConfigError: it cannot be read, is no such YAML, or is unreasonably large or deep.
    """
    return parse_yaml(path, read_text(path), trusted=trusted)


def parse_yaml(path: Path, text: str, *, trusted: bool = False) -> Document:
    """What a file says that was read already.

    Raises:
        ConfigError: it is no such YAML, or is unreasonably deep.
    """
    lines: dict[tuple[str, ...], int] = {}
    try:
        loader = (_QUICK_LOADER if trusted else _LOADER)(text)
        root = loader.get_single_node()
        data = {} if root is None else _plain(_Walk(loader, path, lines, set()), root, ())
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _unusable(path, line, f"This is no valid YAML: {error.problem}.") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise _unusable(path, 1, f"This is no valid YAML: {reason}.") from None
    if data is None:
        data = {}
    if not isinstance(data, dict):
        raise _unusable(path, 1, "The file must hold 'key: value' lines.")
    return Document(path=path, data=data, lines=lines)


def read_text(path: Path) -> str:
    """A file's text.

    Raises:
        ConfigError: it cannot be read, is no UTF-8, or is unreasonably large.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            phrase("The file cannot be read: {reason}.", reason=error.strerror or error),
            code="config_unreadable",
            hint=phrase("Check the name and the permissions."),
            where=str(path),
        ) from None
    if len(content) > MAX_BYTES:
        raise _unusable(path, 1, f"The file is larger than {MAX_BYTES:,} bytes.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _unusable(path, line, "The file is not UTF-8 text.") from None


@dataclass(frozen=True, slots=True)
class _Walk:
    """What goes along through all nodes of a file."""

    loader: Any
    path: Path
    lines: dict[tuple[str, ...], int]
    seen: set[int]


def _plain(walk: _Walk, node: yaml.Node, keys: tuple[str, ...]) -> Any:
    """A node as plain values; every key as text, none of them twice, no aliases."""
    line = node.start_mark.line + 1
    if len(keys) > MAX_DEPTH:
        raise _unusable(walk.path, line, "It is nested too deeply.")
    if id(node) in walk.seen:  # a few lines of aliases can stand for gigabytes
        raise _unusable(
            walk.path, line, "This is no valid YAML: anchors and aliases are not supported."
        )
    walk.seen.add(id(node))
    if isinstance(node, yaml.ScalarNode):
        return walk.loader.construct_object(node)
    if node.tag not in _PLAIN_TAGS:
        raise _unusable(walk.path, line, f"The tag {node.tag} is not supported.")
    if isinstance(node, yaml.SequenceNode):
        items = []
        for index, item in enumerate(node.value):
            place = (*keys, str(index))
            walk.lines[place] = item.start_mark.line + 1
            items.append(_plain(walk, item, place))
        return items
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key_line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise _unusable(walk.path, key_line, "A key must be plain text.")
        key = str(key_node.value)
        if key in found:
            raise _unusable(walk.path, key_line, f"'{key}' stands here twice.")
        walk.lines[(*keys, key)] = key_line
        found[key] = _plain(walk, value_node, (*keys, key))
    return found


def _unusable(path: Path, line: int, message: str) -> ConfigError:
    return ConfigError(message, code="config_not_yaml", where=f"{path}:{line}")
