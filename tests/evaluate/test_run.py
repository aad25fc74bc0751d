"""Whole evaluations: sight, freshness, what declared rows prove, and the same bytes each time."""

import random
from datetime import timedelta

import msgspec
import pytest
from small_world import ALL, AS_OF, FakeScope, FakeSnapshot, Part, Thing, called, control

from auditor.catalog.library import Library
from auditor.codec import canonical
from auditor.errors import ContentError, EvidenceError
from auditor.evaluate.result import ControlResult, Finding
from auditor.evaluate.run import evaluate
from auditor.evidence.cells import Cell, Outcome
from auditor.evidence.row import Origin
from auditor.evidence.tables_scope import Organisation, Site
from auditor.verdict import Verdict

GOOD = control("subject: thing\nwhen: thing.size > 0\nexpect: thing.good\nshow: [name, site]", "good")
MIXED = [
    Thing(source="s", id="p", name="P", size=1, good=True),
    Thing(source="s", id="f", name="F", size=1, good=False),
    Thing(source="s", id="u", name="U", size=1),
    Thing(source="s", id="w", good=True),
    Thing(source="s", id="o", size=0, good=False),
]


def library(*controls):
    return Library(controls={item.id: item for item in controls}, frameworks={}, references={}, documents={}, sha256="", release="")


def told(line):
    found = msgspec.json.decode(line, type=Finding)
    assert canonical(found) == line
    return found


def run(rows, controls=(GOOD,), scope=None, as_of=AS_OF, **seen):
    lines = list(evaluate(FakeSnapshot(rows, **seen), scope or FakeScope(), library(*controls), as_of, ALL))
    results = {line.control: line for line in lines if isinstance(line, ControlResult)}
    return results, [told(line) for line in lines if isinstance(line, bytes)]


def test_rows_are_told_apart_and_counted():
    results, findings = run(MIXED)
    result = results["good"]
    assert (result.verdict, result.population, result.passed, result.failed, result.unknown) == (Verdict.FAIL, 4, 1, 1, 2)
    assert (result.out_of_scope, result.unseen, result.declared_only) == (1, 0, False)
    cell = result.cells[0]
    assert (cell.passed, cell.failed, cell.unknown, cell.seen) == (("p",), ("f",), ("u", "w"), True)
    assert [(found.id, found.verdict, found.why) for found in findings] == [
        ("f", Verdict.FAIL, ()),
        ("u", Verdict.UNKNOWN, ("null:good",)),
        ("w", Verdict.UNKNOWN, ("null:size",)),
    ]
    assert findings[0].show == {"name": "F", "site": None}


def test_an_unseen_cell_adds_one_unknown_and_hides_no_fail():
    cells = [Cell(source="s", table="thing"), Cell(source="t", table="thing")]
    calls = [called(cells[0]), called(cells[1], outcome=Outcome.FORBIDDEN)]
    results, findings = run([MIXED[0]], plan=cells, calls=calls)
    assert (results["good"].verdict, results["good"].passed, results["good"].unseen) == (Verdict.UNKNOWN, 1, 1)
    assert [(found.source, found.id, found.why) for found in findings] == [("t", "", ("unseen:forbidden",))]
    results, _findings = run(MIXED[:2], plan=cells, calls=calls)
    assert results["good"].verdict is Verdict.FAIL


@pytest.mark.parametrize(
    ("plan", "verdict"), [([Cell(source="s", table="thing")], Verdict.NOT_APPLICABLE), ([], Verdict.UNKNOWN)], ids=["seen", "never planned"]
)
def test_no_row_is_not_applicable_only_when_somebody_looked(plan, verdict):
    results, findings = run([], plan=plan)
    assert (results["good"].verdict, results["good"].population) == (verdict, 0)
    assert [found.why for found in findings] == ([] if plan else [("unseen:no_source",)])


def test_a_row_that_no_plan_promised_cannot_make_a_pass():
    results, _findings = run([MIXED[0]], plan=[], calls=[])
    assert (results["good"].verdict, results["good"].cells[0].reason) == (Verdict.UNKNOWN, "unplanned")


