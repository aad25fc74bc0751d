"""Every table of evidence, in one visible list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.evidence.tables_host import HOST_TABLES
from auditor.evidence.tables_scope import SCOPE_TABLES
from auditor.evidence.tables_tls import TLS_TABLES

if TYPE_CHECKING:
    from auditor.evidence.row import Row

TABLES: dict[str, type[Row]] = {table.TABLE: table for table in (*HOST_TABLES, *TLS_TABLES, *SCOPE_TABLES)}
"""Row types by name of table."""

CONTEXT: dict[str, type] = {
    "site": str,
    "country": str,
    "service": str,
    "application": str,
    "health_data": bool,
    "criticality": int,
    "exposure": int,
}
"""Columns that every collected table gains at evaluation, joined from the scope.

`criticality`: 0 low, 1 medium, 2 high, 3 vital. `exposure`: 0 isolated, 1 internal, 2 partner, 3 internet.
"""
