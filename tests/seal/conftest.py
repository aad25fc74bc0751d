"""A small tagged PDF/A-3a + PDF/UA-1 document, and its seal."""

import io
import warnings
from datetime import datetime

import pikepdf
import pytest

from auditor.seal.keys import create_key
from auditor.seal.sign import seal

AT = datetime(2026, 11, 24, 16)
PROPERTY = (
    "<rdf:li rdf:parseType='Resource'><s:schema>PDF/UA</s:schema><s:namespaceURI>http://www.aiim.org/pdfua/ns/id/</s:namespaceURI>"
    "<s:prefix>pdfuaid</s:prefix><s:property><rdf:Seq><rdf:li rdf:parseType='Resource'><p:name>part</p:name><p:valueType>Integer"
    "</p:valueType><p:category>internal</p:category><p:description>part</p:description></rdf:li></rdf:Seq></s:property></rdf:li>"
)
XMP = (
    (
        "<?xpacket begin='\ufeff' id='W5M0MpCehiHzreSzNTczkc9d'?><x:xmpmeta xmlns:x='adobe:ns:meta/'>"
        "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'><rdf:Description rdf:about=''"
        " xmlns:pdfaid='http://www.aiim.org/pdfa/ns/id/' xmlns:pdfuaid='http://www.aiim.org/pdfua/ns/id/'"
        " xmlns:dc='http://purl.org/dc/elements/1.1/' xmlns:pdf='http://ns.adobe.com/pdf/1.3/'"
        " xmlns:e='http://www.aiim.org/pdfa/ns/extension/' xmlns:s='http://www.aiim.org/pdfa/ns/schema#'"
        " xmlns:p='http://www.aiim.org/pdfa/ns/property#'><pdfaid:part>3</pdfaid:part><pdfaid:conformance>A</pdfaid:conformance>"
        "<pdfuaid:part>1</pdfuaid:part><dc:title><rdf:Alt><rdf:li xml:lang='x-default'>Essai</rdf:li></rdf:Alt></dc:title>"
        "<pdf:Producer>WeasyPrint 70.0</pdf:Producer><e:schemas><rdf:Bag>" + PROPERTY + "</rdf:Bag></e:schemas>"
        "</rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end='w'?>"
    )
    .replace("xmlns:e=", "xmlns:pdfaExtension=")
    .replace("xmlns:s=", "xmlns:pdfaSchema=")
    .replace("xmlns:p=", "xmlns:pdfaProperty=")
)
for short, long in (("e:", "pdfaExtension:"), ("s:", "pdfaSchema:"), ("p:", "pdfaProperty:")):
    XMP = XMP.replace(f"<{short}", f"<{long}").replace(f"</{short}", f"</{long}")


@pytest.fixture(scope="session")
def unsealed():
    html = (
        "<html lang=fr><head><title>Essai</title></head><body><h1>Dossier</h1><p>Un texte que l'on relira.</p>"
        "<table><tr><th>a<td>b</table></body></html>"
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "HarfBuzz-Subset", DeprecationWarning)  # a system library that is optional for now
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves its colour profile open
        import weasyprint

        attachment = weasyprint.Attachment(string=b'{"fait": true}\n', name="manifest.json", relationship="Data", created=AT, modified=AT)
        raw = weasyprint.HTML(string=html).write_pdf(pdf_variant="pdf/a-3a", pdf_identifier=b"0123456789abcdef", attachments=[attachment])
    target = io.BytesIO()
    with pikepdf.open(io.BytesIO(raw)) as document:
        document.Root.Metadata = document.make_stream(XMP.encode(), Type=pikepdf.Name.Metadata, Subtype=pikepdf.Name.XML)
        document.Root.AF = pikepdf.Array([document.Root.AF[0]])
        document.Root.AF[0].EF.F.Subtype = pikepdf.Name("/application/json")
        for item in document.objects:
            if isinstance(item, pikepdf.Dictionary) and item.get("/S") == pikepdf.Name.TH:
                item.A = pikepdf.Dictionary(O=pikepdf.Name.Table, Scope=pikepdf.Name.Row)
        document.save(target, compress_streams=False, deterministic_id=True)
    return target.getvalue()


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="session")
def key(folder):
    return create_key(folder, "CHU d'Essai", AT)


@pytest.fixture(scope="session")
def sealed(unsealed, key):
    return seal(unsealed, key, AT, reason="Dossier de preuves", name="CHU d'Essai")
