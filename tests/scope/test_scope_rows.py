"""What the scope declares, as rows and as the context of what collectors bring."""

from datetime import datetime

import pytest

from auditor.codec import canonical
from auditor.evidence.row import Origin
from auditor.evidence.tables import CONTEXT, TABLES
from auditor.evidence.tables_scope import SCOPE_TABLES
from auditor.scope import DECLARED, ContextRule, parse

HEAD = """\
format: 1
sites:
  - {id: main, name: Principal, country: FR}
  - {id: annexe, name: Annexe, country: BE}
providers:
  - id: nuage
    name: Nuage
    services: [{id: iaas, name: Nuage IaaS, model: IaaS, activities: [platform, hardware]}]
    certificates:
      - {scheme: hds, version: 2.0, activities: [platform], services: [iaas], issued: 2025-01-31, valid_until: 2028-01-30}
locations:
  - {provider: nuage, region: eu-1, country: FR, site: main}
  - {provider: nuage, region: "eu[2]*", country: DE}
applications:
  - {id: pacs, name: PACS, health_data: true, criticality: vital, exposure: internal, sites: [main, annexe]}
  - {id: menu, name: Menus, health_data: false, criticality: low, exposure: internet}
  - {id: unsaid, name: Autre}
"""


def scope(*sources):
    return parse((HEAD + "sources:\n" + "".join(f"  - {{id: s, collector: linux, {source}}}\n" for source in sources)).encode())


def rules(source):
    return scope(source).context()


def test_rows_are_declared_whole_and_canonical():
    rows = scope("site: main, applications: [pacs, menu]").rows()
    assert {row.TABLE for row in rows} == {table.TABLE for table in SCOPE_TABLES}
    for row in rows:
        assert (row.source, row.origin, row.call) == (DECLARED, Origin.DECLARED, None)
        assert row.id == row.natural_id()
        assert TABLES[row.TABLE] is type(row)
        canonical(row)
    by_table = {row.TABLE: row for row in rows}
    assert by_table["organisation"].id == "organisation"
    assert by_table["organisation"].name is None
    assert by_table["certificate"].issued_at == datetime(2025, 1, 31)
    assert by_table["certificate"].valid_until == datetime(2028, 1, 30, 23, 59, 59)
    assert by_table["service"].activities == "hardware platform"
    assert by_table["source"].applications == "menu pacs"
    applications = {row.id: row for row in rows if row.TABLE == "application"}
    assert (applications["pacs"].health_data, applications["pacs"].criticality, applications["pacs"].exposure) == (True, 3, 1)
    assert (applications["unsaid"].health_data, applications["unsaid"].criticality, applications["unsaid"].exposure) == (None, None, None)
    assert applications["pacs"].sites == "annexe main"


def test_columns_shared_with_the_context_have_its_type():
    from typing import get_args, get_type_hints

    for table in SCOPE_TABLES:
        hints = get_type_hints(table)
        for name in hints.keys() & CONTEXT.keys():
            assert CONTEXT[name] in {hints[name], *get_args(hints[name])}, (table, name)


def test_a_source_without_a_word_has_an_empty_rule():
    assert rules("budget_s: 1") == [ContextRule("s")]


def test_one_rule_per_application():
    first, second = rules("site: annexe, applications: [pacs, menu]")
    assert (first.application, first.health_data, first.criticality, first.exposure) == ("pacs", True, 3, 1)
    assert (second.application, second.health_data, second.criticality, second.exposure) == ("menu", False, 0, 3)
    assert {(rule.site, rule.country, rule.scope_glob, rule.name_glob, rule.rank) for rule in (first, second)} == {
        ("annexe", "BE", "*", "*", 0)
    }


def test_an_application_that_nobody_classified_stays_unknown():
    (rule,) = rules("applications: [unsaid]")
    assert (rule.application, rule.health_data, rule.criticality, rule.exposure) == ("unsaid", None, None, None)


def test_a_place_wins_over_its_source_and_takes_the_rest_from_it():
    whole, place = rules('site: main, applications: [pacs], places: [{scope: "front-*", name: "web?", applications: [menu]}]')
    assert (whole.rank, whole.application) == (0, "pacs")
    assert (place.scope_glob, place.name_glob, place.application, place.site) == ("front-*", "web?", "menu", "main")
    assert place.rank > whole.rank


def test_a_place_can_stand_elsewhere():
    _whole, place = rules("site: main, applications: [pacs], places: [{name: dr, site: annexe}]")
    assert (place.site, place.country, place.application) == ("annexe", "BE", "pacs")


def test_regions_of_the_provider_tell_the_country():
    whole, first, second = rules("service: iaas")
    assert (whole.country, whole.service) == (None, "iaas")
    assert (first.scope_glob, first.country, first.site, first.service) == ("eu-1", "FR", "main", "iaas")
    assert (second.scope_glob, second.country, second.site) == ("eu[[]2][*]", "DE", None)
    assert first.rank == second.rank > whole.rank


def test_a_site_said_by_hand_wins_over_regions():
    assert [rule.country for rule in rules("service: iaas, site: annexe")] == ["BE"]


def test_places_and_regions_combine():
    found = rules("service: iaas, places: [{name: web, applications: [menu]}, {scope: eu-1, applications: [pacs]}]")
    at_first_region = [rule for rule in found if rule.scope_glob == "eu-1" and rule.rank != 2]
    assert {(rule.name_glob, rule.application, rule.country) for rule in at_first_region} == {
        ("*", None, "FR"),
        ("web", "menu", "FR"),
        ("*", "pacs", "FR"),
    }
    assert {rule.rank for rule in at_first_region} == {1, 3}
    assert {rule.country for rule in found if rule.rank == 2} == {None}


def test_another_provider_has_other_regions():
    text = HEAD.replace("locations:", "  - {id: autre, name: Autre, services: [{id: saas, name: S, model: SaaS}]}\nlocations:")
    (rule,) = parse((text + "sources: [{id: s, collector: linux, service: saas}]").encode()).context()
    assert rule.country is None


@pytest.mark.parametrize(("word", "rank"), [("low", 0), ("medium", 1), ("high", 2), ("vital", 3)])
def test_criticality_has_a_rank(word, rank):
    (row,) = [
        row
        for row in parse(f"format: 1\napplications: [{{id: a, name: A, criticality: {word}}}]".encode()).rows()
        if row.TABLE == "application"
    ]
    assert row.criticality == rank
