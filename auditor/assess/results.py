"""The whole canonical results file of one evaluation."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from auditor.assess.assessment import ObjectName, State
from auditor.assess.inherit import inherit
from auditor.assess.places import ORGANISATION, Places, certificates, services
from auditor.assess.rollup import Count, Estate, Tally, roll_up
from auditor.codec import canonical
from auditor.errors import ContentError
from auditor.evaluate import language
from auditor.evaluate.result import ControlResult
from auditor.evaluate.run import evaluate
from auditor.scope import DECLARED
from auditor.text import _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.catalog.framework import Framework
    from auditor.catalog.library import Library
    from auditor.evaluate.result import CellResult
    from auditor.evidence.snapshot import Snapshot
    from auditor.scope import Scope

FORMAT = 1
_OBJECTS = frozenset({"application", "site"})


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="head", tag_field="kind"):
    """First line: what the results are of. The engine's own version is no part of them: another may answer the same."""

    format: int = FORMAT
    as_of: datetime
    snapshot_sha256: str
    scope_sha256: str
    catalogue: str
    catalogue_sha256: str
    language: int
    frameworks: tuple[str, ...]


def produce(snapshot: Snapshot, scope: Scope, library: Library, as_of: datetime) -> Iterator[bytes]:
    """Yield the lines of the results file, each with its newline: head, controls with their findings, assessments.

    The same snapshot, scope, catalogue and `as_of` (naive UTC, whole seconds) give the same bytes on any machine.
    Every requirement of the frameworks that the scope asks for is there, whatever failed to be collected.
    Raises ContentError when the scope asks for a framework that the library does not hold.
    """
    frameworks = _asked(scope, library)
    head = Head(
        as_of=as_of,
        snapshot_sha256=snapshot.sha256,
        scope_sha256=scope.sha256,
        catalogue=library.release,
        catalogue_sha256=library.sha256,
        language=language.VERSION,
        frameworks=tuple(framework.id for framework in frameworks),
    )
    yield canonical(head) + b"\n"
    places = Places(scope)
    tallies: dict[str, Tally] = {}
    for result in evaluate(snapshot, scope, library, as_of):
        if isinstance(result, ControlResult):
            tallies[result.control] = tally(result, places)
            yield canonical(result) + b"\n"
        else:
            yield result + b"\n"
    estate = Estate(ORGANISATION, services(scope))
    asked = Count(unknown=1, reasons=frozenset({"no_answer"}))
    tallies |= {
        name: Tally(wide=asked, service={service.id: asked for service in estate.services})
        for name, control in library.controls.items()
        if control.attestation is not None
    }
    grades = {name: State(control.grade) for name, control in library.controls.items()}
    proofs = certificates(scope)
    for framework in frameworks:
        inherited = {
            (service.id, requirement): found
            for service in estate.services
            for requirement, found in inherit(framework, service, proofs, as_of.date()).items()
        }
        for assessment in roll_up(framework, estate, tallies, grades, inherited):
            yield canonical(assessment) + b"\n"


def _asked(scope: Scope, library: Library) -> list[Framework]:
    unknown = [(index, name) for index, name in enumerate(scope.frameworks) if name not in library.frameworks]
    if unknown:
        hint = _("known: {names}").format(names=", ".join(sorted(library.frameworks)))
        raise ContentError(
            [
                scope.document.problem(("frameworks", index), _("no framework is named {name}").format(name=name), hint)
                for index, name in unknown
            ]
        )
    return [library.frameworks[name] for name in sorted(library.frameworks) if not scope.frameworks or name in scope.frameworks]


def tally(result: ControlResult, places: Places) -> Tally:
    """Return what a control found, by object.

    A row counts for each application that its source serves where it was read, else for the site, else for the
    organisation. Rows that the scope declares are objects themselves, or speak for the whole organisation.
    """
    at: dict[tuple[ObjectName, bool], Count] = {}
    service: dict[str, Count] = {}
    wide: Count | None = None
    for cell in result.cells:
        if cell.source == DECLARED:
            if cell.table in _OBJECTS and (named := _declared(cell)):
                for name, count in named.items():
                    at[(name, False)] = at.get((name, False), Count()) + count
                continue
            if cell.table == "service":
                for name, count in _declared(cell).items():
                    service[name.id] = service.get(name.id, Count()) + count
            wide = (wide or Count()) + _count(cell)
            continue
        count = _count(cell)
        placed = places.of(cell.source, cell.scope)
        for name, hosted in {(name, provider is not None) for name, provider in placed}:
            at[(name, hosted)] = at.get((name, hosted), Count()) + count
        for provider in {provider for _name, provider in placed if provider is not None}:
            service[provider] = service.get(provider, Count()) + count
    return Tally(at, wide, service)


def _count(cell: CellResult) -> Count:
    reasons = {cell.reason or "not_seen"} if not cell.seen else set()
    if cell.source == DECLARED and cell.passed:
        reasons.add("rests_on_declared")
    if cell.unknown:
        reasons.add("rows_unknown")
    return Count(len(cell.passed), len(cell.failed), len(cell.unknown), 0 if cell.seen else 1, frozenset(reasons))


def _declared(cell: CellResult) -> dict[ObjectName, Count]:
    unknown = Count(unknown=1, reasons=frozenset({"rows_unknown"}))
    ids = [
        (cell.passed, Count(passed=1, reasons=frozenset({"rests_on_declared"}))),
        (cell.failed, Count(failed=1)),
        (cell.unknown, unknown),
    ]
    return {ObjectName(cell.table, name): count for names, count in ids for name in names}
