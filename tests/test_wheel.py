"""The built wheel works alone, in a clean environment: controls, templates and fonts travel in it."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


def run(*command, cwd, ok=(0,), **environment):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        command, cwd=cwd, env=kept | environment, capture_output=True, text=True, check=False, timeout=280, stdin=subprocess.DEVNULL
    )
    assert done.returncode in ok, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), cwd=ROOT)
    return next(out.glob("*.whl"))


def test_the_content_travels_in_the_wheel(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    for folder in ("controls", "reports"):
        wanted = {
            path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*") if path.is_file() and "__pycache__" not in path.parts
        }
        assert {f"auditor/_data/{name}" for name in wanted} <= set(names)
    assert {
        "auditor/locale/fr/LC_MESSAGES/auditor.mo",
        "auditor/locale/fr/LC_MESSAGES/reports.mo",
        "auditor/collect/linux/script.sh",
    } <= set(names)
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/"))]


@pytest.mark.xdist_group("wheel")
def test_the_wheel_audits_this_machine_alone(wheel, tmp_path):
    run(sys.executable, "-m", "venv", "env", cwd=tmp_path)
    python, auditor = tmp_path / "env/bin/python", tmp_path / "env/bin/auditor"
    pip = (python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input")
    run(*pip, "--require-hashes", "-r", ROOT / "requirements/run.lock", cwd=tmp_path)
    run(*pip, "--no-deps", wheel, cwd=tmp_path)
    assert "auditor" in run(auditor, "--version", cwd=tmp_path)
    run(auditor, "controls", "lint", cwd=tmp_path)
    run(auditor, "controls", "test", cwd=tmp_path)
    run(auditor, "run", cwd=tmp_path, ok=(0, 1, 2))
    pack = next((tmp_path / ".auditor/packs").glob("*.pdf"))
    run(auditor, "verify", pack, cwd=tmp_path)
    place = run(python, "-c", "import auditor; print(auditor.__file__)", cwd=tmp_path)
    assert place.startswith(str(tmp_path))
