"""Where the content that ships with the tool lives, and where a workspace keeps its own."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def _content(name: str) -> Path:
    # A checkout wins over `_data`: an editable install leaves a stale copy there.
    checkout = _PACKAGE.parent / name
    return checkout if (_PACKAGE.parent / "pyproject.toml").is_file() and checkout.is_dir() else _PACKAGE / "_data" / name


def controls() -> Path:
    """Return the folder of controls, frameworks and reference data."""
    return _content("controls")


def reports() -> Path:
    """Return the folder of report templates, styles and fonts."""
    return _content("reports")


def state(workspace: Path) -> Path:
    """Return the folder where a workspace keeps snapshots, packs and keys (`.auditor/`)."""
    return workspace / ".auditor"
