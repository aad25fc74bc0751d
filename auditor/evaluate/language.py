"""The language of `when`, `expect` and `where`: what may be said, checked on the engine's own syntax tree.

Three-valued: null is unknown. Null in, null out, for every function. What a check cannot say here, a collector answers as
a column. The language has a number; `tests/evaluate/corpus.yaml` holds expressions whose answers never change.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

from auditor.errors import CheckError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VERSION = 1
"""Number of the language; a later one answers every expression of the earlier ones alike."""

TEXT, INTEGER, BOOLEAN, INSTANT, INTERVAL = "text", "integer", "boolean", "instant", "interval"
LISTS = {"list of texts": TEXT, "list of integers": INTEGER}
"""Types of list parameters, with that of their items."""
TYPES: dict[type, str] = {str: TEXT, int: INTEGER, bool: BOOLEAN, datetime: INSTANT}

FUNCTIONS: dict[str, tuple[tuple[str, ...], str]] = {
    "lower": ((TEXT,), TEXT),
    "upper": ((TEXT,), TEXT),
    "length": ((TEXT,), INTEGER),
    "starts_with": ((TEXT, TEXT), BOOLEAN),
    "ends_with": ((TEXT, TEXT), BOOLEAN),
    "contains": ((TEXT, TEXT), BOOLEAN),
    "regexp_matches": ((TEXT, TEXT), BOOLEAN),
    "date_diff": ((TEXT, INSTANT, INSTANT), INTEGER),
    "abs": ((INTEGER,), INTEGER),
    "||": ((TEXT, TEXT), TEXT),
    "~~": ((TEXT, TEXT), BOOLEAN),
    "!~~": ((TEXT, TEXT), BOOLEAN),
}
"""Functions by name: types of their arguments, type of their answer. `~~` is `like`."""

_CONSTANT_ARGUMENT = {"regexp_matches": 1, "date_diff": 0, "~~": 1, "!~~": 1}
_UNITS = {"to_minutes": "minute", "to_hours": "hour", "to_days": "day", "to_weeks": "week", "to_months": "month", "to_years": "year"}
_DATE_PARTS = ("second", "minute", "hour", "day")
_COMPARISONS = {
    "COMPARE_EQUAL": "=",
    "COMPARE_NOTEQUAL": "<>",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
}
_ARITHMETIC = {
    ("+", INTEGER, INTEGER): INTEGER,
    ("-", INTEGER, INTEGER): INTEGER,
    ("*", INTEGER, INTEGER): INTEGER,
    ("+", INSTANT, INTERVAL): INSTANT,
    ("-", INSTANT, INTERVAL): INSTANT,
}


@dataclass(frozen=True, slots=True)
class Node:
    """One node of a checked expression. `kind`: column, fact, parameter, constant, and, or, not, compare, between, in, call, interval."""

    kind: str
    type: str
    value: Any = None
    args: tuple[Node, ...] = ()

    def walk(self) -> Iterator[Node]:
        """Yield this node and all below it."""
        yield self
        for arg in self.args:
            yield from arg.walk()


@dataclass(frozen=True, slots=True)
class Names:
    """What an expression may name, with types: columns by table, facts, parameters."""

    columns: Mapping[str, Mapping[str, str]]
    facts: frozenset[str] = frozenset()
    parameters: Mapping[str, str] = ()  # type: ignore[assignment]


def check(expression: str, names: Names) -> Node:
    """Return the tree of a boolean expression; raises CheckError saying which part is not of the language."""
    node = _read(_tree(expression), names)
    if node.type != BOOLEAN:
        _refuse(f"the expression answers {node.type}, not true or false", "compare it with something")
    return node


def _refuse(what: str, hint: str = "") -> NoReturn:
    raise CheckError(what, hint=hint)


_lock = threading.Lock()


@cache
def _parser() -> Any:
    import duckdb

    return duckdb.connect(config={"enable_external_access": False})


@cache
def _tree(expression: str) -> dict[str, Any]:
    if len(expression) > 4000:  # noqa: PLR2004 — no honest check is as long
        _refuse("the expression is longer than 4,000 characters", "answer it by a column of the collector")
    # The line break ends a trailing comment; the count of nodes refuses whatever closes our parenthesis.
    with _lock:
        answer = _parser().execute("select json_serialize_sql(?)", [f"select ({expression}\n) as verdict"]).fetchone()[0]
    parsed = json.loads(answer)
    if parsed.get("error"):
        _refuse(f"not an expression: {parsed.get('error_message', '')}".split("\n", 1)[0], "see the list of the language")
    statements = parsed["statements"]
    node = statements[0]["node"] if len(statements) == 1 else {}
    bare = node.get("type") == "SELECT_NODE" and node.get("from_table", {}).get("type") == "EMPTY" and len(node["select_list"]) == 1
    empty = bare and not any(node.get(part) for part in ("where_clause", "group_expressions", "having", "sample", "qualify", "modifiers"))
    if not empty or node.get("cte_map", {}).get("map") or node["select_list"][0].get("alias") != "verdict":
        _refuse("this is a query, not an expression", "a check has one expression; look at other tables through a fact")
    tree: dict[str, Any] = node["select_list"][0]
    return tree


def _read(tree: dict[str, Any], names: Names) -> Node:
    reader = _READERS.get(tree["class"])
    if reader is None:
        _refuse(f"{tree['class'].lower().replace('_', ' ')} is not of the language", "say it as a column of the collector, or as a fact")
    return reader(tree, names)


def _column(tree: dict[str, Any], names: Names) -> Node:
    path = tree["column_names"]
    if len(path) == 1:
        if path[0] in names.facts:
            return Node("fact", BOOLEAN, path[0])
        _refuse(f"{path[0]!r} is no fact of this check", f"columns are qualified: {next(iter(names.columns), 'table')}.{path[0]}")
    if len(path) != 2 or path[0] not in names.columns:  # noqa: PLR2004
        _refuse(f"{'.'.join(path)!r} names no table of this expression", f"known: {', '.join(names.columns)}")
    known = names.columns[path[0]]
    if path[1] not in known:
        import difflib

        near = difflib.get_close_matches(path[1], known, 1)
        _refuse(f"{path[0]} has no column {path[1]!r}", f"did you mean {near[0]}?" if near else f"known: {', '.join(sorted(known))}")
    return Node("column", known[path[1]], (path[0], path[1]))


def _constant(tree: dict[str, Any], _names: Names) -> Node:
    literal = tree["literal"]
    match literal["kind"]:
        case "STRING":
            return Node("constant", TEXT, literal["text"])
        case "INTEGER":
            return Node("constant", INTEGER, int(literal["text"]))
        case "BOOLEAN":
            return Node("constant", BOOLEAN, literal["text"] == "true")
    _refuse(f"the constant {literal.get('text') or 'null'} is not of the language", "text, integers, true and false are")


def _parameter(tree: dict[str, Any], names: Names) -> Node:
    name = tree["identifier"]
    if name == "as_of":
        return Node("parameter", INSTANT, name)
    if name not in names.parameters:
        _refuse(f"${name} is no parameter of this control", f"known: {', '.join(names.parameters) or 'none'}, as_of")
    return Node("parameter", names.parameters[name], name)


def _conjunction(tree: dict[str, Any], names: Names) -> Node:
    args = tuple(_boolean(child, names) for child in tree["children"])
    return Node("and" if tree["type"] == "CONJUNCTION_AND" else "or", BOOLEAN, None, args)


def _boolean(tree: dict[str, Any], names: Names) -> Node:
    node = _read(tree, names)
    if node.type != BOOLEAN:
        _refuse(f"a part answers {node.type} where true or false is needed", "compare it with something")
    return node


def _operator(tree: dict[str, Any], names: Names) -> Node:
    if tree["type"] == "OPERATOR_NOT":
        return Node("not", BOOLEAN, None, (_boolean(tree["children"][0], names),))
    if tree["type"] == "COMPARE_IN":
        first, *items = (_read(child, names) for child in tree["children"])
        if any(item.kind != "constant" or item.type != first.type for item in items):
            _refuse("`in` takes constants of the column's own type", "use a list parameter, or a fact")
        return Node("in", BOOLEAN, None, (first, *items))
    _refuse(f"{tree['type'].lower().replace('_', ' ')} is not of the language", "null is unknown: no expression may ask for it")


def _comparison(tree: dict[str, Any], names: Names) -> Node:
    if tree["type"] not in _COMPARISONS:
        _refuse(f"{tree['type'].lower().replace('_', ' ')} is not of the language", "null is unknown: no expression may ask for it")
    left, right = _read(tree["left"], names), _read(tree["right"], names)
    _comparable(left, right)
    return Node("compare", BOOLEAN, _COMPARISONS[tree["type"]], (left, right))


def _between(tree: dict[str, Any], names: Names) -> Node:
    args = tuple(_read(tree[part], names) for part in ("input", "lower", "upper"))
    _comparable(args[0], args[1])
    _comparable(args[0], args[2])
    return Node("between", BOOLEAN, None, args)


def _comparable(left: Node, right: Node) -> None:
    if left.type != right.type or left.type in {*LISTS, INTERVAL}:
        _refuse(f"{left.type} cannot be compared with {right.type}", "compare values of one type")


def _function(tree: dict[str, Any], names: Names) -> Node:
    name = tree["function_name"]
    if tree.get("distinct") or tree.get("filter") or tree.get("order_bys", {}).get("orders") or tree.get("schema") or tree.get("catalog"):
        _refuse(f"{name}: aggregates are not of the language", "use a fact")
    given = [argument["expression"] for argument in tree["arguments"]]
    if name in _UNITS:
        return Node("interval", INTERVAL, _UNITS[name], (_amount(given[0], names),))
    args = tuple(_read(argument, names) for argument in given)
    types = tuple(arg.type for arg in args)
    if name == "-" and types == (INTEGER,):
        return Node("call", INTEGER, "-", args)
    if (name, *types) in _ARITHMETIC:
        return Node("call", _ARITHMETIC[(name, *types)], name, args)
    if name == "contains" and len(args) == 2 and types[0] in LISTS:  # noqa: PLR2004 — `x in $list` reads so
        if types[1] != LISTS[types[0]]:
            _refuse(f"{types[1]} cannot be in a {types[0]}", "compare values of one type")
        return Node("in", BOOLEAN, None, (args[1], args[0]))
    if name not in FUNCTIONS:
        _refuse(f"function {name!r} is not of the language", f"known: {', '.join(sorted(FUNCTIONS))}")
    wanted, answer = FUNCTIONS[name]
    if types != wanted:
        _refuse(f"{name} takes ({', '.join(wanted)}), not ({', '.join(types)})")
    if (position := _CONSTANT_ARGUMENT.get(name)) is not None and args[position].kind not in {"constant", "parameter"}:
        _refuse(f"{name} needs a constant there", "patterns and units are constants")
    if name == "regexp_matches" and args[1].kind == "constant":
        _try_pattern(args[1].value)
    if name == "date_diff" and args[0].value not in _DATE_PARTS:
        _refuse(f"date_diff counts in {', '.join(_DATE_PARTS)}")
    return Node("call", answer, name, args)


def _try_pattern(pattern: str) -> None:
    import duckdb

    try:
        with _lock:
            _parser().execute("select regexp_matches('', ?)", [pattern]).fetchone()
    except duckdb.Error as error:
        _refuse(f"not a pattern: {str(error).splitlines()[0]}", "RE2 syntax")


def _amount(tree: dict[str, Any], names: Names) -> Node:
    """Return the whole number of units of an interval; the parser wraps it in casts and a truncation."""
    while tree["class"] == "CAST" or (tree["class"] == "FUNCTION" and tree["function_name"] == "trunc"):
        tree = tree["child"] if tree["class"] == "CAST" else tree["arguments"][0]["expression"]
    if tree["class"] == "CONSTANT" and tree["literal"]["kind"] == "STRING" and tree["literal"]["text"].isdecimal():
        return Node("constant", INTEGER, int(tree["literal"]["text"]))
    node = _read(tree, names)
    if node.type != INTEGER or node.kind not in {"constant", "parameter"}:
        _refuse("an interval needs a whole constant or parameter", "interval 24 hour, to_days($days)")
    return node


_READERS = {
    "COLUMN_REF": _column,
    "CONSTANT": _constant,
    "PARAMETER": _parameter,
    "CONJUNCTION": _conjunction,
    "OPERATOR": _operator,
    "COMPARISON": _comparison,
    "BETWEEN": _between,
    "FUNCTION": _function,
}
