"""Files that are there whole or not at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def write_durably(path: Path, data: bytes) -> None:
    """Write `data` to `path` and wait until the disk has it."""
    with path.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def write_atomically(path: Path, data: bytes) -> None:
    """Replace `path` with `data` at once: a reader sees the old file or the new one, never a part."""
    work = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        write_durably(work, data)
        work.replace(path)
        sync_folder(path.parent)
    finally:
        work.unlink(missing_ok=True)


def sync_folder(path: Path) -> None:
    """Wait until the disk has the names in `path`."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folder: Path) -> None:
    """Remove the working folders that killed collections left in `folder`."""
    for path in folder.glob(".*.partial"):
        pid = path.name.rsplit(".", 2)[-2]
        if pid.isdecimal() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(path, ignore_errors=True)
