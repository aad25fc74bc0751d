"""From a check to SQL: one column of verdicts per control, facts as grouped joins.

A fact is true or false only if every completion of what is unknown agrees: `lo` counts related rows that surely match,
`maybe` those that might (a null in `where`, a null key on either side), and a cell that was not seen may hold any number.
"""

from __future__ import annotations

from dataclasses import dataclass, field
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
    checked: Checked, parameters: Mapping[str, Value], sight: Mapping[str, Sighted], as_of: datetime, joins: Joins
) -> tuple[str, list[str]]:
    """Return the expression of a control's verdict code, and those of its facts in order of their names.

    `joins` gathers the joins of a scan.
    """
    values: dict[str, Any] = {**parameters, "as_of": as_of}
    facts: dict[str, str] = {}
    for name, fact in sorted(checked.check.facts.items()):
        match = _lately(checked.control, as_of, "r", render(checked.where[name], {"r": "r"}, {}, values))
        facts[name] = joins.fact(fact, match, sight[fact.table])
    aliases = {checked.check.subject: "t"}
    when, expect = (render(node, aliases, facts, values) for node in (checked.when, checked.expect))
    doubted = _doubted(checked.control, as_of, "t")
    code = (
        f"case when ({when}) is false then {OUT} when {doubted} or ({when}) is null then {UNKNOWN} "
        f"when ({expect}) then {PASS} when ({expect}) is false then {FAIL} else {UNKNOWN} end"
    )
    return code, [facts[name] for name in sorted(facts)]


def _doubted(control: Control, as_of: datetime, alias: str) -> str:
    """Return the condition under which a row proves nothing to a control: too old, or planned where live is asked."""
    stale = f"{alias}._at < {literal(as_of)} - to_days({int(control.freshness_days)})"
    return f"({stale} or {alias}.origin in ('plan', 'state'))" if control.live_only else stale


def _lately(control: Control, as_of: datetime, alias: str, match: str) -> str:
    return f"case when {_doubted(control, as_of, alias)} then null else {match} end"


class Joins:
    """The joins of one scan: facts that look at the same table by the same keys share one grouped join."""

    def __init__(self) -> None:
        self._groups: dict[tuple[str, str | None, tuple[tuple[str, str], ...]], _Group] = {}

    def fact(self, fact: Fact, match: str, sight: Sighted) -> str:
        """Return the three-valued expression of a fact; `match` is the SQL of its `where`, of a row `r`."""
        reach = None if fact.within == "estate" else fact.within
        keys = tuple(sorted(fact.on.items()))
        group = self._groups.setdefault((fact.table, reach, keys), _Group(f"j{len(self._groups)}", fact.table, reach, keys))
        return group.fact(fact, match, sight)

    def sql(self) -> str:
        """Return the joins, each of at most one row per subject row."""
        return "\n".join(group.sql() for group in self._groups.values())


@dataclass(slots=True)
class _Group:
    alias: str
    table: str
    reach: str | None
    keys: tuple[tuple[str, str], ...]
    matches: dict[str, int] = field(default_factory=dict)
    tallies: dict[str, str] = field(default_factory=dict)
    totals: dict[str, str] = field(default_factory=dict)

    def fact(self, fact: Fact, match: str, sight: Sighted) -> str:
        number = self.matches.setdefault(match, len(self.matches))
        lo, maybe, spare = self._tally(fact, number)
        lo, upper = f"coalesce({self.alias}.{lo}, 0)", f"coalesce({self.alias}.{lo}, 0) + coalesce({self.alias}.{maybe}, 0)"
        if fact.limit == 1 and not fact.distinct:
            lo, upper = f"(coalesce({self.alias}.l{number}, 0) = 2)::TINYINT", f"(coalesce({self.alias}.l{number}, 0) > 0)::TINYINT"
        if nulls := self._nulls():
            upper += f" + coalesce({self.alias}_x.{spare}, 0)"
            lo = f"case when {nulls} then 0 else {lo} end"
            upper = f"case when {nulls} then coalesce({self.alias}_a.{spare}, 0) else {upper} end"
        if self.reach == "source":
            seen = f"t.source in ({', '.join(map(literal, sorted(sight.sources)))})" if sight.sources else "false"
        else:
            seen = literal(sight.estate)
        at_least = f"(case when {lo} >= {fact.limit} then true when not ({seen}) or {upper} >= {fact.limit} then null else false end)"
        return f"(not {at_least})" if fact.negative else at_least

    def _tally(self, fact: Fact, number: int) -> tuple[str, str, str]:
        """Make the columns a fact needs: rows that surely match, rows that might, and both for rows of another key."""
        match = f"m{number}"
        if fact.limit == 1 and not fact.distinct:
            # One small state per group, where two counts would take sixteen bytes: 0 none matches, 1 one might, 2 one does.
            level = f"max(case when {match} then 2 when not {match} then 0 else 1 end::UTINYINT)"
            self.tallies[f"l{number}"] = level
            self.totals[f"u{number}"] = f"({level} > 0)::TINYINT"
            return f"l{number}", f"l{number}", f"u{number}"
        sure, name = match, f"{number}"
        if fact.distinct:
            value = f'"{fact.distinct}"'
            sure, name = f"({match} and {value} is not null)", f"{number}_{fact.distinct}"
        count = f'count(distinct "{fact.distinct}")' if fact.distinct else "count(*)"
        self.tallies[f'"s{name}"'] = f"{count} filter (where {sure})"
        self.tallies[f'"m{name}"'] = f"count(*) filter (where {match} is not false and {sure} is not true)"
        self.totals[f"n{number}"] = f"count(*) filter (where {match} is not false)"
        return f'"s{name}"', f'"m{name}"', f"n{number}"

    def _nulls(self) -> str:
        """Return the condition under which a subject row's own keys are not known; empty when it has none."""
        own = [f't."{own}" is null' for _related, own in self.keys]
        return " or ".join([*own, "t.site is null"] if self.reach == "site" else own)

    def sql(self) -> str:
        named = list(dict.fromkeys([*([self.reach] if self.reach else []), *(related for related, _own in self.keys)]))
        group = ", ".join(f'"{name}"' for name in named)
        # A row of which a key is null might belong to any subject within reach.
        known = " and ".join(f'"{name}" is not null' for name in named if name != "source") or "true"
        rows = f'(select r.*, {", ".join(f"{match} as m{number}" for match, number in self.matches.items())} from "{self.table}" r)'
        tallied = ", ".join(f"{sql} as {name}" for name, sql in self.tallies.items())
        total = ", ".join(f"{sql} as {name}" for name, sql in self.totals.items())
        alias = self.alias
        on = [*([f'{alias}."{self.reach}" = t."{self.reach}"'] if self.reach else [])]
        on += [f'{alias}."{related}" = t."{own}"' for related, own in self.keys]
        chosen, by = (f"{group}, ", f" group by {group}") if group else ("", "")
        joins = [f"left join (select {chosen}{tallied} from {rows} where {known}{by}) {alias} on {' and '.join(on) or 'true'}"]
        if self._nulls():
            apart = self.reach == "source"
            chosen, by = ("source, ", " group by source") if apart else ("", "")
            for end, where in (("x", f" where not ({known})"), ("a", "")):
                same = f"{alias}_{end}.source = t.source" if apart else "true"
                joins.append(f"left join (select {chosen}{total} from {rows}{where}{by}) {alias}_{end} on {same}")
        return "\n".join(joins)
