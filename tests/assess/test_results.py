"""The results file: whole whatever was collected, and the same bytes every time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import msgspec
import pytest

from auditor import paths
from auditor.assess.assessment import ObjectName, Side, State
from auditor.assess.places import ORGANISATION, Places
from auditor.assess.results import produce, tally
from auditor.assess.rollup import Count
from auditor.catalog.framework import parse as parse_framework
from auditor.catalog.library import load
from auditor.codec import canonical, read_yaml
from auditor.errors import ContentError
from auditor.evaluate.result import CellResult, ControlResult
from auditor.evidence.snapshot import Snapshot, SnapshotWriter
from auditor.scope import parse
from auditor.verdict import Verdict

AS_OF = datetime(2026, 11, 24, 8, 0, 0)

SCOPE = b"""\
format: 1
providers:
  - id: host
    name: Host
    services:
      - {id: iaas, name: Cloud, model: IaaS, activities: [hardware, virtual-infrastructure]}
      - {id: saas, name: Portal, model: SaaS}
    certificates:
      - {scheme: secnumcloud, version: 3.2, services: [iaas], issued: 2025-01-01, valid_until: 2027-12-31, reserves: ["10.2.c"]}
      - {scheme: hds, version: 2.0, services: [iaas], issued: 2025-01-01, valid_until: 2027-12-31,
         activities: [hardware, virtual-infrastructure]}
applications:
  - {id: pacs, name: PACS, health_data: true, service: iaas}
  - {id: forum, name: Forum, health_data: false, service: saas}
sources:
  - {id: one, collector: linux, applications: [pacs]}
  - {id: two, collector: tls, service: saas, applications: [forum]}
"""

CONTROL = """\
id: application-classified
code: app-01
title: {fr: "Classée", en: "Classified"}
severity: low
grade: minor
why: {fr: "p", en: "w"}
remedy: {fr: "r", en: "m"}
check:
  subject: application
  expect: application.criticality >= 0
examples:
  - name: one
    given: {application: [{id: a, criticality: 1}]}
    expect: {a: pass}
"""

ATTESTATION = """\
attestation:
  subject: organisation
  question: {fr: "q ?", en: "q?"}
  answered_by: RSSI
  valid_for: 365
examples:
  - {name: one, given: {answer: true, age: 30}, expect: pass}
"""

FRAMEWORK = """\
id: house-1
title: {fr: "Maison", en: "House"}
publisher: nobody
version: "1"
date: "2026-01-01"
catalogue: "2026.11"
content: {fr: "c", en: "c"}
sections: {"1": {fr: "s", en: "s"}}
requirements:
  - id: "1.a"
    section: "1"
    title: {fr: "t", en: "t"}
    summary: {fr: "s", en: "s"}
    obligation: mandatory
    responsible: {on_site: customer}
    ours: {basis: [own], all: [{control: application-classified}]}
    provider: {basis: []}
    remaining: {fr: "r", en: "r"}
