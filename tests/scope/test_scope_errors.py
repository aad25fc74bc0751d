"""Every error of a scope at once, each with its line and what to do."""

import pytest

from auditor import text
from auditor.errors import ContentError
from auditor.scope import default, load, parse

WHOLE = """\
format: 1
organisation: {name: CHU d'Essai, finess_ej: 750712184, finess_eg: "010000024", kind: chu, ght: GHT Essai}
sites:
  - {id: main, name: Principal, country: FR, finess_eg: 2A0000014, building: B2}
  - {id: oslo, name: Oslo, country: NO}
providers:
  - id: nuage
    name: Nuage SAS
    country: FR
    services:
      - {id: nuage-iaas, name: Nuage IaaS, model: IaaS, activities: [hardware, physical-sites]}
    certificates:
      - {scheme: secnumcloud, version: 3.2, services: [nuage-iaas], issued: 2025-02-01, valid_until: 2028-01-31, reserves: [19.6.a]}
      - {id: iso, scheme: iso27001, version: 2022, issued: 2025-02-01, valid_until: 2028-01-31}
applications:
  - {id: pacs, name: PACS, what: images, health_data: true, criticality: vital, exposure: internal, sites: [main], service: nuage-iaas}
  - {id: menu, name: Menus, health_data: false}
sources:
  - id: web
    collector: tls
    site: main
    applications: [pacs, menu]
    expected: {site: 2}
    budget_s: 60
    settings: {endpoints: ["pacs.example.org:443"], password: "env:PACS"}
    places: [{name: "pacs*", applications: [pacs]}]
    formerly: [old-web]
  - {id: windows, collector: unseen, expected: {site: 40}, note: nobody reads it yet}
locations:
  - {provider: nuage, region: eu-1, country: FR, site: main}
frameworks: [hds-2.0]
parameters: {some-control: {days: 7, words: [a, b], strict: true}}
"""


@pytest.fixture(autouse=True)
def _english():
    text.use("en")
    yield
    text.use("fr")


def problems(raw):
    with pytest.raises(ContentError) as caught:
        parse(raw.encode() if isinstance(raw, str) else raw, "auditor.yaml")
    found = caught.value.problems
    assert all(problem.path == "auditor.yaml" and problem.line >= 1 for problem in found)
    return found


def only(raw):
    (found,) = problems(raw)
    return found


def changed(old, new):
    assert WHOLE.count(old) == 1
    return WHOLE.replace(old, new)


