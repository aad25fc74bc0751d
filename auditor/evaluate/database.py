"""Rows in a locked database: strictly decoded, loaded in bulk, joined with what the scope and reference data say."""

from __future__ import annotations

import tempfile
from collections import Counter
from contextlib import contextmanager
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

import msgspec

from auditor.codec import canonical
from auditor.errors import EvidenceError
from auditor.evaluate import schema
from auditor.evidence.cells import CellName
from auditor.evidence.row import Origin
from auditor.evidence.tables import TABLES
from auditor.scope import DECLARED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from auditor.catalog.reference import Reference
    from auditor.evidence.row import Row
    from auditor.evidence.snapshot import Snapshot
    from auditor.scope import ContextRule

    Connection = Any

MEMORY = "1GB"
_ENCODER = msgspec.json.Encoder(order="sorted")


class Scoped(Protocol):
    """What evaluation asks of a scope."""

    def rows(self) -> list[Row]:
        """Return the declared rows."""

    def context(self) -> list[ContextRule]:
        """Return what the scope says of collected rows."""


class Database:
    """The engine, its tables as raw rows; `close` it, or use it in a `with`."""

    def __init__(self) -> None:
        import duckdb

        self._folder = tempfile.TemporaryDirectory(prefix="auditor-", ignore_cleanup_errors=True)
        self.connection: Connection = duckdb.connect()
        for setting in (f"memory_limit='{MEMORY}'", f"temp_directory='{self._folder.name}'", "threads=2", "preserve_insertion_order=false"):
            self.connection.execute(f"set {setting}")
        self.counts: Counter[CellName] = Counter()

    def close(self) -> None:
        """Give back memory and temporary files."""
        self.connection.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_exc: object) -> None:
        """Close."""
        self.close()

    def load(self, table: type[Row], lines: Iterable[bytes], declared: Iterable[bytes] = ()) -> None:
        """Load canonical lines of one table; raises EvidenceError on the first that is not one of its rows.

        Only `declared` lines, those of the scope itself, may bear the scope's name and origin.
        """
        decoder = msgspec.json.Decoder(table)
        instants = [name for name, kind in schema.own(table).items() if kind == "instant"]
        path = Path(self._folder.name) / f"{table.TABLE}.ndjson"
        natural = table.KEY != ("id",)
        try:
            with path.open("wb") as stream:
                for number, (line, ours) in enumerate(chain(zip(lines, repeat(False)), zip(declared, repeat(True))), 1):
                    row = decoder.decode(line)
                    if not ours and (row.source == DECLARED or row.origin is Origin.DECLARED):
                        msg = f"{table.TABLE}.ndjson:{number}: a collected row cannot be declared"
                        raise EvidenceError(msg, hint="the snapshot was forged, or a source is named like the scope")
                    aware = any(getattr(row, name) is not None and getattr(row, name).tzinfo is not None for name in instants)
                    if aware or (natural and row.id != row.natural_id()) or not _canonical(row, line):
                        msg = f"{table.TABLE}.ndjson:{number}: not a canonical row"
                        raise EvidenceError(msg)
                    self.counts[CellName(row.source, row.scope, table.TABLE)] += 1
                    stream.write(line + b"\n")
        except msgspec.MsgspecError as error:
            msg = f"{table.TABLE}.ndjson:{number}: {error}"
            raise EvidenceError(msg) from error
        self._read(table, path)
        path.unlink()

    def _read(self, table: type[Row], path: Path) -> None:
        import duckdb

        types = {name: schema.SQL[kind] for name, kind in schema.own(table).items()}
        columns = "{" + ", ".join(f"'{name}': '{kind}'" for name, kind in types.items()) + "}"
        source = f"read_json('{path}', format='newline_delimited', columns={columns}, maximum_object_size=4194304)"
        if not path.stat().st_size:
            empty = ", ".join(f'null::{kind} as "{name}"' for name, kind in types.items())
            source = f"(select {empty} limit 0)"
        try:
            self.connection.execute(f'create table "raw_{table.TABLE}" as select * from {source}')
            twice = self.connection.execute(
                f'select source, id from "raw_{table.TABLE}" group by all having count(*) > 1 limit 1'
            ).fetchone()
        except duckdb.Error as error:
            msg = f"{table.TABLE}: cannot be loaded: {str(error).splitlines()[0]}"
            raise EvidenceError(msg) from error
        if twice:
            msg = f"{table.TABLE}: two rows of {twice[0]} are both named {twice[1]!r}"
            raise EvidenceError(msg)

    def complete(
        self, tables: Iterable[type[Row]], rules: list[ContextRule], references: Iterable[Reference], at: Mapping[CellName, Any]
    ) -> None:
        """Make each table whole: context of the scope, reference data, and when its cell was looked at (`_at`)."""
        self._rules(rules)
        self.connection.execute('create or replace table "_cell"(source VARCHAR, scope VARCHAR, tab VARCHAR, looked TIMESTAMP)')
        if at:
            self._insert("_cell", [(name.source, name.scope, name.table, when) for name, when in at.items()])
        references = list(references)
        for item in references:
            self._reference(item)
        for table in tables:
            self._complete(table, [item for item in references if item.extends == table.TABLE])

    def _insert(self, table: str, rows: list[tuple[Any, ...]]) -> None:
        for start in range(0, len(rows), 500):
            part = rows[start : start + 500]
            marks = "(" + ", ".join("?" * len(part[0])) + ")"
            self.connection.execute(
                f'insert into "{table}" values {", ".join([marks] * len(part))}', [cell for row in part for cell in row]
            )

    def _rules(self, rules: list[ContextRule]) -> None:
        kinds = {
            "site": "VARCHAR",
            "country": "VARCHAR",
            "service": "VARCHAR",
            "application": "VARCHAR",
            "health_data": "BOOLEAN",
            "criticality": "BIGINT",
            "exposure": "BIGINT",
        }
        columns = ", ".join(f"{name} {kind}" for name, kind in kinds.items())
        self.connection.execute(
            f'create or replace table "_rule"(source VARCHAR, rank BIGINT, scope_glob VARCHAR, name_glob VARCHAR, {columns})'
        )
        rows = [(rule.source, rule.rank, rule.scope_glob, rule.name_glob, *(getattr(rule, name) for name in kinds)) for rule in rules]
        if rows:
            self._insert("_rule", rows)

    def _reference(self, item: Reference) -> None:
        kinds = {**dict.fromkeys(item.on, "VARCHAR"), **{name: schema.SQL[schema.REFERENCE[kind]] for name, kind in item.adds.items()}}
        self.connection.execute(f'create or replace table "ref_{item.id}"({", ".join(f"{name} {kind}" for name, kind in kinds.items())})')
        rows = [tuple(row[name] for name in kinds) for row in item.rows]
        if rows:
            self._insert(f"ref_{item.id}", rows)

    def _complete(self, table: type[Row], references: list[Reference]) -> None:
        wanted = schema.context(table)
        named = 'or t."name" glob rule.name_glob' if "name" in schema.own(table) else ""
        joined = ", ".join(_COMBINED[name] for name in wanted)
        added, joins = "", ""
        for item in references:
            added += "".join(f', "ref_{item.id}"."{name}"' for name in item.adds)
            on = " and ".join(f'"ref_{item.id}"."{name}" = t."{name}"::VARCHAR' for name in item.on)
            joins += f' left join "ref_{item.id}" on {on}'
        # A row whose rules have no pattern gets its source's context from a join over sources; the others one by one.
        self.connection.execute(f"""
            create or replace table "{table.TABLE}" as
            with plain as (select source from "_rule" group by source having bool_and(scope_glob = '*' and name_glob = '*')),
            best as (
                select t.n, rule.*, max(rule.rank) over (partition by t.n) as top
                from (select rowid as n, * from "raw_{table.TABLE}" where source not in (select source from plain)) t
                join "_rule" rule on rule.source = t.source and t.scope glob rule.scope_glob and (t.id glob rule.name_glob {named})),
            one as (select n, {joined or "1 as _none"} from best where rank = top group by n),
            whole as (select source, {joined or "1 as _none"} from
                (select *, max(rank) over (partition by source) as top from "_rule" where source in (select source from plain))
                where rank = top group by source)
            select t.*{"".join(f', case when whole.source is not null then whole."{name}" else one."{name}" end as "{name}"' for name in wanted)}
                {added}, cell.looked as _at, row_number() over (order by t.source, t.scope, t.id) - 1 as _n
            from (select rowid as n, * from "raw_{table.TABLE}") t
            left join whole on whole.source = t.source left join one on one.n = t.n {joins}
            left join "_cell" cell on cell.source = t.source and cell.scope = t.scope and cell.tab = '{table.TABLE}'
        """)
        self.connection.execute(f'drop table "raw_{table.TABLE}"')

    def lock(self) -> None:
        """Close the engine to the outside, for good."""
        self.connection.execute("set enable_external_access=false")
        self.connection.execute("set lock_configuration=true")


