"""A published text, requirement by requirement, in our own words: what meets each, and what no machine can see."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from enum import StrEnum
from typing import TYPE_CHECKING

import msgspec

from auditor.catalog.shape import decode
from auditor.errors import ContentError, Problem

if TYPE_CHECKING:
    from auditor.codec import Document, Where


class Obligation(StrEnum):
    """How strongly a requirement binds. `conditional`, `right` and `warning` only stand in advice to customers."""

    MANDATORY = "mandatory"
    RECOMMENDED = "recommended"
    CONDITIONAL = "conditional"
    RIGHT = "right"
    WARNING = "warning"


class Basis(StrEnum):
    """What a link to a control may claim.

    `duty`: what our seat shows of the provider's duty; it can disprove, not prove. `right`: what we are owed, read on
    our own contract, letters or public pages. `mirror`: good practice carried over to our own house, outside the text.
    `own`: the text speaks to the customer itself.
    """

    DUTY = "duty"
    RIGHT = "right"
    MIRROR = "mirror"
    OWN = "own"


class _Content(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Every part of a framework file refuses keys it does not know."""


class Words(_Content, frozen=True, kw_only=True):
    """One phrase in both languages."""

    fr: str
    en: str


class Link(_Content, frozen=True, kw_only=True):
    """One control that bears on a requirement. `supports` may lower a state, never raise it."""

    control: str
    link: str = "tests"
    basis: Basis | None = None
    """Needed only where the half stands on several bases."""


class Half(_Content, frozen=True, kw_only=True):
    """One side of a requirement: met when every `all` passes and, if `any` is not empty, one of `any` does.

    No `basis`: the text asks nothing of this side. A basis without controls is never conforming.
    """

    basis: tuple[Basis, ...] = ()
    all: tuple[Link, ...] = ()
    any: tuple[Link, ...] = ()

    def basis_of(self, link: Link) -> Basis:
        """Return what `link` may claim: its own basis, else the half's only one."""
        return link.basis or self.basis[0]


class ProofDocument(_Content, frozen=True, kw_only=True):
    """A document that a person reads; `max_age_months` only where the text itself fixes a period."""

    fr: str
    en: str
    max_age_months: int | None = None


class CrossReference(_Content, frozen=True, kw_only=True):
    """A neighbour in another text (`iso-27001-2022/A.8.24`). It never carries a state over."""

    to: str
    published: bool
    """True: from a published mapping. False: our own reading."""


class Requirement(_Content, frozen=True, kw_only=True):
    """One lettered rule."""

    id: str
    section: str
    title: Words
    summary: Words
    obligation: Obligation
    responsible: dict[str, str]
    """provider, customer or shared, per model of service the rule is about, and `on_site`."""
    condition: Words | None = None
    """When the text itself says that the rule binds only in some cases."""
    customer_right: tuple[str, ...] = ()
    activities: tuple[str, ...] = ()
    """HDS activities concerned, by the keys of the framework; empty: all."""
    ours: Half
    provider: Half
    remaining: Words
    """What stays for a person to judge, whatever the controls say."""
    documents: tuple[ProofDocument, ...] = ()
    references: tuple[CrossReference, ...] = ()
    source_urn: str | None = None
    """Key of the rule in the public CISO Assistant library, as printed there."""
    part_of: str | None = None
    """The number printed in the text, where one number holds several rules."""
    note: Words | None = None

    def links(self) -> tuple[Link, ...]:
        """Return every link of both halves."""
        return (*self.ours.all, *self.ours.any, *self.provider.all, *self.provider.any)


class Activity(_Content, frozen=True, kw_only=True):
    """A hosting activity and the words that tell it in a certificate, in lower case without accents."""

    id: str
    title: Words
    words: tuple[str, ...]


class Carrier(_Content, frozen=True, kw_only=True):
    """A proof that carries the provider's half of the mandatory rows, but for `without` (ids or sections)."""

    scheme: str
    version: str
    without: tuple[str, ...] = ()
    source: str
    checked_on: str


class Refusal(_Content, frozen=True, kw_only=True):
    """A proof that carries nothing any more after a date (last day included in its validity)."""

    scheme: str
    version: str
    valid_until: str
    reason: str
    source: str
    checked_on: str


class Framework(_Content, frozen=True, kw_only=True):
    """One published text at one version."""

    id: str
    title: Words
    publisher: str
    version: str
    date: str
    catalogue: str
    """Release of our content."""
    content: Words
    """How far the controls of this release reach."""
    sections: dict[str, Words]
    activities: tuple[Activity, ...] = ()
    carriers: tuple[Carrier, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    requirements: tuple[Requirement, ...]


MODELS = ("IaaS", "CaaS", "PaaS", "SaaS", "on_site")
"""Models of service that a requirement may be about; `on_site` is our own ground."""

_RESPONSIBLE = ("provider", "customer", "shared")
_RIGHTS = ("on_request", "notice", "contract_clause", "tool", "consent", "choice", "public")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]*\Z")
_CONTROL = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")


