"""What a person's answer is worth at a date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Collection


def judge(
    answer: bool | None, *, age_days: int | None, valid_days: int, given: Collection[str], required: Collection[str]
) -> tuple[Verdict, tuple[str, ...]]:
    """Return the verdict of an attestation, with the reason codes of an unknown one.

    `age_days` counts from the answer to `as_of`; `given` and `required` are ids of exhibits. A refusal is a fail with or
    without exhibits; an old or future answer, an answer without its exhibits, or none at all, proves nothing:
    `no_answer`, `not_dated`, `answered_later`, `expired`, `exhibit_missing`.
    """
    if answer is None:
        return Verdict.UNKNOWN, ("no_answer",)
    if age_days is None:
        return Verdict.UNKNOWN, ("not_dated",)
    if age_days < 0:
        return Verdict.UNKNOWN, ("answered_later",)
    if age_days > valid_days:
        return Verdict.UNKNOWN, ("expired",)
    if not answer:
        return Verdict.FAIL, ()
    if set(required) - set(given):
        return Verdict.UNKNOWN, ("exhibit_missing",)
    return Verdict.PASS, ()
