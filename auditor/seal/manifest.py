"""The shape of a pack's manifest, and the names of everything embedded beside it."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Literal

import msgspec

from auditor.codec import canonical
from auditor.errors import EvidenceError

FORMAT = 1
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/audit-evidence-pack/v1"

MANIFEST, SUMS = "manifest.json", "SHA256SUMS"
RESULTS, FINDINGS = "results.ndjson", "findings.csv"
SCOPE, CONTROLS, SNAPSHOT = "scope.yaml", "controls.zip", "snapshot.zip"
COMMITMENTS, SALT, README = "commitments.json", "salt.key", "LISEZMOI.txt"

SUBJECTS = (RESULTS, FINDINGS, SCOPE, CONTROLS, SNAPSHOT, COMMITMENTS, SALT, README)
"""What the manifest digests; `SHA256SUMS` digests these and the manifest."""

ATTACHMENTS = (MANIFEST, SUMS, *SUBJECTS)
"""Exactly what a full pack embeds, in the order it is listed."""

MAX_EMBEDDED_SNAPSHOT = 20 << 20
"""A larger snapshot lies beside the PDF as `<pdf's name without .pdf>.snapshot.zip`, bound by its digest in `subject`."""

Sha256 = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]


class Digest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Digests of one file."""

    sha256: Sha256


class Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One file of the pack."""

    name: str
    digest: Digest


class Previous(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The pack before: SHA-256 of its whole PDF, and the top root it printed."""

    sha256: Sha256
    root: Sha256


class Predicate(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the pack was made, and what it rests on."""

    format: int = FORMAT
    tool: str
    """Name and version, such as `auditor 0.1.0`."""
    edition: Literal["full", "sharing"] = "full"
    lang: Literal["fr", "en"] = "fr"
    as_of: datetime
    """The UTC second that everything was judged at; the same as in the head of the results."""
    sealed_at: datetime
    """The UTC second that the sealing machine's clock showed; as good as that clock."""
    catalogue: str
    """Release of the controls, such as `2026.11`."""
    catalogue_sha256: Sha256
    language: int
    """Number of the check language."""
    scope_sha256: Sha256
    snapshot_sha256: Sha256
    """SHA-256 of the snapshot's own manifest (`Snapshot.sha256`); that of the archive is among the subjects."""
    root: Sha256
    """Top root of the commitments, printed on the cover."""
    seal: Literal["local", "organisation"] = "local"
    """Local: a key that the audited party made itself."""
    previous_pack: Previous | None = None
    engine: dict[str, str] = {}
    """What to install to evaluate again the same way: name and version of Python and of each library that counts."""


class Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An in-toto Statement v1 about the files of a pack."""

    type: str = msgspec.field(name="_type", default=STATEMENT)
    subject: tuple[Subject, ...]
    predicate_type: str = msgspec.field(name="predicateType", default=PREDICATE)
    predicate: Predicate


def statement(digests: dict[str, str], predicate: Predicate) -> bytes:
    """Return the bytes of `manifest.json`; `digests` gives the SHA-256 of every name of `SUBJECTS`."""
    subject = tuple(Subject(name=name, digest=Digest(sha256=digest)) for name, digest in sorted(digests.items()))
    return canonical(Statement(subject=subject, predicate=predicate)) + b"\n"


def sums(digests: dict[str, str]) -> bytes:
    """Return the bytes of `SHA256SUMS`, in the format of coreutils; `digests` names the manifest too."""
    return "".join(f"{digest}  {name}\n" for name, digest in sorted(digests.items())).encode()


def read(raw: bytes) -> Statement:
    """Read a manifest back; raises EvidenceError unless it is canonical and of a format we know."""
    try:
        found = msgspec.json.decode(raw, type=Statement)
    except msgspec.MsgspecError as error:
        raise EvidenceError(f"{MANIFEST}: {error}", hint="the pack was not made by this tool, or by a newer release") from error
    if found.type != STATEMENT or found.predicate_type != PREDICATE or found.predicate.format != FORMAT:
        raise EvidenceError(
            f"{MANIFEST}: of a kind or format this release does not read", hint="use the release that made the pack, or a newer one"
        )
    if canonical(found) + b"\n" != raw:
        raise EvidenceError(f"{MANIFEST}: not in canonical form", hint="the manifest was written by something else")
    return found


def salt_file(key: bytes) -> bytes:
    """Return the bytes of `salt.key`."""
    return key.hex().encode() + b"\n"


def read_salt(raw: bytes) -> bytes:
    """Read a salt key back; raises EvidenceError unless it is 32 bytes in lower-case hexadecimal."""
    if not re.fullmatch(rb"[0-9a-f]{64}\n", raw):
        raise EvidenceError(f"{SALT}: not a salt key")
    return bytes.fromhex(raw.decode())
