"""The evidence pack: evidence, commitments, manifest, report, seal, in this order, then written at once."""

from __future__ import annotations

import io
import platform
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal

from auditor import __version__, paths
from auditor.catalog import library as catalogue
from auditor.codec import canonical, sha256
from auditor.errors import EvidenceError, UsageError
from auditor.evidence.files import write_atomically
from auditor.evidence.snapshot import to_zip
from auditor.publish import page, pdf, report, tables
from auditor.seal import manifest, tree
from auditor.seal.sign import seal
from auditor.text import LANGUAGES, _

if TYPE_CHECKING:
    from pathlib import Path

    from auditor.catalog.library import Library
    from auditor.evidence.snapshot import Snapshot
    from auditor.scope import Scope
    from auditor.seal.keys import SealingKey
    from auditor.seal.tree import Commitments

Lang = Literal["fr", "en"]
ENGINE = ("auditor", "duckdb", "msgspec", "PyYAML")
"""Libraries that a second evaluation needs at the same version to be sure of the same answer."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a pack is made of; the same inputs give the same bytes before the seal."""

    scope: Scope
    library: Library
    snapshot: Snapshot
    results: bytes
    """The whole canonical results file."""
    salt: bytes
    at: datetime
    """When it is made, naive UTC, whole seconds."""
    lang: Lang = "fr"
    kind: Literal["local", "organisation"] = "local"
    content: Path | None = None
    """Folder of the controls; those that ship with the tool when absent."""
    previous: manifest.Previous | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A pack before its seal."""

    pdf: bytes
    beside: bytes | None
    """The snapshot, when it is too large to be embedded."""
    root: str


def build(
    *,
    scope: Scope,
    library: Library,
    snapshot: Snapshot,
    results: Path,
    key: SealingKey,
    lang: str = "fr",
    target: Path,
    at: datetime | None = None,
    content: Path | None = None,
) -> Path:
    """Make the sealed pack `target` from one evaluation; return its path.

    `at` is when it is sealed (naive UTC, whole seconds; now when absent), `content` the folder of the controls (those that ship with
    the tool when absent). Raises EvidenceError when the results are of another
    snapshot, scope or catalogue, SignatureError when the key cannot seal; then nothing is written.
    """
    now = at or datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    if lang not in LANGUAGES:
        raise UsageError(_("--lang {lang} is not one of: {known}").format(lang=lang, known=", ".join(LANGUAGES)))
    chosen: Lang = "en" if lang == "en" else "fr"
    inputs = Inputs(scope, library, snapshot, results.read_bytes(), tree.new_key(), now, chosen, key.kind, content, previous(target))
    made = draft(inputs)
    say = page.translate(chosen)
    sealed = seal(made.pdf, key, now, reason=say("Evidence pack of an audit"), name=scope.organisation.name)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if made.beside is not None:
            write_atomically(target.with_name(f"{target.stem}.{manifest.SNAPSHOT}"), made.beside)
        write_atomically(target, sealed)
    except OSError as error:
        raise UsageError(
            _("{path} cannot be written: {why}").format(path=target, why=error.strerror), hint=_("free some space, or choose another place")
        ) from error
    return target


def draft(inputs: Inputs) -> Draft:
    """Return the pack without its seal."""
    lines = inputs.results.splitlines(keepends=True)
    found = report.read(lines, inputs.library)
    _check(inputs, found)
    commitments = commit(inputs.snapshot, inputs.salt)
    archive = _snapshot(inputs.snapshot)
    say = page.translate(inputs.lang)
    files = {
        manifest.RESULTS: inputs.results,
        manifest.FINDINGS: tables.findings(lines, inputs.library, inputs.lang),
        manifest.SCOPE: inputs.scope.raw,
        manifest.CONTROLS: _controls(inputs.content or paths.controls(), inputs.library),
        manifest.SNAPSHOT: archive,
        manifest.COMMITMENTS: canonical(commitments) + b"\n",
        manifest.SALT: manifest.salt_file(inputs.salt),
        manifest.README: page.readme(inputs.lang),
    }
    digests = {name: sha256(data) for name, data in files.items()}
    statement = manifest.statement(digests, _predicate(inputs, found, commitments.root))
    digests[manifest.MANIFEST] = sha256(statement)
    facts = page.Facts(
        tool=f"auditor {__version__}",
        at=inputs.at,
        kind=inputs.kind,
        commitments=commitments,
        digests=digests,
        sizes={name: len(data) for name, data in files.items()},
        previous=inputs.previous.sha256 if inputs.previous else "",
        beside=len(archive) > manifest.MAX_EMBEDDED_SNAPSHOT,
    )
    html = page.html(found, inputs.scope, inputs.library, inputs.snapshot, facts, inputs.lang)
    files |= {manifest.MANIFEST: statement, manifest.SUMS: manifest.sums(digests)}
    if facts.beside:
        del files[manifest.SNAPSHOT]
    meta = pdf.Meta(
        title=say("Audit report: {name}").format(name=page.plain(inputs.scope.organisation.name or "")).rstrip(" :\u00a0"),
        author=page.plain(inputs.scope.organisation.name or "auditor"),
        subject=say("Signed evidence pack; everything needed to judge again is embedded"),
        lang=inputs.lang,
        tool=facts.tool,
        at=inputs.at,
        root=commitments.root,
        manifest_sha256=digests[manifest.MANIFEST],
    )
    embedded = [
        pdf.Embedded(name, files[name], *_KINDS[name], page.describe(name, inputs.lang)) for name in manifest.ATTACHMENTS if name in files
    ]
    return Draft(pdf.render(html, paths.reports(), meta, embedded), archive if facts.beside else None, commitments.root)


_KINDS = {
    manifest.MANIFEST: ("application/json", "Data"),
    manifest.SUMS: ("text/plain", "Supplement"),
    manifest.RESULTS: ("application/x-ndjson", "Data"),
    manifest.FINDINGS: ("text/csv", "Data"),
    manifest.SCOPE: ("application/yaml", "Source"),
    manifest.CONTROLS: ("application/zip", "Source"),
    manifest.SNAPSHOT: ("application/zip", "Source"),
    manifest.COMMITMENTS: ("application/json", "Source"),
    manifest.SALT: ("text/plain", "Supplement"),
    manifest.README: ("text/plain", "Supplement"),
}


def previous(target: Path) -> manifest.Previous | None:
    """Return the digest and root of the newest pack beside `target`, by its name; None when there is none that can be read."""
    import pikepdf

    for path in sorted(target.parent.glob("*.pdf"), reverse=True):
        if path.name == target.name:
            continue
        try:
            data = path.read_bytes()
            with pikepdf.open(io.BytesIO(data)) as document:
                held = manifest.read(document.attachments[manifest.MANIFEST].get_file().read_bytes())
        except (OSError, KeyError, pikepdf.PdfError, EvidenceError):
            continue
        return manifest.Previous(sha256=sha256(data), root=held.predicate.root)
    return None


def commit(snapshot: Snapshot, salt: bytes) -> Commitments:
    """Return the roots over every file of a snapshot, its plan and ledger included."""
    return tree.commit(salt, ((entry.table, snapshot.lines(entry.table)) for entry in snapshot.manifest.files))


def _check(inputs: Inputs, found: report.Results) -> None:
    head = found.head
    held = (inputs.snapshot.sha256, inputs.scope.sha256, inputs.library.sha256)
    if (head.snapshot_sha256, head.scope_sha256, head.catalogue_sha256) != held:
        raise EvidenceError(
            _("the results are of another snapshot, scope or catalogue"), hint=_("evaluate the snapshot again, then make the pack")
        )


def _predicate(inputs: Inputs, found: report.Results, root: str) -> manifest.Predicate:
    return manifest.Predicate(
        tool=f"auditor {__version__}",
        lang=inputs.lang,
        as_of=found.head.as_of,
        sealed_at=inputs.at,
        catalogue=inputs.library.release,
        catalogue_sha256=inputs.library.sha256,
        language=found.head.language,
        scope_sha256=inputs.scope.sha256,
        snapshot_sha256=inputs.snapshot.sha256,
        root=root,
        seal=inputs.kind,
        previous_pack=inputs.previous,
        engine={"python": platform.python_version(), **{name: __version__ if name == "auditor" else version(name) for name in ENGINE}},
    )


def _snapshot(snapshot: Snapshot) -> bytes:
    if snapshot.path.is_file():
        return snapshot.path.read_bytes()
    out = io.BytesIO()
    to_zip(snapshot.path, out)
    return out.getvalue()


def _controls(folder: Path, library: Library) -> bytes:
    """Return every content file as one deterministic archive; raises EvidenceError when they are not those that judged."""
    if catalogue.digest(folder) != library.sha256:
        raise EvidenceError(_("the controls changed since they were loaded"), hint=_("evaluate again, then make the pack"))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in catalogue.files(folder):
            entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, path.read_bytes())
    return out.getvalue()
