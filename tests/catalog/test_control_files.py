"""Control files are read strictly: every error at once, each with its line and what to do."""

import pytest

from auditor import text as words
from auditor.catalog.control import Parameter, parse
from auditor.codec import parse_yaml
from auditor.errors import ContentError

GOOD = """\
id: thing-good
code: thi-01
title: {fr: t, en: t}
severity: high
grade: minor
why: {fr: w, en: w}
remedy: {fr: r, en: r}
parameters:
  least: {default: 3, stricter: higher, origin: guide, reference: g}
check:
  subject: host
  facts:
    copied: {any: host, on: {id: id}}
  expect: host.cpus >= $least and copied
examples:
  - {name: e, given: {host: [{id: a}]}, expect: {a: unknown}}
"""


@pytest.fixture(autouse=True)
def english():
    words.use("en")
    yield
    words.use("fr")


def problems(text):
    with pytest.raises(ContentError) as caught:
        parse(parse_yaml(text, "c.yaml"))
    return [(problem.line, problem.message) for problem in caught.value.problems]


def test_a_whole_control_is_read():
    control = parse(parse_yaml(GOOD))
    assert (control.id, control.freshness_days, control.live_only, control.check.facts["copied"].table) == ("thing-good", 35, False, "host")


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("severity: high", "severity: hihg", 4, "severity"),
        ("severity: high", "severty: high", 4, "severty"),
        ("grade: minor", "grade: huge", 5, "grade"),
        ("title: {fr: t, en: t}", "title: {fr: t}", 3, "en"),
        ("title: {fr: t, en: t}", "title: t", 3, "title"),
        ("why: {fr: w, en: w}", "why: {fr: 1, en: w}", 6, "why"),
        ("id: thing-good", "id: Thing_Good", 1, "id"),
        ("code: thi-01", "code: THI 1", 2, "code"),
        ("stricter: higher", "stricter: more", 9, "stricter"),
        ("stricter: higher", "stricter: subset", 9, "subset"),
        ("default: 3", "default: [a]", 9, "higher"),
        ("default: 3", "default: 3.5", 9, "higher"),
        ("least: {", "as_of: {", 9, "as_of"),
        ("origin: guide", "origin: rumour", 9, "origin"),
        ("any: host,", "any: host, none: host,", 13, "exactly one"),
        ("any: host,", "at_least: 2,", 13, "of"),
        ("any: host,", "at_least: 0, of: host,", 13, "small"),
        ("any: host,", "any: host, distinct: id,", 13, "distinct"),
        ("any: host,", "any: host, within: world,", 13, "within"),
        ("any: host,", "any: true,", 13, "any"),
        ("  expect: host.cpus >= $least and copied", "  expect: true", 14, "expect"),
        ("  subject: host\n", "", 10, "subject"),
        ("check:", "check: {}\nchekc:", 11, "chekc"),
        ("grade: minor", "grade: minor\nlive_only: yes", 6, "live_only"),
        ("grade: minor", "grade: minor\nlive_only: 1", 6, "live_only"),
        ("grade: minor", 'grade: minor\nfreshness_days: "35"', 6, "freshness_days"),
        ("grade: minor", "grade: minor\nfreshness_days: 0", 6, "freshness_days"),
        ("examples:\n  - {name: e, given: {host: [{id: a}]}, expect: {a: unknown}}", "examples: []", 15, "example"),
    ],
)
def test_each_error_has_its_line(old, new, line, said):
    assert old in GOOD
    found = problems(GOOD.replace(old, new, 1))
    assert any(at == line and said in message for at, message in found), found


def test_every_error_is_told_at_once():
    text = GOOD.replace("high\n", "x\n", 1).replace("minor", "y").replace("stricter: higher", "stricter: z").replace("any: host", "any: 3")
    assert [line for line, _message in problems(text)] == [4, 5, 9, 13]


def test_check_or_attestation_never_both_nor_none():
    assert any("exactly one" in message for _line, message in problems(GOOD[: GOOD.index("check:")] + GOOD[GOOD.index("examples:") :]))
    asked = "attestation: {subject: provider, question: {fr: q, en: q}, answered_by: RSSI, valid_for: 365}\n"
    assert any("exactly one" in message for _line, message in problems(GOOD + asked))


@pytest.mark.parametrize(
    ("stricter", "default", "tighter", "looser"),
    [("lower", 10, 9, 11), ("higher", 10, 11, 9), ("subset", ("a", "b"), ("a",), ("a", "c")), (None, 10, 10, 9)],
)
def test_a_scope_may_only_tighten(stricter, default, tighter, looser):
    guide = Parameter(default=default, stricter=stricter, origin="guide")
    assert (guide.allows(default), guide.allows(tighter), guide.allows(looser)) == (True, True, False)
    assert Parameter(default=default, stricter=stricter, origin="proposal").allows(looser)
