"""What was promised to be looked at, what was called, and what was therefore seen (DESIGN: no pass without sight)."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Outcome(StrEnum):
    """How one request or command ended."""

    OK = "ok"
    EMPTY = "empty"
    FORBIDDEN = "forbidden"
    UNAUTHENTICATED = "unauthenticated"
    UNSUPPORTED = "unsupported"
    NOT_DEPLOYED = "not_deployed"
    TIMEOUT = "timeout"
    PARTIAL = "partial"
    TRUNCATED = "truncated"
    ERROR = "error"


SIGHTED = frozenset({Outcome.OK, Outcome.EMPTY})
"""Outcomes after which the answer may be taken for whole."""


class Visibility(StrEnum):
    """How much of what exists the answer could show to the account that asked."""

    ALL = "all"
    LIMITED = "limited"


class Cell(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One promise of the plan: this table, of this source, in this scope, will be read."""

    source: str
    scope: str = ""
    table: str
    expected: int | None = None
    """Fewest rows that the audited party declared; fewer found leaves the cell unseen."""
    skipped: str = ""
    """Why it was not tried (`only`, `cancelled`, `unseen`…); empty when it was."""


class Call(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One line of the ledger: one request or command."""

    id: str
    source: str
    scope: str = ""
    operation: str
    feeds: tuple[str, ...] = ()
    """Tables whose rows it enumerates: it decides whether their cells are seen."""
    columns: tuple[str, ...] = ()
    """`table.column`s that it fills on rows enumerated by other calls: it explains their nulls."""
    outcome: Outcome
    complete: bool
    visibility: Visibility
    reason: str = ""
    """A short code or sentence without secrets, for outcomes that are not ok."""
    rows: int = 0
    pages: int = 1
    bytes: int = 0
    sha256: str = ""
    """Digest of the raw answer, which is not kept."""
    started_at: datetime
    ended_at: datetime
    duration_ms: int = 0


class CellName(NamedTuple):
    """The name of a cell."""

    source: str
    scope: str
    table: str


@dataclass(frozen=True, slots=True)
class Sight:
    """Whether a cell was seen; if not, why (a code); and when it was last looked at."""

    seen: bool
    reason: str = ""
    at: datetime | None = None


def sight(plan: Iterable[Cell], calls: Iterable[Call], counts: Mapping[CellName, int]) -> dict[CellName, Sight]:
    """Return the sight of every cell of `plan`, and of every cell that a call fed without a plan (always unseen).

    A cell is seen when at least one call feeds it, all of them ended complete with full visibility, and the declared
    count is reached. `counts` gives the rows found per cell. Reasons: `skipped:…`, `no_call`, an outcome, `incomplete`,
    `limited`, `below_expected`, `unplanned`.
    """
    feeding: defaultdict[CellName, list[Call]] = defaultdict(list)
    for call in calls:
        for table in call.feeds:
            feeding[CellName(call.source, call.scope, table)].append(call)
    result: dict[CellName, Sight] = {}
    for cell in plan:
        name = CellName(cell.source, cell.scope, cell.table)
        result[name] = _judge(cell, feeding.pop(name, []), counts.get(name, 0))
    for name in [*feeding, *counts]:
        result.setdefault(name, Sight(seen=False, reason="unplanned"))
    return result


def _judge(cell: Cell, calls: list[Call], count: int) -> Sight:
    at = min((call.ended_at for call in calls), default=None)
    if cell.skipped:
        return Sight(seen=False, reason=f"skipped:{cell.skipped}", at=at)
    if not calls:
        return Sight(seen=False, reason="no_call")
    for call in calls:
        if call.outcome not in SIGHTED:
            return Sight(seen=False, reason=str(call.outcome), at=at)
        if not call.complete:
            return Sight(seen=False, reason="incomplete", at=at)
        if call.visibility is not Visibility.ALL:
            return Sight(seen=False, reason="limited", at=at)
    if cell.expected is not None and count < cell.expected:
        return Sight(seen=False, reason="below_expected", at=at)
    return Sight(seen=True, at=at)
