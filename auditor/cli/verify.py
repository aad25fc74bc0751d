"""`auditor verify`: check a pack, and judge its evidence again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.workspace import Json, Lang
from auditor.text import _

Pack = Annotated[Path, typer.Argument(help=_("The signed PDF."))]


def summary() -> str:
    """Return the line of help."""
    return _("Check a pack: seal, evidence, and the same results again.")


def command(pack: Pack, json: Json = False, lang: Lang = "fr") -> int:
    """Verify; exit code 0 only when everything holds, 3 otherwise."""
    raise NotImplementedError
