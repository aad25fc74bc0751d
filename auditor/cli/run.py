"""`auditor run`: collect, evaluate, report."""

from __future__ import annotations

from auditor.cli.collect import gather, show_plan
from auditor.cli.evaluate import judge
from auditor.cli.report import publish
from auditor.cli.workspace import HERE, AsOf, DryRun, Folder, Json, Lang, Only, Workspace, instant
from auditor.text import _


def summary() -> str:
    """Return the line of help."""
    return _("Collect, judge, and write the signed pack.")


def command(
    workspace: Folder = HERE,
    only: Only = None,
    as_of: AsOf = None,
    dry_run: DryRun = False,
    json: Json = False,
    lang: Lang = "fr",
) -> int:
    """Do the whole audit; the exit code tells gaps (1), only unknowns (2) or neither (0)."""
    from auditor.evidence.snapshot import Snapshot
    from auditor.publish import terminal

    place = Workspace(workspace)
    scope = place.scope()
    if dry_run:
        return show_plan(scope, tuple(only or ()))
    library = place.library()
    path, _collected = gather(place, scope, library, tuple(only or ()))
    snapshot = Snapshot(path)
    results = judge(place, scope, library, snapshot, instant(as_of, snapshot.manifest.ended_at))
    pack = publish(place, scope, library, snapshot, results, lang)
    return terminal.show(results, json=json, pack=pack, library=library, lang=lang)
