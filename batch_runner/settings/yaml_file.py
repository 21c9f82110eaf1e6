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
from yaml.composer import ComposerError

from batch_runner.core.errors import ConfigError

MAX_BYTES = 1_000_000
MAX_DEPTH = 20

_BOOL = re.compile(r"(?:true|True|TRUE|false|False|FALSE)$")
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,30})$")
_FLOAT = re.compile(
    r"[-+]?(?:(?:0|[1-9][0-9]{0,30})(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]{1,3})?$"
)
_NULL = re.compile(r"(?:~|null|Null|NULL|)$")


class _Loader(yaml.SafeLoader):
    """The safe loader, without the surprises of YAML 1.1."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse aliases: a few lines of them can stand for gigabytes."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise ComposerError(None, None, "anchors and aliases are not supported", mark)
        return super().compose_node(parent, index)


_Loader.yaml_implicit_resolvers = {}
_Loader.add_implicit_resolver("tag:yaml.org,2002:bool", _BOOL, list("tTfF"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:int", _INT, list("-+0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:float", _FLOAT, list("-+.0123456789"))
_Loader.add_implicit_resolver("tag:yaml.org,2002:null", _NULL, ["~", "n", "N", ""])


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


def read_yaml(path: Path) -> Document:
    """Read a file whose top level is a mapping (or nothing at all).

    Raises:
        ConfigError: it cannot be read, is no such YAML, or is unreasonably large or deep.
    """
    text = _text(path)
    lines: dict[tuple[str, ...], int] = {}
    try:
        loader = _Loader(text)
        root = loader.get_single_node()
        data = {} if root is None else _plain(loader, path, root, (), lines)
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


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"The file cannot be read: {error.strerror or error}.",
            code="config_unreadable",
            hint="Check the name and the permissions.",
            where=str(path),
        ) from None
    if len(content) > MAX_BYTES:
        raise _unusable(path, 1, f"The file is larger than {MAX_BYTES:,} bytes.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise _unusable(path, line, "The file is not UTF-8 text.") from None


def _plain(
    loader: _Loader,
    path: Path,
    node: yaml.Node,
    keys: tuple[str, ...],
    lines: dict[tuple[str, ...], int],
) -> Any:
    """A node as plain values; every key as text, none of them twice, no aliases."""
    line = node.start_mark.line + 1
    if len(keys) > MAX_DEPTH:
        raise _unusable(path, line, "It is nested too deeply.")
    if isinstance(node, yaml.ScalarNode):
        return loader.construct_object(node)
    if node.tag not in _PLAIN_TAGS:
        raise _unusable(path, line, f"The tag {node.tag} is not supported.")
    if isinstance(node, yaml.SequenceNode):
        items = []
        for index, item in enumerate(node.value):
            place = (*keys, str(index))
            lines[place] = item.start_mark.line + 1
            items.append(_plain(loader, path, item, place, lines))
        return items
    found: dict[str, Any] = {}
    for key_node, value_node in node.value:
        key_line = key_node.start_mark.line + 1
        if not isinstance(key_node, yaml.ScalarNode):
            raise _unusable(path, key_line, "A key must be plain text.")
        key = str(key_node.value)
        if key in found:
            raise _unusable(path, key_line, f"'{key}' stands here twice.")
        lines[(*keys, key)] = key_line
        found[key] = _plain(loader, path, value_node, (*keys, key), lines)
    return found


def _unusable(path: Path, line: int, message: str) -> ConfigError:
    return ConfigError(message, code="config_not_yaml", where=f"{path}:{line}")
