"""The findings as one CSV table, for a spreadsheet: streamed from the lines of the results."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

import msgspec

from auditor.evaluate.result import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable

    from auditor.catalog.library import Library

COLUMNS = ("severity", "code", "control", "title", "verdict", "table", "source", "scope", "id", "why", "shown", "origin")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _Kind(msgspec.Struct):
    kind: str


_KIND = msgspec.json.Decoder(_Kind)
_FINDING = msgspec.json.Decoder(Finding)


def findings(lines: Iterable[bytes], library: Library, lang: str) -> bytes:
    """Return every fail and unknown as CSV (RFC 4180, UTF-8 with a mark so that spreadsheets see it)."""
    out = io.StringIO(newline="")
    out.write("\ufeff")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for line in lines:
        if _KIND.decode(line).kind != "finding":
            continue
        found = _FINDING.decode(line)
        control = library.controls.get(found.control)
        shown = "; ".join(f"{name}={'' if value is None else value}" for name, value in sorted(found.show.items()))
        row = (
            control.severity if control else "",
            control.code if control else "",
            found.control,
            control.title.of(lang) if control else "",
            found.verdict,
            found.table,
            found.source,
            found.scope,
            found.id,
            " ".join(found.why),
            shown,
            found.origin or "",
        )
        writer.writerow([_inert(str(value)) for value in row])
    return out.getvalue().encode()


def _inert(value: str) -> str:
    # A name read from a machine must not become a formula in the reader's spreadsheet (OWASP, CSV injection).
    return "'" + value if value.startswith(_FORMULA) else value
