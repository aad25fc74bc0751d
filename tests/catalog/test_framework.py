"""A framework file is whole, or refused with every line that is wrong."""

from __future__ import annotations

import pytest

from auditor.catalog.framework import Basis, Obligation, parse
from auditor.codec import parse_yaml
from auditor.errors import ContentError

HEAD = """\
id: demo-1
title: {fr: "Démo", en: "Demo"}
publisher: nobody
version: "1.0"
date: "2026-01-01"
catalogue: "2026.11"
content: {fr: "tout", en: "all"}
sections:
  "10.1": {fr: "Un", en: "One"}
requirements:
"""

RULE = """\
  - id: "10.10"
    section: "10.1"
    title: {fr: "t", en: "t"}
    summary: {fr: "s", en: "s"}
    obligation: mandatory
    responsible: {IaaS: provider, on_site: customer}
    ours:
      basis: [duty, mirror]
      all:
        - {control: some-control, link: tests, basis: mirror}
        - {control: other-control, link: supports, basis: duty}
    provider: {basis: [duty]}
    remaining: {fr: "r", en: "r"}
"""


def refused(text):
    with pytest.raises(ContentError) as error:
        parse(parse_yaml(text, "demo.yaml"))
    return [str(problem) for problem in error.value.problems]


def test_a_rule_keeps_its_number_and_the_basis_of_each_link():
    framework = parse(parse_yaml(HEAD + RULE))
    (rule,) = framework.requirements
    assert rule.id == "10.10"
    assert rule.obligation is Obligation.MANDATORY
    assert [rule.ours.basis_of(link) for link in rule.ours.all] == [Basis.MIRROR, Basis.DUTY]
    assert {link.control for link in rule.links()} == {"some-control", "other-control"}


def test_every_problem_is_told_at_once_with_its_line():
    text = (
        HEAD
        + RULE.replace("summary:", "sumary:").replace("obligation: mandatory", "obligation: maybe").replace("IaaS: provider", "IaaS: 3")
        + RULE.replace("    remaining:", "    remains:")
    )
    found = refused(text)
    assert [line.split(":")[1] for line in found] == ["11", "14", "15", "16", "24", "36"]
    assert any("unknown key 'sumary'" in line for line in found)
    assert any("lacks 'summary'" in line for line in found)
    assert any("lacks 'remaining'" in line for line in found)


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ('id: "10.10"', "id: 10", 11, "Expected str"),
        ('section: "10.1"', 'section: "9.9"', 12, "not listed"),
        ("IaaS: provider", "FaaS: provider", 16, "unknown model"),
        ("IaaS: provider", "IaaS: nobody", 16, "unknown responsible"),
        ("link: tests", "link: proves", 20, "unknown link"),
        (", basis: mirror}", "}", 20, "does not say its basis"),
        ("basis: mirror}", "basis: right}", 20, "not one of the half's"),
        ("some-control", "Some_Control", 20, "not the id of a control"),
        ("other-control", "some-control", 17, "stands twice"),
        ("      all:\n", "      any:\n", 21, "no alternative"),
        ("provider: {basis: [duty]}", "provider: {basis: [mirror]}", 22, "never ours"),
        ("    remaining:", "    customer_right: [gift]\n    remaining:", 23, "unknown right"),
        ("    remaining:", "    activities: [cooking]\n    remaining:", 23, "unknown activity"),
    ],
)
def test_what_shapes_alone_would_let_pass_is_refused(old, new, line, what):
    (found,) = refused(HEAD + RULE.replace(old, new))
    assert found.startswith(f"demo.yaml:{line}: ")
    assert what in found
    assert "→" in found


def test_a_rule_stands_once():
    assert sum("stands twice" in line for line in refused(HEAD + RULE + RULE)) == 2


@pytest.mark.parametrize("date", ["2026-1-1", "20260101", "2026-02-30", "today"])
def test_dates_are_days(date):
    (found,) = refused(HEAD.replace('date: "2026-01-01"', f'date: "{date}"') + RULE)
    assert found.startswith("demo.yaml:5: ")


PROOFS = """\
carriers:
  - {scheme: demo, version: "1.0", without: ["10.1"], source: "s", checked_on: "2026-01-01"}
refusals:
  - {scheme: demo, version: "0.9", valid_until: "2026-01-01", reason: old, source: "s", checked_on: "2026-01-01"}
requirements:
"""


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        ('"10.1"]', '"10.11"]', 11),
        ('source: "s", checked_on: "2026-01-01"}\nref', 'source: "s", checked_on: "01/01/2026"}\nref', 11),
        ('valid_until: "2026-01-01"', 'valid_until: "2026-13-01"', 13),
        ('reason: old, source: "s", checked_on: "2026-01-01"', 'reason: old, source: "s", checked_on: "soon"', 13),
    ],
)
def test_dated_rules_about_proofs_are_checked(old, new, line):
    text = HEAD.replace("requirements:\n", PROOFS) + RULE
    assert parse(parse_yaml(text)).refusals[0].reason == "old"
    assert old in text
    (found,) = refused(text.replace(old, new))
    assert found.startswith(f"demo.yaml:{line}: ")


def test_a_framework_without_rules_is_none():
    assert any("no requirement" in line for line in refused(HEAD.replace("requirements:\n", "requirements: []\n")))


@pytest.mark.parametrize("text", ["[]", "just text", "requirements: {}", "id: [1]"])
def test_another_shape_is_refused_not_a_crash(text):
    assert refused(text)
