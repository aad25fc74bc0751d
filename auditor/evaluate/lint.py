"""Whether the checks of a library name what exists, with the right types, and show enough examples."""

from __future__ import annotations

import difflib
from datetime import datetime
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from auditor.errors import CheckError, Problem
from auditor.evaluate import schema
from auditor.evaluate.compile import read
from auditor.evidence.tables import TABLES
from auditor.evidence.tables_scope import SCOPE_TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from auditor.catalog.control import Check, Control, Example, Fact
    from auditor.catalog.library import Library
    from auditor.catalog.reference import Reference
    from auditor.evidence.row import Row


Found = tuple[tuple[str | int, ...], str, str]
"""Where in its file, what is wrong, what next."""

_DECLARED = frozenset(table.TABLE for table in SCOPE_TABLES)
_PYTHON = {"text": str, "integer": int, "boolean": bool, "instant": str}


def lint(library: Library, tables: Mapping[str, type[Row]] = TABLES) -> list[Problem]:
    """Return every problem of names, types and examples' shape in the content of `library`, with its line."""
    problems: list[Problem] = []
    for reference in library.references.values():
        path = f"reference/{reference.id}.yaml"
        problems += [Problem(path, 1, what, hint) for _where, what, hint in _reference(reference, tables)]
    if problems:
        return problems
    columns = {name: schema.columns(table, library.references.values()) for name, table in tables.items()}
    for name, control in sorted(library.controls.items()):
        if control.check is not None:
            problems += [library.documents[name].problem(where, what, hint) for where, what, hint in _lint(control, control.check, columns)]
    return problems


def _reference(reference: Reference, tables: Mapping[str, type[Row]]) -> Iterator[Found]:
    if reference.extends not in tables:
        yield ("extends",), f"no table is named {reference.extends!r}", _near(reference.extends, tables)
        return
    known = schema.columns(tables[reference.extends])
    for name in reference.on:
        if name not in known:
            yield ("on",), f"{reference.extends} has no column {name!r}", _near(name, known)
    for name in reference.adds:
        if name in known:
            yield ("adds", name), f"{reference.extends} has a column {name!r} already", "choose another name"


def _near(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, known := sorted(known), 1)
    return f"did you mean {close[0]}?" if close else f"known: {', '.join(known)}"


def _lint(control: Control, check: Check, columns: Mapping[str, Mapping[str, str]]) -> Iterator[Found]:
    if check.subject not in columns:
        yield ("check", "subject"), f"no table is named {check.subject!r}", _near(check.subject, columns)
        return
    wrong = [found for name, fact in check.facts.items() for found in _fact(name, fact, check.subject, columns)]
    yield from wrong
    for index, name in enumerate(check.show):
        if name not in columns[check.subject]:
            yield ("check", "show", index), f"{check.subject} has no column {name!r}", _near(name, columns[check.subject])
    if not wrong:
        yield from _expressions(control, check, columns)
    for index, example in enumerate(control.examples):
        yield from _example(control, check.subject, example, ("examples", index), columns)
    yield from _coverage(control)


def _fact(name: str, fact: Fact, subject: str, columns: Mapping[str, Mapping[str, str]]) -> Iterator[Found]:
    where = ("check", "facts", name)
    if fact.table not in columns:
        yield where, f"no table is named {fact.table!r}", _near(fact.table, columns)
        return
    if fact.within == "source" and (fact.table in _DECLARED) != (subject in _DECLARED):
        yield where, f"{fact.table} and {subject} never share a source", "say within: estate (or site)"
    for related, own in fact.on.items():
        left, right = columns[fact.table].get(related), columns[subject].get(own)
        if left is None or right is None:
            table, missing = (fact.table, related) if left is None else (subject, own)
            yield (*where, "on", related), f"{table} has no column {missing!r}", _near(missing, columns[table])
        elif left != right:
            yield (*where, "on", related), f"{fact.table}.{related} is {left}, {subject}.{own} is {right}", "join columns of one type"
    if fact.distinct is not None and fact.distinct not in columns[fact.table]:
        yield (*where, "distinct"), f"{fact.table} has no column {fact.distinct!r}", _near(fact.distinct, columns[fact.table])


