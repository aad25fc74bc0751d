"""Evidence is about an application, a site or the organisation; only a provider's own interface speaks of its duty."""

from __future__ import annotations

from datetime import date

import pytest

from auditor.assess.assessment import ObjectName
from auditor.assess.places import ORGANISATION, Places, certificates, services
from auditor.scope import parse

SCOPE = b"""\
format: 1
sites:
  - {id: main, name: Main, country: FR}
providers:
  - id: host
    name: Host
    services:
      - {id: iaas, name: Cloud, model: IaaS, activities: [hardware]}
      - {id: saas, name: Portal, model: SaaS}
      - {id: idle, name: Idle, model: PaaS}
    certificates:
      - {scheme: secnumcloud, version: 3.2, services: [iaas], issued: 2025-01-01, valid_until: 2027-12-31, reserves: ["19.6.a"]}
applications:
  - {id: pacs, name: PACS, health_data: true, sites: [main]}
  - {id: admission, name: Admission, health_data: true, service: iaas}
  - {id: forum, name: Forum, health_data: false, service: saas}
sources:
  - {id: bare, collector: linux}
  - {id: room, collector: linux, site: main}
  - {id: images, collector: linux, site: main, applications: [pacs]}
  - {id: vm, collector: linux, service: iaas, applications: [admission]}
  - {id: console, collector: tls, service: iaas}
  - {id: portal, collector: tls, service: saas, applications: [forum]}
  - id: cloud
    collector: linux
    service: iaas
    places:
      - {scope: "prod*", applications: [admission]}
      - {name: "pacs*", applications: [pacs]}
"""


@pytest.fixture(scope="module")
def scope():
    return parse(SCOPE)


def app(name):
    return ObjectName("application", name)


@pytest.mark.parametrize(
    ("source", "project", "expected"),
    [
        ("bare", "", {(ORGANISATION, None)}),
        ("room", "", {(ObjectName("site", "main"), None)}),
        ("images", "", {(app("pacs"), None)}),
        ("vm", "", {(app("admission"), None)}),
        ("console", "", {(ORGANISATION, "iaas")}),
        ("portal", "", {(app("forum"), "saas")}),
        ("cloud", "test", {(ORGANISATION, "iaas"), (app("pacs"), None)}),
        ("cloud", "production", {(app("admission"), None), (app("pacs"), None)}),
        ("nobody", "", {(ORGANISATION, None)}),
    ],
)
def test_a_source_bears_on_what_it_serves(scope, source, project, expected):
    assert Places(scope).of(source, project) == expected


def test_services_hold_health_data_when_an_application_does(scope):
    assert {one.id: one.health_data for one in services(scope)} == {"iaas": True, "saas": False, "idle": None}


def test_certificates_are_read_with_their_last_day(scope):
    (one,) = certificates(scope)
    assert (one.version, one.services, one.expires, one.reserves) == ("3.2", ("iaas",), date(2027, 12, 31), ("19.6.a",))
