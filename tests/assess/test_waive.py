"""A waiver stands beside a finding for a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from auditor.assess.waive import FindingName, Standing, Waiver, standing

NAME = FindingName("host-supported", "host", "local", "hpux1")
WAIVER = Waiver("w1", NAME, "no port exists", "fenced by a firewall", "RSSI", date(2026, 1, 1), date(2026, 12, 31))


@pytest.mark.parametrize(
    ("waiver", "failing", "on", "expected"),
    [
        (WAIVER, {NAME}, date(2026, 6, 1), Standing.APPLIES),
        (WAIVER, {NAME}, date(2026, 1, 1), Standing.APPLIES),
        (WAIVER, {NAME}, date(2026, 12, 31), Standing.APPLIES),
        (WAIVER, {NAME}, date(2027, 1, 1), Standing.EXPIRED),
        (WAIVER, {NAME}, date(2025, 12, 31), Standing.NOT_YET),
        (WAIVER, set(), date(2026, 6, 1), Standing.ORPHAN),
        (WAIVER, {NAME._replace(id="hpux2")}, date(2026, 6, 1), Standing.ORPHAN),
        (replace(WAIVER, signed_by=" "), {NAME}, date(2026, 6, 1), Standing.UNSIGNED),
        (replace(WAIVER, reason=""), {NAME}, date(2026, 6, 1), Standing.UNSIGNED),
    ],
)
def test_a_waiver_stands_for_a_time(waiver, failing, on, expected):
    assert standing(waiver, failing, on) is expected
