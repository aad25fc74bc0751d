"""Snapshots: canonical, atomic, and untrusted when read."""

import errno
import gzip
import json
import os
import resource
import signal
import subprocess
import sys
import textwrap
import time
import zipfile
from datetime import datetime

import pytest

from auditor.codec import canonical, sha256
from auditor.errors import DigestError, EvidenceError
from auditor.evidence.cells import Call, Cell, Outcome, Visibility
from auditor.evidence.files import sweep, write_atomically
from auditor.evidence.snapshot import MANIFEST, Snapshot, SnapshotWriter, to_zip
from auditor.evidence.tables_host import HostService
from auditor.evidence.tables_scope import Site

AT = datetime(2026, 11, 24, 8)
ABOUT = {
    "tool": "auditor test", "started_at": AT, "ended_at": AT, "partial": False,
    "scope_sha256": "0" * 64, "catalogue_sha256": "1" * 64,
}  # fmt: skip


def site(number):
    return Site(source="s", id=f"site{number:03d}", name="x", country="FR")


def write(path, rows=3, **about):
    with SnapshotWriter(path) as writer:
        writer.log(Cell(source="s", table="site"))
        writer.add(site(number) for number in reversed(range(rows)))
        writer.log(
            Call(
                id="s#1",
                source="s",
                operation="read",
                feeds=("site",),
                outcome=Outcome.OK,
                complete=True,
                visibility=Visibility.ALL,
                started_at=AT,
                ended_at=AT,
            )
        )
        writer.finish(**{**ABOUT, **about})
    return path


def test_what_is_written_is_read_back_sorted(tmp_path):
    snapshot = Snapshot(write(tmp_path / "a"))
    assert [row.id for row in snapshot.rows("site")] == ["site000", "site001", "site002"]
    assert snapshot.tables() == ("site",)
    assert snapshot.plan() == [Cell(source="s", table="site")]
    assert snapshot.calls()[0].outcome is Outcome.OK
    assert list(snapshot.rows("organisation")) == []


def test_two_snapshots_of_the_same_rows_are_the_same_bytes(tmp_path):
    first, second = write(tmp_path / "a"), write(tmp_path / "b")
    assert {path.name: path.read_bytes() for path in first.iterdir()} == {path.name: path.read_bytes() for path in second.iterdir()}


def test_a_zip_reads_as_its_folder_and_is_deterministic(tmp_path):
    folder = write(tmp_path / "a")
    for name in ("x.zip", "y.zip"):
        with (tmp_path / name).open("wb") as stream:
            to_zip(folder, stream)
    assert (tmp_path / "x.zip").read_bytes() == (tmp_path / "y.zip").read_bytes()
    assert list(Snapshot(tmp_path / "x.zip").rows("site")) == list(Snapshot(folder).rows("site"))
    assert Snapshot(tmp_path / "x.zip").sha256 == Snapshot(folder).sha256


def test_two_rows_of_one_name_are_refused_and_nothing_is_left(tmp_path):
    with SnapshotWriter(tmp_path / "a") as writer, pytest.raises(EvidenceError, match="both named"):
        writer.add([site(1), site(1)])
        writer.finish(**ABOUT)
    assert list(tmp_path.iterdir()) == []


def test_an_id_that_is_not_the_natural_key_is_refused(tmp_path):
    with SnapshotWriter(tmp_path / "a") as writer, pytest.raises(EvidenceError, match="natural key"):
        writer.add([HostService(source="s", id="forged", unit="sshd.service")])


def test_an_existing_snapshot_is_never_overwritten(tmp_path):
    write(tmp_path / "a")
    with pytest.raises(EvidenceError, match="already exists"):
        SnapshotWriter(tmp_path / "a")


def test_left_without_finish_nothing_remains(tmp_path):
    with SnapshotWriter(tmp_path / "a") as writer:
        writer.add([site(1)])
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_an_error_and_leaves_nothing(tmp_path):
    """A limit on the size of files stands for the disk: the kernel refuses the write half-way."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        with SnapshotWriter(tmp_path / "a") as writer:
            writer.add(site(number) for number in range(500))
            resource.setrlimit(resource.RLIMIT_FSIZE, (200, before[1]))
            with pytest.raises(EvidenceError, match="could not be written"):
                writer.finish(**ABOUT)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


KILLED = textwrap.dedent("""
    import sys, pathlib
    sys.path.insert(0, {here!r})
    from test_snapshot import write
    path = pathlib.Path(sys.argv[1])
    print("go", flush=True)
    for number in range(1000):
        write(path / f"n{{number}}", rows=400)
