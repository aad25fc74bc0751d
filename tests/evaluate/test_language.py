"""The language: what it answers stays answered, all else is refused with a sentence."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_world import AS_OF, SMALL, Thing

from auditor.codec import read_yaml
from auditor.errors import CheckError
from auditor.evaluate import schema
from auditor.evaluate.compile import kinds
from auditor.evaluate.database import Database
from auditor.evaluate.language import VERSION, Names, check
from auditor.evaluate.sql import render
from auditor.evidence.tables import CONTEXT

CORPUS = read_yaml(Path(__file__).parent / "corpus.yaml").value
PARAMETERS = {"least": 5, "names": ("Ab", "Cd"), "sizes": (7, 8), "none": (), "as_of": AS_OF}
NAMES = Names({"thing": schema.columns(Thing)}, frozenset(), kinds({n: v for n, v in PARAMETERS.items() if n != "as_of"}))
ROW = {"name": "Ab", "key": "k", "good": True, "size": 7, "made_at": "2026-11-24T07:00:00"}


@pytest.fixture(scope="module")
def engine():
    with Database() as database:
        database.load(Thing, [])
        database.complete([Thing], [], [], {})
        columns = ", ".join(ROW)
        database.connection.execute(
            f"insert into thing (id, {columns}) values ('a', 'Ab', 'k', true, 7, '2026-11-24 07:00:00'), ('b', null, null, null, null, null)"
        )
        database.lock()
        yield database.connection


def answers(engine, expression):
    sql = render(check(expression, NAMES), {"thing": "t"}, {}, PARAMETERS)
    return [row[0] for row in engine.execute(f"select {sql} from thing t order by id").fetchall()]


def test_language_has_a_number():
    assert VERSION == 1


@pytest.mark.parametrize("item", [item for item in CORPUS if "answers" in item], ids=lambda item: item["say"])
def test_corpus_is_answered_alike(engine, item):
    assert answers(engine, item["say"]) == item["answers"]


@pytest.mark.parametrize("item", [item for item in CORPUS if "refused" in item], ids=lambda item: item["say"])
def test_all_else_is_refused_with_a_sentence(item):
    with pytest.raises(CheckError) as caught:
        check(item["say"], NAMES)
    assert caught.value.message
    assert "\n" not in caught.value.message


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    with contextlib.suppress(CheckError):
        check(text, NAMES)


WORDS = ["thing.good", "thing.size", "thing.name", "not", "and", "or", "(", ")", "=", "<", "in", "$least", "$names", "7", "'Ab'", "is", "null", "select", "from", "--", ";", "case", "when", "::", ",", "like", "+", "lower(", "thing", ".", "*", "interval", "1 day", "$as_of"]  # fmt: skip


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=12))
def test_any_heap_of_words_is_read_or_refused(words):
    """What is read, the engine runs: no error is left for the day of the audit."""
    try:
        tree = check(" ".join(words), NAMES)
    except CheckError:
        return
    with Database() as database:
        database.load(Thing, [])
        database.complete([Thing], [], [], {})
        database.connection.execute(f"select {render(tree, {'thing': 't'}, {}, PARAMETERS)} from thing t").fetchall()


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=30))
def test_no_text_leaves_its_quotes(text):
    from duckdb import connect

    from auditor.evaluate.sql import literal

    if "\0" in text or any(0xD800 <= ord(char) < 0xE000 for char in text):
        return
    assert connect().execute(f"select {literal(text)}").fetchone()[0] == text


ATOMS = st.sampled_from(
    [
        "thing.good",
        "thing.size > 5",
        "thing.name = 'Ab'",
        "thing.name in $names",
        "contains(thing.name, 'b')",
        "thing.made_at < $as_of",
        "true",
        "false",
    ]
)
TREES = st.recursive(
    ATOMS,
    lambda below: st.one_of(
        st.tuples(below, st.sampled_from(["and", "or"]), below).map(lambda part: f"({part[0]} {part[1]} {part[2]})"),
        below.map(lambda part: f"(not {part})"),
    ),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(TREES)
def test_hiding_a_value_never_turns_a_verdict(engine, expression):
    """Null in, null out: with less known, an answer stays or becomes unknown."""
    sql = render(check(expression, NAMES), {"thing": "t"}, {}, PARAMETERS)
    whole = answers(engine, expression)[0]
    for hidden in ROW:
        columns = ", ".join(f"null::{schema.SQL[schema.own(Thing)[name]]} as {name}" if name == hidden else name for name in ROW)
        found = engine.execute(f"select {sql} from (select {columns} from thing where id = 'a') t").fetchone()[0]
        assert found in {whole, None}


def test_every_registered_table_has_typed_columns():
    from auditor.evidence.tables import TABLES

    for table in [*TABLES.values(), *SMALL.values()]:
        assert set(schema.columns(table).values()) <= {"text", "integer", "boolean", "instant"}
        assert set(CONTEXT) <= set(schema.columns(table))
