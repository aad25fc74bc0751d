"""A first `auditor.yaml`, with comments that say how to go on."""

from __future__ import annotations

import json
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.errors import ContentError, Problem
from auditor.text import _

if TYPE_CHECKING:
    from collections.abc import Iterator


HOST = re.compile(r"(?:(?P<user>[A-Za-z0-9_][A-Za-z0-9._-]*)@)?(?P<address>[A-Za-z0-9][A-Za-z0-9.-]*)(?::(?P<port>[1-9][0-9]{0,4}))?\Z")
"""A machine as `ssh` names it; nothing that could be taken for an option."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What is asked to write a first scope."""

    name: str = ""
    finess_ej: str = ""
    finess_eg: str = ""
    kind: str = ""
    ght: str = ""
    sites: tuple[tuple[str, str], ...] = ()
    """Name and country (ISO 3166-1) of each; the sources are placed on the first."""
    hosts: tuple[str, ...] = ()
    """Machines to read over ssh, as `ssh` names them: `server`, `audit@server` or `audit@server:2222`."""
    endpoints: tuple[str, ...] = ()
    """TLS endpoints, `host:port`."""
    local: bool = True
    """Read this machine too."""


def draft(answers: Answers) -> str:
    """Return the text of a scope, with comments in the language in use."""
    return "\n".join([*_head(answers), *_sites(answers), *_sources(answers), *_rest()]) + "\n"


def slug(text: str, taken: set[str]) -> str:
    """Return an id made of `text` that is not yet in `taken`, and put it there."""
    plain = unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
    base = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40].strip("-") or "x"
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    taken.add(name)
    return name


def parts_of(host: str) -> tuple[str, str, str]:
    """Return user, name or address, and port of `audit@server:2222`; user and port may be empty. Raises ContentError."""
    if (found := HOST.match(host)) is None:
        hint = _("write it as audit@server.example.org, or audit@server.example.org:2222")
        raise ContentError([Problem("--host", 1, _("{host} is not a machine that ssh can be asked for").format(host=host[:60]), hint)])
    return found["user"] or "", found["address"], found["port"] or ""


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a JSON text is a YAML one, and nothing in it is special


def _comment(text: str) -> Iterator[str]:
    for line in text.splitlines():
        yield f"# {line}".rstrip()


def _head(answers: Answers) -> Iterator[str]:
    yield from _comment(
        _(
            "What is audited. Every error of this file is told at once, with its line.\nNo secret is ever written here: name it, env:NAME or file:PATH."
        )
    )
    yield "format: 1"
    yield ""
    yield "organisation:"
    told = {"name": answers.name, "finess_ej": answers.finess_ej, "finess_eg": answers.finess_eg, "kind": answers.kind, "ght": answers.ght}
    for key, value in told.items():
        yield f"  {key}: {_quoted(value)}" if value else f"  # {key}:"
    yield ""


def _sites(answers: Answers) -> Iterator[str]:
    taken: set[str] = set()
    yield from _comment(_("Where machines stand; a country is two capital letters (ISO 3166-1)."))
    yield "sites:"
    for name, country in answers.sites:
        yield f"  - id: {slug(name, taken)}"
        yield f"    name: {_quoted(name)}"
        yield f"    country: {country}"
    if not answers.sites:
        yield "  # - {id: main, name: …, country: FR, building: …}"
    yield ""
    yield from _comment(_("What people use. What an application holds and how much care needs it decides how its machines are judged."))
    yield "applications:"
    yield "  # - {id: pacs, name: PACS, health_data: true, criticality: vital, exposure: internal}"
    yield ""


def _sources(answers: Answers) -> Iterator[str]:
    taken = {"scope"}
    site = slug(answers.sites[0][0], set()) if answers.sites else ""
    yield from _comment(_("What is read, one source at a time; `auditor collect --dry-run` shows every request or command beforehand."))
    yield "sources:"
    empty = True
    for name, collector, settings in _read(answers):
        empty = False
        yield f"  - id: {slug(name, taken)}"
        yield f"    collector: {collector}"
        if site:
            yield f"    site: {site}"
        yield "    # applications: [pacs]"
        if settings:
            yield "    settings:"
            yield from (f"      {line}" for line in settings)
    if empty:
        yield "  # - {id: local, collector: linux}"
    yield from (f"  {line}" for line in _comment(_("What exists and nobody can read yet: the report counts it as not seen.")))
    yield "  # - {id: windows, collector: unseen, expected: {host: 120}}"
    yield ""


def _read(answers: Answers) -> Iterator[tuple[str, str, list[str]]]:
    if answers.local:
        yield "local", "linux", []
    for host in answers.hosts:
        user, address, port = parts_of(host)
        told = {"address": _quoted(address), "port": port, "user": _quoted(user) if user else ""}
        yield address, "linux", [f"{key}: {value}" for key, value in told.items() if value]
    if answers.endpoints:
        yield "tls", "tls", ["endpoints:", *(f"  - {_quoted(endpoint)}" for endpoint in answers.endpoints)]


def _rest() -> Iterator[str]:
    yield from _comment(_("Providers, their services, and the qualifications and certificates that they hold."))
    yield "providers:"
    for line in (
        "- id: nuage",
        "  name: …",
        "  services:",
        "    - {id: nuage-iaas, name: …, model: IaaS, activities: [hardware, virtual-infrastructure]}",
        "  certificates:",
        '    - {scheme: secnumcloud, version: "3.2", services: [nuage-iaas], issued: 2026-01-31, valid_until: 2029-01-30}',
    ):
        yield f"  # {line}"
    yield ""
    yield from _comment(_("Thresholds of your own, stricter than those of the controls: `auditor controls show <id>` tells them."))
    yield "parameters:"
