"""Errors of meaning: ids that name nothing, ids that stand twice, days that do not exist."""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Any

from auditor.scope.countries import COUNTRIES
from auditor.scope.document import DECLARED, UNSEEN
from auditor.scope.literals import of_settings
from auditor.scope.problems import nearest
from auditor.scope.shapes import DAY
from auditor.text import _

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from auditor.codec import Document, Where
    from auditor.errors import Problem


def of_meaning(document: Document, value: Any, tables: Collection[str]) -> Iterator[Problem]:
    """Yield every error of meaning. Works on what has the right shape, and passes over the rest."""
    known = {
        "sites": _ids(value, "sites"),
        "providers": _ids(value, "providers"),
        "applications": _ids(value, "applications"),
        "services": {
            item["id"] for _w, provider in _items(value, "providers") for _v, item in _items(provider, "services") if _text(item, "id")
        },
    }
    yield from _unprintable(document, (), value)
    yield from _twice(document, value)
    for where, item in _items(value, "sites"):
        yield from _country(document, where, item)
    for where, item in _items(value, "providers"):
        yield from _country(document, where, item)
        yield from _certificates(document, where, item)
    for where, item in _items(value, "applications"):
        yield from _named(document, where, item, known)
    for where, item in _items(value, "locations"):
        yield from _country(document, where, item)
        yield from _named(document, where, item, known)
    for where, item in _items(value, "sources"):
        yield from _named(document, where, item, known)
        yield from _source(document, where, item, tables)
        for inner, place in _items(item, "places"):
            yield from _named(document, (*where, *inner), place, known)


def _list(value: Any, key: str) -> list[Any]:
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def _items(value: Any, key: str) -> Iterator[tuple[Where, dict[str, Any]]]:
    for index, item in enumerate(_list(value, key)):
        if isinstance(item, dict):
            yield (key, index), item


def _unprintable(document: Document, where: Where, value: Any) -> Iterator[Problem]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key != "settings":
                yield from _unprintable(document, (*where, key), item)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unprintable(document, (*where, index), item)
    elif isinstance(value, str) and not value.isprintable():
        yield document.problem(where, _("a control character or a line break in a text"), _("write it on one line"))


def _text(item: dict[str, Any], key: str) -> str:
    found = item.get(key)
    return found if isinstance(found, str) else ""


def _ids(value: Any, key: str) -> set[str]:
    return {item["id"] for _where, item in _items(value, key) if _text(item, "id")}


def certificate_id(provider: str, certificate: dict[str, Any]) -> str:
    """Return the id of a certificate: its own, or what makes it unlike the others."""
    return _text(certificate, "id") or f"{provider}-{certificate.get('scheme')}-{certificate.get('version')}"


def _twice(document: Document, value: Any) -> Iterator[Problem]:
    named: dict[str, list[tuple[Where, str]]] = {}
    for key in ("sites", "providers", "applications", "sources"):
        named[key] = [((*where, "id"), _text(item, "id")) for where, item in _items(value, key)]
    named["services"], named["certificates"] = [], []
    for where, provider in _items(value, "providers"):
        named["services"] += [((*where, *inner, "id"), _text(item, "id")) for inner, item in _items(provider, "services")]
        named["certificates"] += [
            ((*where, *inner, "id"), certificate_id(_text(provider, "id"), item)) for inner, item in _items(provider, "certificates")
        ]
    for ids in named.values():
        first: dict[str, Where] = {}
        for where, name in ids:
            if name and name in first:
                message = _("id {name} stands twice, first on line {line}").format(name=name, line=document.line(*first[name]))
                yield document.problem(where, message, _("give each its own id"))
            first.setdefault(name, where)
    first_source: dict[str, Where] = {}
    for where, item in _items(value, "sources"):
        for index, name in enumerate(_list(item, "formerly")):
            if not isinstance(name, str):
                continue
            if name in _ids(value, "sources") or name in first_source:
                yield document.problem(
                    (*where, "formerly", index),
                    _("{name} names another source too").format(name=name),
                    _("an earlier id belongs to one source"),
                )
            first_source[name] = where


