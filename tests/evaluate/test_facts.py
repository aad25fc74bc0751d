"""Facts against brute force: every completion of what is unknown is tried in every tiny world."""

from itertools import combinations_with_replacement, product

import pytest
from small_world import Part, Thing, control, verdicts

from auditor.catalog.control import Fact
from auditor.evidence.cells import CellName, Sight

FACTS = {
    "any": "{any: part, on: {key: key}, where: r.sure}",
    "none": "{none: part, on: {key: key}, where: r.sure}",
    "two": "{at_least: 2, of: part, on: {key: key}, where: r.sure}",
    "one": "{at_most: 1, of: part, on: {key: key}, where: r.sure}",
    "free": "{any: part, where: r.sure}",
    "colors": "{at_least: 2, of: part, distinct: color, on: {key: key}, where: r.sure}",
    "plain": "{at_most: 1, of: part, distinct: color, on: {key: key}, where: r.sure}",
    "tied": "{any: part, on: {key: key, other: name}, where: r.sure}",
}


def check_of(form, within="source"):
    return control(f"subject: thing\nfacts: {{f: {form[:-1]}, within: {within}}}}}\nexpect: f", name="c")


def truth(fact: Fact, own, rows):
    """Two-valued meaning, in a complete world. `own` and rows are (key, other, sure, color)."""
    keys = {"key": 0, "other": 1}
    names = {"key": 0, "name": 1}
    found = [row for row in rows if row[2] and all(row[keys[a]] == own[names[b]] for a, b in fact.on.items())]
    count = len({row[3] for row in found}) if fact.distinct else len(found)
    return (count >= fact.limit) != fact.negative


def completions(fact: Fact, own, rows, seen):
    """Every world that this one may stand for, as far as `fact` can tell."""
    keys, others = ("a", "b", "c") if "key" in fact.on else ("a",), ("x", "y") if "other" in fact.on else ("x",)
    colors = ("red", "blue", "green", "black") if fact.distinct else ("red",)
    domains = (keys, others, (True, False), colors)

    def fill(row, domains):
        return product(*([value] if value is not None else list(domain) for value, domain in zip(row, domains, strict=True)))

    more = [()] if seen else [(), "one", "two"]
    for mine in fill(own, (keys, others)):
        for whole in product(*(list(fill(row, domains)) for row in rows)):
            for extra in more:
                # Unseen rows matter at their worst: matching, each of a color of its own.
                added = [(mine[0], mine[1], True, f"new{n}") for n in range({"one": 1, "two": 2}.get(extra, 0))]
                yield mine, [*whole, *added]


def worlds(name, rows_at_most):
    distinct = name in {"colors", "plain"}
    tied = name == "tied"
    kinds = list(
        product(
            ("a", "b", None), ("x", "y", None) if tied else ("x",), (True, False, None), ("red", "blue", None) if distinct else ("red",)
        )
    )
    owns = list(product(("a", None), ("x", None) if tied else ("x",)))
    for size in range(rows_at_most + 1):
        for rows in combinations_with_replacement(kinds, size):
            for own in owns:
                for seen in (True, False):
                    yield own, rows, seen


@pytest.mark.parametrize("name", FACTS)
def test_facts_say_what_every_completion_says(name):
    control_ = check_of(FACTS[name])
    fact = control_.check.facts["f"]
    tiny = list(worlds(name, 2 if name in {"colors", "plain", "tied"} else 3))
    rows, sights = [], {}
    for index, (own, related, seen) in enumerate(tiny):
        source = f"s{index}"
        rows.append(Thing(source=source, id="t", key=own[0], name=own[1]))
        rows += [
            Part(source=source, id=str(number), key=row[0], other=row[1], sure=row[2], color=row[3]) for number, row in enumerate(related)
        ]
        sights[CellName(source, "", "thing")] = Sight(seen=True)
        sights[CellName(source, "", "part")] = Sight(seen=seen)
    found = verdicts(rows, [control_], sights)["c"]
    shown, vaguer = set(), 0
    for index, (own, related, seen) in enumerate(tiny):
        possible = {truth(fact, *world) for world in completions(fact, own, related, seen)}
        said = found[f"s{index}", "t"]
        shown.add(said)
        if said != "unknown":
            assert possible == {said == "passed"}, (own, related, seen, said)
        elif len(possible) == 1:
            vaguer += 1
            assert name not in {"any", "none", "free"}, (own, related, seen, said)
    assert shown == {"passed", "failed", "unknown"}
    assert vaguer <= len(tiny) // 10  # counting under a null key, distinct values, or several keys: doubt may be wider than need be


@pytest.mark.parametrize("within", ["site", "estate"])
@pytest.mark.parametrize("seen", [True, False])
def test_wider_facts_look_beyond_their_source(within, seen):
    from auditor.scope import ContextRule

    context = [ContextRule("here", site="paris"), ContextRule("there", site="paris"), ContextRule("far", site="lyon"), ContextRule("lost")]
    names = ("here", "there", "far", "lost")

    def judged(part_source, **part):
        rows = [Thing(source="here", id="t", key="a"), Part(source=part_source, id="p", key="a", **part)]
        sights = {CellName(name, "", "part"): Sight(seen=seen or name != "far") for name in names}
        sights[CellName("here", "", "thing")] = Sight(seen=True)
        return verdicts(rows, [check_of(FACTS["any"], within)], sights, context)["c"]["here", "t"]

    missed = "failed" if seen else "unknown"
    assert judged("there", sure=True) == "passed"
    assert judged("there", sure=False) == missed
    assert judged("there") == "unknown"
    assert judged("far", sure=True) == ("passed" if within == "estate" else missed)
    assert judged("lost", sure=True) == ("passed" if within == "estate" else "unknown")
    assert judged("lost", sure=False) == missed


def test_a_table_that_nobody_planned_to_read_settles_nothing():
    rows = [Thing(source="here", id="t", key="a")]
    for within in ("source", "site", "estate"):
        sights = {CellName("here", "", "thing"): Sight(seen=True)}
        assert verdicts(rows, [check_of(FACTS["none"], within)], sights)["c"] == {("here", "t"): "unknown"}
