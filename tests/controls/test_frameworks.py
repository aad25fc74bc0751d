"""The framework files that ship: whole, and truthful about whose duty each rule is."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache

import pytest

from auditor import paths
from auditor.catalog.framework import Basis, Obligation, parse
from auditor.codec import parse_yaml, read_yaml

FILES = sorted((paths.controls() / "frameworks").glob("*.yaml"))
NAMES = [path.stem for path in FILES]


@cache
def framework(name):
    return parse(read_yaml(paths.controls() / "frameworks" / f"{name}.yaml"))


def controls():
    return {path.stem for path in paths.controls().glob("*/*.yaml") if path.parent.name not in {"frameworks", "reference"}}


@pytest.mark.parametrize("name", NAMES)
def test_a_framework_is_named_as_its_file(name):
    assert framework(name).id == name


# Figures of the published texts: lettered rules of chapters 5 to 19; EXI; printed points of annex 2.
@pytest.mark.parametrize(
    ("name", "rows", "printed", "obligations"),
    [
        ("secnumcloud-3.2", 278, 278, {"mandatory": 261, "recommended": 17}),
        ("hds-2.0", 31, 31, {"mandatory": 31}),
        ("secnumcloud-3.2-annexe-2", 10, 9, {"recommended": 3, "conditional": 2, "right": 2, "warning": 3}),
    ],
)
def test_every_rule_of_the_text_is_there(name, rows, printed, obligations):
    found = framework(name).requirements
    assert len({one.id for one in found}) == rows
    assert len({one.part_of or one.id for one in found}) == printed
    assert Counter(one.obligation.value for one in found) == obligations


def test_the_chapters_are_full():
    found = Counter(one.id.split(".")[0] for one in framework("secnumcloud-3.2").requirements)
    assert found == {
        "5": 15, "6": 13, "7": 12, "8": 8, "9": 34, "10": 20, "11": 42, "12": 37,
        "13": 8, "14": 12, "15": 9, "16": 14, "17": 7, "18": 11, "19": 36,
    }  # fmt: skip
    assert [one.id for one in framework("hds-2.0").requirements] == [f"EXI-{number:02d}" for number in range(1, 32)]


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_numbers_are_quoted_text(path):
    text = path.read_text(encoding="utf-8")
    assert not re.findall(r"^  - id: (?!\"|[a-z])", text, re.MULTILINE)
    for one in parse_yaml(text).value["requirements"]:
        assert isinstance(one["id"], str)
        assert isinstance(one["section"], str)


@pytest.mark.parametrize("name", NAMES)
def test_links_name_controls_that_exist(name):
    linked = {link.control for one in framework(name).requirements for link in one.links()}
    assert linked <= controls()


@pytest.mark.parametrize("name", NAMES)
def test_both_languages_say_something(name):
    for one in framework(name).requirements:
        for words in (one.title, one.summary, one.remaining, one.condition, one.note):
            assert words is None or (words.fr.strip() and words.en.strip())
        assert one.title.fr != one.summary.fr


def test_a_check_on_our_own_machines_is_no_proof_about_a_provider():
    host = {path.stem for path in paths.controls().glob("host/*.yaml")}
    for name in NAMES:
        for one in framework(name).requirements:
            assert not host & {link.control for link in (*one.provider.all, *one.provider.any)}, one.id
            for link in (*one.ours.all, *one.ours.any):
                if link.control in host:
                    assert one.ours.basis_of(link) is Basis.MIRROR, one.id


def test_chapter_9_on_our_own_accounts_is_outside_the_text():
    host = {path.stem for path in paths.controls().glob("host/*.yaml")}
    for one in framework("secnumcloud-3.2").requirements:
        if one.id.startswith("9."):
            assert all(one.ours.basis_of(link) is Basis.MIRROR for link in one.ours.all if link.control in host)


def test_incompatible_rights_need_the_list_that_no_collector_reads():
    (one,) = [one for one in framework("secnumcloud-3.2").requirements if one.id == "9.3.f"]
    assert one.links() == ()


def test_cross_references_stay_inside_known_texts():
    ids = {name: {one.id for one in framework(name).requirements} for name in NAMES}
    for name in NAMES:
        for one in framework(name).requirements:
            for reference in one.references:
                text, number = reference.to.split("/", 1)
                assert text in {"iso-27001-2022", "csp"} or number in ids[text], (one.id, reference.to)


def test_periods_fixed_by_the_texts():
    found = {
        one.id: document.max_age_months
        for name in NAMES
        for one in framework(name).requirements
        for document in one.documents
        if document.max_age_months
    }
    assert found == {
        "5.2.e": 12, "5.3.h": 12, "9.1.b": 12, "9.4.a": 12, "9.4.c": 3, "11.2.2.i": 1, "12.5.b": 1,
        "13.1.b": 12, "15.5.a": 12, "17.1.b": 12, "18.2.1.a": 12, "EXI-15": 36,
    }  # fmt: skip


def test_advice_to_customers_asks_nothing_of_the_provider():
    for one in framework("secnumcloud-3.2-annexe-2").requirements:
        assert one.provider.basis == ()
        assert one.obligation is not Obligation.MANDATORY
