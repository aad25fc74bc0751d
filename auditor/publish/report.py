"""What the report shows, taken from the canonical lines of the results alone: an old file can be shown by the same code."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import msgspec

from auditor.assess.assessment import GAPS, Assessment, Side, State, worst
from auditor.assess.results import Head
from auditor.errors import EvidenceError
from auditor.evaluate.result import ControlResult, Finding
from auditor.text import _
from auditor.verdict import SEVERITIES, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.catalog.control import Control
    from auditor.catalog.framework import Framework, Requirement
    from auditor.catalog.library import Library

ROWS_SHOWN = 25
"""Rows printed per control; the others are in `findings.csv`."""
URGENT = 5
FREQUENT = 8
"""Requirements that must share a reason, at least, before it is said once for all."""

_DECODER = msgspec.json.Decoder(Head | ControlResult | Finding | Assessment)


@dataclass(slots=True)
class ControlView:
    """One control as it is shown: its result, its text when the library still holds it, and its first rows."""

    result: ControlResult
    control: Control | None
    failed: list[Finding] = field(default_factory=list)
    unknown: list[Finding] = field(default_factory=list)

    @property
    def rank(self) -> int:
        """Place of its severity, worst first; a control the library does not know comes last."""
        return SEVERITIES.index(self.control.severity) if self.control else len(SEVERITIES)

    @property
    def columns(self) -> list[str]:
        """Columns that its rows show, in the order of the control; `name` stands first already, in the place of the id."""
        wanted = list(self.control.check.show) if self.control and self.control.check else []
        found = {name for row in (*self.failed, *self.unknown) for name in row.show}
        return [name for name in wanted if name in found and name != "name"] + sorted(found - set(wanted) - {"name"})


@dataclass(frozen=True, slots=True)
class HalfView:
    """One half of one requirement over all its objects: the worst state, and the counts of the object it comes from."""

    state: State
    judged: int
    population: int
    objects: int
    worst_of: tuple[str, ...]
    reasons: tuple[str, ...]
    basis: tuple[str, ...]
    proofs: tuple[str, ...]
    waivers: int


@dataclass(frozen=True, slots=True)
class RequirementView:
    """One requirement, both halves."""

    id: str
    obligation: str
    text: Requirement | None
    halves: dict[Side, HalfView]


@dataclass(frozen=True, slots=True)
class Figures:
    """Requirements of one framework, for one half, counted by state."""

    half: Side
    states: Counter[State]
    seen: int
    """Requirements with at least one definite verdict, or carried by a proof."""

    @property
    def total(self) -> int:
        """All the requirements of the framework."""
        return self.states.total()

    @property
    def gaps(self) -> int:
        """Requirements where something was found wanting."""
        return sum(count for state, count in self.states.items() if state in GAPS)


@dataclass(frozen=True, slots=True)
class FrameworkView:
    """One framework with all its requirements, by section, in the order of the text."""

    id: str
    text: Framework | None
    figures: tuple[Figures, ...]
    sections: tuple[tuple[str, tuple[RequirementView, ...]], ...]
    common: dict[Side, dict[str, int]]
    """Reasons so frequent in a half that they are said once for all, with their number of requirements."""


@dataclass(slots=True)
class Results:
    """A results file read back; findings beyond the first rows of each control are only counted."""

    head: Head
    controls: dict[str, ControlView]
    assessments: dict[str, dict[str, list[Assessment]]]

    def with_verdict(self, verdict: Verdict) -> list[ControlView]:
        """Return the controls with this verdict, the most severe first, then the most widespread."""
        found = [view for view in self.controls.values() if view.result.verdict is verdict]
        return sorted(found, key=lambda view: (view.rank, -view.result.failed, -view.result.unknown, view.result.code, view.result.control))

    def urgent(self) -> list[ControlView]:
        """Return what to mend first."""
        return self.with_verdict(Verdict.FAIL)[:URGENT]

    def changed(self) -> list[ControlView]:
        """Return the controls of which the scope replaced a parameter."""
        return [view for _name, view in sorted(self.controls.items()) if view.result.changed]


def read(lines: Iterable[bytes], library: Library, keep: int = ROWS_SHOWN) -> Results:
    """Read the lines of a results file, each with or without its newline; raises EvidenceError at the first that is not one."""
    head: Head | None = None
    controls: dict[str, ControlView] = {}
    assessments: defaultdict[str, dict[str, list[Assessment]]] = defaultdict(dict)
    for number, line in enumerate(lines, 1):
        try:
            item = _DECODER.decode(line)
        except msgspec.MsgspecError as error:
            raise EvidenceError(
                _("results, line {n}: {why}").format(n=number, why=error), hint=_("evaluate the snapshot again with this release")
            ) from error
        match item:
            case Head():
                head = item
            case ControlResult():
                controls[item.control] = ControlView(item, library.controls.get(item.control))
            case Finding():
                if (view := controls.get(item.control)) is not None:
                    rows = view.failed if item.verdict is Verdict.FAIL else view.unknown
                    if len(rows) < keep:
                        rows.append(item)
            case Assessment():
                assessments[item.framework].setdefault(item.requirement, []).append(item)
    if head is None:
        raise EvidenceError(_("results without a head line"), hint=_("evaluate the snapshot again with this release"))
    return Results(head, controls, dict(assessments))


def frameworks(results: Results, library: Library) -> list[FrameworkView]:
    """Return every framework of the results, in the order of their head."""
    return [_framework(name, results.assessments.get(name, {}), library.frameworks.get(name)) for name in results.head.frameworks]


def _framework(name: str, assessed: dict[str, list[Assessment]], text: Framework | None) -> FrameworkView:
    texts = {requirement.id: requirement for requirement in text.requirements} if text else {}
    order = [*(item for item in texts if item in assessed), *(item for item in sorted(assessed) if item not in texts)]
    views = []
    for requirement in order:
        found = assessed[requirement]
        halves = {side: _half([item for item in found if item.half is side]) for side in Side}
        views.append(RequirementView(requirement, found[0].obligation, texts.get(requirement), halves))
    sections: dict[str, list[RequirementView]] = {}
    for view in views:
        sections.setdefault(view.text.section if view.text else "", []).append(view)
    common = {side: _common([view.halves[side] for view in views]) for side in Side}
    figures = tuple(_figures(side, [view.halves[side] for view in views]) for side in Side)
    return FrameworkView(name, text, figures, tuple((section, tuple(rows)) for section, rows in sections.items()), common)


def _common(halves: list[HalfView]) -> dict[str, int]:
    counts = Counter(reason for half in halves if half.state is not State.NOT_APPLICABLE for reason in half.reasons)
    return {reason: count for reason, count in sorted(counts.items()) if count > max(FREQUENT, len(halves) // 4)}


def _half(found: list[Assessment]) -> HalfView:
    state = worst([item.state for item in found])
    shown = [item for item in found if item.state is state]
    return HalfView(
        state=state,
        judged=sum(item.judged for item in shown),
        population=sum(item.population for item in shown),
        objects=len(found),
        worst_of=tuple(sorted({f"{item.object.kind} {item.object.id}" for item in shown})),
        reasons=tuple(sorted({reason for item in shown for reason in item.reasons})),
        basis=tuple(sorted({basis for item in shown for basis in item.basis})),
        proofs=tuple(sorted({proof.certificate for item in shown for proof in item.proofs})),
        waivers=len({waiver.waiver for item in found for waiver in item.waivers}),
    )


def _figures(side: Side, halves: list[HalfView]) -> Figures:
    seen = sum(1 for half in halves if half.judged or half.state is State.INHERITED)
    return Figures(side, Counter(half.state for half in halves), seen)
