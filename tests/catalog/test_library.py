"""A content folder is loaded whole or refused whole."""

import pytest

from auditor import text
from auditor.catalog.library import digest, load
from auditor.errors import ContentError
from auditor.evaluate.lint import lint

CONTROL = """\
id: {id}
code: {code}
title: {{fr: t, en: t}}
severity: high
grade: minor
why: {{fr: w, en: w}}
remedy: {{fr: r, en: r}}
check:
  subject: provider
  expect: provider.name = 'x'
examples:
  - name: e
    given: {{provider: [{{id: a, name: x}}, {{id: b, name: y}}, {{id: c}}]}}
    expect: {{a: pass, b: fail, c: unknown}}
"""
REFERENCE = """\
id: ends
title: {fr: t, en: t}
source: s
checked_on: "2026-11-24"
extends: provider
on: [name]
adds: {until: datetime}
rows:
  - {name: a, until: "2026-01-01T00:00:00"}
"""


@pytest.fixture(autouse=True)
def english():
    text.use("en")
    yield
    text.use("fr")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "theme").mkdir()
    (tmp_path / "reference").mkdir()
    (tmp_path / "theme" / "one.yaml").write_text(CONTROL.format(id="one", code="a-01"))
    (tmp_path / "theme" / "two.yaml").write_text(CONTROL.format(id="two", code="a-02"))
    (tmp_path / "reference" / "ends.yaml").write_text(REFERENCE)
    (tmp_path / "RELEASE").write_text("2026.11\n")
    return tmp_path


def refused(folder):
    with pytest.raises(ContentError) as caught:
        load(folder)
    return caught.value.problems


def change(path, old, new):
    body = path.read_text()
    assert old in body
    path.write_text(body.replace(old, new))


def test_a_folder_is_loaded(folder):
    library = load(folder)
    assert (sorted(library.controls), sorted(library.references), library.release) == (["one", "two"], ["ends"], "2026.11")
    assert lint(library) == []


def test_every_file_is_told_at_once(folder):
    change(folder / "theme" / "one.yaml", "severity: high", "severity: x")
    change(folder / "theme" / "two.yaml", "grade: minor", "grade: x")
    assert [(problem.path.rsplit("/", 1)[1], problem.line) for problem in refused(folder)] == [("one.yaml", 4), ("two.yaml", 5)]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [("id: two", "id: other", "file's name"), ("id: two", "id: one", "another file"), ("code: a-02", "code: a-01", "code")],
)
def test_names_are_unique_and_those_of_their_files(folder, old, new, said):
    change(folder / "theme" / "two.yaml", old, new)
    assert any(said in problem.message for problem in refused(folder))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("on: [name]", "on: [name, name2]", "columns"),
        ('until: "2026-01-01T00:00:00"}', "until: 2026}", "datetime"),
        ('until: "2026-01-01T00:00:00"}', "until: soon}", "datetime"),
        ("rows:\n", 'rows:\n  - {name: a, until: "2027-01-01T00:00:00"}\n', "twice"),
        ("adds: {until: datetime}", "adds: {until: date}", "adds"),
        ('checked_on: "2026-11-24"', "checked_on: yesterday", "checked_on"),
    ],
)
def test_reference_data_are_read_strictly(folder, old, new, said):
    change(folder / "reference" / "ends.yaml", old, new)
    assert any(said in problem.message for problem in refused(folder)), refused(folder)


@pytest.mark.parametrize(("old", "new"), [("extends: provider", "extends: provder"), ("adds: {until: datetime}", "adds: {name: datetime}")])
def test_reference_data_extend_what_exists(folder, old, new):
    body = REFERENCE.replace(old, new)
    (folder / "reference" / "ends.yaml").write_text(body.replace('until: "2026', 'name: "2026') if "adds: {name" in new else body)
    try:
        assert lint(load(folder))
    except ContentError as error:
        assert error.problems  # noqa: PT017


def test_digest_covers_every_byte_and_name(folder):
    first = digest(folder)
    assert digest(folder) == first == load(folder).sha256
    change(folder / "reference" / "ends.yaml", "source: s", "source: S")
    second = digest(folder)
    (folder / "theme" / "two.yaml").rename(folder / "theme" / "three.yaml")
    (folder / "RELEASE").write_text("2026.12\n")
    assert len({first, second, digest(folder)}) == 3


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("subject: provider", "subject: provder", 9, "did you mean provider"),
        ("provider.name = 'x'", "provider.nam = 'x'", 10, "did you mean name"),
        ("provider.name = 'x'", "provider.name is null", 10, "language"),
        ("provider.name = 'x'", "provider.name = 'x' or copied", 10, "copied"),
        ("  expect: provider.name", "  show: [nmae]\n  expect: provider.name", 10, "did you mean name"),
        ("  expect: provider.name", "  facts: {f: {any: certficate}}\n  expect: provider.name", 10, "did you mean certificate"),
        (
            "  expect: provider.name",
            "  facts: {f: {any: certificate, on: {providr: id}}}\n  expect: provider.name",
            10,
            "did you mean provider",
        ),
        ("  expect: provider.name", "  facts: {f: {any: certificate, on: {reserves: id}}}\n  expect: provider.name", 10, "one type"),
        ("  expect: provider.name", "  facts: {f: {any: certificate, where: r.scheme = 3}}\n  expect: provider.name", 10, "compared"),
        ("  expect: provider.name", "  facts: {f: {any: certificate}}\n  expect: provider.name", 10, "never used"),
        ("  expect: provider.name", "  facts: {f: {any: host}}\n  expect: provider.name", 10, "never share a source"),
        ("grade: minor", "grade: minor\nparameters: {p: {default: 1, origin: text}}", 6, "never used"),
        ("{id: b, name: y}", "{id: b, nam: y}", 13, "did you mean name"),
        ("{id: b, name: y}", "{id: b, name: 1}", 13, "no text"),
        ("{id: b, name: y}", "{name: y}", 13, "needs its id"),
        ("{id: b, name: y}", "{id: a, name: y}", 13, "one id"),
        ("b: fail, ", "z: fail, ", 14, "expect"),
        ("b: fail, ", "b: [fail], ", 14, "expect"),
        ("b: fail, ", "", 11, "no example shows fail"),
        ("  - name: e", "  - name: e\n    as_of: noon", 13, "as_of"),
        ("  - name: e", "  - name: e\n    sight: {provder: false}", 13, "provder"),
        ("  - name: e", "  - name: e\n    parameters: {p: 1}", 13, "parameter"),
    ],
)
def test_lint_says_where_and_what(folder, old, new, line, said):
    change(folder / "theme" / "one.yaml", old, new)
    found = lint(load(folder))
    assert any(problem.line == line and said in f"{problem.message} {problem.hint}" for problem in found), list(map(str, found))
