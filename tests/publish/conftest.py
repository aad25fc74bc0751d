"""One small audit with everything a report has to show, hostile names included."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from auditor.assess.assessment import Assessment, Considered, ObjectName, Proof, Side, State
from auditor.assess.results import Head
from auditor.catalog.control import Check, Control, Grade, Parameter, Text
from auditor.catalog.library import load
from auditor.codec import canonical
from auditor.evaluate.result import CellResult, ControlResult, Finding
from auditor.evidence.cells import Call, Cell, Outcome, Visibility
from auditor.evidence.row import Origin
from auditor.evidence.snapshot import Snapshot, SnapshotWriter
from auditor.publish.pack import Inputs
from auditor.scope import parse
from auditor.verdict import Severity, Verdict

AS_OF = datetime(2026, 11, 24, 8, 0, 0)
HOSTILE = [
    "</td></tr></table><script>alert(1)</script><h1>INJECTED",
    "{{ 7 * 7 }}{% raw %}",
    "right-to-left \u202egnp.exe\u202c mark",
    "zero\u200bwidth\x07bell\x1b[31m",
    "x" * 5000,
    '=HYPERLINK("http://example.org")',
    "漢字 and \U0001f3e5",
    "שלום عربى",
]
SCOPE = """\
format: 1
organisation: {name: "Centre hospitalier de Val-d'Exemple", finess_ej: "350000001", kind: ch}
sites:
  - {id: nord, name: Site Nord, country: FR}
providers:
  - id: nuage
    name: Nuage
    services:
      - {id: iaas, name: Nuage IaaS, model: IaaS, activities: [hardware]}
applications:
  - {id: pacs, name: PACS, health_data: true, criticality: vital, sites: [nord]}
  - {id: dpi, name: DPI, health_data: true, criticality: vital, service: iaas}
sources:
  - {id: serveurs, collector: linux, site: nord, applications: [pacs]}
  - {id: portail, collector: tls, applications: [dpi]}
  - {id: hp-ux, collector: unseen, site: nord, note: nobody reads it yet, expected: {host: 12}}
"""
FRAMEWORKS = {"texte-un": 90, "texte-deux": 31}
FRAMEWORK = """\
id: {name}
title: {{fr: "Référentiel {name}", en: "Reference {name}"}}
publisher: nobody
version: "1"
date: "2026-01-01"
catalogue: "2026.11"
content: {{fr: "Tout y est.", en: "All of it."}}
sections: {{"9": {{fr: "Accès", en: "Access"}}}}
requirements:
"""
REQUIREMENT = """\
  - id: "9.{number}.a"
    section: "9"
    title: {{fr: "Règle {number} : les accès", en: "Rule {number} about access"}}
    summary: {{fr: "s", en: "s"}}
    obligation: mandatory
    responsible: {{on_site: customer}}
    ours: {{basis: [own]}}
    provider: {{basis: [duty]}}
    remaining: {{fr: "r", en: "r"}}
