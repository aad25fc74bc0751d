"""Every mutant of every check that ships is noticed by one of its examples."""

import pytest

from auditor import paths
from auditor.catalog.library import load
from auditor.evaluate.examples import Bench, survivors

LIBRARY = load(paths.controls())


@pytest.fixture(scope="module")
def bench():
    found = Bench(LIBRARY)
    yield found
    found.close()


@pytest.mark.parametrize("name", sorted(name for name, control in LIBRARY.controls.items() if control.check is not None))
def test_every_mutant_is_noticed(bench, name):
    assert survivors(bench, LIBRARY.controls[name]) == []
