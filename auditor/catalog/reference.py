"""Dated reference data: facts about the world that change, each file with its source and the day it was checked."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from auditor.catalog.control import Text
from auditor.catalog.shape import decode
from auditor.errors import ContentError

if TYPE_CHECKING:
    from auditor.codec import Document
    from auditor.errors import Problem


class Reference(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Columns that table `extends` gains where its columns `on` equal those of a row; null where no row does."""

    id: str
    title: Text
    source: str
    checked_on: Annotated[str, msgspec.Meta(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    extends: str
    on: tuple[str, ...]
    adds: dict[str, Literal["text", "integer", "boolean", "datetime"]]
    rows: tuple[dict[str, str | int | bool | None], ...]


def parse(document: Document) -> Reference:
    """Return the reference data of a file; raises ContentError with every problem."""
    problems: list[Problem] = []
    found = decode(document, (), document.value, Reference, problems)
    if found is None:
        raise ContentError(problems)
    keys: set[tuple[str, ...]] = set()
    for index, row in enumerate(found.rows):
        where = ("rows", index)
        if set(row) != {*found.on, *found.adds}:
            problems.append(document.problem(where, f"a row needs exactly the columns {', '.join([*found.on, *found.adds])}"))
            continue
        problems += [
            document.problem((*where, name), f"{name}: {row[name]!r} is no {kind}", "see the documentation of reference data")
            for name, kind in found.adds.items()
            if not _is(row[name], kind)
        ]
        key = tuple(str(row[name]) for name in found.on)
        if key in keys:
            problems.append(document.problem(where, f"{key} stands twice", "keep one row"))
        keys.add(key)
    if problems:
        raise ContentError(problems)
    return found


def _is(value: Any, kind: str) -> bool:
    if value is None:
        return True
    if kind != "datetime":
        return type(value) is {"text": str, "integer": int, "boolean": bool}[kind]
    try:
        return datetime.fromisoformat(value).tzinfo is None
    except (TypeError, ValueError):
        return False
