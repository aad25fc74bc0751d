"""From a check to SQL: one column of verdicts per control, facts as grouped joins.

A fact is true or false only if every completion of what is unknown agrees: `lo` counts related rows that surely match,
`maybe` those that might (a null in `where`, a null key on either side), and a cell that was not seen may hold any number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from auditor.errors import CheckError
from auditor.evaluate import language
from auditor.evaluate.language import Names, Node
from auditor.evaluate.sql import literal, render

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from auditor.catalog.control import Check, Control, Fact, Value

OUT, PASS, FAIL, UNKNOWN = 0, 1, 2, 3
"""Verdict codes of a compiled column: out of scope, pass, fail, unknown."""

Columns = "Mapping[str, Mapping[str, str]]"


@dataclass(frozen=True, slots=True)
class Checked:
    """The trees of one control's check, every name and type known to be right."""

    control: Control
    check: Check
    when: Node
    expect: Node
    where: dict[str, Node]

    def rests_on(self) -> tuple[list[str], list[str]]:
        """Return the subject's columns and the facts that a verdict rests on, sorted."""
        nodes = [*self.when.walk(), *self.expect.walk()]
        named = {node.value[1] for node in nodes if node.kind == "column"}
        keys = {key for node in nodes if node.kind == "fact" for key in self.check.facts[node.value].on.values()}
        return sorted(named | keys), sorted({node.value for node in nodes if node.kind == "fact"})


@dataclass(frozen=True, slots=True)
class Sighted:
    """What was seen of a related table, under one control's freshness: sources seen whole, and whether the estate is."""

    sources: frozenset[str]
    estate: bool


def kinds(parameters: Mapping[str, Value]) -> dict[str, str]:
    """Return the language's type of each parameter."""
    return {
        name: _listed(name, value) if isinstance(value, tuple | list) else language.TYPES[type(value)] for name, value in parameters.items()
    }


def _listed(name: str, value: tuple[str | int, ...]) -> str:
    found = {type(item) for item in value}
    if len(found) > 1:
        raise CheckError(f"parameter {name!r} mixes texts and integers", hint="keep one type in a list")
    return "list of integers" if found == {int} else "list of texts"


def read(control: Control, check: Check, columns: Mapping[str, Mapping[str, str]]) -> Checked:
    """Check every expression of a control against the columns of its tables; raises CheckError at the first wrong one."""
    parameters = kinds({name: parameter.default for name, parameter in control.parameters.items()})
    names = Names({check.subject: columns[check.subject]}, frozenset(check.facts), parameters)
    related = {name: Names({"r": columns[fact.table]}, frozenset(), parameters) for name, fact in check.facts.items()}
    return Checked(
        control,
        check,
        when=language.check(check.when, names),
        expect=language.check(check.expect, names),
        where={name: language.check(fact.where, related[name]) for name, fact in check.facts.items()},
    )


def verdict(
    checked: Checked, parameters: Mapping[str, Value], sight: Mapping[str, Sighted], as_of: datetime, joins: dict[str, str]
) -> tuple[str, list[str]]:
    """Return the expression of a control's verdict code, and those of its facts in order of their names.

    `joins` gathers the joins of a scan, text to alias: controls that look at the same rows share one.
    """
    values: dict[str, Any] = {**parameters, "as_of": as_of}
    facts: dict[str, str] = {}
    for name, fact in sorted(checked.check.facts.items()):
        expression, join = _fact(
            fact, _lately(checked.control, as_of, "r", render(checked.where[name], {"r": "r"}, {}, values)), sight[fact.table]
        )
        alias = joins.setdefault(join, f"f{len(joins)}")
        facts[name] = expression.replace(_ALIAS, alias)
    aliases = {checked.check.subject: "t"}
    when, expect = (render(node, aliases, facts, values) for node in (checked.when, checked.expect))
    doubted = _doubted(checked.control, as_of, "t")
    code = (
        f"case when ({when}) is false then {OUT} when {doubted} or ({when}) is null then {UNKNOWN} "
        f"when ({expect}) then {PASS} when ({expect}) is false then {FAIL} else {UNKNOWN} end"
    )
    return code, [facts[name] for name in sorted(facts)]


_ALIAS = "\0"
"""Stands for a join's alias until it is known which joins a scan shares; no text of a check can hold it."""


def _doubted(control: Control, as_of: datetime, alias: str) -> str:
    """Return the condition under which a row proves nothing to a control: too old, or planned where live is asked."""
    stale = f"{alias}._at < {literal(as_of)} - to_days({int(control.freshness_days)})"
    return f"({stale} or {alias}.origin in ('plan', 'state'))" if control.live_only else stale


def _lately(control: Control, as_of: datetime, alias: str, match: str) -> str:
    return f"case when {_doubted(control, as_of, alias)} then null else {match} end"


def _fact(fact: Fact, match: str, sight: Sighted) -> tuple[str, str]:
    alias = _ALIAS
    keys = sorted(fact.on.items())
    reach = {"source": "source", "site": "site"}.get(fact.within)
    known = (
        " and ".join([*(f'r."{related}" is not null' for related, _own in keys), *([f"r.{reach} is not null"] if reach else [])]) or "true"
    )
    value = f'r."{fact.distinct}"' if fact.distinct else "r.id"
    kept = f'from (select r.*, {match} as _m from "{fact.table}" r) r where _m is not false'
    # What surely has these keys, and what might, because `where` (or the value to count) is null.
    sure = f"_m and {value} is not null"
    count = f"count(distinct {value})" if fact.distinct else "count(*)"
    group = ", ".join([*([f"r.{reach}"] if reach else []), *(f'r."{related}"' for related, _own in keys)])
    tallied = f"{count} filter (where {sure}) as lo, count(*) filter (where not ({sure}) or ({sure}) is null) as maybe, count(*) as n"
    matched = f"(select {group + ', ' if group else ''}{tallied} {kept} and {known}{' group by ' + group if group else ''})"
    on = [*([f"{alias}.{reach} = t.{reach}"] if reach else []), *(f'{alias}."{related}" = t."{own}"' for related, own in keys)]
    join = f"left join {matched} {alias} on {' and '.join(on) or 'true'}"
    # Rows of which a key is null might belong to any subject within reach.
    if reach == "source":
        join += f"\nleft join (select r.source, count(*) as n {kept} and not ({known}) group by r.source) {alias}_x on {alias}_x.source = t.source"
        join += f"\nleft join (select r.source, count(*) as n {kept} group by r.source) {alias}_a on {alias}_a.source = t.source"
    else:
        join += f"\nleft join (select count(*) as n {kept} and not ({known})) {alias}_x on true"
        join += f"\nleft join (select count(*) as n {kept}) {alias}_a on true"
    own_null = " or ".join([*(f't."{own}" is null' for _related, own in keys), *(["t.site is null"] if reach == "site" else [])])
    lo = f"coalesce({alias}.lo, 0)"
    upper = f"{lo} + coalesce({alias}.maybe, 0) + coalesce({alias}_x.n, 0)"
    if own_null:
        lo, upper = f"case when {own_null} then 0 else {lo} end", f"case when {own_null} then coalesce({alias}_a.n, 0) else {upper} end"
    if fact.within == "source":
        seen = f"t.source in ({', '.join(map(literal, sorted(sight.sources)))})" if sight.sources else "false"
    else:
        seen = literal(sight.estate)
    at_least = f"(case when {lo} >= {fact.limit} then true when not ({seen}) or {upper} >= {fact.limit} then null else false end)"
    return (f"(not {at_least})" if fact.negative else at_least), join
