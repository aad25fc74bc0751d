"""A control's examples, replayed as they are, under mutation, and blinded."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec.structs

from auditor.errors import ContentError, Problem
from auditor.evaluate import schema
from auditor.evaluate.compile import FAIL, OUT, PASS, UNKNOWN, Checked, read
from auditor.evaluate.database import Database
from auditor.evaluate.language import BOOLEAN, Node
from auditor.evaluate.lint import lint
from auditor.evaluate.run import World, _run, _scan
from auditor.evidence.cells import CellName, Sight
from auditor.evidence.tables import TABLES
from auditor.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from auditor.catalog.control import Check, Control, Example
    from auditor.catalog.library import Library
    from auditor.evidence.row import Row

_CODES = {Verdict.PASS: PASS, Verdict.FAIL: FAIL, Verdict.UNKNOWN: UNKNOWN}
_WORDS = {OUT: "out of scope", PASS: "pass", FAIL: "fail", UNKNOWN: "unknown"}
_TRUE, _FALSE = Node("constant", BOOLEAN, True), Node("constant", BOOLEAN, False)


@dataclass(frozen=True, slots=True)
class Given:
    """Rows of an example by table, and the tables not seen."""

    rows: dict[str, list[dict[str, Any]]]
    unseen: frozenset[str]


class Bench:
    """One locked database, its tables empty, in which examples are tried and taken back."""

    def __init__(self, library: Library, tables: Mapping[str, type[Row]] = TABLES) -> None:
        self.columns = {name: schema.columns(table, library.references.values()) for name, table in tables.items()}
        self.database = Database()
        for table in tables.values():
            self.database.load(table, ())
        self.database.complete(tables.values(), [], library.references.values(), {})
        self.database.lock()

    def close(self) -> None:
        """Give the engine back."""
        self.database.close()

    def verdicts(self, checks: list[Checked], example: Example, worlds: list[Given]) -> list[list[dict[str, int]]]:
        """Return, per world then per check, the verdict code of each subject row by id. Worlds do not see each other."""
        check = checks[0].check
        tables = {check.subject, *(fact.table for fact in check.facts.values())}
        apart = any(fact.within != "source" for fact in check.facts.values())
        groups = [[world] for world in worlds] if apart else [worlds]
        result: list[list[dict[str, int]]] = []
        for group in groups:
            self.database.connection.execute("begin")
            try:
                result += self._try(checks, example, group, tables)
            finally:
                self.database.connection.execute("rollback")
        return result

    def _try(self, checks: list[Checked], example: Example, worlds: list[Given], tables: set[str]) -> list[list[dict[str, int]]]:
        sights: dict[CellName, Sight] = {}
        for number, world in enumerate(worlds):
            sources = {"s", *(str(row.get("source", "s")) for rows in world.rows.values() for row in rows)}
            for table in tables:
                for source in sources:
                    sights[CellName(f"{number}#{source}", "", table)] = Sight(seen=table not in world.unseen)
        for table in tables:
            rows = [
                {"scope": "", "origin": "live", **row, "source": f"{number}#{row.get('source', 's')}"}
                for number, world in enumerate(worlds)
                for row in world.rows.get(table, [])
            ]
            self._insert(table, rows)
        values: dict[str, Any] = {name: parameter.default for name, parameter in checks[0].control.parameters.items()} | example.parameters
        judged = World(self.database, sights, datetime.fromisoformat(example.as_of.removesuffix("Z")))
        subject = checks[0].check.subject
        result: list[list[dict[str, int]]] = [[{} for _check in checks] for _world in worlds]
        _scan(judged, subject, checks, {checks[0].control.id: values}, "t.source, t.id")
        names = ", ".join(f"c{index}" for index in range(len(checks)))
        for source, id_, *codes in _run(judged, f'select source, id, {names} from "_v_{subject}"').fetchall():
            for index, code in enumerate(codes):
                result[int(source.split("#")[0])][index][id_] = code
        return result

    def _insert(self, table: str, rows: list[dict[str, Any]]) -> None:
        kinds = self.columns[table]
        names = sorted({name for row in rows for name in row})
        if not rows:
            return
        marks = ", ".join(f"?::{schema.SQL[kinds[name]]}" for name in names)
        quoted = ", ".join(f'"{name}"' for name in names)
        values = [_moment(row.get(name), kinds[name]) for row in rows for name in names]
        self.database.connection.execute(f'insert into "{table}" ({quoted}) values {", ".join([f"({marks})"] * len(rows))}', values)


def _moment(value: Any, kind: str) -> Any:
    return datetime.fromisoformat(value.removesuffix("Z")) if kind == "instant" and isinstance(value, str) else value


def replay(bench: Bench, control: Control) -> list[str]:
    """Return what is wrong with the examples of a check as they are: verdicts that are not those expected."""
    checked = _checked(bench, control)
    problems = []
    for example in control.examples:
        found = bench.verdicts([checked], example, [_given(example)])[0][0]
        told = {id_: code for id_, code in found.items() if code != OUT}
        wanted = {id_: _CODES[Verdict(word)] for id_, word in example.expect.items()}
        if told != wanted:
            words = {id_: _WORDS[code] for id_, code in sorted(found.items())}
            problems.append(f"{example.name}: expected {example.expect}, found {words}")
    return problems


def survivors(bench: Bench, control: Control) -> list[str]:
    """Return the mutants of a check that none of its examples notices."""
    checked = _checked(bench, control)
    mutants = list(_mutants(checked))
    alive = {name for name, _mutant in mutants}
    for example in control.examples:
        first, *others = bench.verdicts([checked, *(mutant for _name, mutant in mutants)], example, [_given(example)])[0]
        alive -= {name for (name, _mutant), found in zip(mutants, others, strict=True) if found != first}
    return [name for name, _mutant in mutants if name in alive]


def betrayed(bench: Bench, control: Control) -> list[str]:
    """Return the blindings after which a definite verdict became another one than unknown."""
    checked = _checked(bench, control)
    problems = []
    for example in control.examples:
        hidden = list(_blinded(_given(example), checked.check))
        first, *others = bench.verdicts([checked], example, [_given(example), *(world for _what, world in hidden)])
        for (what, _world), found in zip(hidden, others, strict=True):
            changed = {id_ for id_, code in found[0].items() if code not in {first[0].get(id_), UNKNOWN}}
            problems += [
                f"{example.name}: without {what}, {id_} becomes {_WORDS[found[0][id_]]}"
                for id_ in sorted(changed)
                if first[0].get(id_) != UNKNOWN
            ]
    return problems


def _checked(bench: Bench, control: Control) -> Checked:
    assert control.check is not None
    return read(control, control.check, bench.columns)


def _given(example: Example) -> Given:
    return Given(example.given, frozenset(table for table, seen in example.sight.items() if not seen))


def _blinded(given: Given, check: Check) -> Iterator[tuple[str, Given]]:
    for table, rows in given.rows.items():
        for index, row in enumerate(rows):
            for name in sorted(set(row) - {"id", "source"}):
                changed = [*rows[:index], {**row, name: None}, *rows[index + 1 :]]
                yield f"{table} {row['id']}.{name}", Given({**given.rows, table: changed}, given.unseen)
            if table != check.subject:
                fewer = [*rows[:index], *rows[index + 1 :]]
                yield f"{table} {row['id']}", Given({**given.rows, table: fewer}, given.unseen | {table})
    for table in sorted({fact.table for fact in check.facts.values()} - given.unseen):
        yield f"sight of {table}", Given(given.rows, given.unseen | {table})


def _put(checked: Checked, part: str, tree: Node) -> Checked:
    return replace(checked, when=tree) if part == "when" else replace(checked, expect=tree)


def _mutants(checked: Checked) -> Iterator[tuple[str, Checked]]:
    for part in ("expect", "when"):
        tree = getattr(checked, part)
        if tree == _TRUE:
            continue
        yield f"{part}: always true", _put(checked, part, _TRUE)
        yield f"{part}: never true", _put(checked, part, _FALSE)
        yield f"{part}: unknown taken for true", _put(checked, part, _known(tree, otherwise=True))
        yield f"{part}: unknown taken for false", _put(checked, part, _known(tree, otherwise=False))
        yield from ((f"{part}: {what}", _put(checked, part, changed)) for what, changed in _changed(tree, _TRUE))
    yield from _joined(checked)
    for name, tree in checked.where.items():
        if tree != _TRUE:
            for what, changed in _changed(tree, _TRUE):
                yield f"fact {name}: {what}", replace(checked, where={**checked.where, name: changed})


def _joined(checked: Checked) -> Iterator[tuple[str, Checked]]:
    """Yield the check with one key of a fact forgotten, or its number one off."""
    for name, fact in checked.check.facts.items():
        changed = [
            (f"key {key} dropped", msgspec.structs.replace(fact, on={left: right for left, right in fact.on.items() if left != key}))
            for key in fact.on
        ]
        if fact.at_least is not None:
            changed.append(("number one higher", msgspec.structs.replace(fact, at_least=fact.at_least + 1)))
            if fact.at_least > 1:
                changed.append(("number one lower", msgspec.structs.replace(fact, at_least=fact.at_least - 1)))
        if fact.at_most is not None:
            changed.append(("number one higher", msgspec.structs.replace(fact, at_most=fact.at_most + 1)))
            if fact.at_most > 0:
                changed.append(("number one lower", msgspec.structs.replace(fact, at_most=fact.at_most - 1)))
        for what, mutant in changed:
            facts = {**checked.check.facts, name: mutant}
            yield f"fact {name}: {what}", replace(checked, check=msgspec.structs.replace(checked.check, facts=facts))


def _known(tree: Node, *, otherwise: bool) -> Node:
    """Return a tree outside the language that no check may write: a null gets a value."""
    return Node("known", BOOLEAN, otherwise, (tree,))


def _changed(tree: Node, neutral: Node) -> Iterator[tuple[str, Node]]:
    """Yield the tree with one term dropped or negated."""
    if tree.kind in {"and", "or"}:
        own = _TRUE if tree.kind == "and" else _FALSE
        for index, arg in enumerate(tree.args):
            for what, changed in _changed(arg, own):
                yield what, replace(tree, args=(*tree.args[:index], changed, *tree.args[index + 1 :]))
    elif tree.kind == "not":
        for what, changed in _changed(tree.args[0], _FALSE if neutral == _TRUE else _TRUE):
            yield what, replace(tree, args=(changed,))
    else:
        yield f"{_say(tree)} dropped", neutral
        yield f"{_say(tree)} negated", Node("not", BOOLEAN, None, (tree,))


def _say(node: Node) -> str:
    if node.kind == "column":
        return ".".join(node.value)
    if node.kind in {"fact", "constant"}:
        return str(node.value)
    if node.kind == "parameter":
        return f"${node.value}"
    return f"{node.value if node.kind in {'call', 'compare', 'interval'} else node.kind}({', '.join(map(_say, node.args))})"


def verify(library: Library, chosen: Iterable[Control] | None = None) -> list[Problem]:
    """Return every problem of the examples, mutants and blindings of the checks, each at its file and line.

    Raises ContentError when the checks themselves are wrong.
    """
    if problems := lint(library):
        raise ContentError(problems)
    bench = Bench(library)
    try:
        for control in library.controls.values() if chosen is None else chosen:
            if control.check is None:
                continue
            document = library.documents[control.id]
            problems += [document.problem(("examples",), what) for what in replay(bench, control)]
            problems += [document.problem(("examples",), f"no example notices this mutant: {what}") for what in survivors(bench, control)]
            problems += [document.problem(("check",), f"blinding: {what}") for what in betrayed(bench, control)]
    finally:
        bench.close()
    return problems


def main(folder: str) -> int:
    """Print every problem of the checks of a content folder."""
    from pathlib import Path

    from auditor.catalog.library import load

    try:
        problems = verify(load(Path(folder)))
    except ContentError as error:
        problems = error.problems
    for problem in problems:
        print(problem)  # noqa: T201
    return bool(problems)


if __name__ == "__main__":
    import sys

    raise SystemExit(main(sys.argv[1] if len(sys.argv) > 1 else "controls"))
