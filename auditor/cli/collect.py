"""`auditor collect`: read every source into a sealed snapshot."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING

from auditor.cli.workspace import HERE, DryRun, Folder, Json, Lang, Only, Workspace, interactive, print_json
from auditor.text import _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from auditor.catalog.library import Library
    from auditor.collect.run import Collected, Progress
    from auditor.scope import Scope

from contextlib import contextmanager


def summary() -> str:
    """Return the line of help."""
    return _("Read every source, and keep a sealed snapshot.")


def command(workspace: Folder = HERE, only: Only = None, dry_run: DryRun = False, json: Json = False, lang: Lang = "fr") -> int:
    """Collect; exit code 0 even when a source failed: the ledger says so and evaluation counts it as unknown."""
    place = Workspace(workspace)
    scope = place.scope()
    if dry_run:
        return show_plan(scope, tuple(only or ()))
    path, collected = gather(place, scope, place.library(), tuple(only or ()))
    if json:
        print_json(
            {"snapshot": str(path), "partial": collected.manifest.partial, "failed": collected.failed, "manifest": collected.manifest}
        )
    else:
        print(_("Snapshot: {path}").format(path=path))
        rows = sum(entry.rows for entry in collected.manifest.files)
        print(_("{rows} rows, {failed} source(s) that could not be read whole").format(rows=rows, failed=len(collected.failed)))
        for source, why in sorted(collected.failed.items()):
            print(f"  {source}: {why}")
    return 0


def show_plan(scope: Scope, only: tuple[str, ...]) -> int:
    """Print what a collection would send."""
    from auditor.collect import run

    for line in run.preview(scope, only):
        print(line)
    return 0


def gather(place: Workspace, scope: Scope, library: Library, only: tuple[str, ...] = ()) -> tuple[Path, Collected]:
    """Collect into a new snapshot of the workspace, with live progress when a person watches."""
    from auditor import __version__
    from auditor.collect import run

    path = place.new("snapshots")
    cancelled = threading.Event()
    with _watched() as progress, _cancelled_by_signals(cancelled):
        collected = run.collect(
            scope,
            path,
            tool=f"auditor {__version__}",
            catalogue_sha256=library.sha256,
            only=only,
            progress=progress,
            cancelled=cancelled,
        )
    return path, collected


@contextmanager
def _cancelled_by_signals(cancelled: threading.Event) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, lambda *_args: cancelled.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _watched() -> Iterator[Progress | None]:
    if not interactive():
        yield None
        return
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn

    class Live:
        """Shows one line per source under way."""

        def __init__(self, bars: Bars) -> None:
            self.bars = bars
            self.tasks: dict[str, int] = {}

        def started(self, source: str) -> None:
            self.tasks[source] = self.bars.add_task(source, operation="", total=1)

        def step(self, source: str, operation: str) -> None:
            self.bars.update(self.tasks[source], operation=operation[:60])  # type: ignore[arg-type]

        def ended(self, source: str, problem: str) -> None:
            if source in self.tasks:
                self.bars.update(self.tasks[source], completed=1, operation=problem[:100] or "✓")  # type: ignore[arg-type]

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("[dim]{task.fields[operation]}"), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True)) as bars:
        yield Live(bars)
