"""The scope's own objects as rows of evidence."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, TypedDict

from auditor.evidence import tables_scope as tables
from auditor.evidence.row import Origin, Row
from auditor.scope.context import rank
from auditor.scope.document import DECLARED, UNSEEN
from auditor.scope.shapes import CRITICALITY, EXPOSURE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.scope.document import ScopeFile
    from auditor.scope.shapes import Certificate, Provider


class _Always(TypedDict):
    source: str
    origin: Origin


_ALWAYS: _Always = {"source": DECLARED, "origin": Origin.DECLARED}


def rows(file: ScopeFile) -> Iterator[Row]:
    """Yield every declared row, of the tables of `tables_scope`."""
    told = file.organisation
    yield tables.Organisation(
        id="organisation",
        name=told.name,
        finess_ej=told.finess_ej,
        finess_eg=told.finess_eg,
        kind=told.kind,
        ght=told.ght,
        **_ALWAYS,
    )
    for site in file.sites:
        yield tables.Site(id=site.id, name=site.name, country=site.country, finess_eg=site.finess_eg, building=site.building, **_ALWAYS)
    for provider in file.providers:
        yield from _provider(provider)
    for application in file.applications:
        yield tables.Application(
            id=application.id,
            name=application.name,
            what=application.what,
            health_data=application.health_data,
            criticality=rank(CRITICALITY, application.criticality),
            exposure=rank(EXPOSURE, application.exposure),
            sites=_joined(application.sites),
            service=application.service,
            **_ALWAYS,
        )
    for source in file.sources:
        yield tables.Source(
            id=source.id,
            collector=source.collector,
            unseen=source.collector == UNSEEN,
            site=source.site,
            service=source.service,
            applications=_joined(source.applications),
            **_ALWAYS,
        )


def _provider(provider: Provider) -> Iterator[Row]:
    yield tables.Provider(id=provider.id, name=provider.name, country=provider.country, **_ALWAYS)
    for service in provider.services:
        yield tables.Service(
            id=service.id,
            provider=provider.id,
            name=service.name,
            model=service.model,
            activities=_joined(service.activities),
            **_ALWAYS,
        )
    for certificate in provider.certificates:
        first, last = validity(certificate)
        yield tables.Certificate(
            id=certificate.id or "",
            provider=provider.id,
            scheme=certificate.scheme,
            version=certificate.version,
            number=certificate.number,
            issued_by=certificate.issued_by,
            activities=_joined(certificate.activities),
            services=_joined(certificate.services),
            issued_at=first,
            valid_until=last,
            reserves=len(set(certificate.reserves)),
            documented=certificate.document is not None,
            **_ALWAYS,
        )


def validity(certificate: Certificate) -> tuple[datetime, datetime]:
    """Return the first and last second at which `certificate` is valid, UTC."""
    last = datetime.fromisoformat(certificate.valid_until)
    return datetime.fromisoformat(certificate.issued), last + timedelta(days=1, seconds=-1)


def _joined(names: Iterable[str]) -> str:
    return " ".join(sorted(set(names)))
