"""Every attack on a sealed file is refused; so is every single changed byte that a signature does not cover."""

import hashlib
import io
import random
import re
from datetime import datetime

import pikepdf
import pytest

from auditor.errors import SignatureError
from auditor.seal.check import check
from auditor.seal.cms import verify_cms
from auditor.seal.keys import create_key

AT = datetime(2026, 11, 24, 16)


def span(pdf):
    start, end = map(int, re.search(rb"/ByteRange \[ 0 (\d+) (\d+) \d+ \]", pdf).groups())
    return start, end


def changed(pdf, place, data):
    return pdf[:place] + data + pdf[place + len(data) :]


def hexed(pdf, edit):
    """Return the file with its CMS edited, its length kept."""
    start, end = span(pdf)
    raw = bytes.fromhex(pdf[start + 1 : end - 1].decode())
    size = 4 + int.from_bytes(raw[2:4], "big")
    made = edit(raw[:size])
    return changed(pdf, start + 1, made.ljust(len(raw), b"\0").hex().encode())


def resaved(pdf, edit=lambda _document: None, **options):
    target = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as document:
        edit(document)
        document.save(target, **options)
    return target.getvalue()


def increment(pdf, edit):
    """Return the file with an incremental update, as an honest tool would append it."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(io.BytesIO(pdf))
    edit(writer)
    target = io.BytesIO()
    writer.write(target)
    assert target.getvalue().startswith(pdf)
    return target.getvalue()


def overlay(writer):
    from pyhanko.pdf_utils import generic

    stream = writer.add_object(generic.StreamObject(stream_data=b"0 0 600 800 re f"))
    writer.add_stream_to_page(0, stream)


def annotate(writer):
    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.generic import pdf_name

    page = writer.root["/Pages"]["/Kids"][0]
    note = writer.add_object(
        generic.DictionaryObject(
            {
                pdf_name("/Type"): pdf_name("/Annot"),
                pdf_name("/Subtype"): pdf_name("/Text"),
                pdf_name("/Rect"): generic.ArrayObject(map(generic.NumberObject, (0, 0, 9, 9))),
                pdf_name("/Contents"): generic.TextStringObject("conforme"),
            }
        )
    )
    page["/Annots"].append(note)
    writer.update_container(page["/Annots"])


def swap(writer):
    names = writer.root["/Names"]["/EmbeddedFiles"]["/Names"]
    stream = names[1]["/EF"]["/F"]
    stream._data = b'{"fait": false}\n'
    stream._encoded_data = None
    writer.update_container(stream)


def strip(document):
    del document.Root.AcroForm
    del document.Root.Perms
    document.pages[0].Annots = pikepdf.Array([])


def permit(document):
    document.Root.Perms.DocMDP.Reference[0].TransformParams.P = 2


def sign_again(pdf, key):
    """Return the file with a second, approving signature, as any signing tool would add it."""
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
    from pyhanko.sign.fields import SigFieldSpec, append_signature_field

    target = io.BytesIO(pdf)
    writer = IncrementalPdfFileWriter(target)
    append_signature_field(writer, SigFieldSpec("Second"))
    writer.write_in_place()
    return target.getvalue()


def flip(pdf, needle, offset=0):
    place = pdf.index(needle) + offset
    return changed(pdf, place, bytes([pdf[place] ^ 1]))


def compressed_text(pdf):
    """Return the offset of a byte inside a page's content."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        content = document.pages[0].Contents
        raw = (content[0] if isinstance(content, pikepdf.Array) else content).read_raw_bytes()
    return pdf.index(raw) + len(raw) // 2


