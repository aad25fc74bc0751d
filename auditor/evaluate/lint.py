"""Whether the checks of a library name what exists, with the right types, and show enough examples."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.errors import CheckError, Problem
from auditor.evaluate import schema
from auditor.evaluate.compile import read
from auditor.evidence.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from auditor.catalog.control import Control, Example
    from auditor.catalog.library import Library


def lint(library: Library) -> list[Problem]:
    """Return every problem of names, types and examples' shape in the checks of `library`, with its line."""
    columns = {name: schema.columns(table, library.references.values()) for name, table in TABLES.items()}
    problems: list[Problem] = []
    for name, control in sorted(library.controls.items()):
        if control.check is not None:
            problems += [library.documents[name].problem(where, what, hint) for where, what, hint in _lint(control, columns)]
    return problems


def _lint(control: Control, columns: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    check = control.check
    assert check is not None
    known = f"known: {', '.join(sorted(columns))}"
    if check.subject not in columns:
        yield ("check", "subject"), f"no table is named {check.subject!r}", known
        return
    for name, fact in check.facts.items():
        where = ("check", "facts", name)
        if fact.table not in columns:
            yield where, f"no table is named {fact.table!r}", known
            return
        for related, own in fact.on.items():
            left, right = columns[fact.table].get(related), columns[check.subject].get(own)
            if left is None or left != right:
                yield (*where, "on", related), f"{fact.table}.{related} and {check.subject}.{own} are not columns of one type", ""
                return
        if fact.distinct is not None and fact.distinct not in columns[fact.table]:
            yield (*where, "distinct"), f"{fact.table} has no column {fact.distinct!r}", ""
            return
    for index, name in enumerate(check.show):
        if name not in columns[check.subject]:
            yield ("check", "show", index), f"{check.subject} has no column {name!r}", f"known: {', '.join(sorted(columns[check.subject]))}"
    try:
        checked = read(control, check, columns)
    except CheckError as error:
        yield ("check", "expect"), error.message, error.hint
        return
    used = {
        node.value for tree in (checked.when, checked.expect, *checked.where.values()) for node in tree.walk() if node.kind == "parameter"
    }
    for name in sorted(set(control.parameters) - used):
        yield ("parameters", name), f"parameter {name!r} is never used", "use it or remove it"
    for name in sorted(set(check.facts) - set(checked.rests_on()[1])):
        yield ("check", "facts", name), f"fact {name!r} is never used", "use it or remove it"
    for index, example in enumerate(control.examples):
        yield from _lint_example(check.subject, example, index, columns)
    yield from _coverage(control)


def _lint_example(
    subject: str, example: Example, index: int, columns: Mapping[str, Mapping[str, str]]
) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    where = ("examples", index)
    kinds = {"text": str, "integer": int, "boolean": bool, "instant": str}
    for table, rows in example.given.items():
        if table not in columns or not isinstance(rows, list):
            yield (*where, "given", table), f"no table is named {table!r}", ""
            continue
        for position, row in enumerate(rows):
            for name, value in row.items():
                kind = columns[table].get(name)
                if kind is None or (value is not None and type(value) is not kinds[kind]):
                    yield (
                        (*where, "given", table, position, name),
                        f"{table}.{name}: no such column, or not of its type",
                        f"known: {', '.join(sorted(columns[table]))}",
                    )
            if "id" not in row:
                yield (*where, "given", table, position), "a row needs its id", ""
    ids = {row.get("id") for row in example.given.get(subject, []) if isinstance(row, dict)}
    if not isinstance(example.expect, dict) or set(example.expect) - ids or set(example.expect.values()) - {"pass", "fail", "unknown"}:
        yield (*where, "expect"), f"expect: verdicts (pass, fail, unknown) of ids given in {subject}", ""
    for table in set(example.sight) - set(columns):
        yield (*where, "sight", table), f"no table is named {table!r}", ""


def _coverage(control: Control) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    shown = {verdict for example in control.examples if isinstance(example.expect, dict) for verdict in example.expect.values()}
    for verdict in ("pass", "fail", "unknown"):
        if verdict not in shown:
            yield ("examples",), f"no example shows {verdict}", "add one"
    assert control.check is not None
    if control.check.facts and not any(False in example.sight.values() for example in control.examples):
        yield ("examples",), "no example shows a cell that was not seen", "add one with sight: {table: false}"
