"""Verdicts of findings and how they combine."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class Verdict(StrEnum):
    """What one control says of one row, or of all its rows together."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"


class Severity(StrEnum):
    """How much a failed control matters, from most to least."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


SEVERITIES = tuple(Severity)
"""Severities, worst first; their index is their rank."""

_WORST_FIRST = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.PASS)


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return the worst of `verdicts`, `not_applicable` left out.

    An empty list proves nothing, so it is unknown; nothing but `not_applicable` is `not_applicable`.
    """
    seen = set(verdicts)
    if not seen:
        return Verdict.UNKNOWN
    return next((verdict for verdict in _WORST_FIRST if verdict in seen), Verdict.NOT_APPLICABLE)


def any_of(verdicts: Iterable[Verdict]) -> Verdict:
    """Return pass if one passes, else unknown if one is, else fail; empty is unknown."""
    seen = set(verdicts)
    if not seen:
        return Verdict.UNKNOWN
    order = (Verdict.PASS, Verdict.UNKNOWN, Verdict.FAIL)
    return next((verdict for verdict in order if verdict in seen), Verdict.NOT_APPLICABLE)
