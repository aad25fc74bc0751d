"""The runner of examples notices what it is there to notice."""

import pytest
from small_world import SMALL, control

from auditor.catalog.library import Library
from auditor.codec import parse_yaml
from auditor.evaluate.examples import Bench, betrayed, replay, survivors

NOTHING = Library(controls={}, frameworks={}, references={}, documents={}, sha256="", release="")


@pytest.fixture(scope="module")
def bench():
    found = Bench(NOTHING, SMALL)
    yield found
    found.close()


def shown(check, examples, more=""):
    import msgspec

    from auditor.catalog.control import Example

    read = msgspec.convert(parse_yaml(examples).value, list[Example])
    return msgspec.structs.replace(control(check, "shown", more), examples=tuple(read))


CHECK = "subject: thing\nwhen: thing.size > 0\nexpect: thing.good and thing.name = 'x'"
WHOLE = """
- {name: a, given: {thing: [{id: p, size: 1, good: true, name: x}, {id: f, size: 1, good: false, name: x}]}, expect: {p: pass, f: fail}}
- {name: b, given: {thing: [{id: f, size: 1, good: true, name: y}, {id: o, size: 0, good: false}, {id: u, size: 1, good: true}]}, expect: {f: fail, u: unknown}}
- {name: c, given: {thing: [{id: u, good: false}, {id: v, size: 1, name: x}]}, expect: {u: unknown, v: unknown}}
"""


def test_examples_that_hold_kill_every_mutant(bench):
    item = shown(CHECK, WHOLE)
    assert (replay(bench, item), survivors(bench, item), betrayed(bench, item)) == ([], [], [])


@pytest.mark.parametrize(
    ("old", "new"), [("p: pass", "p: fail"), ("f: fail, u: unknown", "f: fail"), ("f: fail, u: unknown", "f: fail, u: unknown, o: fail")]
)
def test_a_wrong_expectation_is_told(bench, old, new):
    assert old in WHOLE
    assert replay(bench, shown(CHECK, WHOLE.replace(old, new, 1)))


@pytest.mark.parametrize(
    ("removed", "survivor"),
    [
        ((", {id: f, size: 1, good: false, name: x}", ", {id: v, size: 1, name: x}"), "thing.good dropped"),
        (("{id: f, size: 1, good: true, name: y}, ", ", {id: u, size: 1, good: true}"), "=(thing.name, x) dropped"),
        (("{id: o, size: 0, good: false}, ", "{id: u, good: false}, "), "when: always true"),
        (("{id: u, good: false}, ",), "when: unknown taken for true"),
    ],
)
def test_a_mutant_that_no_example_notices_is_told(bench, removed, survivor):
    examples = WHOLE
    for row in removed:
        assert row in examples
        examples = examples.replace(row, "", 1)
    assert any(survivor in found for found in survivors(bench, shown(CHECK, examples)))


FACTS = "subject: thing\nfacts: {f: {at_least: 2, of: part, on: {key: key}, where: r.sure}}\nexpect: f"
JOINED = """
- {name: a, given: {thing: [{id: t, key: a}], part: [{id: 1, key: a, sure: true}, {id: 2, key: a, sure: true}]}, expect: {t: pass}}
- {name: b, given: {thing: [{id: t, key: a}], part: [{id: 1, key: a, sure: true}, {id: 2, key: b, sure: true}, {id: 3, key: a, sure: false}]}, expect: {t: fail}}
- {name: c, given: {thing: [{id: t, key: a}]}, sight: {part: false}, expect: {t: unknown}}
"""


def test_facts_are_mutated_and_blinded(bench):
    item = shown(FACTS, JOINED)
    assert (replay(bench, item), survivors(bench, item), betrayed(bench, item)) == ([], [], [])
    loose = JOINED.replace(", {id: 2, key: b, sure: true}", "").replace(", {id: 3, key: a, sure: false}", "")
    assert {found.split(": ")[1] for found in survivors(bench, shown(FACTS, loose)) if found.startswith("fact f")} >= {
        "key key dropped",
        "r.sure dropped",
    }


@pytest.mark.parametrize("within", ["site", "estate"])
def test_examples_may_spread_over_sources_and_sites(bench, within):
    wide = f"subject: thing\nfacts: {{f: {{any: part, within: {within}, where: r.sure}}}}\nexpect: f"
    examples = """
- {name: a, given: {thing: [{id: t, source: s1, site: paris}], part: [{id: p, source: s2, site: paris, sure: true}]}, expect: {t: pass}}
- {name: b, given: {thing: [{id: t, source: s1, site: paris}], part: [{id: p, source: s2, site: paris, sure: false}]}, expect: {t: fail}}
- {name: c, given: {thing: [{id: t, source: s1, site: paris}]}, sight: {part: false}, expect: {t: unknown}}
"""
    item = shown(wide, examples)
    assert (replay(bench, item), betrayed(bench, item)) == ([], [])


def test_a_parameter_of_an_example_is_used(bench):
    more = "parameters: {least: {default: 5, stricter: higher, origin: guide}}"
    examples = "- {name: a, parameters: {least: 9}, given: {thing: [{id: t, size: 7}]}, expect: {t: fail}}\n- {name: b, given: {thing: [{id: t, size: 7}]}, expect: {t: pass}}\n"
    assert replay(bench, shown("subject: thing\nexpect: thing.size >= $least", examples, more)) == []


def test_a_blinding_that_turns_a_verdict_is_told(bench, monkeypatch):
    """The language has no word that could do it; an engine that took null for false would be caught."""
    from auditor.evaluate import run

    real = run.verdict

    def gullible(*arguments):
        code, facts = real(*arguments)
        return f"case when ({code}) = 3 then 1 else ({code}) end", facts

    monkeypatch.setattr(run, "verdict", gullible)
    assert betrayed(bench, shown(CHECK, WHOLE))
