"""Tables of evidence: what the scope itself declares (origin `declared`)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from auditor.evidence.row import Doc, Row


class Organisation(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The audited party: one row, whose id is `organisation`."""

    TABLE: ClassVar[str] = "organisation"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    name: Annotated[str | None, Doc(description="its name")] = None
    finess_ej: Annotated[str | None, Doc(description="FINESS of the legal entity, nine characters")] = None
    finess_eg: Annotated[str | None, Doc(description="FINESS of the main establishment, nine characters")] = None
    kind: Annotated[str | None, Doc(description="kind of establishment: chu, ch, chs, espic, clinique, ehpad…")] = None
    ght: Annotated[str | None, Doc(description="name of its groupement hospitalier de territoire")] = None


class Site(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A place where machines stand."""

    TABLE: ClassVar[str] = "site"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    name: Annotated[str, Doc(description="what people call it")]
    country: Annotated[str, Doc(description="country where it stands, ISO 3166-1 alpha-2")]
    finess_eg: Annotated[str | None, Doc(description="FINESS of this establishment, nine characters")] = None
    building: Annotated[str | None, Doc(description="building or room")] = None


class Provider(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A company whose services are used."""

    TABLE: ClassVar[str] = "provider"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    name: Annotated[str, Doc(description="company name")]
    country: Annotated[str | None, Doc(description="country of its head office, ISO 3166-1 alpha-2; not where data are kept")] = None


class Service(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is bought from a provider."""

    TABLE: ClassVar[str] = "service"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    provider: Annotated[str, Doc(description="id of its provider")]
    name: Annotated[str, Doc(description="commercial name")]
    model: Annotated[str, Doc(description="IaaS, CaaS, PaaS or SaaS")]
    activities: Annotated[str, Doc(description="HDS activities bought, sorted, joined by a space; empty when none is")]


class Certificate(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A qualification or certificate that a provider holds."""

    TABLE: ClassVar[str] = "certificate"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    provider: Annotated[str, Doc(description="id of the provider that holds it")]
    scheme: Annotated[str, Doc(description="secnumcloud, hds or iso27001")]
    version: Annotated[str, Doc(description="version of the referential it names")]
    number: Annotated[str | None, Doc(description="number of the certificate or decision")] = None
    issued_by: Annotated[str | None, Doc(description="body that issued it")] = None
    activities: Annotated[str, Doc(description="HDS activities it covers, sorted, joined by a space; empty when none is")]
    services: Annotated[str, Doc(description="ids of the services it names, sorted, joined by a space; empty when none is")]
    issued_at: Annotated[datetime, Doc(description="first second of its first day of validity, UTC")]
    valid_until: Annotated[datetime, Doc(description="last second of its last day of validity, UTC")]
    reserves: Annotated[int, Doc(description="number of requirements that the decision keeps out")]
    documented: Annotated[bool, Doc(description="the scope names a document for it")]


class Application(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What people use."""

    TABLE: ClassVar[str] = "application"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    name: Annotated[str, Doc(description="what people call it")]
    what: Annotated[str | None, Doc(description="what it is for")] = None
    health_data: Annotated[bool | None, Doc(description="holds personal health data; null when nobody said")] = None
    criticality: Annotated[int | None, Doc(description="0 low, 1 medium, 2 high, 3 vital")] = None
    exposure: Annotated[int | None, Doc(description="0 isolated, 1 internal, 2 partner, 3 internet")] = None
    sites: Annotated[str, Doc(description="ids of its sites, sorted, joined by a space; empty when none is named")]
    service: Annotated[str | None, Doc(description="id of the provider's service it runs on; null when none is named")] = None


class Source(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One thing that is, or should be, read. Its settings stay in the scope."""

    TABLE: ClassVar[str] = "source"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    collector: Annotated[str, Doc(description="kind of collector; `unseen` when nobody can read it")]
    unseen: Annotated[bool, Doc(description="declared as a thing that nobody can read")]
    site: Annotated[str | None, Doc(description="id of the site where what is read stands")] = None
    service: Annotated[str | None, Doc(description="id of the provider's service that is read")] = None
    applications: Annotated[str, Doc(description="ids of the applications served, sorted, joined by a space; empty when none is")]


SCOPE_TABLES: tuple[type[Row], ...] = (Organisation, Site, Provider, Service, Certificate, Application, Source)
