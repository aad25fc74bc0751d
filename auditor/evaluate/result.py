"""What an evaluation says, one canonical line each."""

from __future__ import annotations

import msgspec

from auditor.evidence.row import Origin
from auditor.verdict import Verdict

Value = str | int | bool | None


class _Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="kind"):
    """A line of the results."""


class CellResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One control on one cell of its subject: ids by verdict, sorted."""

    source: str
    scope: str
    table: str
    seen: bool
    reason: str = ""
    passed: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    out_of_scope: int = 0


class ControlResult(_Line, frozen=True, kw_only=True, tag="control"):
    """One control over the whole snapshot. `population` counts rows in scope; unseen cells come on top of it."""

    control: str
    code: str
    verdict: Verdict
    population: int
    passed: int
    failed: int
    unknown: int
    unseen: int
    out_of_scope: int
    declared_only: bool
    parameters: dict[str, int | bool | str | tuple[str | int, ...]]
    changed: tuple[str, ...]
    """Parameters that the scope replaced."""
    cells: tuple[CellResult, ...]


class Finding(_Line, frozen=True, kw_only=True, tag="finding"):
    """One row, or one unseen cell (`id` empty), that fails or is unknown. `why`: `null:column`, `fact:name`, `stale`, `plan`, `unseen:…`."""

    control: str
    table: str
    source: str
    scope: str
    id: str
    verdict: Verdict
    why: tuple[str, ...] = ()
    show: dict[str, Value] = {}
    origin: Origin | None = None
