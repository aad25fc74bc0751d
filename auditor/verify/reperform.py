"""Judge the evidence of a pack again, in a child process with limits and without network.

The child gets FOLDER and AS_OF: it reads scope.yaml, controls/ and snapshot.zip there, writes results.ndjson.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from auditor.seal.manifest import RESULTS, SCOPE, SNAPSHOT

CPU_SECONDS = 900
MEMORY_BYTES = 4 << 30
FILE_BYTES = 1 << 30
CONTROLS_FOLDER = "controls"
_CHILD = "import sys; from auditor.verify.reperform import main; sys.exit(main(sys.argv[1:]))"
_REFUSED_EVENTS = ("socket.", "subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.spawn", "ctypes.")


@dataclass(frozen=True, slots=True)
class Run:
    """How the child ended."""

    ok: bool
    problem: str
    isolation: Literal["namespace", "blocked"]
    """Without any network interface of its own; or, where the system refuses that, with sockets refused by the interpreter."""


def reperform(folder: Path, as_of: datetime) -> Run:
    """Judge again what lies in `folder`; the results are in `results.ndjson` there when it went well."""
    prefix = _namespace()
    command = [*prefix, sys.executable, "-I", "-c", _CHILD, str(folder), as_of.isoformat()]
    environment = {"PATH": os.defpath, "LC_ALL": "C.UTF-8", "HOME": str(folder), "TMPDIR": str(folder)}
    isolation: Literal["namespace", "blocked"] = "namespace" if prefix else "blocked"
    try:
        done = subprocess.run(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=2 * CPU_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return Run(False, "timeout", isolation)
    said = done.stderr.decode(errors="replace").strip()[-2000:]
    return Run(done.returncode == 0, said or (f"exit {done.returncode}" if done.returncode else ""), isolation)


def _namespace() -> list[str]:
    """Return the words that start a command without network, or nothing where the system refuses."""
    tool = shutil.which("unshare")
    for words in (["-n"], ["-r", "-n"]):
        if tool is not None and subprocess.run([tool, *words, "--", "true"], capture_output=True, timeout=30, check=False).returncode == 0:
            return [tool, *words, "--"]
    return []


def _refuse(event: str, _arguments: object) -> None:
    if event.startswith(_REFUSED_EVENTS):
        raise PermissionError(f"{event}: judging again needs neither network nor commands")


def _limit() -> None:
    for what, most in (
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (least, least))


def main(arguments: list[str]) -> int:
    """Be the child."""
    _limit()
    from auditor import scope
    from auditor.assess.results import produce
    from auditor.catalog.library import load
    from auditor.errors import AuditorError
    from auditor.evaluate.database import Database
    from auditor.evidence.snapshot import Snapshot

    Database().close()  # the engine loads its libraries now, before the door closes
    sys.addaudithook(_refuse)
    folder, as_of = Path(arguments[0]), datetime.fromisoformat(arguments[1])
    try:
        said = scope.parse((folder / SCOPE).read_bytes(), SCOPE)
        library = load(folder / CONTROLS_FOLDER)
        with (folder / RESULTS).open("wb") as stream:
            for line in produce(Snapshot(folder / SNAPSHOT), said, library, as_of):
                stream.write(line)
    except (AuditorError, OSError, MemoryError) as error:
        print(str(error) or type(error).__name__, file=sys.stderr)  # noqa: T201 — what the parent reads
        return 1
    return 0
