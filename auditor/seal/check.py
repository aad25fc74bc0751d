"""Strict check of a seal: one signature over the whole file, one revision, no change allowed, and nothing unverified.

It asks for exactly what `sign.seal` writes, and refuses the rest: a verifier that is lenient lets through what a reader
does not see. Sources: ISO 32000-1 §7.5 (file structure), §12.8 (signatures), ETSI EN 319 142-1.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from auditor.seal.cms import refused, verify_cms
from auditor.text import _

if TYPE_CHECKING:
    from cryptography.x509 import Certificate, Name

MAX_BYTES = 512 << 20
"""Largest file read; a pack with its evidence stays far below."""
MAX_CMS = 1 << 16
_END = re.compile(rb"\nstartxref\n(0|[1-9][0-9]{0,9})\n%%EOF\n\Z")
_TAIL = 64
_SIGNED_APPEND_ONLY = 3
_HEX = re.compile(rb"([0-9a-f]{2})+\Z")
_TIME = re.compile(r"D:(\d{14})\+00'00'\Z")


@dataclass(frozen=True, slots=True)
class SealReport:
    """A seal that holds: who, when (as claimed), with what. What fails is an error, never a report."""

    signer: str
    organisation: str | None
    issuer: str
    kind: Literal["local", "chained"]
    """Local: the certificate vouches for itself; chained: others vouch for it, whom nobody checked here."""
    claimed_at: datetime
    """UTC, by the clock of the sealing machine: no third party vouches for it."""
    reason: str
    digest: str
    certificate_sha256: str
    """Compare it with what the organisation published: it is what tells its seal from another's."""
    valid_until: datetime


def check(pdf: bytes) -> SealReport:
    """Return who sealed `pdf` and when; raises SignatureError at the first thing that is not as it must be."""
    if len(pdf) > MAX_BYTES:
        raise refused(_("the file is larger than {n} bytes").format(n=MAX_BYTES))
    _check_one_revision(pdf)
    signature = _only_signature(pdf)
    start, end = _gap(pdf, signature["ranges"])
    der = _contents(pdf[start + 1 : end - 1], signature["contents"])
    view = memoryview(pdf)
    signed = verify_cms(der, (view[:start], view[end:]))
    return _report(signed.path, signed.digest, signature)


def _check_one_revision(pdf: bytes) -> None:
    found = _END.search(pdf, max(0, len(pdf) - _TAIL))
    if not pdf.startswith(b"%PDF-1.") or found is None:
        raise refused(_("it is not a PDF from its first byte to its last"))
    table = pdf[int(found[1]) : found.start() + 1]
    if not re.match(rb"xref\n|\d+ 0 obj\n?\s*<<", table):
        raise refused(_("its table of contents is not where it says"))
    trailer = table[table.rfind(b"trailer") :] if table.startswith(b"xref") else table[: max(table.find(b"stream"), 0)]
    if not trailer or b"#" in trailer or b"/Prev" in trailer or b"/XRefStm" in trailer:
        raise refused(_("it holds more than one revision"))


def _only_signature(pdf: bytes) -> dict[str, Any]:
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(pdf), suppress_warnings=True, attempt_recovery=False) as document:
            found = _read_signature(document)
            if document.is_encrypted or document.is_linearized or document.get_warnings():
                raise refused(_("the PDF is damaged or encrypted"))
            return found
    except (pikepdf.PdfError, RuntimeError, ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError) as error:
        raise refused(_("the PDF is damaged: {why}").format(why=str(error)[:200])) from error