def test_the_whole_file_reads():
    scope = parse(WHOLE.encode())
    assert scope.organisation.finess_ej == "750712184"
    assert scope.organisation.finess_eg == "010000024"
    assert scope.sites[1].country == "NO"
    first, second = scope.providers[0].certificates
    assert (first.id, first.version, first.reserves) == ("nuage-secnumcloud-3.2", "3.2", ("19.6.a",))
    assert (second.id, second.version) == ("iso", "2022")
    assert scope.sources[0].settings == {"endpoints": ["pacs.example.org:443"], "password": "env:PACS"}
    assert scope.sources[1].expected == {"site": 40}
    assert scope.parameters == {"some-control": {"days": 7, "words": ("a", "b"), "strict": True}}
    assert scope.frameworks == ("hds-2.0",)
    assert scope.line("sources", 0, "settings", "endpoints", 0) == 25
    assert scope.raw == WHOLE.encode()


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        ("format: 1", "format: 2", "`format`: « 2 » is not one of: 1", ""),
        ("format: 1\n", "", "`format` is missing", "version"),
        ("kind: chu", "kind: chuu", "chuu", "did you mean chu?"),
        ("750712184", "75071218", "`finess_ej`", "nine characters"),
        ('"010000024"', '"0100000245"', "`finess_eg`", "nine characters"),
        ("2A0000014", "2C0000014", "`finess_eg`", "nine characters"),
        ("building: B2", "bilding: B2", "unknown key « bilding »", "did you mean building?"),
        ("country: NO", "country: UK", "UK is not a country", "GB"),
        ("country: NO", "country: no", "`country`", "two capital letters"),
        ("country: NO", "country: false", "`country` must be a text", ""),
        ("id: oslo", "id: main", "main stands twice, first on line 4", "its own id"),
        ("id: oslo", "id: Oslo Nord", "`id`", "a-z"),
        ("name: Oslo,", "name: 12,", "`name` must be a text", "quotes"),
        ("name: Oslo,", 'name: "",', "`name` is empty", "1 to 300"),
        ("name: Oslo, ", "", "`name` is missing", "what people call it"),
        ("name: Oslo,", 'name: "O\\nslo",', "control character", "one line"),
        ("model: IaaS", "model: iaas", "iaas", "did you mean"),
        ("[hardware, physical-sites]", "[hardware, sites]", "sites", "physical-sites"),
        ("services: [nuage-iaas]", "services: [nuage-saas]", "nuage-saas is not a service of this provider", "nuage-iaas"),
        ("version: 3.2", "version: trois", "`version`", "3.2"),
        (
            "scheme: secnumcloud, version: 3.2",
            "scheme: secnumcloud, activities: [hardware], version: 3.2",
            "only an HDS certificate",
            "remove",
        ),
        (
            "iso27001, version: 2022, issued: 2025-02-01",
            "iso27001, version: 2022, issued: 2025-02-30",
            "2025-02-30 is not a day",
            "2026-11-24",
        ),
        ("iso27001, version: 2022, issued: 2025-02-01", "iso27001, version: 2022, issued: 01/02/2025", "`issued`", "2026-11-24"),
        ("iso27001, version: 2022, issued: 2025-02-01", "iso27001, version: 2022, issued: 2029-02-01", "ends before it begins", "swap"),
        ("{id: iso,", "{id: iso, document: ../iso.pdf,", "path from the folder", "documents/"),
        ("{id: iso,", "{id: iso, document: /etc/passwd,", "path from the folder", "documents/"),
        (
            "{id: iso, scheme: iso27001, version: 2022",
            "{scheme: secnumcloud, version: 3.2",
            "nuage-secnumcloud-3.2 stands twice",
            "its own id",
        ),
        ("health_data: false", "health_data: no", "`health_data` must be true or false", ""),
        ("criticality: vital", "criticality: vitale", "vitale", "did you mean vital?"),
        ("sites: [main]", "sites: [mian]", "`sites`: no mian in `sites`", "did you mean main?"),
        ("service: nuage-iaas}", "service: nuage}", "`service`: no nuage in `services`", "nuage-iaas"),
        ("    site: main\n", "    site: [main]\n", "`site` must be a text", ""),
        ("applications: [pacs, menu]", "applications: pacs", "`applications` must be a list", ""),
        ("applications: [pacs, menu]", "applications: [pac, menu]", "no pac in `applications`", "did you mean pacs?"),
        ('[{name: "pacs*", applications: [pacs]}]', '[{name: "pacs*", applications: [dpi]}]', "no dpi in `applications`", "pacs"),
        ("expected: {site: 2}", "expected: {sites: 2}", "no table is named sites", "did you mean site?"),
        ("expected: {site: 2}", "expected: {site: -2}", "out of bounds", "at least 0"),
        ("budget_s: 60", "budget_s: 1000000", "out of bounds", "at most 86400"),
        ("id: windows", "id: scope", "cannot be named scope", "another"),
        ("[old-web]", "[windows]", "windows names another source too", "one source"),
        ("collector: unseen, expected: {site: 40}", "collector: unseen", "nobody can read", "host"),
        ("collector: unseen,", "collector: unseen, settings: {a: b},", "no settings", "remove"),
        ("{provider: nuage, region", "{provider: nuages, region", "no nuages in `providers`", "did you mean nuage?"),
        ("{days: 7,", "{days: {x: 1},", "`days`", ""),
        ("frameworks:", "framworks:", "unknown key « framworks »", "did you mean frameworks?"),
    ],
)
def test_one_error(old, new, message, hint):
    found = only(changed(old, new))
    assert message in found.message
    assert hint in found.hint
    assert found.line == WHOLE[: WHOLE.index(old)].count("\n") + 1


def test_every_error_at_once_in_the_order_of_the_file():
    raw = (
        WHOLE.replace("kind: chu", "kind: x")
        .replace("country: NO", "country: XX")
        .replace("site: main\n", "site: x\n")
        .replace("days: 7", "days: {}")
    )
    assert [problem.line for problem in problems(raw)] == [2, 5, 21, 32]


def test_a_wrong_item_does_not_hide_its_id():
    """An application with an error of its own is still the one that sources name."""
    found = only(changed("{id: menu, name: Menus,", "{id: menu,"))
    assert found.message == "`name` is missing"


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        ("", 1),
        ("- format: 1", 1),
        ("hello", 1),
        ("format: 1\n  bad: [", 2),
        ("format: 1\nsites: {a: b}", 2),
        ("format: 1\nsites: [a]", 2),
        ("format: 1\nsources: [{id: 1}]", 2),
        ("format: 1\nproviders: [{id: a, name: A, services: [x], certificates: [y]}]", 2),
        ("format: 1\nparameters: [a]", 2),
        ("format: 1\nsources: [{id: a, collector: linux, formerly: 3, places: 3, expected: 3, settings: 3}]", 2),
        ("format: 1\nformat: 1", 2),
        ("format: 1\nsites: &a []\nsources: *a", 2),
        (b"format: 1\n# caf\xe9", 2),
        (b"format: 1\n# " + b"x" * (4 << 20), 1),
    ],
)
def test_what_is_no_scope_at_all(raw, line):
    assert line in {problem.line for problem in problems(raw)}


