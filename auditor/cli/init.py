"""`auditor init`: ask, and write a first scope."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING, Annotated, get_args

import typer

from auditor.cli.workspace import HERE, SCOPE_FILE, Folder, Json, Lang, print_json
from auditor.errors import UsageError
from auditor.text import _

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from auditor.scope import Scope
    from auditor.scope.write import Answers

Name = Annotated[str | None, typer.Option("--name", help=_("Name of the organisation."))]
FinessEj = Annotated[str | None, typer.Option("--finess-ej", help=_("FINESS of the legal entity."))]
FinessEg = Annotated[str | None, typer.Option("--finess-eg", help=_("FINESS of the main establishment."))]
Kind = Annotated[str | None, typer.Option("--kind", help=_("Kind of establishment (chu, ch, espic, clinique…)."))]
Ght = Annotated[str | None, typer.Option("--ght", help=_("Name of the GHT."))]
Site = Annotated[
    list[str] | None, typer.Option("--site", help=_("A site: its name, then its country if not France (`Annexe:BE`); repeatable."))
]
Host = Annotated[list[str] | None, typer.Option("--host", help=_("A machine to read over ssh (`audit@server`); repeatable."))]
Endpoint = Annotated[list[str] | None, typer.Option("--tls", help=_("A TLS endpoint (`portal.example.org:443`); repeatable."))]
Local = Annotated[bool, typer.Option("--local/--no-local", help=_("Read this machine too."))]


def summary() -> str:
    """Return the line of help."""
    return _("Ask what to audit, and write auditor.yaml.")


def command(
    workspace: Folder = HERE,
    name: Name = None,
    finess_ej: FinessEj = None,
    finess_eg: FinessEg = None,
    kind: Kind = None,
    ght: Ght = None,
    site: Site = None,
    host: Host = None,
    tls: Endpoint = None,
    local: Local = True,
    json: Json = False,
    lang: Lang = "fr",
) -> int:
    """Write `auditor.yaml`, never over one that is there; without any option and before a person, ask."""
    from auditor.scope import parse
    from auditor.scope.write import Answers, draft

    path = workspace / SCOPE_FILE
    if os.path.lexists(path):
        raise UsageError(_("{path} already exists").format(path=path), hint=_("edit it, or choose another folder with --workspace"))
    if any((name, finess_ej, finess_eg, kind, ght, site, host, tls, json)) or not (sys.stdin.isatty() and sys.stdout.isatty()):
        answers = Answers(
            name=name or "",
            finess_ej=finess_ej or "",
            finess_eg=finess_eg or "",
            kind=kind or "",
            ght=ght or "",
            sites=tuple(_site(item) for item in site or ()),
            hosts=tuple(host or ()),
            endpoints=tuple(tls or ()),
            local=local,
        )
    else:
        answers = _ask()
    raw = draft(answers).encode()
    scope = parse(raw, str(path))  # what an answer broke is told before anything is written
    _check_sources(scope)
    _write(path, raw)
    if json:
        print_json({"path": str(path), "sha256": scope.sha256, "sources": [source.id for source in scope.sources]})
    else:
        print(_("Written: {path}").format(path=path))
        print(_("Next: complete it, look at `auditor collect --dry-run`, then `auditor run`."))
    return 0


def _site(text: str) -> tuple[str, str]:
    name, colon, country = text.rpartition(":")
    return (name.strip(), country.strip().upper()) if colon else (text.strip(), "FR")


def _check_sources(scope: Scope) -> None:
    from auditor.collect import registry

    registry.assign(scope)


def _write(path: Path, raw: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as stream:  # `x`: somebody may have written it meanwhile
            stream.write(raw)
    except FileExistsError as error:
        raise UsageError(_("{path} already exists").format(path=path)) from error
    except OSError as error:
        raise UsageError(
            _("{path} cannot be written: {why}").format(path=path, why=error.strerror), hint=_("choose another workspace with --workspace")
        ) from error


def _ask() -> Answers:
    from auditor.scope.shapes import FINESS
    from auditor.scope.shapes import Kind as Kinds
    from auditor.scope.write import HOST, Answers

    print(_("A few questions; an empty answer leaves the line to be completed later."))
    kinds = get_args(Kinds)
    name = _answer(_("Name of the organisation"))
    finess_ej = _answer(_("FINESS of the legal entity"), lambda text: re.match(FINESS, text))
    finess_eg = _answer(_("FINESS of the main establishment"), lambda text: re.match(FINESS, text))
    kind = _answer(_("Kind of establishment ({kinds})").format(kinds=", ".join(kinds)), lambda text: text in kinds)
    ght = _answer(_("Name of the GHT"))
    return Answers(
        name=name,
        finess_ej=finess_ej,
        finess_eg=finess_eg,
        kind=kind,
        ght=ght,
        sites=tuple(_site(item) for item in _several(_("A site (its name, then `:BE` if not in France)"))),
        hosts=tuple(_several(_("A machine to read over ssh (`audit@server`)"), HOST.match)),
        endpoints=tuple(_several(_("A TLS endpoint (`portal.example.org:443`)"), lambda text: re.match(r".+:\d+\Z", text))),
        local=_answer(_("Read this machine too? (yes, or no)"), lambda text: text.lower() in _YES | _NO).lower() not in _NO,
    )


_YES, _NO = {"o", "oui", "y", "yes"}, {"n", "non", "no"}


def _answer(question: str, right: Callable[[str], object] = bool) -> str:
    while True:
        text: str = typer.prompt(question, default="", show_default=False).strip()
        if not text or right(text):
            return text
        print(_("This is not of the form expected."))


def _several(question: str, right: Callable[[str], object] = bool) -> list[str]:
    found: list[str] = []
    while text := _answer(f"{question} [{len(found) + 1}]", right):
        found.append(text)
    return found
