"""The order of a verification: each step reads only what the step before vouched for."""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from auditor.catalog import library
from auditor.codec import sha256
from auditor.errors import AuditorError, DigestError, EvidenceError, UsageError
from auditor.evidence import snapshot as snapshots
from auditor.seal import check as seals
from auditor.seal import manifest as manifests
from auditor.seal import tree
from auditor.text import _
from auditor.verify import compare
from auditor.verify.attachments import embedded, unpack_controls
from auditor.verify.reperform import CONTROLS_FOLDER, reperform
from auditor.verify.report import Check, State, VerifyReport

if TYPE_CHECKING:
    from auditor.seal.manifest import Predicate, Statement

MAX_BESIDE = 4 << 30


class _Head(msgspec.Struct, frozen=True, kw_only=True, tag="head", tag_field="kind"):
    """The claims of a results file's first line that the manifest repeats."""

    as_of: datetime
    snapshot_sha256: str
    scope_sha256: str
    catalogue: str
    catalogue_sha256: str
    language: int


def verify(path: Path) -> VerifyReport:
    """Check the pack at `path`, offline; the first step that fails ends it, and what follows counts as not done.

    Raises UsageError when there is no such file. Whatever else is wrong is said in the report, whose `ok` is then false.
    """
    try:
        if path.stat().st_size > seals.MAX_BYTES:
            raise UsageError(_("{path} is larger than {n} bytes").format(path=path, n=seals.MAX_BYTES))
        pdf = path.read_bytes()
    except OSError as error:
        raise UsageError(
            _("{path} cannot be read: {why}").format(path=path, why=error.strerror), hint=_("check the path and its rights")
        ) from error
    with tempfile.TemporaryDirectory(prefix="auditor-verify-") as work:
        return _Verification(path, pdf, Path(work)).run()


