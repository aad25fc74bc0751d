"""The names of a table's rows, read once, and the rows of each verdict picked out of them."""

from __future__ import annotations

from itertools import compress
from typing import Any

from auditor.evidence.cells import CellName

_FLAGS = bytes.maketrans(b"01", b"\0\1")


class Listing:
    """Ids of one table in the order of source, scope and id: a cell is a span of them.

    Each name is held once, however many controls list it; a control's rows come as one string of bits.
    """

    def __init__(self, connection: Any, table: str) -> None:
        self._connection = connection
        self.table = table
        self.spans: dict[CellName, tuple[int, int]] = {}
        spans = connection.execute(f'select source, scope, min(_n), max(_n) + 1 from "{table}" group by source, scope').fetchall()
        for source, scope, first, end in spans:
            self.spans[CellName(source, scope, table)] = (first, end)
        self.ids: list[str] = []
        cursor = connection.execute(f'select id from "{table}" order by _n')
        while batch := cursor.fetchmany(100_000):
            self.ids.extend([id_ for (id_,) in batch])

    def pick(self, index: int, codes: tuple[int, ...]) -> list[dict[CellName, tuple[str, ...]]]:
        """Return, for each verdict code of control number `index`, the sorted ids of its rows by cell."""
        if not self.ids:
            return [{} for _code in codes]
        bits = ", ".join(f"bitstring_agg(n, 0, {len(self.ids) - 1}) filter (where c{index} = {code})" for code in codes)
        return [self._cells(found) for found in self._connection.execute(f'select {bits} from "_v_{self.table}"').fetchone()]

    def _cells(self, bits: str | None) -> dict[CellName, tuple[str, ...]]:
        if bits is None:
            return {}
        flags = bits.encode().translate(_FLAGS)
        if len(self.spans) == 1:
            return {name: tuple(compress(self.ids, flags)) for name in self.spans}
        return {name: tuple(compress(self.ids[first:end], flags[first:end])) for name, (first, end) in self.spans.items()}
