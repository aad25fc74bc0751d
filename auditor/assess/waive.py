"""An accepted risk, beside a state and never instead of it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import date


class FindingName(NamedTuple):
    """The name of a finding: control, table, source and id of the row."""

    control: str
    table: str
    source: str
    id: str


@dataclass(frozen=True, slots=True)
class Waiver:
    """A risk accepted on one finding: why, what compensates, who signed, from when and until when (last day included)."""

    id: str
    finding: FindingName
    reason: str
    compensation: str
    signed_by: str
    signed_on: date
    until: date


class Standing(StrEnum):
    """What a waiver is worth at a date."""

    APPLIES = "applies"
    EXPIRED = "expired"
    NOT_YET = "not_yet"
    UNSIGNED = "unsigned"
    ORPHAN = "orphan"


def standing(waiver: Waiver, failing: Collection[FindingName], on: date) -> Standing:
    """Return how `waiver` stands on a day, given the findings that fail. It changes no verdict.

    An orphan names a finding that does not fail (any more): it is to be withdrawn, not forgotten.
    """
    if waiver.finding not in failing:
        return Standing.ORPHAN
    if not waiver.signed_by.strip() or not waiver.reason.strip():
        return Standing.UNSIGNED
    if on < waiver.signed_on:
        return Standing.NOT_YET
    return Standing.EXPIRED if on > waiver.until else Standing.APPLIES
