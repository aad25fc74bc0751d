"""Strict YAML in, canonical JSON out."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec
import yaml

from auditor.errors import ContentError, Problem
from auditor.text import _

if TYPE_CHECKING:
    from pathlib import Path

MAX_CONTENT_BYTES = 4 << 20
"""Largest YAML file read: scopes and frameworks stay far below."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Only composes nodes; libyaml does it seven times faster."""
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})\Z")
_SPECIAL: dict[str, bool | None] = {"true": True, "false": False, "null": None, "~": None, "": None}

Where = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A YAML file: its plain value, and the line (from 1) of every key and item."""

    path: str
    value: Any
    lines: dict[Where, int] = field(default_factory=dict)

    def line(self, *where: str | int) -> int:
        """Return the line of `where`, or of its nearest ancestor."""
        for end in range(len(where), -1, -1):
            if (found := self.lines.get(tuple(where[:end]))) is not None:
                return found
        return 1

    def problem(self, where: Where, message: str, hint: str = "") -> Problem:
        """Return a problem at `where` of this file."""
        return Problem(self.path, self.line(*where), message, hint)


def read_yaml(path: Path) -> Document:
    """Read one YAML file strictly; raise ContentError with every problem of its syntax."""
    try:
        if path.stat().st_size > MAX_CONTENT_BYTES:
            raise ContentError([Problem(str(path), 1, _("file larger than {n} bytes").format(n=MAX_CONTENT_BYTES), _("split it"))])
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ContentError([Problem(str(path), 1, _("not UTF-8: {why}").format(why=error.reason), _("save the file as UTF-8"))]) from error
    except OSError as error:
        raise ContentError(
            [Problem(str(path), 1, _("cannot be read: {why}").format(why=error.strerror), _("check the path and its rights"))]
        ) from error
    return parse_yaml(text, str(path))


def parse_yaml(text: str, path: str = "<text>") -> Document:
    """Parse YAML where only true, false, null and integers are special (no `NO` → false, no `10.10` → 10.1).

    Duplicate keys, aliases, tags and non-text keys are errors, all reported at once.
    """
    try:
        node = yaml.compose(text, Loader=_LOADER)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        what = getattr(error, "problem", None) or str(error)
        raise ContentError(
            [Problem(path, mark.line + 1 if mark else 1, _("not YAML: {what}").format(what=what), _("mend the syntax here or just above"))]
        ) from error
    except RecursionError as error:
        raise ContentError([Problem(path, 1, _("nested too deep"), _("flatten the file"))]) from error
    problems: list[Problem] = []
    lines: dict[Where, int] = {}
    value = _plain(node, (), path, lines, problems, set()) if node is not None else None
    if problems:
        raise ContentError(problems)
    return Document(path, value, lines)


def _plain(node: yaml.Node, where: Where, path: str, lines: dict[Where, int], problems: list[Problem], seen: set[int]) -> Any:
    line = node.start_mark.line + 1
    lines.setdefault(where, line)
    if id(node) in seen:
        problems.append(Problem(path, line, _("anchors and aliases are not allowed"), _("write the value again")))
        return None
    seen.add(id(node))
    if node.tag not in _PLAIN_TAGS:
        problems.append(Problem(path, line, _("tag {tag} is not allowed").format(tag=node.tag), _("remove the tag")))
    if isinstance(node, yaml.ScalarNode):
        return _scalar(node)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item, (*where, index), path, lines, problems, seen) for index, item in enumerate(node.value)]
    result: dict[str, Any] = {}
    for key_node, item in node.value:
        key = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
        key_line = key_node.start_mark.line + 1
        if key is None:
            problems.append(Problem(path, key_line, _("a key must be plain text"), _("quote the key")))
            continue
        if key in result:
            problems.append(Problem(path, key_line, _("key {key} stands twice").format(key=repr(key)), _("keep one of the two")))
        lines[(*where, key)] = key_line
        result[key] = _plain(item, (*where, key), path, lines, problems, seen)
    return result


_PLAIN_TAGS = {f"tag:yaml.org,2002:{name}" for name in ("str", "int", "bool", "null", "float", "timestamp", "value", "merge", "seq", "map")}


def _scalar(node: yaml.ScalarNode) -> str | int | bool | None:
    text: str = node.value
    if node.style:  # quoted or block: text as it stands
        return text
    if text in _SPECIAL:
        return _SPECIAL[text]
    return int(text) if _INTEGER.match(text) else text


_ENCODER = msgspec.json.Encoder(order="sorted")


def canonical(value: object) -> bytes:
    """Return the one JSON form of `value`: sorted keys, no space, no float (RFC 8785 for what we write).

    Raises TypeError on a float: its text is not stable between engines.
    """
    plain = msgspec.to_builtins(value)
    _refuse_floats(plain)
    return _ENCODER.encode(plain)


def _refuse_floats(value: object) -> None:
    if isinstance(value, float):
        msg = "floats have no canonical form; use an integer and name its unit"
        raise TypeError(msg)
    if isinstance(value, dict):
        for item in value.values():
            _refuse_floats(item)
    elif isinstance(value, list | tuple):
        for item in value:
            _refuse_floats(item)


def sha256(data: bytes) -> str:
    """Return the SHA-256 of `data`, in lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()
