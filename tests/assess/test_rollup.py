"""From counts to states: what may raise a state, what may lower it, and what never counts as conforming."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.assess.assessment import STATES, ObjectName, Proof, Side, State, worst
from auditor.assess.inherit import Inheritance, Service
from auditor.assess.rollup import Count, Estate, Tally, roll_up
from auditor.catalog.framework import Basis, Framework, Half, Link, Obligation, Requirement, Words

W = Words(fr="mot", en="word")
HERE = ObjectName("organisation", "organisation")
PACS = ObjectName("application", "pacs")
CLOUD = Service("cloud", "IaaS", health_data=True)
CONTROLS = ("a", "b", "c", "d")
GRADES = {"a": State.MAJOR, "b": State.MINOR, "c": State.SENSITIVE, "d": State.MAJOR}


def half(*links, either=(), basis=(Basis.DUTY,)):
    return Half(basis=basis, all=tuple(links), any=tuple(either))


def link(control, kind="tests", basis=None):
    return Link(control=control, link=kind, basis=basis)


def framework(ours=None, provider=None, **columns):
    rule = Requirement(
        id="1.a",
        section="1",
        title=W,
        summary=W,
        responsible={"IaaS": "provider"},
        remaining=W,
        ours=ours or half(),
        provider=provider or half(),
        **{"obligation": Obligation.MANDATORY, **columns},
    )
    return Framework(
        id="demo",
        title=W,
        publisher="nobody",
        version="1",
        date="2026-01-01",
        catalogue="2026.11",
        content=W,
        sections={"1": W},
        requirements=(rule,),
    )


def assess(content, tallies, *, services=(), inherited=None, side=Side.OURS):
    found = roll_up(content, Estate(HERE, tuple(services)), tallies, GRADES, inherited or {})
    return [one for one in found if one.half is side]


def at(count, *, hosted=True, name=HERE):
    return Tally(at={(name, hosted): count})


def state(content, tallies, **more):
    (one,) = assess(content, tallies, **more)
    return one.state


PASS, FAIL, UNKNOWN, NONE = Count(passed=20), Count(passed=15, failed=5), Count(passed=19, unknown=1), Count()
UNSEEN = Count(passed=20, unseen=1, reasons=frozenset({"timeout"}))


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (PASS, State.NO_GAP),
        (FAIL, State.MAJOR),
        (UNKNOWN, State.NOT_ASSESSED),
        (UNSEEN, State.NOT_ASSESSED),
        (NONE, State.NOT_APPLICABLE),
        (Count(unseen=1), State.NOT_ASSESSED),
        (Count(failed=1, unseen=1), State.MAJOR),
    ],
)
def test_one_control_gives_its_own_state(count, expected):
    assert state(framework(half(link("a"))), {"a": at(count)}) is expected


def test_an_empty_list_is_no_proof():
    (one,) = assess(framework(), {})
    assert (one.state, one.reasons) == (State.NOT_ASSESSED, ("no_control",))


def test_a_control_without_any_source_is_not_seen():
    (one,) = assess(framework(half(link("a"), link("b"))), {"a": at(PASS)})
    assert (one.state, one.reasons) == (State.NOT_ASSESSED, ("no_source",))
    assert (one.judged, one.population) == (20, 21)


def test_a_half_of_which_the_text_asks_nothing_does_not_apply():
    (one,) = assess(framework(half(basis=())), {})
    assert (one.state, one.reasons) == (State.NOT_APPLICABLE, ("not_asked_of_this_half",))


def test_not_applicable_is_left_out_of_all():
    content = framework(half(link("a"), link("b")))
    assert state(content, {"a": at(PASS), "b": at(NONE)}) is State.NO_GAP
    assert state(content, {"a": at(NONE), "b": at(NONE)}) is State.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (PASS, FAIL, State.NO_GAP),
        (FAIL, UNKNOWN, State.NOT_ASSESSED),
        (FAIL, FAIL, State.MAJOR),
        (UNKNOWN, PASS, State.NO_GAP),
    ],
)
def test_one_alternative_is_enough(first, second, expected):
    content = framework(half(either=[link("a"), link("b")]))
    assert state(content, {"a": at(first), "b": at(second)}) is expected


def test_a_passing_alternative_does_not_hide_a_needed_control():
    content = framework(half(link("b"), either=[link("a"), link("d")]))
    assert state(content, {"a": at(FAIL), "d": at(PASS), "b": at(FAIL)}) is State.MINOR


@pytest.mark.parametrize("support", [PASS, NONE])
def test_supports_never_raise(support):
    content = framework(half(link("a"), link("b", "supports")))
    assert state(content, {"a": at(UNKNOWN), "b": at(support)}) is State.NOT_ASSESSED
    assert state(framework(half(link("b", "supports"))), {"b": at(support)}) is State.NOT_ASSESSED


def test_supports_lower():
    content = framework(half(link("a"), link("b", "supports")))
    assert state(content, {"a": at(PASS), "b": at(FAIL)}) is State.MINOR
    assert state(content, {"a": at(PASS), "b": at(UNKNOWN)}) is State.NOT_ASSESSED


def test_a_recommendation_is_a_sensitive_point_at_most():
    content = framework(half(link("a")), obligation=Obligation.RECOMMENDED)
    assert state(content, {"a": at(Count(failed=9))}) is State.SENSITIVE
    mirror = framework(half(link("a"), basis=(Basis.MIRROR,)), obligation=Obligation.RECOMMENDED)
    assert state(mirror, {"a": at(Count(failed=9))}) is State.SENSITIVE


def test_a_mirror_gap_is_never_a_non_conformity_to_the_text():
    assert state(framework(half(link("a"), basis=(Basis.MIRROR,))), {"a": at(Count(failed=9))}) is State.INTERNAL_GAP


def test_on_our_own_ground_a_duty_is_only_mirrored():
    content = framework(half(link("a")))
    (one,) = assess(content, {"a": at(FAIL, hosted=False)})
    assert (one.state, one.basis) == (State.INTERNAL_GAP, ("mirror",))


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (Count(passed=9, failed=1), State.MINOR),
        (Count(passed=8, failed=1), State.MAJOR),
        (Count(passed=8, failed=1, unknown=1), State.MAJOR),
        (Count(passed=90, failed=1, unseen=1), State.MAJOR),
    ],
)
def test_only_a_fail_that_is_surely_isolated_is_lowered(count, expected):
    assert state(framework(half(link("a"))), {"a": at(count)}) is expected


def test_gaps_are_proposed_and_nothing_else_is():
    content = framework(half(link("a")))
    assert assess(content, {"a": at(FAIL)})[0].proposed
    assert not assess(content, {"a": at(PASS)})[0].proposed


def test_each_object_has_its_own_state_and_the_page_shows_the_worst():
    lab = ObjectName("application", "lab")
    content = framework(half(link("a")))
    found = assess(content, {"a": Tally(at={(PACS, True): FAIL, (lab, True): PASS})})
    assert [(one.object, one.state) for one in found] == [(lab, State.NO_GAP), (PACS, State.MAJOR)]
    assert worst([one.state for one in found]) is State.MAJOR


def test_what_speaks_for_the_whole_organisation_counts_on_every_object():
    content = framework(half(link("a"), link("b")))
    tallies = {"a": at(PASS, name=PACS), "b": Tally(wide=Count(failed=1))}
    (one,) = assess(content, tallies)
    assert (one.object, one.state) == (PACS, State.MINOR)


# The provider's half


def provider(tallies, content=None, *, service=CLOUD, inherited=None):
    (one,) = assess(content or framework(provider=half(link("a"))), tallies, services=[service], inherited=inherited, side=Side.PROVIDER)
    return one


PROOF = Proof(certificate="q1", scheme="secnumcloud", version="3.2", issued="2025-01-01", expires="2028-01-01")
CARRIED = {("cloud", "1.a"): Inheritance(proofs=(PROOF,))}


def test_without_a_declared_service_the_provider_is_not_assessed():
    (one,) = assess(framework(), {}, side=Side.PROVIDER)
    assert (one.object, one.state, one.reasons) == (HERE, State.NOT_ASSESSED, ("no_service_declared",))


@pytest.mark.parametrize("count", [PASS, NONE, UNKNOWN])
def test_our_seat_never_proves_a_providers_duty(count):
    one = provider({"a": Tally(service={"cloud": count})})
    assert one.state is State.NOT_ASSESSED
    assert "seat_cannot_prove" in one.reasons


def test_our_seat_disproves_it_even_under_a_qualification():
    tallies = {"a": Tally(service={"cloud": FAIL})}
    assert provider(tallies).state is State.MAJOR
    one = provider(tallies, inherited=CARRIED)
    assert (one.state, one.proofs) == (State.MAJOR, (PROOF,))
    assert "despite_proof" in one.reasons


def test_a_proof_carries_what_nothing_disproves():
    for tallies in ({}, {"a": Tally(service={"cloud": PASS})}, {"a": Tally(service={"other": FAIL})}):
        one = provider(tallies, inherited=CARRIED)
        assert (one.state, one.proofs) == (State.INHERITED, (PROOF,))


def test_why_nothing_is_inherited_is_told():
    one = provider({}, inherited={("cloud", "1.a"): Inheritance(reasons=("proof_expired",))})
    assert one.state is State.NOT_ASSESSED
    assert "proof_expired" in one.reasons


def test_our_half_is_never_inherited():
    (ours,) = assess(framework(), {}, services=[CLOUD], inherited=CARRIED)
    assert (ours.state, ours.proofs) == (State.NOT_ASSESSED, ())


def test_a_rule_about_another_model_of_service_does_not_apply():
    assert provider({}, service=replace(CLOUD, model="SaaS")).reasons == ("other_service_model",)
    assert provider({}, service=replace(CLOUD, model=None)).state is State.NOT_ASSESSED


# Laws that hold whatever the counts

COUNTS = st.builds(
    Count,
    passed=st.integers(0, 30),
    failed=st.integers(0, 5),
    unknown=st.integers(0, 5),
    unseen=st.integers(0, 2),
    reasons=st.just(frozenset()),
)
LINKS = st.lists(
    st.tuples(st.sampled_from(CONTROLS), st.sampled_from(["tests", "supports"])), unique_by=lambda one: one[0], max_size=len(CONTROLS)
)
TALLIES = st.dictionaries(st.sampled_from(CONTROLS), COUNTS, max_size=len(CONTROLS))
BASES = st.sampled_from([Basis.DUTY, Basis.MIRROR, Basis.RIGHT, Basis.OWN])
OBLIGATIONS = st.sampled_from(list(Obligation))


@st.composite
def worlds(draw):
    links = draw(LINKS)
    cut = draw(st.integers(0, len(links)))
    alternatives = [link(control) for control, _kind in links[cut:]]
    ours = half(*(link(*one) for one in links[:cut]), either=alternatives, basis=(draw(BASES),))
    return framework(ours, obligation=draw(OBLIGATIONS)), draw(TALLIES)


def of(content, counts):
    return state(content, {name: at(count) for name, count in counts.items()})


@given(worlds(), st.sampled_from(CONTROLS), st.integers(1, 5))
def test_one_more_fail_never_improves_a_state(world, control, more):
    content, counts = world
    before = counts.get(control, Count())
    if control not in counts:
        counts = {**counts, control: before}
    worse = {**counts, control: replace(before, failed=before.failed + more)}
    assert STATES.index(of(content, worse)) <= STATES.index(of(content, counts))


@given(worlds(), st.sampled_from(CONTROLS))
def test_a_row_hidden_never_turns_into_something_better(world, control):
    content, counts = world
    seen = counts.get(control, Count())
    if not seen.passed:
        return
    hidden = {**counts, control: replace(seen, passed=seen.passed - 1, unknown=seen.unknown + 1)}
    assert STATES.index(of(content, hidden)) <= STATES.index(of(content, counts))


@given(worlds(), st.randoms())
def test_order_is_irrelevant(world, random):
    content, counts = world
    (rule,) = content.requirements
    shuffled = {name: random.sample(getattr(rule.ours, name), len(getattr(rule.ours, name))) for name in ("all", "any")}
    ours = Half(basis=rule.ours.basis, all=tuple(shuffled["all"]), any=tuple(shuffled["any"]))
    other = msgspec.structs.replace(content, requirements=(msgspec.structs.replace(rule, ours=ours),))
    names = random.sample(sorted(counts), len(counts))
    tallies = {name: at(counts[name]) for name in names}
    assert assess(other, tallies) == assess(content, tallies) == assess(content, {name: at(count) for name, count in counts.items()})


@given(worlds(), st.sampled_from(CONTROLS), COUNTS)
def test_one_more_support_never_raises(world, control, count):
    content, counts = world
    (rule,) = content.requirements
    known = {one.control for one in rule.links()}
    if control in known or not known or rule.obligation in {Obligation.RIGHT, Obligation.WARNING}:
        return
    counts = {**counts, control: count}
    ours = Half(basis=rule.ours.basis, all=(*rule.ours.all, link(control, "supports")), any=rule.ours.any)
    more = msgspec.structs.replace(content, requirements=(msgspec.structs.replace(rule, ours=ours),))
    assert STATES.index(of(more, counts)) <= STATES.index(of(content, counts))


@given(worlds())
def test_conforming_takes_a_passing_test(world):
    content, counts = world
    if of(content, counts) is State.NO_GAP:
        rule = content.requirements[0]
        passing = {one.control for one in rule.links() if one.link == "tests" and counts.get(one.control, Count()).passed}
        assert passing


@given(worlds())
def test_every_requirement_has_both_halves(world):
    content, counts = world
    found = list(roll_up(content, Estate(HERE, (CLOUD,)), {name: at(count) for name, count in counts.items()}, GRADES, {}))
    assert {one.half for one in found} == set(Side)