def _country(document: Document, where: Where, item: dict[str, Any]) -> Iterator[Problem]:
    code = _text(item, "country")
    if len(code) == 2 and code.isupper() and code not in COUNTRIES:  # noqa: PLR2004 — else the shape says so
        hint = {"UK": "GB", "EL": "GR", "EU": ""}.get(code)
        yield document.problem(
            (*where, "country"),
            _("{code} is not a country of ISO 3166-1").format(code=code),
            _("did you mean {name}?").format(name=hint) if hint else _("write the two capital letters of the country, such as FR"),
        )


_LINKS = {"site": "sites", "sites": "sites", "service": "services", "applications": "applications", "provider": "providers"}


def _named(document: Document, where: Where, item: dict[str, Any], known: dict[str, set[str]]) -> Iterator[Problem]:
    for key, kind in _LINKS.items():
        found = item.get(key)
        names = [((key, index), name) for index, name in enumerate(found)] if isinstance(found, list) else [((key,), found)]
        for inner, name in names:
            if isinstance(name, str) and name not in known[kind]:
                message = _("{key}: no {name} in `{section}`").format(key=f"`{key}`", name=name, section=kind)
                yield document.problem((*where, *inner), message, nearest(name, known[kind]))


def _certificates(document: Document, where: Where, provider: dict[str, Any]) -> Iterator[Problem]:
    own = _ids(provider, "services")
    for inner, item in _items(provider, "certificates"):
        place = (*where, *inner)
        for index, name in enumerate(_list(item, "services")):
            if isinstance(name, str) and name not in own:
                message = _("{name} is not a service of this provider").format(name=name)
                yield document.problem((*place, "services", index), message, nearest(name, own))
        if item.get("activities") and _text(item, "scheme") not in {"hds", ""}:
            yield document.problem((*place, "activities"), _("only an HDS certificate names activities"), _("remove them"))
        if not _inside(_text(item, "document")):
            message = _("a document is named by its path from the folder of this file")
            yield document.problem((*place, "document"), message, _("copy it into the workspace: documents/certificate.pdf"))
        days = {}
        for key in ("issued", "valid_until"):
            try:
                days[key] = date.fromisoformat(_text(item, key))
            except ValueError:
                if re.match(DAY, _text(item, key)):
                    yield document.problem(
                        (*place, key), _("{day} is not a day of the calendar").format(day=_text(item, key)), _("write a day as 2026-11-24")
                    )
        if len(days) == 2 and days["valid_until"] < days["issued"]:  # noqa: PLR2004 — both
            yield document.problem((*place, "valid_until"), _("it ends before it begins"), _("swap the two days, or mend one"))


def _inside(path: str) -> bool:
    return not path.startswith(("/", "~")) and ".." not in path.split("/")


def _source(document: Document, where: Where, item: dict[str, Any], tables: Collection[str]) -> Iterator[Problem]:
    if item.get("id") == DECLARED:
        yield document.problem(
            (*where, "id"),
            _("a source cannot be named {name}: what the scope declares bears it").format(name=DECLARED),
            _("choose another id"),
        )
    expected = item.get("expected")
    for table in expected if isinstance(expected, dict) else {}:
        if table not in tables:
            yield document.problem((*where, "expected", table), _("no table is named {name}").format(name=table), nearest(table, tables))
    if item.get("collector") == UNSEEN:
        if not expected:
            yield document.problem((*where, "expected"), _("say what exists there that nobody can read"), "expected: {host: 12}")
        if item.get("settings"):
            yield document.problem((*where, "settings"), _("nobody reads an unseen source, so it has no settings"), _("remove them"))
    settings = item.get("settings")
    if isinstance(settings, dict):
        yield from of_settings(document, (*where, "settings"), settings)
