"""Every control over one snapshot: a scan per table, results streamed."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from auditor.codec import canonical
from auditor.errors import CheckError
from auditor.evaluate import findings, schema
from auditor.evaluate.compile import FAIL, PASS, UNKNOWN, Checked, Joins, Sighted, read, verdict
from auditor.evaluate.database import Database, Scoped, opened
from auditor.evaluate.listing import Listing
from auditor.evaluate.result import CellResult, ControlResult, Finding
from auditor.evidence.cells import CellName, Sight, sight
from auditor.evidence.tables import TABLES
from auditor.scope import DECLARED
from auditor.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from auditor.catalog.control import Control, Value
    from auditor.catalog.library import Library
    from auditor.evidence.row import Row
    from auditor.evidence.snapshot import Snapshot

BATCH = 5_000


class Parametrised(Scoped, Protocol):
    """A scope, with the thresholds it replaces."""

    @property
    def parameters(self) -> Mapping[str, Mapping[str, Value]]:
        """Values by control, then parameter."""


@dataclass(frozen=True, slots=True)
class World:
    """What is judged: the rows, what was seen of each cell, and when."""

    database: Database
    sights: Mapping[CellName, Sight]
    as_of: datetime

    def of(self, table: str, freshness_days: int) -> Sighted:
        """Return which sources' rows of `table` were seen whole and lately, and whether the estate's were."""
        by_source: defaultdict[str, list[bool]] = defaultdict(list)
        for name, found in self.sights.items():
            if name.table == table:
                by_source[name.source].append(found.seen and not self.stale(found, freshness_days))
        return Sighted(
            frozenset(source for source, seen in by_source.items() if all(seen)), bool(by_source) and all(map(all, by_source.values()))
        )

    def declared(self, tables: set[str]) -> bool:
        """Tell whether nothing but the scope speaks in any of `tables`."""
        return all(name.source == DECLARED for name in self.sights if name.table in tables)

    def stale(self, found: Sight, freshness_days: int) -> bool:
        """Tell whether a cell was looked at too long ago."""
        return found.at is not None and (self.as_of - found.at).total_seconds() > freshness_days * 86_400


def evaluate(
    snapshot: Snapshot, scope: Parametrised, library: Library, as_of: datetime, tables: Mapping[str, type[Row]] = TABLES
) -> Iterator[ControlResult | bytes]:
    """Yield each control's result followed by its findings (canonical lines of `Finding`), controls in the order of their ids.

    Raises EvidenceError when the snapshot cannot be trusted, ContentError when the scope replaces a threshold it may not.
    """
    from auditor.evaluate.parameters import effective

    values = effective(scope.parameters, library)
    plan, calls = snapshot.plan(), snapshot.calls()
    at = {name: found.at for name, found in sight(plan, calls, {}).items() if found.at is not None}
    with opened(snapshot, scope, library.references.values(), at, tables) as database:
        sights = dict(sight(plan, calls, {name: count for name, count in database.counts.items() if name.source != DECLARED}))
        sights |= {CellName(DECLARED, "", table): Sight(seen=True) for table in _declared_tables()}
        world = World(database, sights, as_of)
        checks = [control for _id, control in sorted(library.controls.items()) if control.check is not None]
        yield from judge(world, checks, values, library.references.values(), tables)


def _declared_tables() -> list[str]:
    from auditor.evidence.tables_scope import SCOPE_TABLES

    return [table.TABLE for table in SCOPE_TABLES]


def judge(
    world: World,
    controls: Iterable[Control],
    values: Mapping[str, Mapping[str, Value]],
    references: Iterable[Any] = (),
    tables: Mapping[str, type[Row]] = TABLES,
) -> Iterator[ControlResult | bytes]:
    """Yield results of `controls` over a loaded world: all controls of a table in one scan, then told in order of id."""
    columns = {name: schema.columns(table, references) for name, table in tables.items()}
    scans: defaultdict[str, list[Checked]] = defaultdict(list)
    order = []
    for control in controls:
        assert control.check is not None
        scans[control.check.subject].append(read(control, control.check, columns))
        order.append(control.id)
    told: dict[str, tuple[Checked, int, list[str]]] = {}
    for table, checks in scans.items():
        for index, facts in enumerate(_scan(world, table, checks, values)):
            told[checks[index].control.id] = (checks[index], index, facts)
    listings: dict[str, Listing] = {}
    for name in order:
        checked = told[name][0]
        table = checked.check.subject
        if table not in listings:
            listings[table] = Listing(world.database.connection, table)
        yield from _tell(world, listings[table], *told[name], values[name], columns[table])


def _scan(
    world: World, table: str, checks: list[Checked], values: Mapping[str, Mapping[str, Value]], named: str = "t._n as n"
) -> list[list[str]]:
    """Make `_v_TABLE`: for each row its verdict per control (`c0`, `c1`…) and per fact; return names of fact columns."""
    select, facts = list[str](), list[list[str]]()
    joins = Joins()
    for index, checked in enumerate(checks):
        days = checked.control.freshness_days
        seen = {fact.table: world.of(fact.table, days) for fact in checked.check.facts.values()}
        code, found = verdict(checked, values[checked.control.id], seen, world.as_of, joins)
        select.append(f"({code})::TINYINT as c{index}")
        names = [f"c{index}_f{number}" for number in range(len(found))]
        select += [f"{expression} as {name}" for expression, name in zip(found, names, strict=True)]
        facts.append(names)
    _run(
        world,
        f'create or replace temp table "_v_{table}" as select {named}, {", ".join(select)}\nfrom "{table}" t\n{joins.sql()}',
    )
    return facts


def _run(world: World, sql: str) -> Any:
    import duckdb

    try:
        return world.database.connection.execute(sql)
    except duckdb.Error as error:
        msg = f"the engine refuses a check: {str(error).splitlines()[0]}"
        raise CheckError(msg) from error


def _tell(
    world: World,
    listing: Listing,
    checked: Checked,
    index: int,
    facts: list[str],
    parameters: Mapping[str, Value],
    columns: Mapping[str, str],
) -> Iterator[ControlResult | bytes]:
    control, table = checked.control, checked.check.subject
    picked = listing.pick(index, (PASS, FAIL, UNKNOWN))
    names = sorted({*listing.spans, *(name for name in world.sights if name.table == table)})
    results = tuple(_cell(world, name, listing.spans.get(name, (0, 0)), picked, control.freshness_days) for name in names)
    yield _total(
        control,
        results,
        parameters,
        declared_only=bool(results) and world.declared({table, *(fact.table for fact in checked.check.facts.values())}),
    )
    if not results:
        yield _unseen(control, table, "", "", "no_source")
    for cell in results:
        if not cell.seen:
            yield _unseen(control, table, cell.source, cell.scope, cell.reason)
    if any(cell.failed or cell.unknown for cell in results):
        lines = _run(world, findings.query(checked, index, facts, columns, world.as_of))
        while batch := lines.fetchmany(BATCH):
            yield from (line for (line,) in batch)


def _unseen(control: Control, table: str, source: str, scope: str, reason: str) -> bytes:
    return canonical(
        Finding(control=control.id, table=table, source=source, scope=scope, id="", verdict=Verdict.UNKNOWN, why=(f"unseen:{reason}",))
    )


def _cell(
    world: World, name: CellName, span: tuple[int, int], picked: list[dict[CellName, tuple[str, ...]]], freshness_days: int
) -> CellResult:
    known = world.sights.get(name, Sight(seen=False, reason="unplanned"))
    seen, reason = (False, "stale") if known.seen and world.stale(known, freshness_days) else (known.seen, known.reason)
    passed, failed, unknown = (found.get(name, ()) for found in picked)
    return CellResult(
        source=name.source,
        scope=name.scope,
        table=name.table,
        seen=seen,
        reason=reason,
        passed=passed,
        failed=failed,
        unknown=unknown,
        out_of_scope=span[1] - span[0] - len(passed) - len(failed) - len(unknown),
    )


def _total(control: Control, cells: tuple[CellResult, ...], parameters: Mapping[str, Value], *, declared_only: bool) -> ControlResult:
    passed, failed, unknown = (sum(len(getattr(cell, name)) for cell in cells) for name in ("passed", "failed", "unknown"))
    unseen = sum(not cell.seen for cell in cells)
    if failed:
        outcome = Verdict.FAIL
    elif unknown or unseen or not cells:  # no cell at all: nobody ever promised to look
        outcome = Verdict.UNKNOWN
    else:
        outcome = Verdict.PASS if passed else Verdict.NOT_APPLICABLE
    return ControlResult(
        control=control.id,
        code=control.code,
        verdict=outcome,
        population=passed + failed + unknown,
        passed=passed,
        failed=failed,
        unknown=unknown,
        unseen=unseen,
        out_of_scope=sum(cell.out_of_scope for cell in cells),
        declared_only=declared_only,
        parameters=dict(parameters),
        changed=tuple(name for name in sorted(parameters) if parameters[name] != control.parameters[name].default),
        cells=cells,
    )