@pytest.mark.parametrize(("days", "verdict"), [(35, Verdict.PASS), (36, Verdict.UNKNOWN)])
def test_evidence_grows_old(days, verdict):
    cell = Cell(source="s", table="thing")
    results, findings = run([MIXED[0]], plan=[cell], calls=[called(cell, days_ago=days)])
    assert results["good"].verdict is verdict
    if verdict is Verdict.UNKNOWN:
        assert results["good"].cells[0].reason == "stale"
        assert {found.why for found in findings} == {("stale",), ("unseen:stale",)}


def test_related_rows_grow_old_too():
    copied = control("subject: thing\nfacts: {f: {any: part, where: r.sure}}\nexpect: f", "copied")
    rows = [Thing(source="s", id="t"), Part(source="s", id="p", sure=True)]
    cells = [Cell(source="s", table="thing"), Cell(source="s", table="part")]
    for days, verdict in ((0, Verdict.PASS), (36, Verdict.UNKNOWN)):
        results, _findings = run(rows, [copied], plan=cells, calls=[called(cells[0]), called(cells[1], days_ago=days)])
        assert results["copied"].verdict is verdict


@pytest.mark.parametrize("origin", [Origin.PLAN, Origin.STATE])
def test_what_is_only_planned_proves_nothing_live(origin):
    live = control("subject: thing\nfacts: {f: {any: part, where: r.sure}}\nexpect: f and thing.good", "live", "live_only: true")
    planned = control("subject: thing\nfacts: {f: {any: part, where: r.sure}}\nexpect: f and thing.good", "planned")

    def judged(thing, part):
        rows = [Thing(source="s", id="t", good=True, origin=thing), Part(source="s", id="p", sure=True, origin=part)]
        results, findings = run(rows, [live, planned])
        assert results["planned"].verdict is Verdict.PASS
        return results["live"].verdict, [found.why for found in findings]

    assert judged(Origin.LIVE, Origin.LIVE) == (Verdict.PASS, [])
    assert judged(origin, Origin.LIVE) == (Verdict.UNKNOWN, [("plan",)])
    assert judged(Origin.LIVE, origin) == (Verdict.UNKNOWN, [("fact:f",)])


def test_a_pass_on_the_word_of_the_audited_party_is_marked():
    has_name = control("subject: organisation\nexpect: organisation.name <> ''", "named")
    looked = control("subject: organisation\nfacts: {f: {any: thing, within: estate}}\nexpect: f", "looked")
    no_certificate = control("subject: organisation\nfacts: {f: {none: certificate}}\nexpect: f", "bare")
    declared = Organisation(source="scope", id="organisation", name="CH", origin=Origin.DECLARED)
    results, _findings = run([MIXED[0]], [has_name, looked, no_certificate], FakeScope([declared]))
    assert {name: (result.verdict, result.declared_only) for name, result in results.items()} == {
        "named": (Verdict.PASS, True),
        "looked": (Verdict.PASS, False),
        "bare": (Verdict.PASS, True),  # a scope is read whole: what it does not declare is not declared
    }


def test_a_snapshot_may_not_speak_for_the_scope():
    for forged in (
        Site(source="scope", id="x", name="x", country="FR", origin=Origin.DECLARED),
        Site(source="scope", id="x", name="x", country="FR"),
        Thing(source="s", id="x", origin=Origin.DECLARED),
    ):
        with pytest.raises(EvidenceError, match="declared"):
            run([forged])


