"""Every control that ships: its names exist, its examples hold, and no blinding turns a verdict. A new file is a new test."""

import pytest

from auditor import paths
from auditor.catalog.library import load
from auditor.evaluate.examples import Bench, betrayed, replay
from auditor.evaluate.lint import lint

LIBRARY = load(paths.controls())
CHECKS = sorted(name for name, control in LIBRARY.controls.items() if control.check is not None)


@pytest.fixture(scope="module")
def bench():
    found = Bench(LIBRARY)
    yield found
    found.close()


def test_content_names_what_exists():
    assert lint(LIBRARY) == []


@pytest.mark.parametrize("name", CHECKS)
def test_examples_hold(bench, name):
    assert replay(bench, LIBRARY.controls[name]) == []


@pytest.mark.parametrize("name", CHECKS)
def test_hiding_a_value_or_a_related_row_never_turns_a_verdict(bench, name):
    assert betrayed(bench, LIBRARY.controls[name]) == []


def test_controls_are_there_to_be_tested():
    assert CHECKS
