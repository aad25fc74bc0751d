"""From what the controls say of rows to the state of every requirement."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from auditor.assess.assessment import GAPS, Assessment, Beside, Considered, ObjectName, Proof, Side, State, worst
from auditor.catalog.framework import Basis, Framework, Half, Link, Obligation, Requirement
from auditor.verdict import Verdict, all_of, any_of

if TYPE_CHECKING:
    from auditor.assess.inherit import Inheritance, Service

ISOLATED_PERCENT = 10
"""A fail on at most this share of the population is isolated (origin: proposal)."""


@dataclass(frozen=True, slots=True)
class Count:
    """What one control found on one object: rows by verdict, cells not seen, and the codes of what is unknown."""

    passed: int = 0
    failed: int = 0
    unknown: int = 0
    unseen: int = 0
    reasons: frozenset[str] = frozenset()

    def __add__(self, other: Count) -> Count:
        """Return both counts together."""
        return Count(
            self.passed + other.passed,
            self.failed + other.failed,
            self.unknown + other.unknown,
            self.unseen + other.unseen,
            self.reasons | other.reasons,
        )

    def verdict(self) -> Verdict:
        """Return the worst that was found; a cell that was not seen keeps a control from passing."""
        if self.failed:
            return Verdict.FAIL
        if self.unknown or self.unseen:
            return Verdict.UNKNOWN
        return Verdict.PASS if self.passed else Verdict.NOT_APPLICABLE

    def isolated(self) -> bool:
        """Return whether fails are few for sure: what is unknown is held to fail, and a gap in sight hides how many there are."""
        population = self.passed + self.failed + self.unknown
        return not self.unseen and (self.failed + self.unknown) * 100 <= ISOLATED_PERCENT * population


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one control. `at`: per object of ours, and whether it stands in a provider's service. `wide`: for all of them.

    `service`: per service of a provider, what our seat shows of it.
    """

    at: Mapping[tuple[ObjectName, bool], Count] = field(default_factory=dict)
    wide: Count | None = None
    service: Mapping[str, Count] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Estate:
    """Whom the assessment is about."""

    organisation: ObjectName
    services: tuple[Service, ...] = ()


def roll_up(
    framework: Framework,
    estate: Estate,
    tallies: Mapping[str, Tally],
    grades: Mapping[str, State],
    inherited: Mapping[tuple[str, str], Inheritance],
    waivers: Mapping[tuple[str, ObjectName], Iterable[Beside]] | None = None,
) -> Iterator[Assessment]:
    """Yield the assessments of every requirement, in the order of the framework, both halves, objects sorted.

    `grades` gives the state that a fail of each control proposes; `inherited` what each (service, requirement) gets from
    proofs; `waivers` what stands beside each (control, object).
    """
    for requirement in framework.requirements:
        for half, objects in ((Side.OURS, _ours(requirement, estate, tallies)), (Side.PROVIDER, _services(estate))):
            for name, service in objects:
                part = requirement.ours if half is Side.OURS else requirement.provider
                weighed = [] if _outside(framework, requirement, half, service) else _weigh(part, half, name, tallies)
                state, reasons, proofs = _state(framework, requirement, half, service, weighed, grades, inherited)
                considered = tuple(sorted(one for group in weighed for one, _count in group.parts))
                beside = {b for one in considered for b in (waivers or {}).get((one.control, name), ())}
                yield Assessment(
                    framework=framework.id,
                    requirement=requirement.id,
                    obligation=requirement.obligation,
                    half=half,
                    object=name,
                    state=state,
                    proposed=state in GAPS,
                    basis=tuple(sorted({one.basis for one in considered} or {basis.value for basis in part.basis})),
                    judged=sum(one.passed + one.failed for one in considered),
                    population=sum(one.passed + one.failed + one.unknown + one.unseen for one in considered),
                    controls=considered,
                    reasons=tuple(sorted(reasons)),
                    proofs=proofs,
                    waivers=tuple(sorted(beside)),
                )


@dataclass(frozen=True, slots=True)
class _Weighed:
    """One link on one object: one part per basis, and the verdict of them all."""

    link: Link
    alternative: bool
    parts: tuple[tuple[Considered, Count], ...]
    reasons: frozenset[str]

    def verdict(self) -> Verdict:
        return all_of(one.verdict for one, _count in self.parts)


def _ours(requirement: Requirement, estate: Estate, tallies: Mapping[str, Tally]) -> list[tuple[ObjectName, Service | None]]:
    links = (*requirement.ours.all, *requirement.ours.any)
    names = {name for link in links if link.control in tallies for name, _hosted in tallies[link.control].at}
    return [(name, None) for name in sorted(names or {estate.organisation})]


def _services(estate: Estate) -> list[tuple[ObjectName, Service | None]]:
    if not estate.services:
        return [(estate.organisation, None)]
    return [(ObjectName("service", service.id), service) for service in sorted(estate.services, key=lambda one: one.id)]


def _outside(framework: Framework, requirement: Requirement, half: Side, service: Service | None) -> str:
    """Return why the text asks nothing here; empty when it may."""
    if not (requirement.ours if half is Side.OURS else requirement.provider).basis:
        return "not_asked_of_this_half"
    if service is not None and service.model is not None and service.model not in requirement.responsible:
        return "other_service_model"
    if service is not None and framework.activities and service.health_data is False:
        return "no_health_data"
    return ""