ATTACKS = {
    "a byte of the text": lambda pdf: changed(pdf, compressed_text(pdf), bytes([pdf[compressed_text(pdf)] ^ 1])),
    "a byte of the metadata": lambda pdf: flip(pdf, b"Essai</rdf:li>"),
    "the time of the seal": lambda pdf: flip(pdf, b"(D:20261124160000", 4),
    "one digit in capitals": lambda pdf: changed(pdf, span(pdf)[0] + 1 + re.search(rb"[a-f]", pdf[span(pdf)[0] + 1 :]).start(), b"A"),
    "the whole signature in capitals": lambda pdf: changed(pdf, span(pdf)[0], pdf[slice(*span(pdf))].upper()),
    "the padding": lambda pdf: changed(pdf, span(pdf)[1] - 2, b"1"),
    "a space in the padding": lambda pdf: changed(pdf, span(pdf)[1] - 3, b"  "),
    "bytes after the signature": lambda pdf: hexed(pdf, lambda cms: cms + b"\1"),
    "an embedded file swapped by an increment": lambda pdf: increment(pdf, swap),
    "a rectangle laid over by an increment": lambda pdf: increment(pdf, overlay),
    "a note added by an increment": lambda pdf: increment(pdf, annotate),
    "an empty increment": lambda pdf: increment(pdf, lambda writer: writer.update_root()),
    "its end cut off": lambda pdf: pdf[:-1],
    "its tail cut off": lambda pdf: pdf[: len(pdf) - 400],
    "its seal taken away": lambda pdf: resaved(pdf, strip),
    "saved again": resaved,
    "saved again, changes allowed": lambda pdf: resaved(pdf, permit),
    "saved again, linearised": lambda pdf: resaved(pdf, linearize=True),
    "encrypted": lambda pdf: resaved(pdf, encryption=pikepdf.Encryption(owner="x", user="")),
    "a byte before its head": lambda pdf: b"\n" + pdf,
    "a byte after its end": lambda pdf: pdf + b"\n",
    "a second end": lambda pdf: pdf + b"%%EOF\n",
    "the file twice": lambda pdf: pdf + pdf,
    "nothing": lambda _pdf: b"",
    "no PDF": lambda _pdf: b"%PDF-1.7\nstartxref\n0\n%%EOF\n",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_is_refused(sealed, attack):
    check(sealed)
    made = attack(sealed)
    assert made != sealed
    with pytest.raises(SignatureError):
        check(made)


def test_a_second_field_is_refused(sealed, key):
    with pytest.raises(SignatureError):
        check(sign_again(sealed, key))


def test_a_document_without_seal_is_refused(unsealed):
    with pytest.raises(SignatureError, match=r"seal|cachet|sceau"):
        check(unsealed)


def test_what_only_the_holder_of_the_key_can_make_is_refused_too(unsealed, key, monkeypatch):
    """A seal that allows changes, made by the key itself: the digest is right, the promise is not."""
    from auditor.seal import sign

    honest = sign._signature
    for edit in (
        lambda value: value.Reference[0].TransformParams.__setitem__("/P", 2),
        lambda value: value.__setitem__("/SubFilter", pikepdf.Name("/adbe.pkcs7.detached")),
        lambda value: value.__setitem__("/M", pikepdf.String("yesterday")),
    ):

        def lenient(*arguments, edit=edit):
            value = honest(*arguments)
            edit(value)
            return value

        monkeypatch.setattr(sign, "_signature", lenient)
        with pytest.raises(SignatureError):
            check(sign.seal(unsealed, key, AT, reason="x"))


def foreign(pdf, edit):
    """Return the file whose CMS was taken apart, edited and encoded again."""
    from asn1crypto import cms

    def again(raw):
        content = cms.ContentInfo.load(raw)
        edit(content["content"])
        return content.dump(force=True)

    return hexed(pdf, again)


def test_a_certificate_too_many_is_refused(sealed, tmp_path):
    from asn1crypto import cms, x509

    other = x509.Certificate.load(create_key(tmp_path, "Autre", AT).certificate)

    def add(signed):
        signed["certificates"] = [*signed["certificates"], cms.CertificateChoices({"certificate": other})]

    with pytest.raises(SignatureError):
        check(foreign(sealed, add))


def test_another_certificate_of_the_same_name_is_refused(sealed, tmp_path):
    from asn1crypto import cms, x509

    other = x509.Certificate.load(create_key(tmp_path, "CHU d'Essai", AT).certificate)

    def replace(signed):
        signed["certificates"] = [cms.CertificateChoices({"certificate": other})]
        signed["signer_infos"][0]["sid"].chosen["serial_number"] = other.serial_number

    with pytest.raises(SignatureError):
        check(foreign(sealed, replace))


def test_an_unsigned_attribute_is_refused(sealed):
    from asn1crypto import cms

    def add(signed):
        attribute = cms.CMSAttribute({"type": "1.2.3.4", "values": []})
        signed["signer_infos"][0]["unsigned_attrs"] = cms.CMSAttributes([attribute])

    with pytest.raises(SignatureError):
        check(foreign(sealed, add))


def test_a_second_signer_is_refused(sealed):
    def add(signed):
        signed["signer_infos"] = [signed["signer_infos"][0], signed["signer_infos"][0].copy()]

    with pytest.raises(SignatureError):
        check(foreign(sealed, add))


def test_the_same_content_under_another_encoding_is_refused(sealed):
    def longer(cms):
        return b"\x30\x83\0" + cms[2:]

    with pytest.raises(SignatureError):
        check(hexed(sealed, longer))


def flips(pdf, places):
    """Return the places where a flipped bit went unnoticed."""
    missed = []
    for place in places:
        for bit in (0, 5):
            made = bytearray(pdf)
            made[place] ^= 1 << bit
            try:
                check(bytes(made))
            except SignatureError:
                continue
            missed.append((place, bit))
    return missed


def test_bytes_flipped_anywhere_are_noticed(sealed):
    """A sample through the file; the signature's own place has its own test."""
    chance = random.Random(1)
    start, end = span(sealed)
    places = {chance.randrange(len(sealed)) for _n in range(100)} | {0, start - 1, start, start + 1, end - 2, end - 1, end, len(sealed) - 1}
    assert not flips(sealed, sorted(places))


def test_every_byte_of_the_signature_counts(sealed):
    """Each bit of the CMS, checked where only the CMS decides: the rest of the check is the same for all of them."""
    start, end = span(sealed)
    parts = (sealed[:start], sealed[end:])
    raw = bytes.fromhex(sealed[start + 1 : end - 1].decode())
    cms = raw[: 4 + int.from_bytes(raw[2:4], "big")]
    verify_cms(cms, parts)
    for place in range(len(cms)):
        made = bytearray(cms)
        made[place] ^= 1 << place % 8
        with pytest.raises(SignatureError):
            verify_cms(bytes(made), parts)


@pytest.mark.long
def test_every_bit_of_every_byte_counts(sealed):
    """Outside the ranges the whole check runs on every bit; inside them the digest alone decides, so it alone is run."""
    start, end = span(sealed)
    for place in range(start, end):
        for bit in range(8):
            made = bytearray(sealed)
            made[place] ^= 1 << bit
            with pytest.raises(SignatureError):
                check(bytes(made))
    covered = bytearray(sealed[:start] + sealed[end:])
    honest = hashlib.sha256(covered).digest()
    for place in range(len(covered)):
        for bit in range(8):
            covered[place] ^= 1 << bit
            assert hashlib.sha256(covered).digest() != honest
            covered[place] ^= 1 << bit
