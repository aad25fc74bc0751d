"""What a qualification or certificate carries of the provider's half, and why it carries nothing.

Dates fixed by regulation are data: the `carriers` and `refusals` of the framework file, each with its source and the day
it was checked.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from auditor.assess.assessment import Proof
from auditor.catalog.framework import Obligation

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.catalog.framework import Carrier, Framework, Requirement


@dataclass(frozen=True, slots=True)
class Certificate:
    """A proof as the scope declares it. Dates are None when unknown; the last day of validity is included."""

    id: str
    scheme: str
    version: str
    services: tuple[str, ...] = ()
    """Services that it names, by their ids in the scope."""
    issued: date | None = None
    expires: date | None = None
    activities: tuple[str, ...] = ()
    """As worded on the document."""
    reserves: tuple[str, ...] = ()
    """Numbers of the rules or sections that the decision sets aside."""


@dataclass(frozen=True, slots=True)
class Service:
    """A service of a provider, as bought."""

    id: str
    model: str | None = None
    """IaaS, CaaS, PaaS or SaaS; None when not declared."""
    health_data: bool | None = None
    activities: tuple[str, ...] = ()
    """HDS activities bought, as worded in the contract."""


@dataclass(frozen=True, slots=True)
class Inheritance:
    """Proofs that carry a requirement for a service; empty, with the codes of why not."""

    proofs: tuple[Proof, ...] = ()
    reasons: tuple[str, ...] = ()


def activities_of(framework: Framework, wordings: Iterable[str]) -> tuple[frozenset[str], bool]:
    """Return the activities told by `wordings`, and whether each wording was understood.

    By words, never by number: certification bodies number them in different orders. Where several activities are
    spoken of, the first one named is meant ("physical sites, to house the hardware…").
    """
    found: set[str] = set()
    understood = True
    for wording in wordings:
        text = _folded(wording)
        places = [
            (text.find(words), activity.id)
            for activity in framework.activities
            for words in (*activity.words, activity.id.replace("-", " "))
            if words in text
        ]
        if places:
            found.add(min(places)[1])
        else:
            understood = False
    return frozenset(found), understood


def _folded(text: str) -> str:
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    return " ".join(re.sub(r"[^a-z0-9]+", " ", plain).split())


def refusal(framework: Framework, certificate: Certificate, service: Service, on: date) -> str:
    """Return why `certificate` carries nothing of `framework` for `service` on a day; empty when it does carry.

    Codes: `other_service`, those of the framework's refusals, `other_scheme`, `other_version`, `dates_missing`,
    `not_yet_valid`, `expired`, `activity_not_understood`, `reserve_not_understood`.
    """
    if service.id not in certificate.services:
        return "other_service"
    scheme, version = _scheme(certificate.scheme), _version(certificate.version)
    for rule in framework.refusals:
        if (scheme, version) == (_scheme(rule.scheme), _version(rule.version)) and on > date.fromisoformat(rule.valid_until):
            return rule.reason
    if scheme not in {_scheme(carrier.scheme) for carrier in framework.carriers}:
        return "other_scheme"
    if _carrier(framework, certificate) is None:
        return "other_version"
    if why := _untimely(certificate, on):
        return why
    if framework.activities and not (certificate.activities and activities_of(framework, certificate.activities)[1]):
        return "activity_not_understood"
    known = {requirement.id for requirement in framework.requirements} | set(framework.sections)
    if not known.issuperset(certificate.reserves):
        return "reserve_not_understood"
    return ""


def _untimely(certificate: Certificate, on: date) -> str:
    if certificate.issued is None or certificate.expires is None:
        return "dates_missing"
    if on < certificate.issued:
        return "not_yet_valid"
    return "expired" if on > certificate.expires else ""


def inherit(framework: Framework, service: Service, certificates: Iterable[Certificate], on: date) -> dict[str, Inheritance]:
    """Return, by requirement, the proofs that carry its provider's half for `service` on a day.

    A qualification carries mandatory rows only, less its reserves and what its version did not yet ask. With
    activities, the proofs together must hold every activity bought that the requirement is about. What we ourselves
    were given is never inherited: this speaks of the provider's half alone.
    """
    refused: set[str] = set()
    admitted: list[_Admitted] = []
    for certificate in certificates:
        if why := refusal(framework, certificate, service, on):
            refused.add(f"proof_{why}")
        elif (carrier := _carrier(framework, certificate)) is not None:
            admitted.append(_Admitted(certificate, carrier, activities_of(framework, certificate.activities)[0]))
    refused.discard("proof_other_service")
    bought, understood = activities_of(framework, service.activities)
    return {
        requirement.id: _carried(framework, requirement, admitted, refused, bought if understood else frozenset())
        for requirement in framework.requirements
    }


@dataclass(frozen=True, slots=True)
class _Admitted:
    certificate: Certificate
    carrier: Carrier
    activities: frozenset[str]


def _carried(
    framework: Framework, requirement: Requirement, admitted: list[_Admitted], refused: set[str], bought: frozenset[str]
) -> Inheritance:
    if requirement.obligation is not Obligation.MANDATORY:
        return Inheritance(reasons=("recommendation_not_carried",))
    reasons, carrying = set(refused), []
    for one in admitted:
        if _within(requirement, one.carrier.without):
            reasons.add("proof_version_silent")
        elif _within(requirement, one.certificate.reserves):
            reasons.add("proof_reserve")
        else:
            carrying.append(one)
    if not carrying:
        return Inheritance(reasons=tuple(sorted(reasons or {"no_proof"})))
    if framework.activities:
        if not bought:
            return Inheritance(reasons=("activities_bought_not_declared",))
        needed = bought & set(requirement.activities) if requirement.activities else bought
        if not needed:
            return Inheritance(reasons=("activity_not_bought",))
        if not needed <= frozenset[str]().union(*(one.activities for one in carrying)):
            return Inheritance(reasons=("proof_activity_not_covered",))
        carrying = [one for one in carrying if one.activities & needed]
    return Inheritance(proofs=tuple(sorted(_proof(one.certificate, one.activities) for one in carrying)))


def _carrier(framework: Framework, certificate: Certificate) -> Carrier | None:
    name = _scheme(certificate.scheme), _version(certificate.version)
    return next((item for item in framework.carriers if (_scheme(item.scheme), _version(item.version)) == name), None)


def _within(requirement: Requirement, places: Iterable[str]) -> bool:
    return any(requirement.id == place or requirement.id.startswith(f"{place}.") for place in places)


def _scheme(text: str) -> str:
    return _folded(text).replace(" ", "")


def _version(text: str) -> str:
    plain = text.strip().lower().removeprefix("v").strip()
    return f"{plain}.0" if plain.isdecimal() and len(plain) < len("2018") else plain


def _proof(certificate: Certificate, activities: frozenset[str]) -> Proof:
    return Proof(
        certificate=certificate.id,
        scheme=certificate.scheme,
        version=certificate.version,
        issued=certificate.issued.isoformat() if certificate.issued else "",
        expires=certificate.expires.isoformat() if certificate.expires else "",
        activities=tuple(sorted(activities)),
    )
