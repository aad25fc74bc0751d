"""The folder a user works in: its scope, snapshots, results, packs and keys."""

from __future__ import annotations

import platform
import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditor import paths
from auditor.errors import UsageError
from auditor.text import _

if TYPE_CHECKING:
    from auditor.catalog.library import Library
    from auditor.evidence.snapshot import Snapshot
    from auditor.scope import Scope

SCOPE_FILE = "auditor.yaml"


@dataclass(frozen=True, slots=True)
class Workspace:
    """A workspace folder; nothing in it needs to exist yet."""

    folder: Path

    @property
    def state(self) -> Path:
        """Where snapshots, results, packs and keys are kept."""
        return paths.state(self.folder)

    def scope(self) -> Scope:
        """Return the scope of `auditor.yaml`, or this machine alone when there is none."""
        from auditor import scope

        path = self.folder / SCOPE_FILE
        if path.exists():
            return scope.load(path)
        return scope.parse(scope.default(platform.node() or "localhost"), _("<this machine>"))

    def library(self) -> Library:
        """Return the controls and frameworks that ship with the tool."""
        from auditor.catalog.library import load

        return load(paths.controls())

    def new(self, kind: str, suffix: str = "") -> Path:
        """Return a path for a new file or folder of `kind`, named by the time; its folder exists."""
        folder = self.state / kind
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UsageError(
                _("{path} cannot be written: {why}").format(path=folder, why=error.strerror),
                hint=_("choose another workspace with --workspace"),
            ) from error
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%SZ")
        path = folder / f"{stamp}{suffix}"
        number = 1
        while path.exists():
            number += 1
            path = folder / f"{stamp}-{number}{suffix}"
        return path

    def latest_snapshot(self) -> Path:
        """Return the newest snapshot; raises UsageError when there is none."""
        folder = self.state / "snapshots"
        found = sorted(path for path in folder.glob("*") if not path.name.startswith(".")) if folder.is_dir() else []
        if not found:
            raise UsageError(_("no snapshot in {path}").format(path=folder), hint=_("run `auditor collect` first, or name one"))
        return found[-1]


def open_snapshot(workspace: Workspace, snapshot: Path | None) -> Snapshot:
    """Return the snapshot named, or the newest of the workspace."""
    from auditor.evidence.snapshot import Snapshot

    return Snapshot(snapshot or workspace.latest_snapshot())


_INSTANT = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?\Z")


def instant(as_of: str | None, otherwise: datetime) -> datetime:
    """Return the UTC second that `--as-of` names; never earlier than the end of the collection."""
    if as_of is None:
        return otherwise
    try:
        at = datetime.fromisoformat(as_of.removesuffix("Z") if _INSTANT.match(as_of) else "")
    except ValueError as error:
        raise UsageError(_("--as-of {value} is not a UTC date").format(value=as_of), hint="2026-11-24T08:00:00Z") from error
    if at < otherwise:
        raise UsageError(
            _("--as-of {value} is before the end of the collection").format(value=as_of),
            hint=_("give {end} or later").format(end=otherwise.isoformat() + "Z"),
        )
    return at


def print_json(value: Any) -> None:
    """Write `value` on standard output as canonical JSON."""
    from auditor.codec import canonical

    sys.stdout.write(canonical(value).decode() + "\n")


def interactive() -> bool:
    """Tell whether a person watches standard error."""
    return sys.stderr.isatty()


Folder = Annotated[Path, typer.Option("--workspace", "-C", help=_("Folder that holds auditor.yaml and .auditor/."), file_okay=False)]
AsOf = Annotated[str | None, typer.Option("--as-of", help=_("UTC second to judge at; the end of the collection otherwise."))]
Json = Annotated[bool, typer.Option("--json", help=_("Write the answer as JSON."))]
Only = Annotated[
    list[str] | None, typer.Option("--only", help=_("Read only this source or collector (repeatable); the others count as not seen."))
]
DryRun = Annotated[bool, typer.Option("--dry-run", help=_("Print every request or command, and send none."))]
SnapshotPath = Annotated[Path | None, typer.Option("--snapshot", help=_("Snapshot folder or .zip; the newest otherwise."))]
Lang = Annotated[str, typer.Option("--lang", help=_("Language: fr or en."))]
HERE = Path()
