"""`auditor report`: the signed PDF pack of an evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.evaluate import judge
from auditor.cli.keys import key_of
from auditor.cli.workspace import HERE, AsOf, Folder, Json, Lang, SnapshotPath, Workspace, instant, open_snapshot, print_json
from auditor.text import _

if TYPE_CHECKING:
    from auditor.catalog.library import Library
    from auditor.evidence.snapshot import Snapshot
    from auditor.scope import Scope

Output = Annotated[Path | None, typer.Option("--output", "-o", help=_("Where to write the PDF."))]


def summary() -> str:
    """Return the line of help."""
    return _("Write the signed PDF pack of a snapshot.")


def command(
    workspace: Folder = HERE,
    snapshot: SnapshotPath = None,
    as_of: AsOf = None,
    output: Output = None,
    json: Json = False,
    lang: Lang = "fr",
) -> int:
    """Evaluate the snapshot again and publish it; exit code 0 when the pack is written."""
    place = Workspace(workspace)
    scope, library = place.scope(), place.library()
    opened = open_snapshot(place, snapshot)
    results = judge(place, scope, library, opened, instant(as_of, opened.manifest.ended_at))
    pack = publish(place, scope, library, opened, results, lang, output)
    if json:
        print_json({"pack": str(pack), "results": str(results)})
    else:
        print(_("Signed pack: {path}").format(path=pack))
    return 0


def publish(
    place: Workspace, scope: Scope, library: Library, snapshot: Snapshot, results: Path, lang: str, output: Path | None = None
) -> Path:
    """Build and seal the pack of one evaluation, with the workspace's local key, made on first use."""
    from auditor.publish.pack import build

    target = output or place.new("packs", ".pdf")
    return build(scope=scope, library=library, snapshot=snapshot, results=results, key=key_of(place), lang=lang, target=target)