def _canonical(row: Row, line: bytes) -> bool:
    """Tell whether `line` is the one form of `row`; an earlier release may have left out columns that came later."""
    if _ENCODER.encode(row) == line:
        return True
    told, whole = msgspec.json.decode(line), msgspec.to_builtins(row)
    return _ENCODER.encode({name: whole[name] for name in told}) == line


def _text(name: str) -> str:
    return f"case when count({name}) = count(*) and min({name}) = max({name}) then min({name}) end as {name}"


def _highest(name: str) -> str:
    return f"case when max({name}) = 3 or count({name}) = count(*) then max({name}) end as {name}"


_COMBINED = {
    **{name: _text(name) for name in ("site", "country", "service", "application")},
    "health_data": "case when bool_or(health_data) then true when count(health_data) = count(*) then false end as health_data",
    **{name: _highest(name) for name in ("criticality", "exposure")},
}
"""How several rules for one row combine: the most demanding; unknown where they do not settle it."""


@contextmanager
def opened(
    snapshot: Snapshot, scope: Scoped, references: Iterable[Reference], at: Mapping[CellName, Any], tables: Mapping[str, type[Row]] = TABLES
) -> Iterator[Database]:
    """Yield a locked database of a snapshot's rows and the scope's declared rows."""
    declared: dict[str, list[bytes]] = {}
    for row in scope.rows():
        declared.setdefault(row.TABLE, []).append(canonical(row))
    with Database() as database:
        for name, table in tables.items():
            database.load(table, snapshot.lines(name), declared.get(name, []))
        database.complete(tables.values(), scope.context(), references, at)
        database.lock()
        yield database