def _read_signature(document: Any) -> dict[str, Any]:
    from pikepdf import Array, Dictionary, Name

    root = document.Root
    form, permissions = root.get("/AcroForm"), root.get("/Perms")
    if form is None or permissions is None or len(form.get("/Fields", ())) == 0:
        raise refused(_("there is no seal"))
    values = [item for item in document.objects if isinstance(item, Dictionary) and ("/ByteRange" in item or item.get("/Type") == Name.Sig)]
    fields = form.Fields
    if len(fields) != 1 or len(values) != 1 or "/Kids" in fields[0] or fields[0].get("/FT") != Name.Sig:
        raise refused(_("it must hold one signature, and no other field"))
    value = fields[0].V
    if len(permissions) != 1 or permissions.DocMDP.objgen != value.objgen or values[0].objgen != value.objgen or value.objgen == (0, 0):
        raise refused(_("it must hold one signature, and no other field"))
    [reference] = value.Reference
    limits = reference.TransformParams
    if reference.TransformMethod != Name.DocMDP or limits.P != 1 or Name("/1.2") != limits.V or form.SigFlags != _SIGNED_APPEND_ONLY:
        raise refused(_("it allows changes after the seal"))
    if value.Type != Name.Sig or value.Filter != Name("/Adobe.PPKLite") or value.SubFilter != Name("/ETSI.CAdES.detached"):
        raise refused(_("its signature is of an unknown kind"))
    ranges = value.ByteRange
    if not isinstance(ranges, Array) or not all(isinstance(item, int) for item in ranges):
        raise refused(_("it does not say which bytes it covers"))
    return {"ranges": list(ranges), "contents": bytes(value.Contents), "time": str(value.M), "reason": str(value.get("/Reason", ""))}


def _gap(pdf: bytes, ranges: list[int]) -> tuple[int, int]:
    """Return the span of `/Contents`, angle brackets included: the only bytes that the digest does not cover."""
    if len(ranges) != 4 or ranges[0] != 0:  # noqa: PLR2004 — two ranges, each a start and a length
        raise refused(_("it does not cover the whole file"))
    start, end = ranges[1], ranges[2]
    if not 0 < start < end or ranges[3] <= 0 or end + ranges[3] != len(pdf):
        raise refused(_("it does not cover the whole file"))
    if not pdf[:start].endswith(b"/Contents ") or pdf[start : start + 1] != b"<" or pdf[end - 1 : end] != b">" or end - start > 2 * MAX_CMS:
        raise refused(_("more than the signature itself is left out of what it covers"))
    return start, end


def _contents(quoted: bytes, parsed: bytes) -> bytes:
    """Return the DER in `/Contents`: one case of hexadecimal, one object, zeros after it."""
    if not _HEX.match(quoted) or (raw := bytes.fromhex(quoted.decode())) != parsed:
        raise refused(_("its signature is not written as it must be"))
    if raw[:2] != b"\x30\x82":
        raise refused(_("its signature is not written as it must be"))
    size = 4 + int.from_bytes(raw[2:4], "big")
    if size > len(raw) or raw[size:].strip(b"\0"):
        raise refused(_("its signature is followed by other bytes"))
    return raw[:size]


def _report(path: tuple[Certificate, ...], digest: str, signature: dict[str, Any]) -> SealReport:
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    certificate = path[0]
    found = _TIME.match(signature["time"])
    try:
        claimed = datetime.strptime(found[1], "%Y%m%d%H%M%S") if found else None
    except ValueError:
        claimed = None
    if claimed is None:
        raise refused(_("it does not say when it was made"))
    start, end = (moment.replace(tzinfo=None) for moment in (certificate.not_valid_before_utc, certificate.not_valid_after_utc))
    if not start <= claimed <= end:
        raise refused(_("its certificate was not valid on {date}").format(date=claimed.date()))
    return SealReport(
        signer=_text(certificate.subject, NameOID.COMMON_NAME) or certificate.subject.rfc4514_string(),
        organisation=_text(certificate.subject, NameOID.ORGANIZATION_NAME),
        issuer=certificate.issuer.rfc4514_string(),
        kind="local" if len(path) == 1 and certificate.issuer == certificate.subject else "chained",
        claimed_at=claimed,
        reason=signature["reason"],
        digest=digest,
        certificate_sha256=certificate.fingerprint(hashes.SHA256()).hex(),
        valid_until=end,
    )


def _text(name: Name, oid: Any) -> str | None:
    values = name.get_attributes_for_oid(oid)
    return str(values[0].value) if values else None
