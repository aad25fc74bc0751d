"""Whom evidence is about: from the sources of a scope to sites, applications and services."""

from __future__ import annotations

from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING

from auditor.assess.assessment import ObjectName
from auditor.assess.inherit import Certificate, Service

if TYPE_CHECKING:
    from auditor.scope import ContextRule, Scope

ORGANISATION = ObjectName("organisation", "organisation")

Placed = frozenset[tuple[ObjectName, str | None]]


class Places:
    """Answers, for each source, which objects its rows bear on."""

    def __init__(self, scope: Scope) -> None:
        self._rules: dict[str, list[ContextRule]] = {}
        for rule in scope.context():
            self._rules.setdefault(rule.source, []).append(rule)
        self._hosts = {application.id: application.service for application in scope.applications}
        self._software = {service.id for provider in scope.providers for service in provider.services if service.model == "SaaS"}
        self.of = cache(self._of)
        """`of(source, scope)`: the objects, each with the service whose own interface is read there, if one is."""

    def _of(self, source: str, scope: str) -> Placed:
        # A machine of ours in a provider's cloud is our house: it shows nothing of the provider's duty. Software as a
        # service does, and so does a service that is read for itself, for no application.
        matching = [rule for rule in self._rules.get(source, []) if fnmatchcase(scope, rule.scope_glob)]
        # Results carry no names of rows: a finer place that goes by name counts beside its source, never instead.
        floor = max((rule.rank for rule in matching if rule.name_glob == "*"), default=0)
        result: set[tuple[ObjectName, str | None]] = set()
        for rule in matching:
            if rule.rank < floor:
                continue
            if rule.application is not None:
                service = rule.service or (self._hosts.get(rule.application) if rule.site is None else None)
                result.add((ObjectName("application", rule.application), service if service in self._software else None))
            elif rule.site is not None:
                result.add((ObjectName("site", rule.site), rule.service))
            else:
                result.add((ORGANISATION, rule.service))
        return frozenset(result or {(ORGANISATION, None)})


def services(scope: Scope) -> tuple[Service, ...]:
    """Return the services declared, each holding health data when an application on it does, or nobody said that none does."""
    told: dict[str, list[bool | None]] = {}
    for application in scope.applications:
        if application.service is not None:
            told.setdefault(application.service, []).append(application.health_data)
    return tuple(
        Service(service.id, service.model, _any_health_data(told.get(service.id, [])), service.activities)
        for provider in scope.providers
        for service in provider.services
    )


def _any_health_data(told: list[bool | None]) -> bool | None:
    if True in told:
        return True
    return False if told and None not in told else None


def certificates(scope: Scope) -> tuple[Certificate, ...]:
    """Return the qualifications and certificates declared."""
    return tuple(
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
    )
