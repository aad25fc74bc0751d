"""What a proof carries, and each reason why it carries nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import cache

import msgspec
import pytest

from auditor import paths
from auditor.assess.inherit import Certificate, Service, activities_of, inherit, refusal
from auditor.catalog.framework import parse
from auditor.codec import read_yaml

ON = date(2026, 11, 23)
CLOUD = Service("cloud", "IaaS", health_data=True, activities=("physical-sites", "hardware"))
QUALIFIED = Certificate("q", "secnumcloud", "3.2", ("cloud",), date(2025, 1, 1), date(2027, 12, 31))
CERTIFIED = Certificate("h", "hds", "2.0", ("cloud",), date(2025, 1, 1), date(2027, 12, 31), activities=("physical-sites", "hardware"))


@cache
def framework(name):
    return parse(read_yaml(paths.controls() / "frameworks" / f"{name}.yaml"))


def carried(number, *proofs, service=CLOUD, on=ON):
    name = "hds-2.0" if number.startswith("EXI") else "secnumcloud-3.2"
    found = inherit(framework(name), service, proofs, on)[number]
    assert bool(found.proofs) != bool(found.reasons)
    return [one.certificate for one in found.proofs] or found.reasons


def test_a_qualification_carries_the_mandatory_rows_of_its_version():
    assert carried("10.2.c", QUALIFIED) == ["q"]
    assert carried("19.6.a", QUALIFIED) == ["q"]


def test_it_carries_no_recommendation():
    assert carried("12.6.e", QUALIFIED) == ("recommendation_not_carried",)


def test_without_any_proof_nothing_is_carried():
    assert carried("10.2.c") == ("no_proof",)


def test_a_proof_for_another_service_is_no_proof():
    assert carried("10.2.c", replace(QUALIFIED, services=("other",))) == ("no_proof",)
    assert carried("10.2.c", replace(QUALIFIED, services=())) == ("no_proof",)


@pytest.mark.parametrize("number", ["19.6.a", "19.6.f", "5.3.d"])
def test_a_31_decision_carries_nothing_of_the_protection_against_foreign_law(number):
    old = replace(QUALIFIED, version="3.1")
    assert carried(number, old) == ("proof_version_silent",)
    assert carried("10.2.c", old) == ["q"]


@pytest.mark.parametrize(("reserve", "number"), [("19.6.a", "19.6.a"), ("19.6", "19.6.b"), ("12", "12.5.a")])
def test_reserves_are_taken_off(reserve, number):
    assert carried(number, replace(QUALIFIED, reserves=(reserve,))) == ("proof_reserve",)
    assert carried("10.2.c", replace(QUALIFIED, reserves=(reserve,))) == ["q"]


def test_a_section_is_not_another_that_starts_alike():
    assert carried("11.10.a", replace(QUALIFIED, reserves=("11.1",))) == ["q"]


def test_a_reserve_nobody_can_place_stops_the_whole_proof():
    assert carried("10.2.c", replace(QUALIFIED, reserves=("quelques points",))) == ("proof_reserve_not_understood",)


@pytest.mark.parametrize(
    ("on", "expected"),
    [
        (date(2024, 12, 31), ("proof_not_yet_valid",)),
        (date(2025, 1, 1), ["q"]),
        (date(2027, 12, 31), ["q"]),
        (date(2028, 1, 1), ("proof_expired",)),
    ],
)
def test_the_first_and_last_day_are_included(on, expected):
    assert carried("10.2.c", QUALIFIED, on=on) == expected


def test_a_proof_without_dates_is_none():
    assert carried("10.2.c", replace(QUALIFIED, expires=None)) == ("proof_dates_missing",)


@pytest.mark.parametrize(
    ("scheme", "version", "why"), [("hds", "2.0", "proof_other_scheme"), ("secnumcloud", "4.0", "proof_other_version")]
)
def test_no_state_goes_from_one_text_to_another(scheme, version, why):
    assert carried("10.2.c", replace(QUALIFIED, scheme=scheme, version=version)) == (why,)


def test_a_certificate_carries_the_activities_bought():
    assert carried("EXI-28", CERTIFIED) == ["h"]
    assert carried("EXI-28", CERTIFIED, service=replace(CLOUD, activities=("hardware", "backup"))) == ("proof_activity_not_covered",)
    assert carried("EXI-28", CERTIFIED, service=replace(CLOUD, activities=())) == ("activities_bought_not_declared",)


def test_two_certificates_may_cover_together():
    bought = replace(CLOUD, activities=("hardware", "backup"))
    second = replace(CERTIFIED, id="h2", activities=("backup",))
    assert carried("EXI-28", CERTIFIED, second, service=bought) == ["h", "h2"]
    assert carried("EXI-28", second, service=bought) == ("proof_activity_not_covered",)


def test_a_rule_about_activities_not_bought_is_not_carried():
    hds = framework("hds-2.0")
    rules = tuple(msgspec.structs.replace(one, activities=("backup",)) for one in hds.requirements)
    narrowed = msgspec.structs.replace(hds, requirements=rules)
    assert inherit(narrowed, CLOUD, [CERTIFIED], ON)["EXI-28"].reasons == ("activity_not_bought",)


def test_activities_are_told_by_words_never_by_number():
    hds = framework("hds-2.0")
    words = [
        "Mise à disposition des SITES PHYSIQUES qui abritent l'infrastructure matérielle",
        "Infrastructure matérielle du système",
        "Plateforme d’hébergement d’applications",
        "L'infrastructure virtuelle",
        "L'administration et l'exploitation du système",
        "La sauvegarde",
    ]
    found = [activities_of(hds, [one]) for one in words]
    assert [next(iter(one)) for one, _understood in found] == [activity.id for activity in hds.activities]
    assert all(understood for _one, understood in found)
    assert activities_of(hds, ["activité 3"]) == (frozenset(), False)
    assert carried("EXI-28", replace(CERTIFIED, activities=("activité 1", "hardware"))) == ("proof_activity_not_understood",)
    assert carried("EXI-28", replace(CERTIFIED, activities=())) == ("proof_activity_not_understood",)


@pytest.mark.parametrize("version", ["2018", "1.1", "1.0", "v1.1"])
def test_the_former_hosting_text_is_refused_once_replaced(version):
    old = replace(CERTIFIED, version=version)
    assert refusal(framework("hds-2.0"), old, CLOUD, date(2026, 5, 17)) == "text_replaced"
    assert refusal(framework("hds-2.0"), old, CLOUD, date(2026, 5, 16)) == "other_version"
    assert carried("EXI-28", old) == ("proof_text_replaced",)


def test_the_former_edition_of_iso_27001_is_refused():
    old = replace(CERTIFIED, scheme="iso27001", version="2013")
    assert carried("EXI-28", old) == ("proof_edition_withdrawn",)
    assert carried("EXI-28", replace(old, version="2022")) == ("proof_other_scheme",)


@pytest.mark.parametrize("version", ["2.0", "2", "V2.0", "v2"])
def test_a_version_is_read_as_people_write_it(version):
    assert carried("EXI-28", replace(CERTIFIED, version=version)) == ["h"]
