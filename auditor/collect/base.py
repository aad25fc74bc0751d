"""The contract between a collector and the run that drives it."""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

import msgspec

from auditor.errors import AccessDeniedError, CollectError, UnexpectedAnswerError, UnreachableError
from auditor.evidence.cells import Call, Cell, Outcome, Visibility

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from auditor.evidence.row import Row

MAX_ROWS = 200_000
"""Rows taken from one source and table; more is `truncated`."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the scope may say to one collector; each collector declares its own."""


@dataclass(frozen=True, slots=True)
class Target:
    """One source of the scope, as a collector sees it."""

    id: str
    settings: Any
    """The collector's own `Settings`, decoded and checked."""
    secret: Callable[[str], str] = lambda reference: reference
    """Resolves a reference (`env:NAME`, `file:PATH`…) at the last moment; the value is never kept."""
    budget_s: int = 900
    """Wall-clock budget of the source, in seconds."""


class Collector(Protocol):
    """Reads one kind of source. `collect` never changes anything on it."""

    KIND: ClassVar[str]
    """The word of the scope, e.g. `linux`."""
    SETTINGS: ClassVar[type[Settings]]
    FILLS: ClassVar[tuple[type[Row], ...]]
    """Tables that a complete collection enumerates: with the source, they make the cells of the plan."""

    def plan(self, target: Target) -> Sequence[Cell]:
        """Return the cells promised for this source (most collectors: `promise(target, FILLS)`)."""
        ...

    def preview(self, target: Target) -> Iterator[str]:
        """Yield, one per line, every request or command `collect` would send, sending none."""
        ...

    def collect(self, target: Target, sink: Sink) -> None:
        """Read the source into `sink`; raise CollectError only when nothing more can be read from it."""
        ...


def promise(target: Target, tables: Iterable[type[Row]], *, scope: str = "") -> list[Cell]:
    """Return one cell per table for a source."""
    return [Cell(source=target.id, scope=scope, table=table.TABLE) for table in tables]


@dataclass(slots=True)
class CallRecord:
    """A call under way; a collector says how it ended, the sink writes it to the ledger."""

    outcome: Outcome = Outcome.OK
    complete: bool = True
    visibility: Visibility = Visibility.ALL
    reason: str = ""
    pages: int = 1
    rows: int = 0
    _digest: Any = field(default_factory=hashlib.sha256)
    _bytes: int = 0

    def saw(self, answer: bytes) -> None:
        """Count and digest a raw answer (or one more page of it); it is not kept."""
        self._digest.update(answer)
        self._bytes += len(answer)

    def ended(self, outcome: Outcome, reason: str = "", *, complete: bool = False) -> None:
        """Say how it ended when that is not simply ok."""
        self.outcome, self.reason, self.complete = outcome, reason, complete


_OUTCOMES: tuple[tuple[type[CollectError], Outcome], ...] = (
    (UnreachableError, Outcome.TIMEOUT),
    (AccessDeniedError, Outcome.FORBIDDEN),
    (UnexpectedAnswerError, Outcome.ERROR),
    (CollectError, Outcome.ERROR),
)


class Sink:
    """Where one source's collector puts its calls and rows. Safe to use from several threads."""

    def __init__(
        self,
        target: Target,
        keep_rows: Callable[[Iterable[Row]], int],
        keep_call: Callable[[Call], None],
        *,
        cancelled: threading.Event | None = None,
        progress: Callable[[str], None] = lambda _operation: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._target = target
        self._keep_rows = keep_rows
        self._keep_call = keep_call
        self._cancelled = cancelled or threading.Event()
        self._progress = progress
        self._clock = clock
        self._deadline = clock() + target.budget_s
        self._lock = threading.Lock()
        self._number = 0
        self._rows: dict[str, dict[str, Row]] = {}

    def remaining_s(self) -> float:
        """Return the seconds left of the source's budget; raise UnreachableError when none is, or on cancellation."""
        left = self._deadline - self._clock()
        if self._cancelled.is_set():
            msg = "cancelled"
            raise UnreachableError(msg)
        if left <= 0:
            msg = f"time budget of {self._target.budget_s} s used up"
            raise UnreachableError(msg, hint="raise the budget of this source in the scope")
        return left

    @contextlib.contextmanager
    def call(
        self, operation: str, *, feeds: Iterable[type[Row]] = (), columns: Iterable[str] = (), scope: str = ""
    ) -> Iterator[CallHandle]:
        """Open one call of the ledger; a CollectError inside gives it its outcome and goes on up."""
        with self._lock:
            self._number += 1
            name = f"{self._target.id}#{self._number:05d}"
        self._progress(operation)
        record = CallRecord()
        handle = CallHandle(name, record, self)
        started, begun = now(), self._clock()
        try:
            yield handle
        except CollectError as error:
            outcome = next(outcome for kind, outcome in _OUTCOMES if isinstance(error, kind))
            record.ended(record.outcome if record.outcome is not Outcome.OK else outcome, record.reason or error.message)
            raise
        except BaseException:
            record.ended(Outcome.ERROR, record.reason or "internal")
            raise
        finally:
            self._keep_call(
                Call(
                    id=name,
                    source=self._target.id,
                    scope=scope,
                    operation=operation,
                    feeds=tuple(sorted(table.TABLE for table in feeds)),
                    columns=tuple(sorted(columns)),
                    outcome=record.outcome,
                    complete=record.complete,
                    visibility=record.visibility,
                    reason=record.reason[:300],
                    rows=record.rows,
                    pages=record.pages,
                    bytes=record._bytes,
                    sha256=record._digest.hexdigest() if record._bytes else "",
                    started_at=started,
                    ended_at=now(),
                    duration_ms=int((self._clock() - begun) * 1000),
                )
            )

    def _take(self, rows: Sequence[Row], record: CallRecord) -> None:
        taken: list[Row] = []
        with self._lock:
            for row in rows:
                known = self._rows.setdefault(row.TABLE, {})
                if (same := known.get(row.id)) is not None:
                    # A source that names two things alike loses its sight, not the whole snapshot.
                    if msgspec.structs.replace(row, call=same.call) != same:
                        record.ended(Outcome.ERROR, f"two rows of {row.TABLE} are both named {row.id[:80]!r}")
                    continue
                if len(known) >= MAX_ROWS:
                    record.ended(Outcome.TRUNCATED, f"more than {MAX_ROWS} rows of {row.TABLE}")
                    break
                known[row.id] = row
                taken.append(row)
        record.rows += self._keep_rows(taken)


@dataclass(frozen=True, slots=True)
class CallHandle:
    """What a collector holds inside `with sink.call(…)`."""

    id: str
    """Give it to the rows, as their `call`."""
    record: CallRecord
    _sink: Sink

    def rows(self, rows: Iterable[Row]) -> None:
        """Keep rows that this call gave; beyond the cap the call becomes `truncated`."""
        self._sink._take(list(rows), self.record)


def now() -> datetime:
    """Return the UTC time, naive, in whole seconds."""
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)