def _weigh(half: Half, side: Side, name: ObjectName, tallies: Mapping[str, Tally]) -> list[_Weighed]:
    result = []
    for link, alternative in [*((one, False) for one in half.all), *((one, True) for one in half.any)]:
        tally = tallies.get(link.control, Tally())
        counts: dict[Basis, Count] = {}
        basis = half.basis_of(link)
        if side is Side.PROVIDER:
            if name.id in tally.service:
                counts[basis] = tally.service[name.id]
        else:
            for hosted in (True, False):
                if (count := tally.at.get((name, hosted))) is not None:
                    # On our own ground there is no provider whose duty we could see: good practice carried over.
                    held = Basis.MIRROR if basis is Basis.DUTY and not hosted else basis
                    counts[held] = counts.get(held, Count()) + count
            if tally.wide is not None:
                counts[basis] = counts.get(basis, Count()) + tally.wide
        reasons = frozenset[str]().union(*(count.reasons for count in counts.values()))
        if not counts:
            counts, reasons = {basis: Count(unseen=1)}, frozenset({"no_source"})
        parts = tuple((_considered(link, held, count), count) for held, count in sorted(counts.items()))
        result.append(_Weighed(link, alternative, parts, reasons))
    return result


def _considered(link: Link, basis: Basis, count: Count) -> Considered:
    return Considered(
        control=link.control,
        link=link.link,
        basis=basis.value,
        verdict=count.verdict(),
        passed=count.passed,
        failed=count.failed,
        unknown=count.unknown,
        unseen=count.unseen,
    )


def _state(
    framework: Framework,
    requirement: Requirement,
    half: Side,
    service: Service | None,
    weighed: list[_Weighed],
    grades: Mapping[str, State],
    inherited: Mapping[tuple[str, str], Inheritance],
) -> tuple[State, set[str], tuple[Proof, ...]]:
    if outside := _outside(framework, requirement, half, service):
        return State.NOT_APPLICABLE, {outside}, ()
    if half is Side.PROVIDER and service is None:
        return State.NOT_ASSESSED, {"no_service_declared"}, ()
    if not weighed and requirement.obligation in {Obligation.RIGHT, Obligation.WARNING}:
        return State.NOT_APPLICABLE, {f"states_a_{requirement.obligation.value}"}, ()
    state, reasons = _measured(requirement, weighed, grades)
    if half is Side.OURS or service is None:
        return state, reasons, ()
    if state not in GAPS and weighed and all(one.basis == Basis.DUTY for group in weighed for one, _count in group.parts):
        # From a customer's seat a provider's duty can be disproved, never proved.
        state, reasons = State.NOT_ASSESSED, reasons | {"seat_cannot_prove"}
    carried = inherited.get((service.id, requirement.id))
    if carried is None or not carried.proofs:
        return state, reasons | set(carried.reasons if carried and state is State.NOT_ASSESSED else ()), ()
    if state in GAPS:
        return state, reasons | {"despite_proof"}, carried.proofs
    return (State.INHERITED, set(), carried.proofs) if state is not State.NO_GAP else (state, reasons, carried.proofs)


def _measured(requirement: Requirement, weighed: list[_Weighed], grades: Mapping[str, State]) -> tuple[State, set[str]]:
    if not weighed:
        return State.NOT_ASSESSED, {"no_control"}
    tests = [group.verdict() for group in weighed if group.link.link == "tests" and not group.alternative]
    alternatives = [group.verdict() for group in weighed if group.alternative]
    if alternatives:
        tests.append(any_of(alternatives))
    # Supports: only what worsens is heard.
    heard = [v for g in weighed if g.link.link == "supports" and (v := g.verdict()) in {Verdict.FAIL, Verdict.UNKNOWN}]
    verdict = all_of([all_of(tests), *heard])
    settled = bool(alternatives) and any_of(alternatives) is not Verdict.FAIL
    reasons = {
        reason for group in weighed if not (group.alternative and settled and verdict is not Verdict.UNKNOWN) for reason in group.reasons
    }
    if not tests:
        reasons.add("only_supports")
    if verdict is Verdict.FAIL:
        failing = [
            _gap(requirement, one, count, grades)
            for group in weighed
            if not (group.alternative and settled)
            for one, count in group.parts
            if one.verdict is Verdict.FAIL
        ]
        return worst(failing), reasons
    if verdict is Verdict.PASS:
        return State.NO_GAP, reasons
    if verdict is Verdict.NOT_APPLICABLE:
        return State.NOT_APPLICABLE, reasons | {"nothing_of_this_kind"}
    return State.NOT_ASSESSED, reasons


def _gap(requirement: Requirement, one: Considered, count: Count, grades: Mapping[str, State]) -> State:
    if one.basis == Basis.MIRROR:
        state = State.INTERNAL_GAP
    else:
        state = grades.get(one.control, State.MINOR)
        if state is State.MAJOR and count.isolated():
            state = State.MINOR
    if requirement.obligation in {Obligation.RECOMMENDED, Obligation.RIGHT, Obligation.WARNING}:
        state = State.SENSITIVE
    return state
