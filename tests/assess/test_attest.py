"""An answer is worth something for a time, with its exhibits."""

from __future__ import annotations

import pytest

from auditor.assess.attest import judge
from auditor.verdict import Verdict

NEEDED = ("kbis", "shareholders")


@pytest.mark.parametrize(
    ("answer", "given", "age", "verdict", "why"),
    [
        (True, NEEDED, 30, Verdict.PASS, ()),
        (True, (*NEEDED, "more"), 0, Verdict.PASS, ()),
        (True, NEEDED, 365, Verdict.PASS, ()),
        (True, NEEDED, 366, Verdict.UNKNOWN, ("expired",)),
        (True, ("kbis",), 30, Verdict.UNKNOWN, ("exhibit_missing",)),
        (True, NEEDED, None, Verdict.UNKNOWN, ("not_dated",)),
        (True, NEEDED, -1, Verdict.UNKNOWN, ("answered_later",)),
        (None, NEEDED, 30, Verdict.UNKNOWN, ("no_answer",)),
        (False, NEEDED, 30, Verdict.FAIL, ()),
        (False, (), 30, Verdict.FAIL, ()),
        (False, NEEDED, 400, Verdict.UNKNOWN, ("expired",)),
    ],
)
def test_an_answer_is_judged(answer, given, age, verdict, why):
    assert judge(answer, age_days=age, valid_days=365, given=given, required=NEEDED) == (verdict, why)
