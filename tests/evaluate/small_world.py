"""Two small tables of our own, and worlds built of them."""

from __future__ import annotations

from datetime import datetime, timedelta

from auditor.catalog.control import Control, parse
from auditor.codec import canonical, parse_yaml
from auditor.evaluate.database import opened
from auditor.evaluate.run import World, judge
from auditor.evidence.cells import Call, Cell, CellName, Outcome, Sight, Visibility
from auditor.evidence.row import Row
from auditor.evidence.tables import TABLES

AS_OF = datetime(2026, 11, 24, 8)


class Thing(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    TABLE = "thing"
    KEY = ("id",)
    name: str | None = None
    key: str | None = None
    good: bool | None = None
    size: int | None = None
    made_at: datetime | None = None


class Part(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    TABLE = "part"
    KEY = ("id",)
    key: str | None = None
    other: str | None = None
    sure: bool | None = None
    color: str | None = None


SMALL = {"thing": Thing, "part": Part}
ALL = {**TABLES, **SMALL}

BODY = """
id: {id}
code: {code}
title: {{fr: t, en: t}}
severity: high
grade: minor
why: {{fr: w, en: w}}
remedy: {{fr: r, en: r}}
examples: [{{name: e, given: {{}}, expect: {{}}}}]
"""


def control(check: str, name: str = "c", more: str = "") -> Control:
    indented = "\n".join("  " + line for line in check.strip("\n").splitlines())
    return parse(parse_yaml(BODY.format(id=name, code=name) + "check:\n" + indented + "\n" + more, f"{name}.yaml"))


class FakeScope:
    def __init__(self, rows=(), context=(), parameters=None):
        self._rows, self._context, self.parameters = list(rows), list(context), parameters or {}

    def rows(self):
        return self._rows

    def context(self):
        return self._context


class FakeSnapshot:
    """Rows held in memory, in the shape of a snapshot; with a plan and calls that saw everything unless told otherwise."""

    def __init__(self, rows, plan=None, calls=None):
        self._rows = {}
        for row in rows:
            self._rows.setdefault(row.TABLE, []).append(row if isinstance(row, bytes) else canonical(row))
        names = sorted({(row.source, row.scope, row.TABLE) for row in rows})
        self._plan = [Cell(source=s, scope=p, table=t) for s, p, t in names] if plan is None else plan
        self._calls = [called(cell) for cell in self._plan] if calls is None else calls

    def lines(self, table):
        return iter(self._rows.get(table, []))

    def plan(self):
        return self._plan

    def calls(self):
        return self._calls


def called(cell, days_ago=0, outcome=Outcome.OK):
    at = AS_OF - timedelta(days=days_ago)
    return Call(
        id=f"{cell.source}#{cell.table}", source=cell.source, scope=cell.scope, operation="read", feeds=(cell.table,), outcome=outcome,
        complete=True, visibility=Visibility.ALL, started_at=at, ended_at=at,
    )  # fmt: skip


def verdicts(rows, controls, sights=None, context=(), parameters=None):
    """Judge rows of the small tables; return {control: {(source, id): code}}."""
    snapshot = FakeSnapshot(rows)
    if sights is None:
        sights = {CellName(row.source, row.scope, row.TABLE): Sight(seen=True) for row in rows}
    found = {}
    with opened(snapshot, FakeScope(context=context), (), {}, SMALL) as database:
        world = World(database, sights, AS_OF)
        values = {item.id: {name: p.default for name, p in item.parameters.items()} | (parameters or {}) for item in controls}
        for line in judge(world, controls, values, (), SMALL):
            if hasattr(line, "cells"):
                by_id = found.setdefault(line.control, {})
                for cell in line.cells:
                    for word in ("passed", "failed", "unknown"):
                        by_id.update({(cell.source, id_): word for id_ in getattr(cell, word)})
    return found
