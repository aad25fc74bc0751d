"""Which columns an expression may name in which table, with their types."""

from __future__ import annotations

from functools import cache
from types import NoneType
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin, get_type_hints

from auditor.evaluate.language import TYPES
from auditor.evidence.row import Origin
from auditor.evidence.tables import CONTEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from auditor.catalog.reference import Reference
    from auditor.evidence.row import Row

SQL = {"text": "VARCHAR", "integer": "BIGINT", "boolean": "BOOLEAN", "instant": "TIMESTAMP"}
REFERENCE = {"text": "text", "integer": "integer", "boolean": "boolean", "datetime": "instant"}


@cache
def own(table: type[Row]) -> dict[str, str]:
    """Return the columns of a row type, in order, with the language's type of each."""
    hints = get_type_hints(table, include_extras=True)
    return {name: _type(hints[name]) for name in table.__struct_fields__}


def _type(hint: Any) -> str:
    while get_origin(hint) is Annotated:
        hint = get_args(hint)[0]
    if args := [arg for arg in get_args(hint) if arg is not NoneType]:
        return _type(args[0])
    return "text" if hint is Origin else TYPES[hint]


def context(table: type[Row]) -> dict[str, str]:
    """Return the columns that the scope adds to a table; its own of the same name stand."""
    return {name: TYPES[kind] for name, kind in CONTEXT.items() if name not in own(table)}


def columns(table: type[Row], references: Iterable[Reference] = ()) -> Mapping[str, str]:
    """Return every column of a table at evaluation: its own, the scope's, then reference data's."""
    added = {name: REFERENCE[kind] for item in references if item.extends == table.TABLE for name, kind in item.adds.items()}
    return {**own(table), **context(table), **added}