def test_keys_left_empty_say_nothing():
    scope = parse(b"format: 1\norganisation:\nsites:\nsources:\n  - id: a\n    collector: linux\n    settings:\n    site:\n")
    assert scope.sites == ()
    assert scope.organisation.name is None
    assert scope.sources[0].settings == {}


@pytest.mark.parametrize(
    "line",
    [
        "settings: {password: hunter2}",
        "settings: {auth: {client_secret: hunter2}}",
        "settings: {tokens: {token: [hunter2]}}",
        "settings: {PASSWORD: 12345678}",
        "settings: {bind_password: hunter2}",
        "settings: {url: 'https://bob:hunter2@example.org/'}",
        "settings: {key: AKIAABCDEFGHIJKLMNOP}",
        "settings: {x: ghp_0123456789abcdefghijABCDEFGHIJ012345}",
        "settings: {x: Zm9vYmFyQmF6UXV4MTIzNDU2Nzg5MEFi}",
        "settings: {x: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.x}",
        "# -----BEGIN OPENSSH PRIVATE KEY-----",
    ],
)
def test_a_secret_written_down_is_refused_and_not_repeated(line):
    found = only(f"format: 1\nsources:\n  - id: a\n    collector: linux\n    {line}\n")
    assert found.line == 5
    assert "looks like a secret" in found.message
    assert "env:NAME" in found.hint
    assert not [word for word in ("hunter2", "12345678", "AKIA", "ghp_", "Zm9v", "eyJ") if word in str(found)]


@pytest.mark.parametrize(
    "settings",
    [
        "password: env:PACS_PASSWORD",
        "password: file:/etc/auditor/pacs",
        "password: 'keyring:auditor/pacs'",
        "token: null",
        "token: true",
        "identity_file: /home/audit/.ssh/id_ed25519",
        "host_key: SHA256:nThbg6kXUpJWGl7E1IGOCspRomTxdCARLviKw6E5SY8",
        "host_key: AAAAC3NzaC1lZDI1NTE5AAAAIJ5eJ0JmXPzW1lvQkHDRLPGqXwIrXg3Yw0zQ2o9qRKtD",
        "digest: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "id: 123e4567-e89b-12d3-a456-426614174000",
        "hosts: [pacs-archive-01.imagerie.chu-essai.example.org]",
    ],
)
def test_what_is_no_secret_is_let_through(settings):
    parse(f"format: 1\nsources:\n  - id: a\n    collector: linux\n    settings: {{{settings}}}\n".encode())


def test_a_long_wrong_value_is_cut():
    assert "x" * 41 not in only("format: 1\norganisation: {kind: " + "x" * 200 + "}").message


def test_tables_are_those_given():
    raw = b"format: 1\nsources: [{id: a, collector: unseen, expected: {moon: 1}}]"
    assert parse(raw, tables={"moon"}).sources[0].expected == {"moon": 1}
    with pytest.raises(ContentError):
        parse(raw)


def test_load_says_which_document_is_not_there(tmp_path):
    path = tmp_path / "auditor.yaml"
    path.write_text(changed("{id: iso,", "{id: iso, document: documents/iso.pdf,"))
    with pytest.raises(ContentError) as caught:
        load(path)
    (found,) = caught.value.problems
    assert (found.line, "documents/iso.pdf" in found.message) == (14, True)
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents/iso.pdf").write_bytes(b"%PDF")
    assert load(path).providers[0].certificates[1].document == "documents/iso.pdf"


def test_load_of_nothing(tmp_path):
    with pytest.raises(ContentError):
        load(tmp_path / "absent.yaml")


@pytest.mark.parametrize("hostname", ["box", "", "évil\n  - id: x", "a" * 999, "box # : ["])
def test_the_scope_in_use_when_there_is_none(hostname):
    scope = parse(default(hostname))
    assert [(source.id, source.collector, source.settings) for source in scope.sources] == [("local", "linux", {})]
    assert scope.organisation.name is None
    assert scope.frameworks == ()


def test_errors_are_said_in_french_too():
    text.use("fr")
    found = only(changed("kind: chu", "kind: chuu"))
    assert "chuu" in found.message
