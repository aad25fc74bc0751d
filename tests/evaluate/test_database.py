"""The engine: nothing but whole, canonical rows comes in, and nothing goes out."""

import duckdb
import pytest
from small_world import AS_OF, FakeScope, FakeSnapshot, Part, Thing

from auditor.catalog.control import Text
from auditor.catalog.reference import Reference
from auditor.codec import canonical
from auditor.errors import EvidenceError
from auditor.evaluate.database import Database, opened
from auditor.scope import ContextRule

SMALL = {"thing": Thing, "part": Part}
ROW = Thing(source="s", id="a", name="x", size=1, good=True, made_at=AS_OF)
LINE = canonical(ROW)


@pytest.fixture(scope="module")
def locked():
    with opened(FakeSnapshot([ROW]), FakeScope(), (), {}, SMALL) as database:
        yield database.connection


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/passwd')",
        "select * from '/etc/passwd'",
        "select * from glob('/*')",
        "select * from read_json('/tmp/x.json')",
        "select * from read_parquet('https://example.invalid/x.parquet')",
        "copy thing to '/tmp/auditor-leak.csv'",
        "export database '/tmp/auditor-leak'",
        "attach '/tmp/auditor-leak.duckdb'",
        "install httpfs",
        "load httpfs",
        "set enable_external_access=true",
        "set memory_limit='100GB'",
        "reset lock_configuration",
        "set lock_configuration=false",
        "pragma enable_external_access",
        "set temp_directory='/tmp'",
    ],
)
def test_a_locked_engine_neither_reads_nor_writes_outside(locked, sql):
    with pytest.raises(duckdb.Error):
        locked.execute(sql)


@pytest.mark.parametrize(
    "line",
    [
        LINE.replace(b'"good":true', b'"good":"no"'),
        LINE.replace(b'"good":true', b'"good":1'),
        LINE.replace(b'"size":1', b'"size":"1"'),
        LINE.replace(b'"size":1', b'"size":1.5'),
        LINE.replace(b'"size":1', b'"size":1.0'),
        LINE.replace(b'"size":1', b'"size":true'),
        LINE.replace(b'"size":1', b'"size":9223372036854775808'),
        LINE.replace(b'"size":1', b'"size": 1'),
        LINE.replace(b'"size":1', b'"size":1,"size":2'),
        LINE.replace(b'"size":1', b'"size":1,"unknown":2'),
        LINE.replace(b'"name":"x"', b'"name":"\\u0078"'),
        LINE.replace(b"08:00:00", b"08:00:00Z"),
        LINE.replace(b"08:00:00", b"08:00:00+02:00"),
        LINE.replace(b'"id":"a",', b""),
        LINE.replace(b'"origin":"live"', b'"origin":"alive"'),
        LINE[:-1],
        b"",
        b"null",
        b"[]",
        b"\xff",
    ],
)
def test_only_whole_canonical_rows_come_in(line):
    assert line != LINE
    with Database() as database, pytest.raises(EvidenceError, match="thing"):
        database.load(Thing, [line])


def test_two_rows_of_one_name_are_refused():
    with Database() as database, pytest.raises(EvidenceError, match="both named"):
        database.load(Thing, [LINE, LINE])


def test_columns_that_came_later_may_be_left_out():
    with Database() as database:
        database.load(Thing, [b'{"id":"a","origin":"live","scope":"","source":"s"}'])
        assert database.connection.execute("select id, name, good from raw_thing").fetchall() == [("a", None, None)]


def context_of(rules, row=ROW):
    with opened(FakeSnapshot([row]), FakeScope(context=rules), (), {}, SMALL) as database:
        columns = ("site", "country", "service", "application", "health_data", "criticality", "exposure")
        found = database.connection.execute(f"select {', '.join(columns)} from thing").fetchall()
        assert len(found) == 1
        return dict(zip(columns, found[0], strict=True))


@pytest.mark.parametrize(
    ("values", "combined"),
    [((True, None), True), ((True, False), True), ((None, False), None), ((False, False), False), ((None, None), None)],
)
def test_the_most_demanding_context_wins(values, combined):
    assert context_of([ContextRule("s", health_data=value) for value in values])["health_data"] is combined


@pytest.mark.parametrize(("values", "combined"), [((1, 2), 2), ((3, None), 3), ((2, None), None), ((0, 0), 0), ((None, None), None)])
def test_the_highest_rank_of_sensitivity_wins(values, combined):
    assert context_of([ContextRule("s", criticality=value, exposure=value) for value in values])["criticality"] == combined


@pytest.mark.parametrize(("values", "combined"), [(("a", "a"), "a"), (("a", "b"), None), (("a", None), None)])
def test_texts_count_when_all_agree(values, combined):
    assert context_of([ContextRule("s", site=value) for value in values])["site"] == combined


def test_a_place_wins_over_its_source():
    rules = [ContextRule("s", site="whole"), ContextRule("s", rank=2, name_glob="x*", site="place"), ContextRule("t", site="other")]
    assert context_of(rules)["site"] == "place"
    assert context_of(rules, Thing(source="s", id="a", name="y"))["site"] == "whole"
    assert context_of(rules, Thing(source="s", id="x1"))["site"] == "place"
    assert context_of(rules, Thing(source="u", id="x1"))["site"] is None
    by_scope = [ContextRule("s", site="whole"), ContextRule("s", rank=2, scope_glob="prod-?", site="place")]
    assert context_of(by_scope, Thing(source="s", id="a", scope="prod-1"))["site"] == "place"
    assert context_of(by_scope, Thing(source="s", id="a", scope="test-1"))["site"] == "whole"


def test_reference_data_are_unknown_where_nothing_is_listed():
    words = Text(fr="r", en="r")
    reference = Reference(
        id="ends", title=words, source="x", checked_on="2026-11-24", extends="thing", on=("name", "key"), adds={"until": "datetime", "lts": "boolean"},
        rows=({"name": "x", "key": "1", "until": "2030-01-01T00:00:00", "lts": True}, {"name": "x", "key": "2", "until": None, "lts": False}),
    )  # fmt: skip
    rows = [Thing(source="s", id=key or "none", name="x", key=key) for key in ("1", "2", "3", None)]
    with opened(FakeSnapshot(rows), FakeScope(), [reference], {}, SMALL) as database:
        found = database.connection.execute("select id, lts, until is null from thing order by id").fetchall()
    assert found == [("1", True, False), ("2", False, True), ("3", None, True), ("none", None, True)]
