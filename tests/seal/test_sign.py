"""A seal that public tools accept, and that leaves the document conforming."""

import hashlib
import io
import re
import shutil
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import page
import pikepdf
import pytest

from auditor.errors import SignatureError
from auditor.seal.check import check
from auditor.seal.keys import CERTIFICATE_FILE, KEY_FILE, create_key, load_key
from auditor.seal.sign import seal

AT = datetime(2026, 11, 24, 16)


def need(tool):
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed here")


def run(*command, **options):
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)


def test_the_check_tells_who_and_when(sealed, key):
    found = check(sealed)
    assert (found.signer, found.organisation, found.kind) == ("Cachet local – CHU d'Essai", "CHU d'Essai", "local")
    assert (found.claimed_at, found.digest, found.reason) == (AT, "sha256", "Dossier de preuves")
    assert found.certificate_sha256 == hashlib.sha256(key.certificate).hexdigest()


def test_pdfsig_says_valid_and_total(sealed, tmp_path):
    need("pdfsig")
    path = tmp_path / "sealed.pdf"
    path.write_bytes(sealed)
    said = run("pdfsig", str(path)).stdout
    assert "Signature is Valid" in said
    assert "Total document signed" in said
    assert "Not total" not in said
    assert said.count("Signature #") == 1


def test_openssl_verifies_the_signature_over_the_two_ranges(sealed, key, folder, tmp_path):
    need("openssl")
    start, end, rest = map(int, re.search(rb"/ByteRange \[ 0 (\d+) (\d+) (\d+) \]", sealed).groups())
    assert end + rest == len(sealed)
    (tmp_path / "data").write_bytes(sealed[:start] + sealed[end:])
    (tmp_path / "cms").write_bytes(bytes.fromhex(sealed[start + 1 : end - 1].decode()))
    options = [
        "-inform",
        "DER",
        "-in",
        str(tmp_path / "cms"),
        "-CAfile",
        str(folder / CERTIFICATE_FILE),
        "-purpose",
        "any",
        "-no_check_time",
    ]
    command = ["openssl", "cms", "-verify", "-binary", *options, "-content", str(tmp_path / "data"), "-out", str(tmp_path / "out")]
    done = run(*command)
    assert done.returncode == 0, done.stderr
    (tmp_path / "data").write_bytes(sealed[:start] + sealed[end:] + b" ")
    assert run(*command).returncode != 0


def test_qpdf_finds_nothing_wrong(sealed, tmp_path):
    need("qpdf")
    path = tmp_path / "sealed.pdf"
    path.write_bytes(sealed)
    done = run("qpdf", "--check", str(path))
    assert done.returncode == 0, done.stdout + done.stderr


def test_pyhanko_agrees(sealed, key):
    from asn1crypto import x509
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.status import SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext

    reader = PdfFileReader(io.BytesIO(sealed))
    [signature] = reader.embedded_signatures
    trust = ValidationContext(trust_roots=[x509.Certificate.load(key.certificate)], moment=AT.astimezone(), allow_fetching=False)
    status = validate_pdf_signature(signature, trust)
    assert status.intact
    assert status.valid
    assert status.docmdp_ok
    assert status.coverage is SignatureCoverageLevel.ENTIRE_FILE
    assert reader.xrefs.total_revisions == 1


@pytest.mark.parametrize("profile", ["3a", "ua1"])
def test_the_document_stays_conforming(unsealed, sealed, tmp_path, profile):
    path = tmp_path / "file.pdf"
    for data in (unsealed, sealed):
        path.write_bytes(data)
        found = page.validate_pdf(str(path), profile=profile, limits=page.SafetyLimits.unlimited())
        rules = {(item.rule_id, item.message) for item in found.failures if "STREAM-LENGTH-001" not in item.rule_id}
        assert not rules
    # The validator counts a final carriage return of a stream as an end of line; see what really stands there.
    for match in re.finditer(rb"/Length (\d+)[^>]*>>\nstream\n", sealed):
        assert re.match(rb"\r?\n?endstream", sealed[match.end() + int(match[1]) :]), sealed[match.start() : match.end()]


def test_the_metadata_are_not_rewritten(unsealed, sealed):
    with pikepdf.open(io.BytesIO(unsealed)) as before, pikepdf.open(io.BytesIO(sealed)) as after:
        assert before.Root.Metadata.read_raw_bytes() == after.Root.Metadata.read_raw_bytes()
        assert before.Root.Metadata.read_raw_bytes() in sealed


def test_the_same_seal_twice_is_the_same_bytes(unsealed, sealed, key):
    assert seal(unsealed, key, AT, reason="Dossier de preuves", name="CHU d'Essai") == sealed


@pytest.mark.parametrize("data", [b"", b"not a PDF", b"%PDF-1.7\n"])
def test_what_is_no_pdf_is_not_sealed(data, key):
    with pytest.raises(SignatureError):
        seal(data, key, AT, reason="x")


def test_a_sealed_pdf_is_not_sealed_again(sealed, key):
    with pytest.raises(SignatureError):
        seal(sealed, key, AT, reason="x")


def test_an_untagged_pdf_is_sealed_too(key):
    target = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page()
        document.save(target)
    assert check(seal(target.getvalue(), key, AT, reason="x")).kind == "local"


def test_the_key_is_for_its_owner_alone_and_kept(tmp_path):
    folder = tmp_path / "deep" / "keys"
    key = create_key(folder, None, AT)
    assert stat.S_IMODE((folder / KEY_FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert b"PRIVATE" not in (folder / CERTIFICATE_FILE).read_bytes()
    assert create_key(folder, "Other", AT).certificate == key.certificate
    assert sorted(path.name for path in folder.iterdir()) == sorted([KEY_FILE, CERTIFICATE_FILE])


def test_two_runs_at_once_agree_on_one_key(tmp_path):
    with ThreadPoolExecutor(2) as pool:
        found = {key.certificate for key in pool.map(lambda _n: create_key(tmp_path, "CHU", AT), range(2))}
    assert len(found) == 1


def test_a_key_that_cannot_serve_is_refused(tmp_path):
    with pytest.raises(SignatureError, match=KEY_FILE):
        load_key(tmp_path, AT)
    create_key(tmp_path, "x" * 200 + "\n\0", AT)
    path = tmp_path / KEY_FILE
    with pytest.raises(SignatureError):
        load_key(tmp_path, AT + timedelta(days=4 * 365))
    path.chmod(0o644)
    with pytest.raises(SignatureError):
        load_key(tmp_path, AT)
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(SignatureError):
        load_key(tmp_path, AT)


def test_a_key_and_the_certificate_of_another_are_refused(tmp_path):
    for name in ("a", "b"):
        create_key(tmp_path / name, name, AT)
    one, other = ((tmp_path / name / KEY_FILE).read_bytes() for name in ("a", "b"))
    (tmp_path / "a" / KEY_FILE).write_bytes(one[: one.index(b"-----BEGIN CERT")] + other[other.index(b"-----BEGIN CERT") :])
    with pytest.raises(SignatureError):
        load_key(tmp_path / "a", AT)


def test_a_claim_outside_the_certificate_s_validity_is_refused(unsealed, key):
    with pytest.raises(SignatureError):
        check(seal(unsealed, key, AT - timedelta(days=2), reason="x"))
