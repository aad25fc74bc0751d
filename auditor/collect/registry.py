"""Which collector reads which kind of source: one visible list, plus installed extensions."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

import msgspec

from auditor.collect.base import Collector, Target
from auditor.collect.secret import resolve
from auditor.errors import ContentError, Problem, UsageError
from auditor.text import _

if TYPE_CHECKING:
    from auditor.scope import Scope, Source

BUILTIN = {
    "linux": "auditor.collect.linux:Linux",
    "tls": "auditor.collect.tls:Tls",
}
"""Collectors of this package, by the word the scope uses."""

UNSEEN = "unseen"
"""The kind of a declared source that no collector reads: its cells are never seen."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """One source of the scope with the collector that reads it, settings checked."""

    source: Source
    target: Target
    collector: Collector


def kinds() -> dict[str, str]:
    """Return every known collector as `module:class`, by kind."""
    extensions = {point.name: point.value for point in entry_points(group="auditor.collectors")}
    return {**extensions, **BUILTIN}


def collector(kind: str) -> Collector:
    """Return the collector for `kind`; raises UsageError when none is installed."""
    known = kinds()
    if kind not in known:
        raise UsageError(_("no collector is named {kind}").format(kind=kind))
    module, _colon, name = known[kind].partition(":")
    made: Collector = getattr(import_module(module), name)()
    return made


def settings_schema(kind: str) -> dict[str, Any]:
    """Return the JSON Schema of what the scope may say to collector `kind`."""
    return msgspec.json.schema(collector(kind).SETTINGS)


def assign(scope: Scope) -> list[Assignment]:
    """Return one assignment per source that a collector reads.

    Raises ContentError with every unknown collector and every wrong setting of the scope, each with its line.
    """
    problems: list[Problem] = []
    result: list[Assignment] = []
    known = kinds()
    for index, source in enumerate(scope.sources):
        if source.collector == UNSEEN:
            continue
        if source.collector not in known:
            near = difflib.get_close_matches(source.collector, [*known, UNSEEN], 1)
            hint = _("did you mean {name}?").format(name=near[0]) if near else _("known: {names}").format(names=", ".join(sorted(known)))
            where = ("sources", index, "collector")
            problems.append(scope.document.problem(where, _("unknown collector {name}").format(name=repr(source.collector)), hint))
            continue
        reader = collector(source.collector)
        found = _wrong_settings(scope, index, source, reader)
        problems += found
        if not found:
            target = Target(
                id=source.id,
                settings=msgspec.convert(source.settings, reader.SETTINGS),
                secret=resolve,
                budget_s=source.budget_s,
            )
            result.append(Assignment(source, target, reader))
    if problems:
        raise ContentError(problems)
    return result


def _wrong_settings(scope: Scope, index: int, source: Source, reader: Collector) -> list[Problem]:
    from jsonschema import Draft202012Validator

    validator = Draft202012Validator(msgspec.json.schema(reader.SETTINGS))
    problems = []
    for error in validator.iter_errors(source.settings):
        where = ("sources", index, "settings", *error.absolute_path)
        problems.append(
            scope.document.problem(where, error.message, _("see the settings of collector {kind}").format(kind=source.collector))
        )
    if not problems:
        try:
            msgspec.convert(source.settings, reader.SETTINGS)
        except (msgspec.ValidationError, ValueError) as error:
            problems.append(scope.document.problem(("sources", index, "settings"), str(error)))
    return problems