"""
SEVERITY = ("critical", "high", "medium", "low")


def control(number: int) -> Control:
    severity = SEVERITY[number % 4]
    return Control(
        id=f"good-state-{number}",
        code=f"ex-{number:02d}",
        title=Text(fr=f"Le bon état numéro {number} : tout est en place ?", en=f"Good state number {number}: is all in place?"),
        severity=Severity(severity),
        grade=Grade.MAJOR if severity == "critical" else Grade.MINOR,
        why=Text(
            fr="Un disque remplacé ou une copie ne doit rien révéler ; « rien » veut dire rien !",
            en="A disk that is replaced must reveal nothing.",
        ),
        remedy=Text(
            fr="Mettre `PermitRootLogin no` puis recharger le service ; vérifier ensuite.", en="Set `PermitRootLogin no`, then reload."
        ),
        references=("ANSSI NT_OpenSSH 2015, R21",),
        parameters={"days": Parameter(default=30, origin="proposal", unit="d", stricter="lower")},
        examples=(),
        check=Check(subject="host", expect="host.os_id = 'debian'", show=("hostname", "os_id", "kernel")),
        attestation=None,
    )


def finding(number: int, row: str, verdict: str, why=(), **show) -> Finding:
    return Finding(
        control=f"good-state-{number}",
        table="host",
        source="serveurs",
        scope="",
        id=row,
        verdict=Verdict(verdict),
        why=why,
        show=show,
        origin=Origin.LIVE,
    )


def lines(library, scope, snapshot, rows=60):
    names = tuple(FRAMEWORKS)
    yield canonical(
        Head(
            as_of=AS_OF,
            snapshot_sha256=snapshot.sha256,
            scope_sha256=scope.sha256,
            catalogue=library.release,
            catalogue_sha256=library.sha256,
            language=1,
            frameworks=names,
        )
    )
    for number in range(10):
        failed = (
            [*HOSTILE, *(f"srv-{index:03d}" for index in range(rows))]
            if number == 0
            else [f"srv-{index:03d}" for index in range(1, number + 2)]
        )
        verdict = Verdict.FAIL if number < 7 else Verdict.UNKNOWN if number < 9 else Verdict.PASS
        if verdict is not Verdict.FAIL:
            failed = []
        unknown = ["srv-x"] if verdict is Verdict.UNKNOWN else []
        yield canonical(
            ControlResult(
                control=f"good-state-{number}",
                code=f"ex-{number:02d}",
                verdict=verdict,
                population=1234 + number,
                passed=1234 + number - len(failed) - len(unknown),
                failed=len(failed),
                unknown=len(unknown),
                unseen=1 if unknown else 0,
                out_of_scope=3,
                declared_only=False,
                parameters={"days": 15 if number == 1 else 30},
                changed=("days",) if number == 1 else (),
                cells=(CellResult(source="serveurs", scope="", table="host", seen=True, failed=tuple(sorted(failed))),),
            )
        )
        for row in failed:
            yield canonical(finding(number, row, "fail", hostname=row, os_id="debian", kernel=None))
        for row in unknown:
            yield canonical(finding(number, "", "unknown", ("unseen:timeout",)))
            yield canonical(finding(number, row, "unknown", ("null:kernel", "fact:copied"), hostname=row, os_id=None, kernel=None))
    states = list(State)
    for name in names:
        for index, requirement in enumerate(library.frameworks[name].requirements):
            for half, kind in ((Side.OURS, "site"), (Side.PROVIDER, "service")):
                state = State.NOT_ASSESSED if index % 3 else states[(index // 3) % len(states)]
                judged = state not in (State.NOT_ASSESSED, State.INHERITED, State.NOT_APPLICABLE)
                proof = Proof(certificate="nuage-hds-2.0", scheme="hds", version="2.0", issued="2025-01-01", expires="2027-12-31")
                yield canonical(
                    Assessment(
                        framework=name,
                        requirement=requirement.id,
                        obligation=str(requirement.obligation),
                        half=half,
                        object=ObjectName(kind, "nord" if kind == "site" else "iaas"),
                        state=state,
                        proposed=judged,
                        basis=("mirror",) if half is Side.OURS else ("duty",),
                        judged=12 if judged else 0,
                        population=14 if judged else 0,
                        controls=(Considered(control="good-state-0", link="tests", basis="mirror", verdict=Verdict.FAIL),)
                        if judged
                        else (),
                        reasons=("no_control",) if state is State.NOT_ASSESSED else ("rows_unknown",) if judged else (),
                        proofs=(proof,) if state is State.INHERITED else (),
                    )
                )


@pytest.fixture(scope="session")
def content(tmp_path_factory):
    """Two frameworks of this file's own, so that the content that ships can change freely."""
    folder = tmp_path_factory.mktemp("content") / "frameworks"
    folder.mkdir()
    for name, count in FRAMEWORKS.items():
        head = FRAMEWORK.format(name=name)
        (folder / f"{name}.yaml").write_text(head + "".join(REQUIREMENT.format(number=number) for number in range(count)), encoding="utf-8")
    return folder.parent


@pytest.fixture(scope="session")
def library(content):
    found = load(content)
    return replace(found, controls={**found.controls, **{f"good-state-{number}": control(number) for number in range(10)}})


@pytest.fixture(scope="session")
def audited():
    return parse(SCOPE.encode())


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory):
    folder = tmp_path_factory.mktemp("snapshots") / "one"
    begin = AS_OF - timedelta(minutes=5)
    with SnapshotWriter(folder) as writer:
        for source, table, outcome, reason in (
            ("serveurs", "host", "ok", ""),
            ("serveurs", "sshd_setting", "forbidden", "sudo: a password is required"),
            ("portail", "tls_endpoint", "timeout", ""),
        ):
            writer.log(Cell(source=source, table=table))
            writer.log(
                Call(
                    id=f"{source}-{table}",
                    source=source,
                    operation="read",
                    feeds=(table,),
                    outcome=Outcome(outcome),
                    complete=outcome == "ok",
                    visibility=Visibility.ALL,
                    reason=reason,
                    started_at=begin,
                    ended_at=AS_OF,
                )
            )
        writer.log(Cell(source="hp-ux", table="host", skipped="unseen"))
        writer.finish(
            tool="auditor test", started_at=begin, ended_at=AS_OF, partial=False, scope_sha256="0" * 64, catalogue_sha256="0" * 64
        )
    return Snapshot(folder)


@pytest.fixture(scope="session")
def results(library, audited, snapshot):
    return b"".join(line + b"\n" for line in lines(library, audited, snapshot))


@pytest.fixture(scope="session")
def inputs(library, audited, snapshot, results, content):
    return Inputs(audited, library, snapshot, results, b"\x01" * 32, AS_OF + timedelta(hours=1), content=content)
