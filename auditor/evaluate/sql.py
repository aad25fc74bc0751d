"""The SQL of a checked expression, written anew: nothing of an author's text goes through."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from auditor.evaluate.language import INSTANT, INTEGER, LISTS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auditor.evaluate.language import Node


def render(node: Node, aliases: Mapping[str, str], facts: Mapping[str, str], parameters: Mapping[str, Any]) -> str:
    """Return the SQL of a checked expression, written anew: nothing of the author's text goes through."""

    def sql(part: Node) -> str:
        args = [sql(arg) for arg in part.args if arg.type not in LISTS]
        match part.kind:
            case "column":
                return f'{aliases[part.value[0]]}."{part.value[1]}"'
            case "fact":
                return facts[part.value]
            case "constant":
                return literal(part.value)
            case "parameter":
                return literal(parameters[part.value])
            case "and" | "or":
                return "(" + f" {part.kind} ".join(args) + ")"
            case "not":
                return f"(not {args[0]})"
            case "known":  # of mutants only: `check` never makes one
                return f"coalesce({args[0]}, {literal(part.value)})"
            case "compare":
                return f"({args[0]} {part.value} {args[1]})"
            case "between":
                return f"({args[0]} between {args[1]} and {args[2]})"
            case "interval":
                return f"to_{part.value}s({args[0]})"
            case "in":
                listed = len(part.args) > 1 and part.args[1].type in LISTS
                items = [literal(value) for value in parameters[part.args[1].value]] if listed else args[1:]
                return f"({args[0]} in ({', '.join(items)}))" if items else f"({args[0]} <> {args[0]})"
        text = _call(part.value, args)
        # What overflows cannot be told: unknown, where the engine would stop.
        return f"try({text})" if part.type in {INTEGER, INSTANT} and any(below.kind == "column" for below in part.walk()) else text

    return sql(node)


def _call(name: str, args: list[str]) -> str:
    if name in {"~~", "!~~", "||", "+", "*"} or (name == "-" and len(args) > 1):
        word = {"~~": "like", "!~~": "not like"}.get(name, name)
        return f"({args[0]} {word} {args[1]})"
    return f"({name}{args[0]})" if name == "-" else f"{name}({', '.join(args)})"


def literal(value: Any) -> str:
    """Return the SQL literal of a text, an integer, a boolean or an instant."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return f"({value})::BIGINT"
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value.isoformat(' ')}'"
    return "'" + str(value).replace("'", "''") + "'"
