"""The whole canonical results file of one evaluation."""

from __future__ import annotations

from datetime import date, datetime
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import msgspec

from auditor.assess.assessment import ObjectName, State
from auditor.assess.inherit import Certificate, Inheritance, Service, inherit
from auditor.assess.rollup import Count, Estate, Tally, roll_up
from auditor.catalog.framework import Framework
from auditor.codec import canonical
from auditor.evaluate import language
from auditor.evaluate.result import ControlResult
from auditor.evaluate.run import evaluate
from auditor.scope import DECLARED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.catalog.library import Library
    from auditor.evaluate.result import CellResult
    from auditor.evidence.snapshot import Snapshot
    from auditor.scope import ContextRule, Scope

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
    """
    frameworks = [library.frameworks[name] for name in sorted(library.frameworks) if not scope.frameworks or name in scope.frameworks]
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
    rules = scope.context()
    tallies: dict[str, Tally] = {}
    for result in evaluate(snapshot, scope, library, as_of):
        if isinstance(result, ControlResult):
            tallies[result.control] = tally(result, rules, scope)
        yield canonical(result) + b"\n"
    estate = Estate(ObjectName("organisation", "organisation"), _services(scope))
    grades = {name: State(control.grade) for name, control in library.controls.items()}
    for framework in frameworks:
        for assessment in roll_up(framework, estate, tallies, grades, _inherited(framework, estate, scope, as_of.date())):
            yield canonical(assessment) + b"\n"


def tally(result: ControlResult, rules: list[ContextRule], scope: Scope) -> Tally:
    """Return what a control found, by object.

    A row counts for each application that its source serves where it was read, else for the site, else for the
    organisation. Rows that the scope declares are objects themselves, or speak for the whole organisation.
    """
    at: dict[tuple[ObjectName, bool], Count] = {}
    services: dict[str, Count] = {}
    wide: Count | None = None
    for cell in result.cells:
        count = _count(cell)
        if cell.source == DECLARED and cell.table in _OBJECTS:
            for name, one in _declared(cell).items():
                at[(name, False)] = at.get((name, False), Count()) + one
        elif cell.source == DECLARED and cell.table == "service":
            for name, one in _declared(cell).items():
                services[name.id] = services.get(name.id, Count()) + one
            wide = (wide or Count()) + count
        elif cell.source == DECLARED:
            wide = (wide or Count()) + count
        else:
            for place, service in _places(cell, rules, scope):
                at[(place, service is not None)] = at.get((place, service is not None), Count()) + count
            for service in {service for _place, service in _places(cell, rules, scope) if service is not None}:
                services[service] = services.get(service, Count()) + count
    return Tally(at, wide, services)


def _count(cell: CellResult) -> Count:
    reasons = {cell.reason or "not_seen"} if not cell.seen else set()
    if cell.unknown:
        reasons.add("rows_unknown")
    return Count(len(cell.passed), len(cell.failed), len(cell.unknown), 0 if cell.seen else 1, frozenset(reasons))


def _declared(cell: CellResult) -> dict[ObjectName, Count]:
    unknown = Count(unknown=1, reasons=frozenset({"rows_unknown"}))
    ids = [(cell.passed, Count(passed=1)), (cell.failed, Count(failed=1)), (cell.unknown, unknown)]
    return {ObjectName(cell.table, name): count for names, count in ids for name in names}


def _places(cell: CellResult, rules: list[ContextRule], scope: Scope) -> set[tuple[ObjectName, str | None]]:
    """Return the objects that a cell bears on, each with the service whose own interface is read there, if one is.

    A machine of ours in a provider's cloud is our house: it shows nothing of the provider's duty. Software as a service
    does, and so does a service read for itself, for no application.
    """
    matching = [rule for rule in rules if rule.source == cell.source and fnmatchcase(cell.scope, rule.scope_glob)]
    # Results carry no names of rows: a finer place that goes by name counts beside its source, never instead.
    floor = max((rule.rank for rule in matching if rule.name_glob == "*"), default=0)
    hosts = {application.id: application.service for application in scope.applications}
    software = {service.id for provider in scope.providers for service in provider.services if service.model == "SaaS"}
    result = set()
    for rule in matching:
        if rule.rank < floor:
            continue
        if rule.application is not None:
            service = rule.service or (hosts.get(rule.application) if rule.site is None else None)
            result.add((ObjectName("application", rule.application), service if service in software else None))
        elif rule.site is not None:
            result.add((ObjectName("site", rule.site), rule.service))
        else:
            result.add((ObjectName("organisation", "organisation"), rule.service))
    return result or {(ObjectName("organisation", "organisation"), None)}


def _services(scope: Scope) -> tuple[Service, ...]:
    told: dict[str, list[bool | None]] = {}
    for application in scope.applications:
        if application.service is not None:
            told.setdefault(application.service, []).append(application.health_data)
    result = []
    for provider in scope.providers:
        for service in provider.services:
            known = told.get(service.id, [])
            health = True if True in known else False if known and None not in known else None
            result.append(Service(service.id, service.model, health, service.activities))
    return tuple(result)


def _inherited(framework: Framework, estate: Estate, scope: Scope, on: date) -> dict[tuple[str, str], Inheritance]:
    certificates = [
        Certificate(
            id=item.id or "",
            scheme=item.scheme,
            version=item.version,
            services=item.services,
            issued=date.fromisoformat(item.issued),
            expires=date.fromisoformat(item.valid_until),
            activities=item.activities,
            reserves=item.reserves,
        )
        for provider in scope.providers
        for item in provider.certificates
    ]
    return {
        (service.id, name): found for service in estate.services for name, found in inherit(framework, service, certificates, on).items()
    }
