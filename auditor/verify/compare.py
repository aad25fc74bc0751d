"""What sets a pack apart from the published release, what weakens it, and where two results part."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any

import msgspec

from auditor import paths
from auditor.catalog import library
from auditor.evaluate import language
from auditor.evaluate.result import ControlResult
from auditor.evidence.cells import Cell, CellName, sight
from auditor.evidence.row import Origin
from auditor.text import _

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from auditor.evidence.snapshot import Snapshot
    from auditor.seal.check import SealReport
    from auditor.seal.manifest import Predicate

SHOWN = 20
"""Most lines listed of one kind; the rest is counted."""


class _Brief(msgspec.Struct, frozen=True):
    kind: str = ""


class _Placed(msgspec.Struct, frozen=True):
    source: str
    scope: str = ""
    origin: Origin = Origin.LIVE


_PLACED = msgspec.json.Decoder(_Placed)


class Tally:
    """Counts rows by cell and by origin while their lines go by."""

    def __init__(self) -> None:
        self.cells: Counter[CellName] = Counter()
        self.origins: Counter[Origin] = Counter()

    def watch(self, table: str, lines: Iterator[bytes]) -> Iterator[bytes]:
        """Yield `lines` unchanged, counted when the table is one of evidence."""
        for line in lines:
            if table not in {"plan", "collect_call"}:
                row = _PLACED.decode(line)
                self.cells[CellName(row.source, row.scope, table)] += 1
                self.origins[row.origin] += 1
            yield line


def differences(controls: Path, results: Path, predicate: Predicate) -> list[str]:
    """Return how what judged differs from what ships with this tool, most telling first."""
    ours, theirs = _files(paths.controls()), _files(controls)
    found = []
    if ours != theirs:
        release = (paths.controls() / library.RELEASE_FILE).read_text(encoding="utf-8").strip()
        found.append(
            _("The controls are not those of release {release} that ships with this tool (the pack says {theirs}).").format(
                release=release, theirs=predicate.catalogue
            )
        )
        for sentence, names in (
            (_("changed: {name}"), [name for name in ours if name in theirs and ours[name] != theirs[name]]),
            (_("removed: {name}"), [name for name in ours if name not in theirs]),
            (_("added: {name}"), [name for name in theirs if name not in ours]),
        ):
            found += _shown([sentence.format(name=name) for name in names])
    found += _shown(list(_thresholds(results)))
    if predicate.language != language.VERSION:
        found.append(
            _("The check language is number {theirs}; this tool speaks number {ours}.").format(
                theirs=predicate.language, ours=language.VERSION
            )
        )
    return found


def _files(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in library.files(folder)}


def _thresholds(results: Path) -> Iterator[str]:
    for control in _controls(results):
        for name in control.changed:
            yield _("Threshold replaced by the scope: {control}, {name} = {value}.").format(
                control=control.control, name=name, value=_value(control.parameters.get(name))
            )


def _value(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _controls(results: Path) -> Iterator[ControlResult]:
    brief, whole = msgspec.json.Decoder(_Brief), msgspec.json.Decoder(ControlResult)
    with results.open("rb") as stream:
        for line in stream:
            if brief.decode(line).kind == "control":
                yield whole.decode(line)


def limits(snapshot: Snapshot, tally: Tally, predicate: Predicate, seal: SealReport) -> list[str]:
    """Return what a reader must bear in mind even when every check holds."""
    found = []
    if snapshot.manifest.partial:
        found.append(_("The collection was cut short: what it did not reach counts as not seen."))
    plan, seen = snapshot.plan(), sight(snapshot.plan(), snapshot.calls(), tally.cells)
    found += _unseen(plan, {name for name, item in seen.items() if not item.seen}, {name: item.reason for name, item in seen.items()})
    rows, declared = tally.origins.total(), tally.origins.total() - tally.origins[Origin.LIVE]
    if declared:
        found.append(_("{n} rows of {total} were not read live but declared, planned or imported.").format(n=declared, total=rows))
    delay = seal.claimed_at - snapshot.manifest.ended_at
    found.append(_("{hours} h passed between the end of the collection and the seal.").format(hours=int(delay.total_seconds()) // 3600))
    if predicate.as_of != snapshot.manifest.ended_at:
        found.append(_("Judged as of {date}, not at the end of the collection.").format(date=predicate.as_of.isoformat()))
    if seal.kind == "local":
        found.append(_("Local seal: it shows that the file did not change since, not who made it; compare the certificate's digest."))
    else:
        found.append(_("The path of the certificate was not led back to a trusted authority."))
    found.append(_("The time of the seal is that of the machine which sealed: no third party vouches for it."))
    if predicate.previous_pack is None:
        found.append(_("The pack names none before it."))
    else:
        found.append(_("The pack before is {digest}; it was not at hand to check.").format(digest=predicate.previous_pack.sha256))
    found.append(_("The pages were not laid out again: in doubt, the results inside prevail over the printed figures."))
    return found


def _unseen(plan: list[Cell], unseen: set[CellName], reasons: dict[CellName, str]) -> list[str]:
    by_source: dict[str, Counter[str]] = {}
    totals: Counter[str] = Counter(cell.source for cell in plan)
    for name in unseen:
        by_source.setdefault(name.source, Counter())[reasons[name]] += 1
    lines = [
        _("Source {source}: {n} of {total} promises not seen ({reasons}).").format(
            source=source, n=counts.total(), total=max(totals[source], counts.total()), reasons=", ".join(sorted(counts))
        )
        for source, counts in sorted(by_source.items())
    ]
    return _shown(lines)


def parting(sealed: Path, again: Path) -> list[str]:
    """Return where two results files part, or nothing when they are the same bytes."""
    with sealed.open("rb") as left, again.open("rb") as right:
        if hashlib.file_digest(left, "sha256").digest() == hashlib.file_digest(right, "sha256").digest():
            return []
    one, other = _digests(sealed), _digests(again)
    lines = _shown([_("only in the pack: {line}").format(line=line) for line in _only(sealed, other)])
    lines += _shown([_("only judged again: {line}").format(line=line) for line in _only(again, one)])
    return lines or [_("the same lines, in another order")]


def _digests(path: Path) -> set[bytes]:
    with path.open("rb") as stream:
        return {hashlib.sha256(line).digest() for line in stream}


def _only(path: Path, other: set[bytes]) -> list[str]:
    with path.open("rb") as stream:
        return [line[:300].decode(errors="replace").rstrip() for line in stream if hashlib.sha256(line).digest() not in other]


def _shown(lines: list[str]) -> list[str]:
    if len(lines) <= SHOWN:
        return lines
    return [*lines[:SHOWN], _("… and {n} more").format(n=len(lines) - SHOWN)]
