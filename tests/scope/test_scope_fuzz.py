"""Whatever the bytes, a scope or a list of problems; never another exception."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.codec import parse_yaml
from auditor.errors import ContentError
from auditor.scope import parse, read

KEYS = [
    "format",
    "organisation",
    "name",
    "finess_ej",
    "kind",
    "sites",
    "id",
    "country",
    "providers",
    "services",
    "model",
    "activities",
    "certificates",
    "scheme",
    "version",
    "issued",
    "valid_until",
    "reserves",
    "document",
    "applications",
    "health_data",
    "criticality",
    "exposure",
    "service",
    "sources",
    "collector",
    "settings",
    "password",
    "places",
    "scope",
    "expected",
    "host",
    "site",
    "budget_s",
    "formerly",
    "locations",
    "region",
    "provider",
    "frameworks",
    "parameters",
]
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 10**9),
    st.sampled_from(
        ["", "a", "b", "FR", "UK", "hds", "3.2", "2026-01-31", "2026-02-30", "unseen", "linux", "IaaS", "vital", "env:X", "\n", "é*?["]
    ),
    st.text(max_size=8),
)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6), max_leaves=25
)
ITEMS = st.lists(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=6), max_size=3)
TOP = ("organisation", "sites", "providers", "applications", "sources", "locations", "frameworks", "parameters", "other")
SCOPES = st.fixed_dictionaries({"format": st.just(1)}, optional=dict.fromkeys(TOP, ITEMS | VALUES))


def read_or_refused(raw):
    try:
        return parse(raw), []
    except ContentError as error:
        return None, error.problems


@settings(max_examples=300, deadline=None)
@given(SCOPES)
def test_any_value(value):
    scope, problems = read_or_refused(json.dumps(value).encode())
    if scope is None:
        assert problems
        assert all(problem.line >= 1 and problem.message for problem in problems)
        # What passes the checks of shape and meaning decodes: none comes without its place, from the last step.
        assert not [problem for problem in problems if " - at `$" in problem.message or problem.message.startswith("Expected")]
        return
    for row in scope.rows():
        assert row.id == row.natural_id()
    assert {rule.source for rule in scope.context()} == {source.id for source in scope.sources}


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes(raw):
    scope, problems = read_or_refused(raw)
    assert (scope is None) == bool(problems)


@pytest.mark.parametrize("key", sorted(read._NAMES))
def test_names_made_of_digits_are_texts(key):
    assert read._spoken(parse_yaml(f"{key}: 750712184").value) == {key: "750712184"}
