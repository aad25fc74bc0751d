"""The sealed result of one collection: canonical NDJSON files under a manifest."""

from __future__ import annotations

import gzip
import hashlib
import os
import re
import shutil
import threading
import zipfile
import zlib
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import IO, TYPE_CHECKING, Self, TypeVar

import msgspec

from auditor.codec import canonical, sha256
from auditor.errors import DigestError, EvidenceError
from auditor.evidence.cells import Call, Cell
from auditor.evidence.files import sweep, sync_folder, write_durably
from auditor.evidence.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from auditor.evidence.row import Row

T = TypeVar("T", bound=msgspec.Struct)

FORMAT = 1
MANIFEST = "manifest.json"
MAX_FILE_BYTES = 4 << 30
MAX_LINE_BYTES = 1 << 20
MAX_FILES = 256
_LEDGER: dict[str, type[msgspec.Struct]] = {"plan": Cell, "collect_call": Call}


class FileEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One file of a snapshot: SHA-256 and size are those of the NDJSON before compression."""

    name: str
    table: str
    rows: int
    size: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a snapshot holds, when and with what it was made."""

    format: int
    tool: str
    started_at: datetime
    ended_at: datetime
    partial: bool
    scope_sha256: str
    catalogue_sha256: str
    clock_offset_ms: int | None = None
    """Offset of the collecting machine's clock, where it could be measured."""
    files: tuple[FileEntry, ...] = ()