class _Verification:
    """One verification; each step leaves what the next may rely on."""

    def __init__(self, path: Path, pdf: bytes, work: Path) -> None:
        self.path, self.pdf, self.work = path, pdf, work
        self.controls = work / "inside" / CONTROLS_FOLDER
        self.checks: list[Check] = []
        self.differences: list[str] = []
        self.limits: list[str] = []
        self.tally = compare.Tally()
        self.seal: seals.SealReport | None = None
        self.statement: Statement | None = None
        self.files: dict[str, bytes] = {}

    def run(self) -> VerifyReport:
        steps = (
            ("seal", _("Seal: whole file covered, unchanged, no change allowed"), self._check_seal),
            ("attachments", _("Embedded files: exactly those of a pack"), self._check_attachments),
            ("digests", _("Digests: manifest and SHA256SUMS"), self._check_digests),
            ("snapshot", _("Evidence: every line as it was collected"), self._check_snapshot),
            ("commitments", _("Commitments: the roots bind the evidence"), self._check_commitments),
            ("claims", _("Manifest: it says what the pack holds"), self._check_claims),
            ("results", _("Results: judged again, byte for byte the same"), self._check_results),
        )
        broken = False
        for code, text, step in steps:
            if broken:
                self.checks.append(Check(code, State.NOT_DONE, text))
                continue
            try:
                lines = step()
            except (AuditorError, msgspec.MsgspecError, OSError, ValueError, RecursionError) as error:
                hint = error.hint if isinstance(error, AuditorError) else ""
                lines, broken = [line for line in (*str(error).splitlines()[: compare.SHOWN], hint) if line], True
            self.checks.append(Check(code, State.FAILED if broken else State.HELD, text, tuple(lines)))
        return VerifyReport(tuple(self.differences), tuple(self.limits), tuple(self.checks), self.seal, self.statement)

    def _check_seal(self) -> list[str]:
        self.seal = found = seals.check(self.pdf)
        return [
            _("sealed by {who}").format(who=found.signer),
            _("on {date} UTC, as it claims").format(date=found.claimed_at.isoformat()),
            _("certificate SHA-256 {digest}").format(digest=found.certificate_sha256),
        ]

    def _check_attachments(self) -> list[str]:
        self.files = embedded(self.pdf)
        inside = self.work / "inside"
        inside.mkdir()
        (self.work / manifests.RESULTS).write_bytes(self.files[manifests.RESULTS])
        (inside / manifests.SCOPE).write_bytes(self.files[manifests.SCOPE])
        self.controls.mkdir()
        return [_("{n} files").format(n=len(self.files))]

    def _check_digests(self) -> list[str]:
        self.statement = manifests.read(self.files[manifests.MANIFEST])
        said = {item.name: item.digest.sha256 for item in self.statement.subject}
        if len(said) != len(self.statement.subject) or set(said) != set(manifests.SUBJECTS):
            raise EvidenceError(_("the manifest does not name every file once"))
        lines = []
        if (raw := self.files.get(manifests.SNAPSHOT)) is not None:
            (self.work / "inside" / manifests.SNAPSHOT).write_bytes(raw)
            found = {manifests.SNAPSHOT: sha256(raw)}
        else:
            beside = self.path.with_name(f"{self.path.stem}.{manifests.SNAPSHOT}")
            found = {manifests.SNAPSHOT: self._take_beside(beside)}
            lines.append(_("evidence read beside the PDF: {name}").format(name=beside.name))
        found |= {name: sha256(data) for name, data in self.files.items() if name in said and name != manifests.SNAPSHOT}
        for name, digest in sorted(found.items()):
            if said[name] != digest:
                raise DigestError(_("{name} is not the file that the manifest names").format(name=name))
        if manifests.sums(found | {manifests.MANIFEST: sha256(self.files[manifests.MANIFEST])}) != self.files[manifests.SUMS]:
            raise DigestError(_("SHA256SUMS does not list these files"))
        return lines

    def _take_beside(self, beside: Path) -> str:
        """Copy while digesting: what is judged later is what was digested."""
        total, left = hashlib.sha256(), MAX_BESIDE
        try:
            with beside.open("rb") as source, (self.work / "inside" / manifests.SNAPSHOT).open("wb") as target:
                while part := source.read(1 << 20):
                    left -= len(part)
                    if left < 0:
                        raise EvidenceError(_("{name} is too large once unpacked").format(name=beside.name))
                    total.update(part)
                    target.write(part)
        except OSError as error:
            raise EvidenceError(
                _("the evidence is not embedded, and {name} cannot be read").format(name=beside.name),
                hint=_("put it beside the PDF, under that name"),
            ) from error
        return total.hexdigest()

    def _open_snapshot(self) -> snapshots.Snapshot:
        return snapshots.Snapshot(self.work / "inside" / manifests.SNAPSHOT)

    def _check_snapshot(self) -> list[str]:
        unpack_controls(self.files[manifests.CONTROLS], self.controls)
        snapshot = self._open_snapshot()
        with zipfile.ZipFile(snapshot.path) as archive:
            if set(archive.namelist()) != {snapshots.MANIFEST, *(entry.name for entry in snapshot.manifest.files)}:
                raise EvidenceError(_("the evidence holds files that its manifest does not name"))
        return [
            _("{n} rows in {tables} tables").format(n=sum(e.rows for e in snapshot.manifest.files), tables=len(snapshot.manifest.files))
        ]

    def _check_commitments(self) -> list[str]:
        said = tree.read(self.files[manifests.COMMITMENTS])
        snapshot, key = self._open_snapshot(), manifests.read_salt(self.files[manifests.SALT])
        tables = ((entry.table, self.tally.watch(entry.table, snapshot.lines(entry.table))) for entry in snapshot.manifest.files)
        if tree.commit(key, tables) != said:
            raise DigestError(_("the commitments are not those of this evidence"))
        if said.root != self._predicate().root:
            raise DigestError(_("the root of the manifest is not that of the commitments"))
        return [_("root {root}").format(root=said.root)]

    def _check_claims(self) -> list[str]:
        assert self.seal is not None
        predicate, snapshot, results = self._predicate(), self._open_snapshot(), self.work / manifests.RESULTS
        with results.open("rb") as stream:
            head = msgspec.json.decode(stream.readline(1 << 20), type=_Head)
        wanted = {
            "as_of": head.as_of,
            "snapshot_sha256": snapshot.sha256,
            "scope_sha256": sha256(self.files[manifests.SCOPE]),
            "catalogue_sha256": library.digest(self.controls),
            "catalogue": head.catalogue,
            "language": head.language,
            "sealed_at": self.seal.claimed_at,
            "seal": "local" if self.seal.kind == "local" else "organisation",
            "edition": "full",
        }
        wrong = [name for name, value in wanted.items() if getattr(predicate, name) != value]
        wrong += [f"head.{name}" for name in ("snapshot_sha256", "scope_sha256", "catalogue_sha256") if getattr(head, name) != wanted[name]]
        if wrong:
            raise EvidenceError(_("the manifest and the files do not agree on: {names}").format(names=", ".join(wrong)))
        if head.as_of < snapshot.manifest.ended_at or self.seal.claimed_at < snapshot.manifest.ended_at:
            raise EvidenceError(_("it was judged or sealed before the end of its collection"))
        self.differences = compare.differences(self.controls, results, predicate)
        self.limits = compare.limits(snapshot, self.tally, predicate, self.seal)
        return []

    def _check_results(self) -> list[str]:
        run = reperform(self.work / "inside", self._predicate().as_of)
        if not run.ok:
            raise EvidenceError(_("judging again failed: {why}").format(why=run.problem))
        if lines := compare.parting(self.work / manifests.RESULTS, self.work / "inside" / manifests.RESULTS):
            engine = ", ".join(f"{name} {version}" for name, version in sorted(self._predicate().engine.items()))
            head = _("not judged again identically; the pack was judged with: {engine}").format(engine=engine)
            raise EvidenceError("\n".join([head, *lines]))
        return [
            _("judged in a child process without any network")
            if run.isolation == "namespace"
            else _("judged in a child process that refuses sockets; this system allows no network namespace")
        ]

    def _predicate(self) -> Predicate:
        assert self.statement is not None
        return self.statement.predicate
