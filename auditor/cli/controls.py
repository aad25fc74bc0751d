"""`auditor controls`: what is verified, and whether the files that say so are right."""

from __future__ import annotations

import difflib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor import paths
from auditor.cli.workspace import Json, Lang, print_json
from auditor.errors import ContentError, UsageError
from auditor.text import _

if TYPE_CHECKING:
    from auditor.catalog.control import Control
    from auditor.catalog.library import Library
    from auditor.errors import Problem

Content = Annotated[Path | None, typer.Option("--content", help=_("Another folder of controls, frameworks and reference data."))]
Named = Annotated[list[str] | None, typer.Argument(help=_("Ids or codes; all otherwise."))]
One = Annotated[str, typer.Argument(help=_("Id or code of the control."))]


def group() -> typer.Typer:
    """Return the sub-commands."""
    app = typer.Typer(help=_("What is verified, and with what thresholds."), no_args_is_help=True)
    app.command(name="list", help=_("List the controls."))(list_)
    app.command(name="show", help=_("Show one control: why, how it is judged, how to mend."))(show)
    app.command(name="lint", help=_("Check every content file: shape, names, types, links."))(lint)
    app.command(name="test", help=_("Replay examples, mutants and blindings."))(replay)
    return app


def _library(content: Path | None) -> Library:
    from auditor.catalog.library import load

    folder = content or paths.controls()
    if not folder.is_dir():
        raise UsageError(_("no folder {path}").format(path=folder), hint=_("give the folder that holds themes of controls"))
    return load(folder)


def _chosen(library: Library, names: list[str]) -> list[Control]:
    by_name = {**library.controls, **{control.code: control for control in library.controls.values()}}
    if missing := [name for name in names if name not in by_name]:
        near = difflib.get_close_matches(missing[0], by_name, 3)
        raise UsageError(
            _("no control is named {name}").format(name=", ".join(missing)), hint=_("near it: {names}").format(names=", ".join(near))
        )
    return [by_name[name] for name in names] or list(library.controls.values())


def list_(content: Content = None, json: Json = False, lang: Lang = "fr") -> int:
    """List the controls by code."""
    controls = sorted(_library(content).controls.values(), key=lambda control: control.code)
    if json:
        print_json(
            [
                {"id": control.id, "code": control.code, "severity": control.severity, "title": control.title.of(lang)}
                for control in controls
            ]
        )
        return 0
    from rich.console import Console
    from rich.table import Table

    table = Table(_("Code"), _("Control"), _("Severity"), _("Title"), box=None, pad_edge=False)
    for control in controls:
        table.add_row(control.code, control.id, control.severity, control.title.of(lang))
    Console().print(table)
    return 0


def show(name: One, content: Content = None, json: Json = False, lang: Lang = "fr") -> int:
    """Show one control."""
    library = _library(content)
    control = _chosen(library, [name])[0]
    if json:
        print_json(control)
        return 0
    print(f"{control.code}  {control.id}  [{control.severity}]\n{control.title.of(lang)}\n")
    print(_("Why: {text}").format(text=control.why.of(lang)))
    print(_("Remedy: {text}").format(text=control.remedy.of(lang)))
    for reference in control.references:
        print(_("Source: {text}").format(text=reference))
    for key, parameter in control.parameters.items():
        print(_("Threshold: {name} = {value} {unit} ({origin}) {reference}").format(
            name=key, value=parameter.default, unit=parameter.unit, origin=parameter.origin, reference=parameter.reference
        ))  # fmt: skip
    if control.check is not None:
        print(_("Each row of: {table}").format(table=control.check.subject))
        print(_("When: {expression}").format(expression=control.check.when))
        for key, fact in control.check.facts.items():
            print(_("Fact {name}: {text}").format(name=key, text=f"{fact.table} {fact.on} {fact.where}"))
        print(_("Expect: {expression}").format(expression=control.check.expect.strip()))
    links = [
        f"{framework.id}/{requirement.id}"
        for framework in library.frameworks.values()
        for requirement in framework.requirements
        for half in (requirement.ours, requirement.provider)
        for link in (*half.all, *half.any)
        if link.control == control.id
    ]
    print(_("Requirements: {names}").format(names=", ".join(sorted(set(links))) or "–"))  # noqa: RUF001
    return 0


def lint(content: Content = None, json: Json = False, lang: Lang = "fr") -> int:
    """Check every content file; exit code 3 when one is wrong."""
    from auditor.evaluate.lint import lint as problems_of

    library = None
    try:
        library = _library(content)
        problems = problems_of(library)
    except ContentError as error:
        problems = error.problems
    said = _("{controls} controls, {frameworks} frameworks: all right").format(
        controls=len(library.controls) if library else 0, frameworks=len(library.frameworks) if library else 0
    )
    return _tell(problems, said, json)


def replay(names: Named = None, content: Content = None, json: Json = False, lang: Lang = "fr") -> int:
    """Replay the examples of controls, their mutants and blindings; exit code 3 when one is wrong."""
    from auditor.evaluate.examples import verify

    library = _library(content)
    chosen = _chosen(library, list(names or []))
    try:
        problems = verify(library, chosen)
    except ContentError as error:
        problems = error.problems
    return _tell(problems, _("{n} controls: examples, mutants and blindings hold").format(n=len(chosen)), json)


def _tell(problems: list[Problem], said: str, json: bool) -> int:
    if json:
        print_json([{"path": item.path, "line": item.line, "message": item.message, "hint": item.hint} for item in sorted(problems)])
    elif problems:
        for problem in sorted(problems):
            print(problem, file=sys.stderr)
    else:
        print(said)
    return 3 if problems else 0
