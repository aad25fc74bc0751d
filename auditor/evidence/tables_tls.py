"""Tables of evidence: tls."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from auditor.evidence.row import Row

TLS_TABLES: tuple[type[Row], ...] = ()
