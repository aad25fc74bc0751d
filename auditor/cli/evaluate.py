"""`auditor evaluate`: judge a snapshot, and keep the canonical results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.cli.workspace import HERE, AsOf, Folder, Json, Lang, SnapshotPath, Workspace, instant, open_snapshot
from auditor.text import _

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from auditor.catalog.library import Library
    from auditor.evidence.snapshot import Snapshot
    from auditor.scope import Scope


def summary() -> str:
    """Return the line of help."""
    return _("Judge a snapshot: controls, then requirements.")


def command(workspace: Folder = HERE, snapshot: SnapshotPath = None, as_of: AsOf = None, json: Json = False, lang: Lang = "fr") -> int:
    """Evaluate; the exit code tells gaps (1), only unknowns (2) or neither (0)."""
    from auditor.publish import terminal

    place = Workspace(workspace)
    opened = open_snapshot(place, snapshot)
    library = place.library()
    path = judge(place, place.scope(), library, opened, instant(as_of, opened.manifest.ended_at))
    return terminal.show(path, json=json, library=library, lang=lang)


def judge(place: Workspace, scope: Scope, library: Library, snapshot: Snapshot, as_of: datetime) -> Path:
    """Write the results file of one evaluation atomically, streamed; return its path."""
    from auditor.assess.results import produce

    path = place.new("results", ".ndjson")
    work = path.with_name(f".{path.name}.partial")
    try:
        with work.open("wb") as stream:
            for line in produce(snapshot, scope, library, as_of):
                stream.write(line)
        work.replace(path)
    finally:
        work.unlink(missing_ok=True)
    return path