def test_thresholds_are_those_in_force():
    body = (
        "subject: thing\nexpect: thing.size >= $least",
        "tall",
        "parameters: {least: {default: 10, stricter: higher, origin: guide, reference: g}}",
    )
    tall = control(*body)
    rows = [Thing(source="s", id="t", size=15)]
    results, _findings = run(rows, [tall])
    assert (results["tall"].verdict, results["tall"].parameters, results["tall"].changed) == (Verdict.PASS, {"least": 10}, ())
    results, _findings = run(rows, [tall], FakeScope(parameters={"tall": {"least": 20}}))
    assert (results["tall"].verdict, results["tall"].parameters, results["tall"].changed) == (Verdict.FAIL, {"least": 20}, ("least",))
    for wrong in (
        {"tall": {"least": 9}},
        {"tall": {"least": "20"}},
        {"tall": {"least": True}},
        {"tall": {"lest": 20}},
        {"tal": {"least": 20}},
    ):
        with pytest.raises(ContentError):
            run(rows, [tall], FakeScope(parameters=wrong))


def test_one_verdict_per_row_whatever_a_fact_joins():
    many = control("subject: thing\nfacts: {f: {any: part, on: {key: key}}, g: {at_least: 2, of: part}}\nexpect: f and g", "many")
    rows = [Thing(source="s", id=f"t{n}", key="a") for n in range(5)] + [Part(source="s", id=f"p{n}", key="a") for n in range(7)]
    results, _findings = run(rows, [many])
    assert (results["many"].population, results["many"].passed) == (5, 5)


def test_the_same_bytes_whatever_the_order_of_rows_and_controls():
    rng = random.Random(7)
    rows = [
        Thing(
            source=f"s{n % 3}",
            scope=f"p{n % 2}",
            id=f"é{n:04d}",
            size=rng.choice([0, 1, None]),
            good=rng.choice([True, False, None]),
            key=str(n % 50),
        )
        for n in range(3000)
    ] + [Part(source=f"s{n % 3}", id=f"{n}", key=str(n % 60), sure=rng.choice([True, False, None])) for n in range(900)]
    facts = control(
        "subject: thing\nfacts: {f: {any: part, on: {key: key}, where: r.sure}}\nwhen: thing.size = 1\nexpect: f or thing.good", "facts"
    )
    answers = set()
    for _turn in range(4):
        rng.shuffle(rows)
        lines = evaluate(FakeSnapshot(rows), FakeScope(), library(GOOD, facts), AS_OF, ALL)
        answers.add(b"\n".join(line if isinstance(line, bytes) else canonical(line) for line in lines))
    assert len(answers) == 1


def test_instants_are_shown_as_utc():
    dated = control("subject: thing\nexpect: thing.made_at > $as_of - interval 1 day\nshow: [made_at]", "dated")
    _results, findings = run([Thing(source="s", id="t", made_at=AS_OF - timedelta(days=2))], [dated])
    assert findings[0].show == {"made_at": "2026-11-22T08:00:00Z"}


def test_what_overflows_is_unknown():
    huge = control("subject: thing\nexpect: thing.size * 4 > 0 and thing.made_at + interval 4000 year > $as_of", "huge")
    rows = [Thing(source="s", id="t", size=2**62), Thing(source="s", id="u", size=1, made_at=AS_OF)]
    results, _findings = run(rows, [huge])
    assert results["huge"].cells[0].unknown == ("t",)


def test_the_engine_writes_any_text_as_the_codec_does():
    texts = [chr(number) for number in range(0x300)] + [
        "\u2028\u2029",
        "😀\U0010ffff\ue000\uffff",
        "\\u000B\x0b\\\x0b\\\\u001F",
        "",
        "'\"/",
    ]
    rows = [Thing(source="s", scope=text, id=f"{n}-{text}", name=text, good=False, size=1) for n, text in enumerate(texts)]
    rows += [Thing(source="s", id="when", good=False, size=1, made_at=AS_OF.replace(year=1, hour=0))]
    shown = control("subject: thing\nexpect: thing.good\nshow: [size, name, made_at, good, id, site, name]", "shown")
    _results, findings = run(rows, [shown])
    assert {(found.scope, found.id, found.show["name"]) for found in findings if found.id} == {
        (row.scope, row.id, row.name) for row in rows
    }
    assert {found.show["made_at"] for found in findings if found.id} == {None, "0001-11-24T00:00:00Z"}
    assert {(found.show["size"], found.show["good"]) for found in findings if found.id} == {(1, False)}