def _expressions(control: Control, check: Check, columns: Mapping[str, Mapping[str, str]]) -> Iterator[Found]:
    places: list[tuple[tuple[str | int, ...], Check]] = [
        (("check", "when"), replace(check, expect="true")),
        (("check", "expect"), replace(check, when="true")),
        *(
            (("check", "facts", name, "where"), replace(check, when="true", expect="true", facts={name: fact}))
            for name, fact in check.facts.items()
        ),
    ]
    bare = {name: replace(fact, where="true") for name, fact in check.facts.items()}
    failed = False
    for where, part in places:
        try:
            read(control, part if "facts" in where else replace(part, facts=bare), columns)
        except CheckError as error:
            failed = True
            yield where, error.message, error.hint
    if failed:
        return
    checked = read(control, check, columns)
    trees = (checked.when, checked.expect, *checked.where.values())
    used = {node.value for tree in trees for node in tree.walk() if node.kind == "parameter"}
    for name in sorted(set(control.parameters) - used):
        yield ("parameters", name), f"parameter {name!r} is never used", "use it or remove it"
    for name in sorted(set(check.facts) - set(checked.rests_on()[1])):
        yield ("check", "facts", name), f"fact {name!r} is never used", "use it or remove it"


def _example(
    control: Control, subject: str, example: Example, where: tuple[str | int, ...], columns: Mapping[str, Mapping[str, str]]
) -> Iterator[Found]:
    if not _is_instant(example.as_of):
        yield (*where, "as_of"), f"as_of: {example.as_of!r} is no instant", "2026-11-24T08:00:00Z"
    for name, value in example.parameters.items():
        if name not in control.parameters or type(value) is not type(control.parameters[name].default):
            yield (*where, "parameters", name), f"{name!r} is no parameter of that type", _near(name, control.parameters)
    for table, rows in example.given.items():
        if table not in columns:
            yield (*where, "given", table), f"no table is named {table!r}", _near(table, columns)
        elif not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            yield (*where, "given", table), f"{table}: a list of rows is needed", "[{id: a, …}]"
        else:
            for position, row in enumerate(rows):
                yield from _row(table, row, (*where, "given", table, position), columns[table])
            names = [(row.get("source"), row.get("id")) for row in rows]
            if len(set(map(str, names))) != len(names):
                yield (*where, "given", table), f"{table}: two rows have one id", "give each its own"
    given = example.given.get(subject, [])
    ids = [str(row.get("id")) for row in given if isinstance(row, dict)] if isinstance(given, list) else []
    told = example.expect if isinstance(example.expect, dict) else {}
    if not told or set(told) - set(ids) or any(verdict not in _VERDICTS for verdict in told.values()):
        yield (*where, "expect"), f"expect: verdicts (pass, fail, unknown) of ids given in {subject}", "{id: pass}"
    for table in set(example.sight) - set(columns):
        yield (*where, "sight", table), f"no table is named {table!r}", _near(table, columns)


_VERDICTS = ("pass", "fail", "unknown")


def _row(table: str, row: dict[str, Any], where: tuple[str | int, ...], columns: Mapping[str, str]) -> Iterator[Found]:
    if "id" not in row:
        yield where, f"{table}: a row needs its id", "id: a"
    for name, value in row.items():
        if (kind := columns.get(name)) is None:
            yield (*where, name), f"{table} has no column {name!r}", _near(name, columns)
        elif value is not None and (type(value) is not _PYTHON[kind] or (kind == "instant" and not _is_instant(str(value)))):
            yield (*where, name), f"{table}.{name}: {value!r} is no {kind}", "quote text that looks like a number or a boolean"


def _is_instant(value: str) -> bool:
    try:
        return datetime.fromisoformat(value.removesuffix("Z")).tzinfo is None
    except ValueError:
        return False


def _coverage(control: Control) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    shown = [verdict for example in control.examples if isinstance(example.expect, dict) for verdict in example.expect.values()]
    for verdict in ("pass", "fail", "unknown"):
        if verdict not in shown:
            yield ("examples",), f"no example shows {verdict}", "add one"
    assert control.check is not None
    if control.check.facts and not any(False in example.sight.values() for example in control.examples):
        yield ("examples",), "no example shows a cell that was not seen", "add one with sight: {table: false}"
