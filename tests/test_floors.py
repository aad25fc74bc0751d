"""The house keeps its floors: a module imports its own package or lower floors only."""

import ast
from pathlib import Path

import pytest

import auditor

ROOT = Path(auditor.__file__).parent
FLOORS = {
    "errors": 0, "verdict": 0, "codec": 0, "paths": 0, "text": 0,
    "evidence": 1, "seal": 1,
    "scope": 2, "catalog": 2,
    "collect": 3, "evaluate": 3,
    "assess": 4,
    "publish": 5, "history": 5,
    "verify": 6, "offer": 6, "place": 6,
    "cli": 7, "__main__": 8,
}  # fmt: skip
FREE = {"__init__"}
"""The package's own version; everybody may name it."""
SOCKETS = {"socket", "subprocess", "ssl", "urllib.request", "http.client"}
MAY_OPEN_SOCKETS = {"collect", "verify"}
"""Only collectors reach out; `verify` starts its own child without a network."""
HOMES = {"weasyprint": {"publish/pdf.py"}, "pyhanko": {"seal"}, "duckdb": {"evaluate"}}


def modules() -> list[Path]:
    return sorted(path for path in ROOT.rglob("*.py") if "_data" not in path.parts)


def room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [name.name for name in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found += [f"{node.module}.{name.name}" if node.module == "auditor" else str(node.module) for name in node.names]
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_stands_on_lower_floors(path):
    own = room(path)
    if own in FREE:
        return
    assert own in FLOORS, f"{path}: give this room a floor"
    for name in imports(path):
        if name.startswith("auditor.") and (other := name.split(".")[1]) not in {own, "__version__"}:
            assert other in FLOORS, f"{path}: unknown room {other}"
            assert FLOORS[other] < FLOORS[own] or FLOORS[other] == 0, f"{path}: {own} may not import {other}"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_only_collectors_reach_out(path):
    if room(path) not in MAY_OPEN_SOCKETS:
        assert not SOCKETS & set(imports(path)), f"{path}: only collectors open sockets or run commands"


@pytest.mark.parametrize(("library", "homes"), HOMES.items(), ids=HOMES)
def test_a_heavy_library_has_one_home(library, homes):
    users = {str(path.relative_to(ROOT)) for path in modules() if any(name.split(".")[0] == library for name in imports(path))}
    assert users, f"nobody uses {library}: drop it"
    assert all(user in homes or user.split("/")[0] in homes for user in users)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_files_stay_readable(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 330, "one subject per file, about 300 lines"
