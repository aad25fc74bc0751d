"""What the scope says about collected rows: where they stand, what they serve."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from auditor.scope.shapes import CRITICALITY, EXPOSURE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.scope.document import Location, ScopeFile, Source


@dataclass(frozen=True, slots=True, order=True)
class ContextRule:
    """The context of the rows of `source` whose scope and id or name match the two globs.

    For one row, only the matching rules of the highest `rank` count: a place named in the scope wins over what is said
    of its whole source. Among those: `health_data` true wins, then null, then false; `criticality` and `exposure` the
    highest, null when one is null and none is at the top; texts when all agree, else null. No rule matches: all null.
    """

    source: str
    rank: int = 0
    scope_glob: str = "*"
    name_glob: str = "*"
    site: str | None = None
    country: str | None = None
    service: str | None = None
    application: str | None = None
    health_data: bool | None = None
    criticality: int | None = None
    """0 low, 1 medium, 2 high, 3 vital."""
    exposure: int | None = None
    """0 isolated, 1 internal, 2 partner, 3 internet."""


def rules(file: ScopeFile) -> Iterator[ContextRule]:
    """Yield the rules of every source, each whole: what a place leaves out is taken from its source."""
    for source in file.sources:
        for base, applications in _places(file, source):
            for rule in (base, *_regions(file, base)):
                yield from _serving(file, rule, applications)


def _places(file: ScopeFile, source: Source) -> Iterator[tuple[ContextRule, tuple[str, ...]]]:
    whole = ContextRule(source.id, site=source.site, country=_country(file, source.site), service=source.service)
    yield whole, source.applications
    for place in source.places:
        site = place.site or source.site
        found = ContextRule(
            source.id,
            rank=2,
            scope_glob=place.scope,
            name_glob=place.name,
            site=site,
            country=_country(file, site),
            service=place.service or source.service,
        )
        yield found, place.applications or source.applications


def _regions(file: ScopeFile, rule: ContextRule) -> Iterator[ContextRule]:
    """Yield the same rule once more for each region of the provider, in its country; a site said by hand wins."""
    if rule.site is not None or rule.service is None:
        return
    for location in _regions_of(file, rule.service):
        region = _literal(location.region)
        if rule.scope_glob in {"*", location.region}:
            yield replace(rule, rank=rule.rank + 1, scope_glob=region, site=location.site, country=location.country)


def _regions_of(file: ScopeFile, service: str) -> list[Location]:
    owner = next((provider.id for provider in file.providers for item in provider.services if item.id == service), "")
    return [location for location in file.locations if location.provider == owner]


def _literal(text: str) -> str:
    # In a glob, a bracket quotes what stands in it.
    return "".join(f"[{char}]" if char in "*?[" else char for char in text)


def _serving(file: ScopeFile, rule: ContextRule, applications: tuple[str, ...]) -> Iterator[ContextRule]:
    named = {application.id: application for application in file.applications}
    if not applications:
        yield rule
    for name in applications:
        application = named[name]
        yield replace(
            rule,
            application=name,
            health_data=application.health_data,
            criticality=rank(CRITICALITY, application.criticality),
            exposure=rank(EXPOSURE, application.exposure),
        )


def rank(scale: tuple[str, ...], word: str | None) -> int | None:
    """Return the place of `word` on its scale, from 0."""
    return None if word is None else scale.index(word)


def _country(file: ScopeFile, site: str | None) -> str | None:
    return next((item.country for item in file.sites if item.id == site), None)
