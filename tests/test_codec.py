"""Strict YAML in, canonical JSON out."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.codec import canonical, parse_yaml, read_yaml
from auditor.errors import ContentError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: NO", "NO"),
        ("a: 10.10", "10.10"),
        ("a: 12:30:00", "12:30:00"),
        ("a: 2026-11-24", "2026-11-24"),
        ("a: 007", "007"),
        ("a: 1_000", "1_000"),
        ("a: yes", "yes"),
        ("a: true", True),
        ("a: 12", 12),
        ("a: '12'", "12"),
        ("a: ~", None),
        ("a:", None),
        ("a: 1e3", "1e3"),
        ("a: 0x1f", "0x1f"),
        ("a: .inf", ".inf"),
    ],
)
def test_only_truth_null_and_integers_are_special(text, value):
    assert parse_yaml(text).value == {"a": value}


def test_every_problem_of_a_file_is_told_at_once():
    with pytest.raises(ContentError) as caught:
        parse_yaml("a: 1\na: 2\nb: &x 3\nc: *x\nd: !!python/object:os.system {}\n? [k]\n: 1\n", "f.yaml")
    lines = [problem.line for problem in caught.value.problems]
    assert lines == [2, 3, 5, 6]  # twice, anchor and alias, tag, key that is a list
    assert all(str(problem).startswith("f.yaml:") for problem in caught.value.problems)


def test_a_syntax_error_has_its_line():
    with pytest.raises(ContentError) as caught:
        parse_yaml("a: 1\nb: [1, 2\nc: 3\n", "f.yaml")
    assert caught.value.problems[0].line in {2, 3}


def test_lines_are_those_of_keys_and_items():
    document = parse_yaml("a:\n  - x: 1\n  - x: 2\n")
    assert document.line("a", 1, "x") == 3
    assert document.line("a", 1, "nothing") == 3
    assert document.line("nothing") == 1


def test_a_deep_file_is_refused_and_does_not_crash():
    with pytest.raises(ContentError):
        parse_yaml("[" * 20_000)


def test_a_file_that_is_not_text_is_refused(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ContentError, match="UTF-8"):
        read_yaml(path)
    with pytest.raises(ContentError, match="illisible"):
        read_yaml(tmp_path / "missing.yaml")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(alphabet="abcdef_", min_size=1), inner),
    max_leaves=20,
)


@given(JSON)
def test_canonical_is_one_form(value):
    once = canonical(value)
    assert json.loads(once) == value
    assert canonical(json.loads(once)) == once
    assert once == json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("value", [1.0, {"a": [0.1]}, [{"b": float("nan")}]])
def test_floats_have_no_canonical_form(value):
    with pytest.raises(TypeError):
        canonical(value)