"""


@pytest.fixture
def snapshot(tmp_path):
    with SnapshotWriter(tmp_path / "snapshot") as writer:
        writer.finish(tool="test", started_at=AS_OF, ended_at=AS_OF, partial=True, scope_sha256="", catalogue_sha256="")
    return Snapshot(tmp_path / "snapshot")


@pytest.fixture
def library(tmp_path):
    for folder, name, text in (("house", "application-classified", CONTROL), ("frameworks", "house-1", FRAMEWORK)):
        (tmp_path / "controls" / folder).mkdir(parents=True)
        (tmp_path / "controls" / folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return load(tmp_path / "controls")


def shipped(library):
    """Return the library with the frameworks that ship, none of whose controls it holds."""
    found = [parse_framework(read_yaml(path)) for path in sorted((paths.controls() / "frameworks").glob("*.yaml"))]
    return replace(library, frameworks={one.id: one for one in found})


def lines(snapshot, scope, library, as_of=AS_OF):
    return list(produce(snapshot, parse(scope), library, as_of))


def assessments(found):
    return [one for one in map(msgspec.json.decode, found) if one["kind"] == "assessment"]


def test_lines_are_canonical_and_the_head_says_of_what(snapshot, library):
    found = lines(snapshot, SCOPE, library)
    assert all(line.endswith(b"\n") and canonical(msgspec.json.decode(line)) + b"\n" == line for line in found)
    head = msgspec.json.decode(found[0])
    assert (head["kind"], head["format"], head["as_of"]) == ("head", 1, "2026-11-24T08:00:00")
    assert (head["snapshot_sha256"], head["catalogue_sha256"]) == (snapshot.sha256, library.sha256)
    assert [msgspec.json.decode(line)["kind"] for line in found] == ["head", "control", *["finding"] * 2, *["assessment"] * 4]


def test_a_declared_object_gets_its_own_state(snapshot, library):
    scope = SCOPE.replace(b"health_data: false,", b"health_data: false, criticality: low,")
    ours = [one for one in assessments(lines(snapshot, scope, library)) if one["half"] == Side.OURS]
    assert [(one["object"]["id"], one["state"], one["reasons"]) for one in ours] == [
        ("forum", State.NO_GAP, ["rests_on_declared"]),
        ("pacs", State.NOT_ASSESSED, ["rows_unknown"]),
    ]


def test_the_same_inputs_give_the_same_bytes(snapshot, library):
    assert lines(snapshot, SCOPE, shipped(library)) == lines(snapshot, SCOPE, shipped(library))


def test_every_requirement_is_there_though_nothing_was_collected(snapshot, library):
    whole = shipped(library)
    found = assessments(lines(snapshot, SCOPE, whole))
    expected = {(one.id, rule.id, half) for one in whole.frameworks.values() for rule in one.requirements for half in Side}
    assert {(one["framework"], one["requirement"], one["half"]) for one in found} == expected
    assert len(expected) == 319 * 2
    assert State.NO_GAP not in {one["state"] for one in found}


def test_a_question_nobody_answered_is_told(snapshot, library, tmp_path):
    path = tmp_path / "controls" / "house" / "application-classified.yaml"
    head, _check = CONTROL.split("check:")
    path.write_text(head + ATTESTATION, encoding="utf-8")
    (ours,) = [one for one in assessments(lines(snapshot, SCOPE, load(tmp_path / "controls"))) if one["half"] == Side.OURS]
    assert (ours["state"], ours["reasons"], ours["judged"], ours["population"]) == (State.NOT_ASSESSED, ["no_answer"], 0, 1)


def test_a_scope_may_ask_for_one_framework(snapshot, library):
    found = assessments(lines(snapshot, SCOPE + b"frameworks: [hds-2.0]\n", shipped(library)))
    assert {one["framework"] for one in found} == {"hds-2.0"}


def test_a_framework_nobody_knows_is_an_error_with_its_line(snapshot, library):
    with pytest.raises(ContentError) as error:
        lines(snapshot, SCOPE + b"frameworks: [hds-1]\n", library)
    (problem,) = error.value.problems
    assert problem.line == SCOPE.count(b"\n") + 1
    assert "house-1" in problem.hint


def test_proofs_carry_the_providers_half_service_by_service(snapshot, library):
    found = {
        (one["requirement"], one["object"]["id"]): one
        for one in assessments(lines(snapshot, SCOPE, shipped(library)))
        if one["half"] == Side.PROVIDER
    }
    assert found["12.5.a", "iaas"]["state"] == State.INHERITED
    assert found["12.5.a", "iaas"]["proofs"][0]["expires"] == "2027-12-31"
    assert found["12.5.a", "saas"]["state"] == State.NOT_ASSESSED
    assert (found["10.2.c", "iaas"]["state"], "proof_reserve" in found["10.2.c", "iaas"]["reasons"]) == (State.NOT_ASSESSED, True)
    assert found["EXI-28", "iaas"]["state"] == State.INHERITED
    assert (found["EXI-28", "saas"]["state"], found["EXI-28", "saas"]["reasons"]) == (State.NOT_APPLICABLE, ["no_health_data"])
    later = assessments(lines(snapshot, SCOPE, shipped(library), datetime(2028, 1, 1)))
    assert State.INHERITED not in {one["state"] for one in later}


def cell(source, **columns):
    return CellResult(source=source, scope="", table="host", seen=columns.pop("seen", True), **columns)


def result(*cells):
    return ControlResult(
        control="c",
        code="c-01",
        verdict=Verdict.PASS,
        population=0,
        passed=0,
        failed=0,
        unknown=0,
        unseen=0,
        out_of_scope=0,
        declared_only=False,
        parameters={},
        changed=(),
        cells=cells,
    )


def test_rows_count_for_what_their_source_serves():
    found = tally(
        result(cell("one", passed=("a", "b"), failed=("c",)), cell("two", seen=False, reason="timeout"), cell("odd", unknown=("x",))),
        Places(parse(SCOPE)),
    )
    assert found.at == {
        (ObjectName("application", "pacs"), False): Count(2, 1),
        (ObjectName("application", "forum"), True): Count(unseen=1, reasons=frozenset({"timeout"})),
        (ORGANISATION, False): Count(unknown=1, reasons=frozenset({"rows_unknown"})),
    }
    assert found.service == {"saas": Count(unseen=1, reasons=frozenset({"timeout"}))}
    assert found.wide is None
