"""The words in which the state of a requirement is told."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from auditor.verdict import Verdict


class State(StrEnum):
    """State of one half of a requirement on one object, worst first.

    In French: non-conformité majeure, non-conformité mineure, écart au référentiel interne, point sensible, non évalué,
    hérité, aucun écart constaté sur le périmètre vérifié, sans objet.
    """

    MAJOR = "major"
    MINOR = "minor"
    INTERNAL_GAP = "internal_gap"
    SENSITIVE = "sensitive"
    NOT_ASSESSED = "not_assessed"
    INHERITED = "inherited"
    NO_GAP = "no_gap"
    NOT_APPLICABLE = "not_applicable"


STATES = tuple(State)
"""States, worst first; their index is their rank."""

GAPS = frozenset({State.MAJOR, State.MINOR, State.INTERNAL_GAP, State.SENSITIVE})
"""States in which something was found wanting. The machine proposes them, a person signs."""


class Side(StrEnum):
    """The two halves of a requirement; there is never one tick for both."""

    OURS = "ours"
    PROVIDER = "provider"


class ObjectName(msgspec.Struct, frozen=True, forbid_unknown_fields=True, order=True):
    """What is assessed: `application`, `organisation`, `service` or `site`, by its id in the scope."""

    kind: str
    id: str


class Considered(msgspec.Struct, frozen=True, forbid_unknown_fields=True, order=True, kw_only=True):
    """What one control says of the object, on one basis. Counts are rows; `unseen` counts cells."""

    control: str
    link: str
    basis: str
    verdict: Verdict
    passed: int = 0
    failed: int = 0
    unknown: int = 0
    unseen: int = 0


class Proof(msgspec.Struct, frozen=True, forbid_unknown_fields=True, order=True, kw_only=True):
    """The qualification or certificate that a state was inherited from."""

    certificate: str
    scheme: str
    version: str
    issued: str
    expires: str
    activities: tuple[str, ...] = ()


class Beside(msgspec.Struct, frozen=True, forbid_unknown_fields=True, order=True, kw_only=True):
    """A waiver that touches the object: shown beside the state, never instead of it."""

    waiver: str
    control: str
    standing: str


class Assessment(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="assessment", tag_field="kind"):
    """The state of one (requirement, half, object).

    `judged` and `population` are n and N: verdicts that are definite, and all those that were due (each unseen cell
    counts for one). `basis` lists the bases that the state rests on. `remains`: a person still has something to judge.
    """

    framework: str
    requirement: str
    obligation: str
    half: Side
    object: ObjectName
    state: State
    proposed: bool
    basis: tuple[str, ...] = ()
    judged: int = 0
    population: int = 0
    controls: tuple[Considered, ...] = ()
    reasons: tuple[str, ...] = ()
    proofs: tuple[Proof, ...] = ()
    waivers: tuple[Beside, ...] = ()
    remains: bool = True


def worst(states: list[State]) -> State:
    """Return the worst of `states`: what a page shows for a requirement. An empty list is `not_assessed`."""
    return min(states, key=STATES.index, default=State.NOT_ASSESSED)
