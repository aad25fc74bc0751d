"""Write the pages of the documentation that are made from the code: run after a change of the scope's shape."""

from __future__ import annotations

import ast
import inspect
import json
from itertools import pairwise
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import msgspec

from auditor import text
from auditor.collect import registry
from auditor.evidence.row import Row
from auditor.evidence.tables import CONTEXT, TABLES
from auditor.scope import json_schema
from auditor.text import _

DOCS = Path(__file__).resolve().parents[1] / "docs"
BEGIN, END = "<!-- generated: keys -->", "<!-- end of keys -->"
SECTIONS = {
    "ScopeFile": "À la racine du fichier",
    "Organisation": "`organisation`",
    "Site": "`sites[]`",
    "Provider": "`providers[]`",
    "Service": "`providers[].services[]`",
    "Certificate": "`providers[].certificates[]`",
    "Application": "`applications[]`",
    "Source": "`sources[]`",
    "Place": "`sources[].places[]`",
    "Location": "`locations[]`",
}


def schema() -> dict[str, Any]:
    """Return the schema of a scope, with the settings of every collector of the package."""
    return json_schema({kind: registry.settings_schema(kind) for kind in registry.BUILTIN})


def keys(whole: dict[str, Any]) -> str:
    """Return one table of keys per part of the file, in Markdown."""
    text.use("fr")
    parts = whole["$defs"]
    titles = SECTIONS | {f"settings-{kind}": f"`settings` du collecteur `{kind}`" for kind in sorted(registry.BUILTIN)}
    lines: list[str] = []
    for name, title in titles.items():
        part = parts[name]
        told = attribute_docs(registry.collector(name.removeprefix("settings-")).SETTINGS) if name.startswith("settings-") else {}
        while "$ref" in part:
            part = parts[part["$ref"].rpartition("/")[2]]
        lines += [f"### {title}", "", "| clé | valeur | sens |", "| --- | --- | --- |"]
        for key, value in part.get("properties", {}).items():
            needed = " **(obligatoire)**" if key in part.get("required", []) else ""
            about = _said(value) or told.get(key, "")
            lines.append(f"| `{key}`{needed} | {_kind(value, parts)} | {about} |")
        lines.append("")
    return "\n".join(lines)


def attribute_docs(kind: type) -> dict[str, str]:
    """Return the sentence that stands under each attribute of a class, where one does."""
    (body,) = [node.body for node in ast.parse(inspect.getsource(kind)).body if isinstance(node, ast.ClassDef)]
    found = {}
    for field, after in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(after, ast.Expr):
            found[field.target.id] = " ".join(str(ast.literal_eval(after.value)).split())
    return found


def _said(value: dict[str, Any]) -> str:
    description: str = value.get("description", "")
    return _(description).replace("|", "&#124;") if description else ""


def _kind(value: dict[str, Any], parts: dict[str, Any]) -> str:
    if "enum" in value:
        return ", ".join(f"`{item}`" for item in value["enum"] if item is not None)
    if "const" in value:
        return f"`{value['const']}`"
    if "$ref" in value:
        return _kind(parts[value["$ref"].rpartition("/")[2]], parts)
    if "anyOf" in value:
        return " ou ".join(dict.fromkeys(_kind(item, parts) for item in value["anyOf"] if item != {"type": "null"}))
    words = {"string": "texte", "integer": "entier", "boolean": "`true` ou `false`", "object": "clés", "array": "liste"}
    kinds = value.get("type", "object")
    names = [kinds] if isinstance(kinds, str) else kinds
    if "array" in names:
        inner = _kind(value["items"], parts) if "items" in value else ""
        return f"liste : {inner}" if inner else "liste"
    return " ou ".join(words[name] for name in names if name in words)


def evidence() -> str:
    """Return the page of the tables of evidence, in Markdown."""
    lines = [
        "# Tables of evidence",
        "",
        "Made from the code by `scripts/generate_docs.py`. A column is null only when it is unknown. Dates are UTC, in whole seconds.",
        "",
        "Every table also has `source`, `id` (made of the columns marked *key*), `scope` (project, account or region), `origin` and `call`. "
        "Those that collectors fill gain the context at evaluation: "
        + ", ".join(f"`{name}`" for name in CONTEXT)
        + " (see [the scope](scope.md)).",
        "",
    ]
    common = {field.name for field in msgspec.structs.fields(Row)}
    for name, table in sorted(TABLES.items()):
        (doc, *_rest) = (table.__doc__ or "").splitlines() or [""]
        lines += [f"## `{name}`", "", doc, "", "| column | type | meaning |", "| --- | --- | --- |"]
        for field in msgspec.structs.fields(table):
            if field.name in common and field.name not in table.KEY:
                continue
            kind, about = _column(field.type)
            lines.append(f"| `{field.name}`{' *key*' if field.name in table.KEY else ''} | {kind} | {about} |")
        lines.append("")
    return "\n".join(lines)


def _column(kind: Any) -> tuple[str, str]:
    about, names = "", list[str]()
    waiting = [kind]
    while waiting:
        kind = waiting.pop(0)
        if get_origin(kind) is Annotated:
            inner, *extra = get_args(kind)
            about = about or next((item.description for item in extra if isinstance(item, msgspec.Meta) and item.description), "")
            waiting.append(inner)
        elif get_origin(kind) in {UnionType, Union}:
            waiting += get_args(kind)
        elif kind is not NoneType:
            names.append(getattr(kind, "__name__", str(kind)))
    return " or ".join(names), about.replace("|", "&#124;")


def main() -> None:
    """Write the schema, the tables of keys in their page, and the page of the tables of evidence."""
    whole = schema()
    (DOCS / "auditor.schema.json").write_text(json.dumps(whole, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    (DOCS / "evidence.md").write_text(evidence(), encoding="utf-8")
    page = DOCS / "scope.md"
    body = page.read_text(encoding="utf-8")
    head, rest = body.split(BEGIN)
    page.write_text(head + BEGIN + "\n\n" + keys(whole) + "\n" + END + rest.split(END)[1], encoding="utf-8")


if __name__ == "__main__":
    main()
