"""Every code that a result may hold has its sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditor import assess
from auditor.assess import words
from auditor.assess.assessment import State
from auditor.catalog.framework import Basis

PACKAGE = Path(assess.__file__).parent


@pytest.mark.parametrize("state", State)
def test_states_have_a_name(state):
    assert words.state(state) != state or state is State.INHERITED


@pytest.mark.parametrize("basis", Basis)
def test_bases_have_a_name(basis):
    assert words.basis(basis) != basis


def test_reasons_written_in_the_code_have_a_sentence():
    text = "".join((PACKAGE / name).read_text(encoding="utf-8") for name in ("rollup.py", "attest.py", "inherit.py", "results.py"))
    codes = {code for code in re.findall(r'"([a-z]+(?:_[a-z]+)+)"', text) if not code.endswith(("sha256", "_on", "_id"))}
    refusals = set(re.findall(r'return "([a-z_]+)"', (PACKAGE / "inherit.py").read_text(encoding="utf-8")))
    codes = (codes - refusals) | {f"proof_{code}" for code in refusals - {"other_service"}}
    silent = {code for code in codes if words.reason(code) == code}
    assert silent <= {"proof_other_service"}
    assert len(codes) > 25
