"""What every row of evidence has in common."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, ClassVar, Self

import msgspec

Doc = msgspec.Meta


class Origin(StrEnum):
    """Where a row comes from."""

    LIVE = "live"
    PLAN = "plan"
    STATE = "state"
    IMPORT = "import"
    DECLARED = "declared"


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One fact. A column is null only when it is unknown; absence that was observed is a value.

    Columns are `str`, `int`, `bool` or `datetime` (naive UTC, whole seconds), optional but for the natural key.
    A list is one text, its items sorted and separated by a space. `TABLE` names the table, `KEY` the columns of its
    natural key, which make `id`: build rows with `named`.
    """

    TABLE: ClassVar[str]
    KEY: ClassVar[tuple[str, ...]]

    source: Annotated[str, Doc(description="the source of the scope that this row was read from")]
    id: Annotated[str, Doc(description="the natural key; (source, id) is unique in a table")]
    scope: Annotated[str, Doc(description="project, account or region inside the source; empty where it has none")] = ""
    origin: Annotated[Origin, Doc(description="live, plan, state, import or declared")] = Origin.LIVE
    call: Annotated[str | None, Doc(description="the ledger's call that gave the row")] = None

    @classmethod
    def named(cls, **columns: Any) -> Self:
        """Return a row whose `id` is made of its natural key."""
        return cls(id=row_id(*(columns[name] for name in cls.KEY)), **columns)

    def natural_id(self) -> str:
        """Return the id that the natural key asks for."""
        return self.id if self.KEY == ("id",) else row_id(*(getattr(self, name) for name in self.KEY))


def row_id(*parts: str | int) -> str:
    """Join the parts of a natural key into one readable, unambiguous name."""
    return "|".join(str(part).replace("\\", "\\\\").replace("|", "\\|") for part in parts)
