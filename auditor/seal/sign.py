"""PAdES B-B seal in one revision: the file is written once, its signature field tagged, then signed whole.

The PDF is not signed as an increment, as is usual: increments re-write the XMP that PDF/A-3 rests on, and a file of several
revisions reads like an attacked one in some viewers. qpdf writes the file with room for the signature, and we fill it in.
Sources: ISO 32000-1 §12.8 (signatures, DocMDP), ETSI EN 319 142-1 §5 and §6 (PAdES B-B), ISO 14289-1 §7.18.4 (fields are tagged).
"""

from __future__ import annotations

import asyncio
import hashlib
import io
from typing import TYPE_CHECKING, Any

from auditor.errors import SignatureError
from auditor.text import _

if TYPE_CHECKING:
    from datetime import datetime

    from auditor.seal.keys import SealingKey

FIELD = "Cachet"
RESERVED = 8192
"""Bytes kept for the CMS: a local seal takes 2 kB, a chain with a timestamp about 7."""
_PLACEHOLDER = b"\xa5" * RESERVED
_WIDE = 1_111_111_111
"""Stands for each offset until the file is written: as wide as any offset of a file under 10 GB."""


def seal(pdf: bytes, key: SealingKey, at: datetime, *, reason: str, name: str | None = None) -> bytes:
    """Return `pdf` written anew as one revision, certified with no change allowed (DocMDP 1), sealed by `key`.

    `at` is the time that the signature claims, naive UTC. The bytes depend only on the arguments (with an RSA key).
    Raises SignatureError when `pdf` is signed already, encrypted, or not a PDF.
    """
    data = bytearray(_with_field(pdf, at, reason, name))
    quoted = b"<" + _PLACEHOLDER.hex().encode() + b">"
    ranged = b"/ByteRange [ 0" + f" {_WIDE}".encode() * 3 + b" ]"
    start, place = data.find(quoted), data.find(ranged)
    if start < 0 or place < 0 or data.find(quoted, start + 1) >= 0 or data.find(ranged, place + 1) >= 0:
        raise SignatureError(_("the PDF has no single place for a signature"), hint=_("report this as a defect"))
    end = start + len(quoted)
    value = f"/ByteRange [ 0 {start} {end} {len(data) - end} ]".encode()
    data[place : place + len(ranged)] = value.ljust(len(ranged))
    digest = hashlib.sha256(data[:start] + data[end:]).digest()
    cms: bytes = asyncio.run(key.signer.async_sign(digest, "sha256", use_pades=True)).dump()
    if len(cms) > RESERVED:
        raise SignatureError(_("the signature is larger than its place"), hint=_("report this as a defect"))
    data[start + 1 : end - 1] = cms.hex().encode().ljust(2 * RESERVED, b"0")
    return bytes(data)


def _with_field(pdf: bytes, at: datetime, reason: str, name: str | None) -> bytes:
    import pikepdf

    target = io.BytesIO()
    try:
        with pikepdf.open(io.BytesIO(pdf)) as document:
            if "/AcroForm" in document.Root or "/Perms" in document.Root or document.is_encrypted:
                raise SignatureError(_("the PDF is signed, encrypted or has a form already"), hint=_("seal the PDF that the report wrote"))
            _add_field(document, _signature(at, reason, name))
            document.save(target, deterministic_id=True, compress_streams=False, object_stream_mode=pikepdf.ObjectStreamMode.preserve)
    except pikepdf.PdfError as error:
        raise SignatureError(
            _("not a PDF that can be sealed: {why}").format(why=error), hint=_("seal the PDF that the report wrote")
        ) from error
    return target.getvalue()


def _signature(at: datetime, reason: str, name: str | None) -> Any:
    from pikepdf import Array, Dictionary, Name, String

    permission = Dictionary(Type=Name.TransformParams, P=1, V=Name("/1.2"))
    found = Dictionary(
        Type=Name.Sig,
        Filter=Name("/Adobe.PPKLite"),
        SubFilter=Name("/ETSI.CAdES.detached"),
        ByteRange=Array([0, _WIDE, _WIDE, _WIDE]),
        Contents=String(_PLACEHOLDER),
        Reference=Array([Dictionary(Type=Name.SigRef, TransformMethod=Name.DocMDP, TransformParams=permission)]),
        M=String(at.strftime("D:%Y%m%d%H%M%S+00'00'")),
        Reason=String(reason),
    )
    if name:
        found.Name = String(name)
    return found


def _add_field(document: Any, signature: Any) -> None:
    """Add the field on the first page, without appearance, tagged as PDF/UA asks when the document is."""
    from pikepdf import Array, Dictionary, Name, String

    root, page = document.Root, document.pages[0].obj
    held = document.make_indirect(signature)
    widget = document.make_indirect(
        Dictionary(
            Type=Name.Annot,
            Subtype=Name.Widget,
            FT=Name.Sig,
            T=String(FIELD),
            TU=String("Cachet électronique du dossier"),
            F=132,
            Rect=Array([0, 0, 0, 0]),
            P=page,
            V=held,
        )
    )
    if "/Annots" not in page:
        page.Annots = Array([])
    page.Annots.append(widget)
    root.AcroForm = Dictionary(Fields=Array([widget]), SigFlags=3)
    root.Perms = Dictionary(DocMDP=held)
    if (tree := root.get("/StructTreeRoot")) is not None:
        _tag(document, tree, page, widget)


def _tag(document: Any, tree: Any, page: Any, widget: Any) -> None:
    from pikepdf import Array, Dictionary, Name, NumberTree

    if "/ParentTree" not in tree:
        tree.ParentTree = document.make_indirect(Dictionary(Nums=Array([])))
    numbers = NumberTree(tree.ParentTree)
    keys = [int(key) for key in numbers]
    free = max([*keys, int(tree.get("/ParentTreeNextKey", 0)) - 1], default=-1) + 1
    top = tree.get("/K")
    first = top[0] if isinstance(top, Array) and len(top) else top
    parent = first if isinstance(first, Dictionary) and first.get("/S") == Name.Document else tree
    element = document.make_indirect(
        Dictionary(Type=Name.StructElem, S=Name.Form, P=parent, Pg=page, K=Array([Dictionary(Type=Name.OBJR, Obj=widget, Pg=page)]))
    )
    kids = parent.get("/K")
    if not isinstance(kids, Array):
        parent.K = Array([] if kids is None else [kids])
    parent.K.append(element)
    numbers[free] = element
    widget.StructParent = free
    tree.ParentTreeNextKey = free + 1
