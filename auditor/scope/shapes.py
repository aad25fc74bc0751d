"""What the organisation declares of itself: its sites, providers and applications."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Doc = msgspec.Meta

ID = "^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$"
"""Pattern of every id of the scope: safe in a file name, in a finding's name, in a list joined by spaces."""
FINESS = "^[0-9][0-9AB][0-9]{7}$"
"""Nine characters; the second is a letter in Corsica (2A, 2B)."""
DAY = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"

Id = Annotated[str, Doc(pattern=ID, description="short lower-case name, unique among its kind: a-z 0-9 . _ -")]
Country = Annotated[str, Doc(pattern="^[A-Z]{2}$", description="ISO 3166-1 code of two capital letters")]
Finess = Annotated[str, Doc(pattern=FINESS, description="FINESS number, nine characters")]
Day = Annotated[str, Doc(pattern=DAY, description="a day, YYYY-MM-DD")]
Text = Annotated[str, Doc(min_length=1, max_length=300)]

CRITICALITY = ("low", "medium", "high", "vital")
"""How long care can do without: rank 0 (weeks) to 3 (minutes)."""
EXPOSURE = ("isolated", "internal", "partner", "internet")
"""Who can reach it: rank 0 to 3."""

Kind = Literal["chu", "ch", "chs", "espic", "clinique", "ehpad", "had", "laboratoire", "gcs", "gip", "other"]
Model = Literal["IaaS", "CaaS", "PaaS", "SaaS"]
Scheme = Literal["secnumcloud", "hds", "iso27001"]
Activity = Literal["physical-sites", "hardware", "platform", "virtual-infrastructure", "administration", "backup"]
"""The six HDS activities (Code de la santé publique, R.1111-9), by wording: their numbers vary with who prints them."""


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    pass


class Organisation(_Part, frozen=True, kw_only=True):
    """The audited party."""

    name: Annotated[Text | None, Doc(description="its name, as printed on the cover")] = None
    finess_ej: Annotated[Finess | None, Doc(description="FINESS of the legal entity")] = None
    finess_eg: Annotated[Finess | None, Doc(description="FINESS of the main establishment (géographique)")] = None
    kind: Annotated[Kind | None, Doc(description="kind of establishment")] = None
    ght: Annotated[Text | None, Doc(description="name of its groupement hospitalier de territoire")] = None


class Site(_Part, frozen=True, kw_only=True):
    """A place where machines stand."""

    id: Id
    name: Annotated[Text, Doc(description="what people call it")]
    country: Annotated[Country, Doc(description="country where it stands, ISO 3166-1 (FR)")]
    finess_eg: Annotated[Finess | None, Doc(description="FINESS of this establishment")] = None
    building: Annotated[Text | None, Doc(description="building or room")] = None


class Service(_Part, frozen=True, kw_only=True):
    """What is bought from a provider; its id is unique among all providers."""

    id: Id
    name: Annotated[Text, Doc(description="commercial name, as certificates and qualifications print it")]
    model: Annotated[Model, Doc(description="service model of SecNumCloud")]
    activities: Annotated[tuple[Activity, ...], Doc(description="HDS activities bought")] = ()


class Certificate(_Part, frozen=True, kw_only=True):
    """A qualification or certificate that a provider holds."""

    id: Annotated[Id | None, Doc(description="when absent: provider, scheme and version joined by `-`")] = None
    scheme: Annotated[Scheme, Doc(description="under which scheme")]
    version: Annotated[str, Doc(pattern="^[0-9]{1,4}(\\.[0-9]{1,3})*$", description="version of the referential it names (3.2, 2.0, 2022)")]
    number: Annotated[Text | None, Doc(description="number of the certificate or decision")] = None
    issued_by: Annotated[Text | None, Doc(description="body that issued it")] = None
    activities: Annotated[tuple[Activity, ...], Doc(description="HDS activities it covers")] = ()
    services: Annotated[tuple[Id, ...], Doc(description="services it names, by their ids here; none: covers no declared service")] = ()
    issued: Annotated[Day, Doc(description="first day of validity")]
    valid_until: Annotated[Day, Doc(description="last day of validity, included")]
    reserves: Annotated[tuple[Text, ...], Doc(description="requirements the decision keeps out, by id (19.6.a)")] = ()
    document: Annotated[Text | None, Doc(description="path of the document, from the folder of this file")] = None


class Provider(_Part, frozen=True, kw_only=True):
    """A company whose services are used."""

    id: Id
    name: Annotated[Text, Doc(description="company name")]
    country: Annotated[Country | None, Doc(description="country of its head office, which says nothing of where data are kept")] = None
    services: Annotated[tuple[Service, ...], Doc(description="what is bought from it")] = ()
    certificates: Annotated[tuple[Certificate, ...], Doc(description="qualifications and certificates it holds")] = ()


class Application(_Part, frozen=True, kw_only=True):
    """What people use; it lends its sensitivity to the machines that serve it."""

    id: Id
    name: Annotated[Text, Doc(description="what people call it")]
    what: Annotated[Text | None, Doc(description="what it is for, in a few words")] = None
    health_data: Annotated[bool | None, Doc(description="holds personal health data; absent: not known, and checks say so")] = None
    criticality: Annotated[Literal["low", "medium", "high", "vital"] | None, Doc(description="how soon care suffers without it")] = None
    exposure: Annotated[Literal["isolated", "internal", "partner", "internet"] | None, Doc(description="who can reach it")] = None
    sites: Annotated[tuple[Id, ...], Doc(description="sites it runs on or serves")] = ()
    service: Annotated[Id | None, Doc(description="service of a provider it runs on")] = None