""")


@pytest.mark.parametrize("delay_ms", [0, 3, 7, 15, 40, 90])
def test_killed_at_any_moment_every_snapshot_left_is_whole(tmp_path, delay_ms):
    kill_at(tmp_path, delay_ms)


@pytest.mark.long
@pytest.mark.parametrize("delay_ms", range(0, 400, 2))
def test_killed_by_the_hundred(tmp_path, delay_ms):
    kill_at(tmp_path, delay_ms)


def kill_at(folder, delay_ms):
    child = subprocess.Popen([sys.executable, "-c", KILLED.format(here=os.path.dirname(__file__)), str(folder)], stdout=subprocess.PIPE)
    child.stdout.readline()
    time.sleep(delay_ms / 1000)
    child.kill()
    child.wait()
    child.stdout.close()
    sweep(folder)
    for path in folder.iterdir():
        assert len(list(Snapshot(path).rows("site"))) == 400


def mend(folder, table, change):
    """Change a table's bytes and make the manifest agree: what a forger would do."""
    path = folder / f"{table}.ndjson.gz"
    data = change(gzip.decompress(path.read_bytes()))
    path.write_bytes(gzip.compress(data, mtime=0))
    manifest = json.loads((folder / MANIFEST).read_bytes())
    for entry in manifest["files"]:
        if entry["table"] == table:
            entry.update(sha256=sha256(data), size=len(data), rows=data.count(b"\n"))
    (folder / MANIFEST).write_bytes(canonical(manifest))


def test_a_changed_byte_is_refused(tmp_path):
    folder = write(tmp_path / "a")
    path = folder / "site.ndjson.gz"
    path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()).replace(b"site001", b"site009"), mtime=0))
    with pytest.raises(DigestError):
        list(Snapshot(folder).lines("site"))


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b'"source"', b'"sauce"', 1),
        lambda data: data.replace(b'"source":"s"', b'"source":1', 1),
        lambda data: data.replace(b"{", b'{"extra":1,', 1),
        lambda data: b"not json\n" + data,
        lambda data: b"[]\n",
        lambda data: b"{}\n",
    ],
)
def test_a_forged_line_is_refused_with_its_place(tmp_path, change):
    folder = write(tmp_path / "a")
    mend(folder, "site", change)
    with pytest.raises(EvidenceError, match="site"):
        list(Snapshot(folder).rows("site"))


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"extra": 1},
        {"files": [{"name": "../x", "table": "site", "rows": 0, "size": 0, "sha256": ""}]},
        {"files": [{"name": "nothing.ndjson.gz", "table": "nothing", "rows": 0, "size": 0, "sha256": ""}]},
        {"files": [{"name": "site.ndjson.gz", "table": "site", "rows": 0, "size": 1 << 60, "sha256": ""}]},
    ],
)
def test_a_manifest_we_cannot_read_is_refused(tmp_path, change):
    folder = write(tmp_path / "a")
    manifest = json.loads((folder / MANIFEST).read_bytes())
    (folder / MANIFEST).write_bytes(canonical({**manifest, **change}))
    with pytest.raises(EvidenceError):
        Snapshot(folder)


def test_a_bomb_stops_at_the_size_the_manifest_says(tmp_path):
    folder = write(tmp_path / "a")
    (folder / "site.ndjson.gz").write_bytes(gzip.compress(b"0" * (64 << 20), mtime=0))
    with pytest.raises(DigestError, match="larger"):
        list(Snapshot(folder).lines("site"))


def test_a_cut_file_or_archive_is_refused(tmp_path):
    folder = write(tmp_path / "a")
    path = folder / "site.ndjson.gz"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DigestError):
        list(Snapshot(folder).lines("site"))
    archive = tmp_path / "evil.zip"
    with zipfile.ZipFile(archive, "w") as made:
        made.writestr("../../etc/passwd", b"x")
    with pytest.raises(EvidenceError):
        Snapshot(archive)
    with pytest.raises(EvidenceError):
        Snapshot(tmp_path / "nothing")


def test_a_file_is_replaced_at_once_or_not_at_all(tmp_path):
    path = tmp_path / "f"
    write_atomically(path, b"one")
    write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert [item.name for item in tmp_path.iterdir()] == ["f"]
    with pytest.raises(OSError, match=os.strerror(errno.ENOENT)):
        write_atomically(tmp_path / "no" / "f", b"x")