def parse(document: Document) -> Framework:
    """Return the framework of a strictly read file; raise ContentError with every problem at once, each with its line."""
    problems: list[Problem] = []
    framework = decode(document, (), document.value, Framework, problems)
    if framework is not None:
        problems.extend(_check(document, framework))
    if problems or framework is None:
        raise ContentError(problems)
    return framework


def _check(document: Document, framework: Framework) -> list[Problem]:
    """Return what the shapes alone cannot refuse."""
    problems = [
        document.problem((*where, key), f"{value!r} is not a date", "write YYYY-MM-DD")
        for where, key, value in _dates(framework)
        if not _is_date(value)
    ]
    counts = Counter(requirement.id for requirement in framework.requirements)
    for index, requirement in enumerate(framework.requirements):
        where: Where = ("requirements", index)
        if counts[requirement.id] > 1:
            problems.append(document.problem((*where, "id"), f"requirement {requirement.id!r} stands twice", "keep one of the two"))
        problems.extend(document.problem((*where, *at), what, hint) for at, what, hint in _flaws(framework, requirement))
    places = {requirement.id for requirement in framework.requirements} | set(framework.sections)
    problems += [
        document.problem(("carriers", index, "without"), f"{place!r} is neither a rule nor a section", "mend or remove it")
        for index, carrier in enumerate(framework.carriers)
        for place in carrier.without
        if place not in places
    ]
    if not framework.requirements:
        problems.append(document.problem(("requirements",), "no requirement at all", "a framework lists every rule of its text"))
    return problems


def _dates(framework: Framework) -> list[tuple[Where, str, str]]:
    result: list[tuple[Where, str, str]] = [((), "date", framework.date)]
    result += [(("carriers", index), "checked_on", item.checked_on) for index, item in enumerate(framework.carriers)]
    for index, item in enumerate(framework.refusals):
        result += [(("refusals", index), "checked_on", item.checked_on), (("refusals", index), "valid_until", item.valid_until)]
    return result


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _flaws(framework: Framework, requirement: Requirement) -> list[tuple[Where, str, str]]:
    flaws: list[tuple[Where, str, str]] = []
    if not _ID.match(requirement.id):
        flaws.append((("id",), f"{requirement.id!r} is not the number of a rule", "write it as printed in the text"))
    if requirement.section not in framework.sections:
        flaws.append((("section",), f"section {requirement.section!r} is not listed", "add it to sections"))
    for model, who in requirement.responsible.items():
        if model not in MODELS:
            flaws.append((("responsible", model), f"unknown model of service {model!r}", f"one of {', '.join(MODELS)}"))
        if who not in _RESPONSIBLE:
            flaws.append((("responsible", model), f"unknown responsible {who!r}", f"one of {', '.join(_RESPONSIBLE)}"))
    flaws += [
        (("customer_right",), f"unknown right {right!r}", f"one of {', '.join(_RIGHTS)}")
        for right in requirement.customer_right
        if right not in _RIGHTS
    ]
    known = {activity.id for activity in framework.activities}
    flaws += [
        (("activities",), f"unknown activity {activity!r}", "use the ids of the framework's activities")
        for activity in requirement.activities
        if activity not in known
    ]
    for name, half in (("ours", requirement.ours), ("provider", requirement.provider)):
        for group in ("all", "any"):
            for index, link in enumerate(getattr(half, group)):
                flaws += [((name, group, index), what, hint) for what, hint in _link_flaws(half, group, link)]
        doubled = [c for c, n in Counter(link.control for link in (*half.all, *half.any)).items() if n > 1]
        flaws += [((name,), f"control {control!r} stands twice in this half", "keep one link") for control in doubled]
    if Basis.MIRROR in requirement.provider.basis or Basis.OWN in requirement.provider.basis:
        flaws.append((("provider", "basis"), "the provider's half is never ours", "use duty or right, or leave it empty"))
    return flaws


def _link_flaws(half: Half, group: str, link: Link) -> list[tuple[str, str]]:
    flaws: list[tuple[str, str]] = []
    if not _CONTROL.match(link.control):
        flaws.append((f"{link.control!r} is not the id of a control", "use the name of its file, without .yaml"))
    if link.link not in {"tests", "supports"}:
        flaws.append((f"unknown link {link.link!r}", "tests or supports"))
    if group == "any" and link.link == "supports":
        flaws.append(("a control that only supports is no alternative", "move it to all"))
    if link.basis is None and len(half.basis) != 1:
        flaws.append(("the link does not say its basis", "give the half one basis, or the link its own"))
    if link.basis is not None and link.basis not in half.basis:
        flaws.append((f"basis {link.basis.value!r} is not one of the half's", "add it to the half's basis"))
    return flaws
