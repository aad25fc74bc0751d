"""What a verification says."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.seal.check import SealReport
    from auditor.seal.manifest import Statement


class State(StrEnum):
    """How one check ended."""

    HELD = "held"
    FAILED = "failed"
    NOT_DONE = "not_done"
    """Never counts as held."""


@dataclass(frozen=True, slots=True)
class Check:
    """One check: a stable code for machines, a sentence for people, and what it found, line by line."""

    code: str
    state: State
    text: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """Everything that was checked, in the order in which a reader should see it."""

    differences: tuple[str, ...]
    """What differs from the published release: read these first. None is no fault by itself."""
    limits: tuple[str, ...]
    """What weakens the pack even when every check holds: skipped sources, declared evidence, late or local seal."""
    checks: tuple[Check, ...]
    seal: SealReport | None = None
    manifest: Statement | None = None

    @property
    def ok(self) -> bool:
        """True when every check was done and held."""
        return bool(self.checks) and all(check.state is State.HELD for check in self.checks)
