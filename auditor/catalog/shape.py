"""Typed content out of strictly read YAML, with every error of shape at once."""

from __future__ import annotations

from functools import cache
from types import UnionType
from typing import TYPE_CHECKING, Any, TypeVar, Union, get_args, get_origin

import msgspec
import msgspec.structs

if TYPE_CHECKING:
    from auditor.codec import Document, Where
    from auditor.errors import Problem

S = TypeVar("S", bound=msgspec.Struct)


def decode(document: Document, where: Where, value: Any, kind: type[S], problems: list[Problem]) -> S | None:
    """Return `value`, found at `where` of `document`, as a `kind`; None when it is not one, and `problems` then says why.

    Goes into lists and maps of structs, and on after an error: msgspec alone stops at its first, and authors need them all.
    """
    if not isinstance(value, dict):
        problems.append(document.problem(where, f"{_name(where)} must be a block of keys", f"see {kind.__name__} in the documentation"))
        return None
    before = len(problems)
    fields = _fields(kind)
    problems.extend(
        document.problem((*where, key), f"unknown key {key!r}", f"known here: {', '.join(fields)}") for key in value if key not in fields
    )
    found: dict[str, Any] = {}
    for key, field in fields.items():
        if key in value:
            found[key] = _value(document, (*where, key), value[key], field.type, problems)
        elif field.required:
            problems.append(document.problem(where, f"{_name(where)} lacks {key!r}", f"add {key}:"))
    return kind(**found) if len(problems) == before else None


@cache
def _fields(kind: type[msgspec.Struct]) -> dict[str, msgspec.structs.FieldInfo]:
    return {field.encode_name: field for field in msgspec.structs.fields(kind)}


def _value(document: Document, where: Where, value: Any, kind: Any, problems: list[Problem]) -> Any:
    if get_origin(kind) in {Union, UnionType}:
        kind = next((part for part in get_args(kind) if _is_struct(part)), kind)
    if _is_struct(kind):
        return decode(document, where, value, kind, problems)
    inner = get_args(kind)
    if get_origin(kind) is tuple and _is_struct(inner[0]) and isinstance(value, list):
        return tuple(decode(document, (*where, index), item, inner[0], problems) for index, item in enumerate(value))
    if get_origin(kind) is dict and _is_struct(inner[1]) and isinstance(value, dict):
        return {key: decode(document, (*where, key), item, inner[1], problems) for key, item in value.items()}
    try:
        return msgspec.convert(value, kind, strict=True)
    except msgspec.ValidationError as error:
        what = str(error).replace("`", "").replace(" - at $", " at ")
        problems.append(document.problem(where, f"{_name(where)}: {what}", "quote text that looks like a number; see the documentation"))
        return None


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _name(where: Where) -> str:
    return ".".join(str(part) for part in where) or "the file"
