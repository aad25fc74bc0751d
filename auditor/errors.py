"""Everything that can go wrong on purpose, in one tree.

AuditorError
├── UsageError            the command line, a missing file, a wrong option
├── ContentError          a scope, control or framework file: every problem at once
├── CollectError          a source; becomes a ledger row, never stops the others
│   ├── UnreachableError
│   ├── AccessDeniedError
│   └── UnexpectedAnswerError
├── CheckError            a check that the language refuses, or the engine cannot run
└── EvidenceError         a snapshot or pack that cannot be trusted
    ├── DigestError
    └── SignatureError

Bugs stay bare exceptions, with their traceback.
"""

from __future__ import annotations

from dataclasses import dataclass


class AuditorError(Exception):
    """Root of the tree: one sentence for the reader, and what to do next."""

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(AuditorError):
    """The request itself cannot be carried out."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong in a content file: where, what, what next."""

    path: str
    line: int
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """Return `file:line: what. what next`."""
        tail = f" → {self.hint}" if self.hint else ""
        return f"{self.path}:{self.line}: {self.message}{tail}"


class ContentError(AuditorError):
    """A content file is refused; `problems` holds all of them, sorted by place."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class CollectError(AuditorError):
    """A source did not answer as hoped; ends up as an outcome in the ledger."""


class UnreachableError(CollectError):
    """Nothing answered, or the connection was lost."""


class AccessDeniedError(CollectError):
    """The source answered, and refused."""


class UnexpectedAnswerError(CollectError):
    """The source answered something that cannot be read."""


class CheckError(AuditorError):
    """A check cannot be compiled or run."""


class EvidenceError(AuditorError):
    """Evidence cannot be trusted, or read."""


class DigestError(EvidenceError):
    """Bytes are not those that were sealed."""


class SignatureError(EvidenceError):
    """A seal is missing, broken, or does not cover everything."""