class SnapshotWriter:
    """Gathers rows from several threads, then writes the snapshot whole or not at all.

    Rows are spooled per table and source, sorted, merged, digested and compressed at `finish`, into a folder beside
    `target` that is renamed last. Left without `finish`, nothing remains.
    """

    def __init__(self, target: Path) -> None:
        self._target = target
        self._work = target.with_name(f".{target.name}.{os.getpid()}.partial")
        self._lock = threading.Lock()
        self._spools: dict[tuple[str, str], list[bytes]] = {}
        if target.exists():
            msg = f"{target} already exists"
            raise EvidenceError(msg, hint="a snapshot is never overwritten; choose another name")
        sweep(target.parent)
        try:
            self._work.mkdir(parents=True)
        except OSError as error:
            msg = f"{target.parent} cannot be written: {error.strerror}"
            raise EvidenceError(msg, hint="free some space or choose another workspace") from error

    def __enter__(self) -> Self:
        """Return the writer itself."""
        return self

    def __exit__(self, *_exc: object) -> None:
        """Throw away what was not finished."""
        self.discard()

    def discard(self) -> None:
        """Remove the working folder; a finished snapshot stays."""
        shutil.rmtree(self._work, ignore_errors=True)

    def add(self, rows: Iterable[Row]) -> int:
        """Take rows of any tables; return how many. Raises EvidenceError when an id is not the natural key."""
        count = 0
        encoded: dict[tuple[str, str], list[bytes]] = {}
        for row in rows:
            if row.id != row.natural_id():
                msg = f"{row.TABLE}: id {row.id!r} is not its natural key {row.natural_id()!r}"
                raise EvidenceError(msg)
            encoded.setdefault((row.TABLE, row.source), []).append(canonical(row))
            count += 1
        self._keep(encoded)
        return count

    def log(self, record: Cell | Call) -> None:
        """Take one cell of the plan or one call of the ledger."""
        table = "plan" if isinstance(record, Cell) else "collect_call"
        self._keep({(table, record.source): [canonical(record)]})

    def _keep(self, encoded: dict[tuple[str, str], list[bytes]]) -> None:
        with self._lock:
            for key, lines in encoded.items():
                self._spools.setdefault(key, []).extend(lines)

    def finish(
        self,
        *,
        tool: str,
        started_at: datetime,
        ended_at: datetime,
        partial: bool,
        scope_sha256: str,
        catalogue_sha256: str,
        clock_offset_ms: int | None = None,
    ) -> Manifest:
        """Write every file, then the manifest, then give the folder its name.

        Raises EvidenceError when two rows share a name or the disk is full; nothing is left behind.
        """
        try:
            with self._lock:
                tables = sorted({table for table, _source in self._spools})
                files = tuple(self._write(table) for table in tables)
            manifest = Manifest(
                format=FORMAT,
                tool=tool,
                started_at=started_at,
                ended_at=ended_at,
                partial=partial,
                scope_sha256=scope_sha256,
                catalogue_sha256=catalogue_sha256,
                clock_offset_ms=clock_offset_ms,
                files=files,
            )
            write_durably(self._work / MANIFEST, canonical(manifest) + b"\n")
            sync_folder(self._work)
            self._work.rename(self._target)
            sync_folder(self._target.parent)
        except OSError as error:
            self.discard()
            msg = f"the snapshot could not be written: {error.strerror}"
            raise EvidenceError(msg, hint="free some space, then collect again: nothing was left half-written") from error
        except EvidenceError:
            self.discard()
            raise
        return manifest

    def _write(self, table: str) -> FileEntry:
        parts = [
            sorted(lines) if table == "plan" else _sorted_by_name(lines, table)
            for (name, _s), lines in sorted(self._spools.items())
            if name == table
        ]
        digest, size, rows = hashlib.sha256(), 0, 0
        path = self._work / f"{table}.ndjson.gz"
        with path.open("wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0, filename="", compresslevel=6) as packed:
            for line in (line for part in parts for line in part):
                packed.write(line + b"\n")
                digest.update(line + b"\n")
                size += len(line) + 1
                rows += 1
            packed.close()
            raw.flush()
            os.fsync(raw.fileno())
        return FileEntry(name=path.name, table=table, rows=rows, size=size, sha256=digest.hexdigest())


def _sorted_by_name(lines: list[bytes], table: str) -> list[bytes]:
    named = sorted((_ID_DECODER.decode(line).id, line) for line in lines)
    for (left, _l), (right, _r) in pairwise(named):
        if left == right:
            msg = f"{table}: two rows are both named {left!r}"
            raise EvidenceError(msg, hint="the collector must give each its own natural key")
    return [line for _id, line in named]


class _Named(msgspec.Struct):
    id: str


_ID_DECODER = msgspec.json.Decoder(_Named)


class Snapshot:
    """A snapshot read back: untrusted until every digest, cap and column has been checked."""

    def __init__(self, path: Path) -> None:
        """Open a folder or a `.zip`; raises EvidenceError when it is not a snapshot we can read."""
        self.path = path
        self._zip: zipfile.ZipFile | None = None
        try:
            if path.is_file():
                self._zip = zipfile.ZipFile(path)
                names = self._zip.namelist()
                if len(names) > MAX_FILES or any(not _FILE_NAME.match(name) for name in names) or len(set(names)) != len(names):
                    msg = f"{path}: not a snapshot archive"
                    raise EvidenceError(msg)
            with self._open(MANIFEST) as stream:
                raw = stream.read(MAX_LINE_BYTES + 1)
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            msg = f"{path}: no readable snapshot there"
            raise EvidenceError(msg, hint="give the folder or .zip that `auditor collect` wrote") from error
        self.sha256 = sha256(raw)
        self.manifest = self._manifest(raw)
        self._files = {entry.table: entry for entry in self.manifest.files}

    def _manifest(self, raw: bytes) -> Manifest:
        try:
            manifest = msgspec.json.decode(raw, type=Manifest)
        except msgspec.MsgspecError as error:
            msg = f"{self.path}: manifest: {error}"
            raise EvidenceError(msg) from error
        if manifest.format != FORMAT:
            msg = f"{self.path}: format {manifest.format} is not one this release reads (1 to {FORMAT})"
            raise EvidenceError(msg, hint="use the release that wrote it, or a newer one")
        for entry in manifest.files:
            if entry.table not in TABLES and entry.table not in _LEDGER:
                msg = f"{self.path}: unknown table {entry.table!r}"
                raise EvidenceError(msg)
            if entry.name != f"{entry.table}.ndjson.gz" or entry.size > MAX_FILE_BYTES:
                msg = f"{self.path}: {entry.name!r} is not a file of a snapshot"
                raise EvidenceError(msg)
        if len({entry.table for entry in manifest.files}) != len(manifest.files):
            msg = f"{self.path}: a table stands twice in the manifest"
            raise EvidenceError(msg)
        return manifest

    def _open(self, name: str) -> IO[bytes]:
        return self._zip.open(name) if self._zip else (self.path / name).open("rb")

    def tables(self) -> tuple[str, ...]:
        """Return the tables of evidence that have a file, sorted."""
        return tuple(sorted(table for table in self._files if table in TABLES))

    def lines(self, table: str) -> Iterator[bytes]:
        """Yield the canonical lines of `table`, without their newline, digest and caps checked.

        Raises DigestError at the end of the file when its bytes are not the sealed ones: use no line before the end.
        """
        if (entry := self._files.get(table)) is None:
            return
        digest, size, rows = hashlib.sha256(), 0, 0
        try:
            with self._open(entry.name) as raw, gzip.GzipFile(fileobj=raw, mode="rb") as stream:
                while line := stream.readline(MAX_LINE_BYTES + 1):
                    size += len(line)
                    rows += 1
                    if len(line) > MAX_LINE_BYTES or size > entry.size:
                        msg = f"{entry.name}: larger than its manifest says"
                        raise DigestError(msg)
                    digest.update(line)
                    yield line.rstrip(b"\n")
        except (OSError, EOFError, zlib.error, KeyError, zipfile.BadZipFile) as error:
            msg = f"{entry.name}: cannot be unpacked"
            raise DigestError(msg) from error
        if (digest.hexdigest(), size, rows) != (entry.sha256, entry.size, entry.rows):
            msg = f"{entry.name}: its bytes are not those of the manifest"
            raise DigestError(msg, hint="the snapshot was changed or damaged after it was made")

    def rows(self, table: str) -> Iterator[Row]:
        """Yield the rows of `table`, decoded strictly: unknown columns and wrong types are refused."""
        for row in self._decode(table, TABLES[table]):
            if row.id != row.natural_id():
                msg = f"{table}: id {row.id!r} is not its natural key"
                raise EvidenceError(msg)
            yield row

    def plan(self) -> list[Cell]:
        """Return the plan that was written before the first call."""
        return list(self._decode("plan", Cell))

    def calls(self) -> list[Call]:
        """Return the ledger."""
        return list(self._decode("collect_call", Call))

    def _decode(self, table: str, kind: type[T]) -> Iterator[T]:
        decoder = msgspec.json.Decoder(kind)
        for number, line in enumerate(self.lines(table), 1):
            try:
                yield decoder.decode(line)
            except msgspec.MsgspecError as error:
                msg = f"{table}.ndjson:{number}: {error}"
                raise EvidenceError(msg) from error


_FILE_NAME = re.compile(r"[a-z_]+\.(json|ndjson\.gz)\Z")


def to_zip(folder: Path, target: IO[bytes]) -> None:
    """Write a snapshot folder as one deterministic `.zip` (fixed dates, stored as is)."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for path in sorted(folder.iterdir()):
            archive.writestr(zipfile.ZipInfo(path.name, (1980, 1, 1, 0, 0, 0)), path.read_bytes())
