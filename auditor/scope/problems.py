"""Errors of shape, said to the person who wrote the file."""

from __future__ import annotations

import difflib
from functools import cache
from typing import TYPE_CHECKING, Any

from auditor.scope.schema import json_schema
from auditor.scope.shapes import DAY, FINESS, ID
from auditor.text import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

    from auditor.codec import Document, Where
    from auditor.errors import Problem


def of_shape(document: Document, value: Any) -> Iterator[Problem]:
    """Yield every place where `value` is not of the shape of a scope."""
    if not isinstance(value, dict):
        yield document.problem((), _("a scope is a mapping of keys"), _("begin with `format: 1`, or run `auditor init`"))
        return
    for error in _validator().iter_errors(value):
        yield from _said(document, error)


@cache
def _validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(json_schema())


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the hint for an unknown word: the nearest known one, or all of them when they are few."""
    names = sorted(known)
    folded = {name.casefold(): name for name in names}
    if near := difflib.get_close_matches(word.casefold(), folded, 1):
        return _("did you mean {name}?").format(name=folded[near[0]])
    if not names:
        return _("none is declared in this file")
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")  # noqa: PLR2004 — what a line of terminal holds
    return _("known: {names}").format(names=shown)


def _said(document: Document, error: ValidationError) -> Iterator[Problem]:
    where: Where = tuple(error.absolute_path)
    limit: Any = error.validator_value
    if error.validator in {"additionalProperties", "required"}:
        yield from _keys(document, where, error)
        return
    message, hint = _value(_last(where), error.instance, str(error.validator), limit)
    yield document.problem(where, message, hint)


def _keys(document: Document, where: Where, error: ValidationError) -> Iterator[Problem]:
    instance: Any = error.instance
    schema: Any = error.schema
    known: dict[str, Any] = schema["properties"]
    if error.validator == "additionalProperties":
        for key in sorted(set(instance) - set(known)):
            yield document.problem((*where, key), _("unknown key {key}").format(key=_short(key)), nearest(key, known))
        return
    for key in sorted(set(schema["required"]) - set(instance)):
        if error.message.startswith(repr(key)):  # one error comes for each missing key
            yield document.problem((*where, key), _("`{key}` is missing").format(key=key), _(known[key]["description"]))


def _value(key: str, instance: object, rule: str, limit: Any) -> tuple[str, str]:
    match rule:
        case "type":
            hint = _("put the value between quotes") if "string" in limit and isinstance(instance, int) else ""
            return _("{key} must be {kind}").format(key=key, kind=_kinds(limit)), hint
        case "enum" | "const":
            names = [str(item) for item in (limit if isinstance(limit, list) else [limit]) if item is not None]
            message = _("{key}: {value} is not one of: {names}").format(key=key, value=_short(instance), names=", ".join(names))
            return message, nearest(str(instance), names)
        case "pattern":
            return _("{key}: {value} is not of the form expected").format(key=key, value=_short(instance)), _form(limit)
        case "minimum":
            return _("{key}: {value} is out of bounds").format(key=key, value=_short(instance)), _("at least {n}").format(n=limit)
        case "maximum":
            return _("{key}: {value} is out of bounds").format(key=key, value=_short(instance)), _("at most {n}").format(n=limit)
        case "minLength" | "maxLength":
            return _("{key} is empty or too long").format(key=key), _("write 1 to {n} characters").format(n=300)
        case _:
            return f"{key}: {rule}", ""


def _last(where: Where) -> str:
    names = [str(part) for part in where if isinstance(part, str)]
    return f"`{names[-1]}`" if names else _("the file")


def _short(value: object) -> str:
    text = str(value)
    return f"« {text[:40]}{'…' if len(text) > 40 else ''} »"  # noqa: PLR2004 — enough to find it


def _kinds(kinds: str | list[str]) -> str:
    words = {
        "string": _("a text"),
        "integer": _("a whole number"),
        "boolean": _("true or false"),
        "array": _("a list (lines that begin with `-`)"),
        "object": _("a mapping of keys"),
    }
    names = [kinds] if isinstance(kinds, str) else kinds
    return _(" or ").join(words[name] for name in names if name in words)


def _form(pattern: str) -> str:
    forms = {
        ID: _("use a-z, 0-9, `.`, `_` and `-`, at most 63 characters"),
        DAY: _("write a day as 2026-11-24"),
        FINESS: _("a FINESS number has nine characters, such as 750712184"),
        "^[A-Z]{2}$": _("write the two capital letters of the country, such as FR"),
    }
    return forms.get(pattern, _("write a version such as 3.2 or 2022"))
