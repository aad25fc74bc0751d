"""`auditor verify`: check a pack, and judge its evidence again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.workspace import Json, Lang, print_json
from auditor.text import _

if TYPE_CHECKING:
    from auditor.verify import VerifyReport

Pack = Annotated[Path, typer.Argument(help=_("The signed PDF."))]


def summary() -> str:
    """Return the line of help."""
    return _("Check a pack: seal, evidence, and the same results again.")


def command(pack: Pack, json: Json = False, lang: Lang = "fr") -> int:
    """Verify; exit code 0 only when every check was done and held, 3 otherwise."""
    from auditor.verify import verify

    report = verify(pack)
    if json:
        print_json(_plain(report))
    else:
        _show(report)
    return 0 if report.ok else 3


def _plain(report: VerifyReport) -> dict[str, object]:
    return {
        "ok": report.ok,
        "differences": list(report.differences),
        "limits": list(report.limits),
        "checks": [{"code": check.code, "state": check.state, "lines": list(check.lines)} for check in report.checks],
        "manifest": report.manifest,
    }


def _show(report: VerifyReport) -> None:
    from auditor.publish.terminal import printable
    from auditor.verify import State

    marks = {State.HELD: "✓", State.FAILED: "✗", State.NOT_DONE: "–"}  # noqa: RUF001 — a dash
    if report.differences:
        print(_("What differs from the published release:"))
        for line in report.differences:
            print(f"  {printable(line)}")
    if report.limits:
        print(_("What this pack does not show, even unchanged:"))
        for line in report.limits:
            print(f"  {printable(line)}")
    for check in report.checks:
        print(f"{marks[check.state]} {check.text}")
        for line in check.lines:
            print(f"    {printable(line)}")
    print(_("Everything holds, and the results are the same again.") if report.ok else _("This pack is refused: do not rely on it."))
