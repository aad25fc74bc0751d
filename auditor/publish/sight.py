"""What the report says of the collection itself: places not seen, and the ledger summed by source."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from auditor.evidence.cells import Call, CellName, sight

if TYPE_CHECKING:
    from auditor.evidence.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Blind:
    """A cell that was not seen, and the ledger's word on it."""

    name: CellName
    reason: str
    note: str


@dataclass(frozen=True, slots=True)
class Ledger:
    """The calls made to one source."""

    source: str
    calls: int
    outcomes: dict[str, int]
    first: datetime
    last: datetime


class _Placed(msgspec.Struct):
    source: str
    scope: str = ""


def blind(snapshot: Snapshot) -> list[Blind]:
    """Return every cell of the plan that was not seen, sorted."""
    counts: Counter[CellName] = Counter()
    decoder = msgspec.json.Decoder(_Placed)
    for table in snapshot.tables():
        for line in snapshot.lines(table):
            row = decoder.decode(line)
            counts[CellName(row.source, row.scope, table)] += 1
    calls = snapshot.calls()
    notes: defaultdict[CellName, list[str]] = defaultdict(list)
    for call in calls:
        for table in call.feeds if call.reason else ():
            notes[CellName(call.source, call.scope, table)].append(call.reason)
    seen = sight(snapshot.plan(), calls, counts)
    return [Blind(name, item.reason, "; ".join(sorted(set(notes[name]))[:2])) for name, item in sorted(seen.items()) if not item.seen]


def ledger(calls: list[Call]) -> list[Ledger]:
    """Return the ledger, summed by source."""
    grouped: defaultdict[str, list[Call]] = defaultdict(list)
    for call in calls:
        grouped[call.source].append(call)
    return [
        Ledger(
            source,
            len(items),
            dict(sorted(Counter(str(item.outcome) for item in items).items())),
            min(item.started_at for item in items),
            max(item.ended_at for item in items),
        )
        for source, items in sorted(grouped.items())
    ]
