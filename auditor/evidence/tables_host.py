"""Tables of evidence: host."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.evidence.row import Row

HOST_TABLES: tuple[type[Row], ...] = ()
