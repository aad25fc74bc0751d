"""The JSON Schema of `auditor.yaml`, for editors and for the reader of this package."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from auditor.scope.document import ScopeFile

if TYPE_CHECKING:
    from collections.abc import Mapping

_NUMBER_LIKE = {"finess_ej", "finess_eg", "version"}
"""Texts made of digits only: YAML without quotes reads them as integers, and both are accepted."""


def json_schema(settings: Mapping[str, Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """Return the schema (draft 2020-12) of a scope; `settings` gives each collector's own schema, by its kind."""
    (reference,), parts = msgspec.json.schema_components([ScopeFile], ref_template="#/$defs/{name}")
    parts = {name: _tidy(part) for name, part in sorted(parts.items())}
    choices: list[dict[str, Any]] = []
    for kind, own in sorted((settings or {}).items()):
        inner = _renamed(dict(own), f"settings-{kind}")
        parts |= {f"settings-{kind}-{name}": part for name, part in inner.pop("$defs", {}).items()}
        parts[f"settings-{kind}"] = inner
        choices.append(
            {
                "if": {"properties": {"collector": {"const": kind}}},
                "then": {"properties": {"settings": {"$ref": f"#/$defs/settings-{kind}"}}},
            }
        )
    if choices:
        parts["Source"]["allOf"] = choices
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "auditor.yaml",
        "$ref": reference["$ref"],
        "$defs": parts,
    }


def _renamed(schema: dict[str, Any], prefix: str) -> Any:
    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {
                key: f"#/$defs/{prefix}-{item.removeprefix('#/$defs/')}" if key == "$ref" else walk(item) for key, item in value.items()
            }
        return [walk(item) for item in value] if isinstance(value, list) else value

    return walk(schema)


def _tidy(value: Any, name: str = "") -> Any:
    """Fold `anyOf` of plain types into one `type`, so that an error names the value and not the branches."""
    if isinstance(value, list):
        return [_tidy(item) for item in value]
    if not isinstance(value, dict):
        return value
    result = {key: ({k: _tidy(v, k) for k, v in item.items()} if key == "properties" else _tidy(item)) for key, item in value.items()}
    branches = result.get("anyOf", [])
    null = {"type": "null"}
    if len(branches) == 2 and null in branches:  # noqa: PLR2004 — a value, or nothing
        (branch,) = [item for item in branches if item != null]
        if "type" in branch:
            del result["anyOf"]
            result = {**branch, **result, "type": [branch["type"], "null"]}
        elif "enum" in branch:
            del result["anyOf"]
            result = {**branch, **result, "enum": [*branch["enum"], None]}
    elif branches and all(set(item) == {"type"} for item in branches):
        del result["anyOf"]
        result["type"] = sorted(item["type"] for item in branches)
    for key, item in result.get("properties", {}).items():
        if key not in result.get("required", []) and item.get("type") in ("array", "object"):
            item["type"] = [item["type"], "null"]  # a key left empty says nothing
    if name in _NUMBER_LIKE:
        kinds = result["type"] if isinstance(result["type"], list) else [result["type"]]
        result["type"] = ["string", "integer", *(kind for kind in kinds if kind == "null")]
    return result
