"""What a person reads on the screen after a run."""

from __future__ import annotations

import json as plain
import sys
import unicodedata
from typing import TYPE_CHECKING, Any

from auditor.assess.assessment import Side, State
from auditor.publish.report import Results, frameworks, read
from auditor.text import _
from auditor.verdict import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.catalog.library import Library

GAPS_FOUND, ONLY_UNKNOWNS = 1, 2


def show(results: Path, *, json: bool = False, pack: Path | None = None, library: Library | None = None, lang: str = "fr") -> int:
    """Show a results file, and where the pack is; return the exit code: 0 no gap, 1 gaps, 2 only unknowns."""
    if library is None:
        from auditor import paths
        from auditor.catalog.library import load

        library = load(paths.controls())
    with results.open("rb") as lines:
        found = read(lines, library)
    if json:
        sys.stdout.write(plain.dumps(summary(found, library, results, pack), ensure_ascii=False, indent=2) + "\n")
    else:
        _print(found, library, pack, lang)
    return exit_code(found)


def exit_code(found: Results) -> int:
    """Return 1 when a control failed, 2 when none did but one is unknown or none was judged at all, else 0."""
    verdicts = {view.result.verdict for view in found.controls.values()}
    if Verdict.FAIL in verdicts:
        return GAPS_FOUND
    return ONLY_UNKNOWNS if Verdict.UNKNOWN in verdicts or Verdict.PASS not in verdicts else 0


def summary(found: Results, library: Library, results: Path, pack: Path | None) -> dict[str, Any]:
    """Return the same as plain data, codes without language."""
    counts = {str(verdict): sum(view.result.verdict is verdict for view in found.controls.values()) for verdict in Verdict}
    return {
        "as_of": found.head.as_of.isoformat() + "Z",
        "controls": counts,
        "frameworks": {
            view.id: {
                str(figures.half): {
                    "requirements": figures.total,
                    "seen": figures.seen,
                    "states": {str(state): figures.states[state] for state in State if figures.states[state]},
                }
                for figures in view.figures
            }
            for view in frameworks(found, library)
        },
        "first": [
            {"control": view.result.control, "code": view.result.code, "failed": view.result.failed, "population": view.result.population}
            for view in found.urgent()
        ],
        "results": str(results),
        "pack": str(pack) if pack else None,
    }


def printable(text: str) -> str:
    """Return `text` without what would steer a terminal: control and direction characters become `?`."""
    return "".join("?" if unicodedata.category(char) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else char for char in text)


def _print(found: Results, library: Library, pack: Path | None, lang: str) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    total = len(found.controls)
    failed, unknown = len(found.with_verdict(Verdict.FAIL)), len(found.with_verdict(Verdict.UNKNOWN))
    good = len(found.with_verdict(Verdict.PASS))
    console.print()
    console.print(
        Text(
            _("{total} controls: {failed} with gaps, {unknown} unknown, {good} without gap").format(
                total=total, failed=failed, unknown=unknown, good=good
            ),
            style="bold",
        )
    )
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in (_("Framework"), _("Half"), _("Gaps"), _("No gap"), _("Inherited"), _("Not assessed"), _("Seen")):
        figure = len(table.columns) > 1
        table.add_column(title, justify="right" if figure else "left", no_wrap=not figure, min_width=7 if figure else None)
    for view in frameworks(found, library):
        title = view.id  # the whole title would squeeze the figures on eighty columns
        for figures in view.figures:
            table.add_row(
                Text(printable(title)),
                Text(_("ours") if figures.half is Side.OURS else _("provider's")),
                Text(str(figures.gaps), style="bold red" if figures.gaps else ""),
                Text(str(figures.states[State.NO_GAP])),
                Text(str(figures.states[State.INHERITED])),
                Text(str(figures.states[State.NOT_ASSESSED])),
                Text(f"{figures.seen}/{figures.total}"),
            )
            title = ""
    console.print()
    console.print(table)
    if urgent := found.urgent():
        console.print()
        console.print(Text(_("To do first"), style="bold"))
        for number, item in enumerate(urgent, 1):
            name = item.control.title.of(lang) if item.control else item.result.control
            console.print(Text(f" {number}. {printable(name)}  {item.result.failed}/{item.result.population}"))
    if pack is not None:
        console.print()
        console.print(Text(_("Signed pack: {path}").format(path=printable(str(pack))), style="green"))
