"""HTML in, PDF/A-3a and PDF/UA-1 out: the only home of WeasyPrint.

WeasyPrint's `pdf/a-3a` lacks a few things, mended in one pass while it writes. Sources: ISO 19005-3 (PDF/A-3), ISO 14289-1
(PDF/UA-1), ISO 16684-1 (XMP), ISO 32000-1 §14.8 (tagged PDF).
"""

from __future__ import annotations

import gc
import logging
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

NAMESPACE = "urn:auditor:pack:1#"
"""Our own XMP schema: root and manifest digest."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """One file to embed."""

    name: str
    data: bytes
    mime: str
    relationship: str
    """AFRelationship: Data, Source or Supplement."""
    description: str


@dataclass(frozen=True, slots=True)
class Meta:
    """What the file says of itself."""

    title: str
    author: str
    subject: str
    lang: str
    tool: str
    at: datetime
    """Naive UTC; every date inside the file."""
    root: str
    manifest_sha256: str


def render(html: str, folder: Path, meta: Meta, embedded: list[Embedded]) -> bytes:
    """Return the PDF of `html`, whose relative addresses are read in `folder` and nowhere else.

    The same arguments give the same bytes on one installation of WeasyPrint and Pango.
    """
    with warnings.catch_warnings():
        # Without HarfBuzz's subsetter it warns at import and does without; it leaves its colour profile to be closed by Python.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", ResourceWarning)
        return _render(html, folder, meta, embedded)


def _render(html: str, folder: Path, meta: Meta, embedded: list[Embedded]) -> bytes:
    import weasyprint

    engine: Any = weasyprint  # it carries no types

    logging.getLogger("weasyprint").setLevel(logging.ERROR)
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    attachments = [
        engine.Attachment(
            string=item.data,
            name=item.name,
            description=item.description,
            relationship=item.relationship,
            created=meta.at,
            modified=meta.at,
        )
        for item in embedded
    ]
    collecting = gc.isenabled()
    gc.disable()  # a quarter faster: layout makes millions of boxes, all of them needed to the end
    try:
        document = engine.HTML(string=html, base_url=folder.as_uri() + "/", url_fetcher=_fetcher(folder))
        raw: bytes = document.write_pdf(
            pdf_variant="pdf/a-3a",
            pdf_identifier=meta.manifest_sha256[:32].encode(),
            attachments=attachments,
            finisher=lambda _document, pdf: _finish(pdf, meta, {item.name: item.mime for item in embedded}),
        )
    finally:
        if collecting:
            gc.enable()
            gc.collect()
    return raw


def _fetcher(folder: Path) -> Any:
    from weasyprint import urls

    base: Any = urls.URLFetcher

    allowed = folder.resolve().as_uri() + "/"

    class Fetcher(base):  # type: ignore[misc]
        """Reads the report's own files; content of an audit can't make it read others."""

        def fetch(self, url: str, headers: dict[str, str] | None = None) -> Any:
            if not url.startswith(allowed) or ".." in url:
                raise urls.FatalURLFetchingError(f"{url}: outside the report's folder")
            return super().fetch(url, headers)

    made: Any = Fetcher
    return made(allowed_protocols=("file",))


def _finish(pdf: Any, meta: Meta, mimes: dict[str, str]) -> None:
    """Mend what PDF/A-3a and PDF/UA-1 ask and WeasyPrint leaves out."""
    import pydyf  # type: ignore[import-untyped]

    stream = pydyf.Stream([_xmp(meta)], {"Type": "/Metadata", "Subtype": "/XML"}, compress=False)
    pdf.add_object(stream)
    pdf.catalog["Metadata"] = stream.reference
    if "AF" in pdf.catalog:
        pdf.catalog["AF"] = pydyf.Array(list(dict.fromkeys(pdf.catalog["AF"])))
    by_reference = {item.reference: item for item in pdf.objects if item.number}
    head: set[bytes | str] = set()
    for item in pdf.objects:
        kind = _get(item, "S") if isinstance(item, pydyf.Dictionary) else None
        if kind == "/THead":
            head.update(_kids(item))
        if isinstance(item, pydyf.Dictionary) and _get(item, "Type") == "/Filespec":
            name = _text(_get(item, "F")) or _text(_get(item, "UF"))
            file = by_reference.get(_get(_get(item, "EF"), "F"))
            if file is not None and name in mimes:
                file.extra["Subtype"] = "/" + mimes[name].replace("/", "#2f").replace("+", "#2b")
    for item in pdf.objects:
        if isinstance(item, pydyf.Dictionary) and _get(item, "S") == "/TH":
            row = by_reference.get(_get(item, "P"))
            above = by_reference.get(_get(row, "P")) if row is not None else None
            scope = "/Column" if _get(above, "S") == "/THead" else "/Row"
            item["A"] = pydyf.Dictionary({"O": "/Table", "Scope": scope, **_attributes(_get(item, "A"))})


def _attributes(found: Any) -> dict[str, Any]:
    import pydyf

    entries: dict[str, Any] = {}
    for part in found if isinstance(found, list) else [found]:
        if isinstance(part, pydyf.Dictionary) and _get(part, "O") == "/Table":
            entries |= {key: value for key, value in part.items() if key not in {"O", "Scope"}}
    return entries


def _get(item: Any, key: str) -> Any:
    return item.get(key) if isinstance(item, dict) else None


def _kids(item: Any) -> list[Any]:
    kids = _get(item, "K")
    return [kid for kid in kids if isinstance(kid, bytes)] if isinstance(kids, list) else []


def _text(value: Any) -> str:
    found = getattr(value, "string", value) or ""
    return found.decode(errors="replace") if isinstance(found, bytes) else str(found)


_XMP = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
<rdf:Description rdf:about="" xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:xmp="http://ns.adobe.com/xap/1.0/"
 xmlns:pdf="http://ns.adobe.com/pdf/1.3/" xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/"
 xmlns:pack="{namespace}">
<dc:format>application/pdf</dc:format>
<dc:title><rdf:Alt><rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title>
<dc:creator><rdf:Seq><rdf:li>{author}</rdf:li></rdf:Seq></dc:creator>
<dc:description><rdf:Alt><rdf:li xml:lang="x-default">{subject}</rdf:li></rdf:Alt></dc:description>
<dc:language><rdf:Bag><rdf:li>{lang}</rdf:li></rdf:Bag></dc:language>
<xmp:CreateDate>{at}</xmp:CreateDate>
<xmp:ModifyDate>{at}</xmp:ModifyDate>
<xmp:CreatorTool>{tool}</xmp:CreatorTool>
<pdf:Producer>{producer}</pdf:Producer>
<pdfaid:part>3</pdfaid:part>
<pdfaid:conformance>A</pdfaid:conformance>
<pdfuaid:part>1</pdfuaid:part>
<pack:root>{root}</pack:root>
<pack:manifest>{manifest}</pack:manifest>
</rdf:Description>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#" xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag>
{schemas}
</rdf:Bag></pdfaExtension:schemas>
</rdf:Description>
</rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""
_SCHEMA = """<rdf:li rdf:parseType="Resource"><pdfaSchema:schema>{title}</pdfaSchema:schema>
<pdfaSchema:namespaceURI>{uri}</pdfaSchema:namespaceURI><pdfaSchema:prefix>{prefix}</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq>{properties}</rdf:Seq></pdfaSchema:property></rdf:li>"""
_PROPERTY = """<rdf:li rdf:parseType="Resource"><pdfaProperty:name>{name}</pdfaProperty:name>
<pdfaProperty:valueType>{kind}</pdfaProperty:valueType><pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>{what}</pdfaProperty:description></rdf:li>"""


def _xmp(meta: Meta) -> bytes:
    """Return the whole packet: PDF/A asks that every schema of our own be described in it."""
    from weasyprint import VERSION

    ours = _PROPERTY.format(name="root", kind="Text", what="Top root of the commitments, SHA-256") + _PROPERTY.format(
        name="manifest", kind="Text", what="SHA-256 of the embedded manifest.json"
    )
    accessible = _PROPERTY.format(name="part", kind="Integer", what="Part of ISO 14289 that the file claims")
    schemas = _SCHEMA.format(title="PDF/UA identification", uri="http://www.aiim.org/pdfua/ns/id/", prefix="pdfuaid", properties=accessible)
    schemas += _SCHEMA.format(title="Evidence pack", uri=NAMESPACE, prefix="pack", properties=ours)
    texts = {name: escape(getattr(meta, name)) for name in ("title", "author", "subject", "lang", "tool", "root")}
    at = meta.at.isoformat(timespec="seconds") + "+00:00"
    producer = f"WeasyPrint {VERSION}"
    packet = _XMP.format(namespace=NAMESPACE, at=at, producer=producer, manifest=meta.manifest_sha256, schemas=schemas, **texts)
    return packet.encode()
