"""The whole of `auditor.yaml`, as typed values."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from auditor.scope.shapes import Application, Country, Doc, Id, Organisation, Provider, Site, Text, _Part

FORMAT = 1
UNSEEN = "unseen"
"""The kind of a source that nobody can read: it makes cells that are never seen."""
DECLARED = "scope"
"""The source of the rows that the scope itself declares; no source of the file may take its name."""

Value = int | bool | str
Glob = Annotated[str, Doc(min_length=1, max_length=200, description="`*` any text, `?` any one character; case counts")]


class Place(_Part, frozen=True, kw_only=True):
    """What some of a source's rows belong to; what it leaves out comes from the source."""

    scope: Annotated[Glob, Doc(description="project, account or region of the row")] = "*"
    name: Annotated[Glob, Doc(description="id or name of the row")] = "*"
    site: Annotated[Id | None, Doc(description="where they stand")] = None
    service: Annotated[Id | None, Doc(description="provider's service they are part of")] = None
    applications: Annotated[tuple[Id, ...], Doc(description="applications they serve")] = ()


class Source(_Part, frozen=True, kw_only=True):
    """One thing that a collector reads."""

    id: Id
    collector: Annotated[Text, Doc(description="kind of collector (linux, tls…), or `unseen` for what nobody can read")]
    settings: Annotated[dict[str, Any], Doc(description="the collector's own settings: address, account, credentials by reference")] = (
        msgspec.field(default_factory=dict)
    )
    site: Annotated[Id | None, Doc(description="where what is read stands")] = None
    service: Annotated[Id | None, Doc(description="provider's service that is read")] = None
    applications: Annotated[tuple[Id, ...], Doc(description="applications that what is read serves")] = ()
    places: Annotated[tuple[Place, ...], Doc(description="finer rules for some of the rows; they win over the source's own")] = ()
    expected: Annotated[
        dict[str, Annotated[int, Doc(ge=0)]],
        Doc(description="fewest rows that must be found, by table; fewer leaves the table not seen. For `unseen`: what exists there"),
    ] = msgspec.field(default_factory=dict)
    budget_s: Annotated[int, Doc(ge=1, le=86400, description="time allowed to read it, in seconds")] = 900
    note: Annotated[Text | None, Doc(description="a word to the reader, such as why nobody can read it")] = None
    formerly: Annotated[tuple[Id, ...], Doc(description="earlier ids of this source: its history follows")] = ()


class Location(_Part, frozen=True, kw_only=True):
    """Where a provider's region is: no API proves geography, so the scope declares it."""

    provider: Annotated[Id, Doc(description="provider whose region it is: a region means nothing without it")]
    region: Annotated[Text, Doc(description="name of the region, as the provider's API gives it")]
    country: Annotated[Country, Doc(description="country where it stands, ISO 3166-1 (FR)")]
    site: Annotated[Id | None, Doc(description="site of this scope that stands there")] = None


class ScopeFile(_Part, frozen=True, kw_only=True):
    """What is audited."""

    format: Annotated[Literal[1], Doc(description="version of this file's shape")]
    organisation: Annotated[Organisation, Doc(description="the audited party")] = Organisation()
    sites: Annotated[tuple[Site, ...], Doc(description="places where machines stand")] = ()
    providers: Annotated[tuple[Provider, ...], Doc(description="companies whose services are used")] = ()
    applications: Annotated[tuple[Application, ...], Doc(description="what people use")] = ()
    sources: Annotated[tuple[Source, ...], Doc(description="what collectors read")] = ()
    locations: Annotated[tuple[Location, ...], Doc(description="where providers' regions are")] = ()
    frameworks: Annotated[tuple[Id, ...], Doc(description="frameworks to report on; none named: all that ship with the tool")] = ()
    parameters: Annotated[
        dict[str, dict[str, Value | tuple[Value, ...]]],
        Doc(description="thresholds tightened, by control then parameter"),
    ] = msgspec.field(default_factory=dict)
