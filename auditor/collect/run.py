"""One collection: plan first, then every source side by side, then the sealed snapshot."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import msgspec

from auditor.collect import registry
from auditor.collect.base import Sink, now
from auditor.errors import CollectError, UsageError
from auditor.evidence.cells import Call, Cell, Outcome, Visibility
from auditor.evidence.snapshot import Manifest, SnapshotWriter
from auditor.text import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from auditor.collect.registry import Assignment
    from auditor.evidence.row import Row
    from auditor.scope import Scope

log = logging.getLogger(__name__)

WORKERS = 8
"""Sources read at once; sshd's default MaxStartups begins to refuse at ten."""
GRACE_S = 5
"""Seconds left to a collector to stop by itself, past its budget or after a cancellation."""


class Progress(Protocol):
    """Who watches a collection: the terminal, or nobody."""

    def started(self, source: str) -> None:
        """A source is being read."""

    def step(self, source: str, operation: str) -> None:
        """A request or command begins."""

    def ended(self, source: str, problem: str) -> None:
        """A source is done; `problem` is empty when it went well."""


class Silent:
    """Watches nothing."""

    def started(self, source: str) -> None:
        """Do nothing."""

    def step(self, source: str, operation: str) -> None:
        """Do nothing."""

    def ended(self, source: str, problem: str) -> None:
        """Do nothing."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What a collection gave: the snapshot's manifest, and sources that failed with their reason."""

    manifest: Manifest
    failed: dict[str, str]


def preview(scope: Scope, only: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield every request or command a collection would send, and send none."""
    for item in registry.assign(scope):
        if _wanted(item, only):
            for line in item.collector.preview(item.target):
                yield f"{item.source.id}: {line}"


def collect(
    scope: Scope,
    target: Path,
    *,
    tool: str,
    catalogue_sha256: str,
    only: tuple[str, ...] = (),
    progress: Progress | None = None,
    cancelled: threading.Event | None = None,
    workers: int = WORKERS,
) -> Collected:
    """Read every source of `scope` and write the snapshot folder `target`.

    A source that fails never stops the others. Once `cancelled` is set, what was read is kept and the snapshot says
    that it is partial. Raises ContentError (scope), UsageError (`only` names no source), EvidenceError (disk).
    """
    assignments = registry.assign(scope)
    _check_only(scope, only)
    cancelled = cancelled or threading.Event()
    progress = progress or Silent()
    started_at = now()
    with SnapshotWriter(target) as writer:
        for cell in _plan(scope, assignments, only):
            writer.log(cell)
        chosen = [item for item in assignments if _wanted(item, only)]
        jobs = [_Job(item, writer, progress, cancelled) for item in chosen]
        _drive(jobs, workers, cancelled)
        failed = {job.item.source.id: job.problem for job in jobs if job.problem}
        manifest = writer.finish(
            tool=tool,
            started_at=started_at,
            ended_at=now(),
            partial=cancelled.is_set() or bool(only),
            scope_sha256=scope.sha256,
            catalogue_sha256=catalogue_sha256,
        )
    return Collected(manifest, failed)


def _check_only(scope: Scope, only: tuple[str, ...]) -> None:
    known = {source.id for source in scope.sources} | {source.collector for source in scope.sources}
    if missing := [name for name in only if name not in known]:
        raise UsageError(
            _("--only names no source of the scope: {names}").format(names=", ".join(missing)),
            hint=_("sources: {names}").format(names=", ".join(sorted(known))),
        )


def _wanted(item: Assignment, only: tuple[str, ...]) -> bool:
    return not only or item.source.id in only or item.source.collector in only


def _plan(scope: Scope, assignments: list[Assignment], only: tuple[str, ...]) -> Iterator[Cell]:
    for item in assignments:
        cells = list(item.collector.plan(item.target))
        counted = dict(item.source.expected)
        for cell in cells:
            yield msgspec.structs.replace(cell, expected=counted.pop(cell.table, None), skipped="" if _wanted(item, only) else "only")
        for table, expected in counted.items():  # promised by the scope, unknown to the collector: never seen
            yield Cell(source=item.source.id, table=table, expected=expected, skipped="" if _wanted(item, only) else "only")
    for source in scope.sources:
        if source.collector == registry.UNSEEN:
            for table, expected in source.expected.items():
                yield Cell(source=source.id, table=table, expected=expected, skipped="unseen")


@dataclass(slots=True)
class _Job:
    """One source being read in its own thread; once closed, what still comes is dropped."""

    item: Assignment
    writer: SnapshotWriter
    progress: Progress
    cancelled: threading.Event
    problem: str = ""
    deadline: float = 0.0
    done: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _closed: bool = False

    def start(self) -> None:
        self.deadline = time.monotonic() + self.item.target.budget_s + GRACE_S
        threading.Thread(target=self._run, name=f"collect-{self.item.source.id}", daemon=True).start()

    def _run(self) -> None:
        source = self.item.source.id
        self.progress.started(source)
        sink = Sink(
            self.item.target,
            self._rows,
            self._call,
            cancelled=self.cancelled,
            progress=lambda operation: self.progress.step(source, operation),
        )
        problem = ""
        outcome = Outcome.PARTIAL
        try:
            self.item.collector.collect(self.item.target, sink)
        except CollectError as error:
            problem = error.message
        except Exception as error:
            log.exception("collector of source %s", source)
            problem, outcome = f"internal: {type(error).__name__}", Outcome.ERROR
        self.close(problem, outcome)

    def _rows(self, rows: Iterable[Row]) -> int:
        with self._lock:
            return 0 if self._closed else self.writer.add(rows)

    def _call(self, call: Call) -> None:
        with self._lock:
            if not self._closed:
                self.writer.log(call)

    def close(self, problem: str, outcome: Outcome) -> None:
        """End the source; when it did not end by itself and well, none of its cells is seen."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            self.problem = problem
            if problem:
                at = now()
                for cell_scope, tables in _by_scope(self.item).items():
                    self.writer.log(
                        Call(
                            id=f"{self.item.source.id}#end{cell_scope}",
                            source=self.item.source.id,
                            scope=cell_scope,
                            operation="collect",
                            feeds=tables,
                            outcome=outcome,
                            complete=False,
                            visibility=Visibility.LIMITED,
                            reason=problem[:300],
                            started_at=at,
                            ended_at=at,
                        )
                    )
        self.progress.ended(self.item.source.id, problem)
        self.done.set()


def _by_scope(item: Assignment) -> dict[str, tuple[str, ...]]:
    result: dict[str, list[str]] = {}
    for cell in item.collector.plan(item.target):
        result.setdefault(cell.scope, []).append(cell.table)
    return {name: tuple(sorted(tables)) for name, tables in result.items()}


def _drive(jobs: list[_Job], workers: int, cancelled: threading.Event) -> None:
    waiting, running = list(reversed(jobs)), list[_Job]()
    while waiting or running:
        while waiting and len(running) < workers and not cancelled.is_set():
            job = waiting.pop()
            job.start()
            running.append(job)
        if cancelled.is_set():
            limit = time.monotonic() + GRACE_S
            for job in running:
                job.done.wait(max(0.0, limit - time.monotonic()))
            for job in [*running, *waiting]:
                job.close("cancelled", Outcome.PARTIAL)
            return
        if running:
            running[0].done.wait(0.02)
        for job in running:
            if time.monotonic() > job.deadline:
                job.close(f"time budget of {job.item.target.budget_s} s used up", Outcome.TIMEOUT)
        running = [job for job in running if not job.done.is_set()]
