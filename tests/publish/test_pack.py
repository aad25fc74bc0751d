"""The pack: a PDF that archives and screen readers accept, the same every time, with everything inside and nothing injected."""

import csv
import hashlib
import io
import re
import subprocess
import zipfile
from dataclasses import replace
from datetime import timedelta

import page as validation
import pikepdf
import pytest
from conftest import AS_OF, HOSTILE

from auditor.errors import EvidenceError
from auditor.publish import pack
from auditor.publish.report import ROWS_SHOWN
from auditor.seal import check, manifest, tree
from auditor.seal.keys import create_key

MISTAKEN = {
    "PDFA3A-STREAM-LENGTH-001": "fires when a stream ends in a carriage return; `whole` checks the lengths instead",
    "PDFA3A-METADATA-FILTER-001": "no such rule in ISO 19005-3",
}
"""Rules that the validator applies wrongly, and why."""


@pytest.fixture(scope="module")
def draft(inputs):
    return pack.draft(inputs)


@pytest.fixture(scope="module")
def sealed(inputs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("packs")
    results = folder / "results.ndjson"
    results.write_bytes(inputs.results)
    key = create_key(folder / "keys", "Hospital", AS_OF)
    return pack.build(
        scope=inputs.scope,
        library=inputs.library,
        snapshot=inputs.snapshot,
        results=results,
        key=key,
        lang="en",
        target=folder / "packs" / "one.pdf",
        at=AS_OF + timedelta(hours=1),
        content=inputs.content,
    )


def text_of(data, tmp_path):
    path = tmp_path / "report.pdf"
    path.write_bytes(data)
    return subprocess.run(["pdftotext", "-layout", path, "-"], capture_output=True, check=True, text=True).stdout


def failures(data, tmp_path, profile):
    path = tmp_path / "report.pdf"
    path.write_bytes(data)
    found = validation.validate_pdf(str(path), profile=profile, limits=validation.SafetyLimits.unlimited()).failures
    return [(item.rule_id, item.message) for item in found if item.rule_id not in MISTAKEN]


def whole(data):
    """Every stream is exactly as long as it says."""
    found = 0
    for match in re.finditer(rb"/Length (\d+)[^<>]*(?:<<[^<>]*>>[^<>]*)*>>\s*stream\r?\n", data):
        found += 1
        assert re.match(rb"\r?\n?endstream", data[match.end() + int(match[1]) :][:11])
    return found


def parts(data):
    with pikepdf.open(io.BytesIO(data)) as document:
        return {name: spec.get_file().read_bytes() for name, spec in document.attachments.items()}


@pytest.mark.parametrize("profile", ["3a", "ua1"])
def test_a_draft_and_a_sealed_pack_are_archivable_and_accessible(draft, sealed, tmp_path, profile):
    assert failures(draft.pdf, tmp_path, profile) == []
    assert failures(sealed.read_bytes(), tmp_path, profile) == []
    assert whole(draft.pdf) > 10


def test_the_same_inputs_give_the_same_bytes(inputs, draft):
    assert pack.draft(inputs).pdf == draft.pdf


def test_everything_is_inside_and_bound_by_the_manifest(inputs, draft):
    found = parts(draft.pdf)
    assert set(found) == set(manifest.ATTACHMENTS)
    statement = manifest.read(found[manifest.MANIFEST])
    digests = {item.name: item.digest.sha256 for item in statement.subject}
    assert set(digests) == set(manifest.SUBJECTS)
    assert all(hashlib.sha256(found[name]).hexdigest() == digest for name, digest in digests.items())
    sums = dict(reversed(line.split("  ")) for line in found[manifest.SUMS].decode().splitlines())
    assert sums == {**digests, manifest.MANIFEST: hashlib.sha256(found[manifest.MANIFEST]).hexdigest()}
    assert found[manifest.RESULTS] == inputs.results
    assert found[manifest.SCOPE] == inputs.scope.raw
    commitments = tree.read(found[manifest.COMMITMENTS])
    assert statement.predicate.root == commitments.root == draft.root
    assert pack.commit(inputs.snapshot, manifest.read_salt(found[manifest.SALT])) == commitments
    with zipfile.ZipFile(io.BytesIO(found[manifest.CONTROLS])) as archive:
        assert "frameworks/texte-un.yaml" in archive.namelist()


def test_each_embedded_file_says_what_it_is(draft):
    with pikepdf.open(io.BytesIO(draft.pdf)) as document:
        listed = [item.objgen for item in document.Root.AF]
        assert len(listed) == len(set(listed)) == len(manifest.ATTACHMENTS)
        kinds = {str(item.UF): (str(item.AFRelationship), str(item.EF.F.Subtype)) for item in document.Root.AF}
    assert kinds[manifest.MANIFEST] == ("/Data", "/application/json")
    assert kinds[manifest.FINDINGS] == ("/Data", "/text/csv")
    assert kinds[manifest.SNAPSHOT] == ("/Source", "/application/zip")


def test_root_and_manifest_are_printed_and_in_the_metadata(draft, tmp_path):
    digest = hashlib.sha256(parts(draft.pdf)[manifest.MANIFEST]).hexdigest()
    printed = re.sub(r"\s", "", text_of(draft.pdf, tmp_path))
    assert digest in printed
    assert draft.root in printed
    assert f"<pack:root>{draft.root}</pack:root>".encode() in draft.pdf
    assert f"<pack:manifest>{digest}</pack:manifest>".encode() in draft.pdf


def test_a_tired_reader_finds_what_matters(draft, tmp_path):
    text = text_of(draft.pdf, tmp_path)
    cover, summary = text.split("\f")[:2]
    assert "Centre hospitalier de Val-d'Exemple" in cover
    assert "cachet local" in cover
    assert "ne prouve ni que la collecte" in re.sub(r"\s+", " ", cover)
    assert "À faire en premier" in summary
    assert re.search(r"68 sur 1\s234", summary)
    assert "accès refusé" in summary
    assert "déclaré hors d'atteinte" in summary
    assert "23/90" in summary  # requirements seen
    assert re.search(r"(?m)\b64\b", summary)  # requirements not assessed
    assert "proposé" in text
    assert f"{len(HOSTILE) + 60 - ROWS_SHOWN} de plus" in text
    assert "certifié" not in text.lower()


def test_names_read_from_machines_are_inert(draft, tmp_path):
    text = text_of(draft.pdf, tmp_path)
    assert "<script>alert(1)" in text.replace("\n", "")
    assert "{{ 7 * 7 }}" in text
    assert "49" not in [line.strip() for line in text.splitlines()]
    assert "[U+202E]" in text
    assert "[U+001B]" in text
    assert not set(text) & {"\u202e", "\u200b", "\x07", "\x1b"}  # pdftotext itself marks runs from right to left
    assert "x" * 400 not in re.sub(r"\s", "", text)
    with pikepdf.open(io.BytesIO(draft.pdf)) as document, document.open_outline() as outline:
        titles = [item.title for item in outline.root]
    assert "INJECTED" not in titles
    assert "Constats" in titles


def test_no_formula_reaches_a_spreadsheet(draft):
    raw = parts(draft.pdf)[manifest.FINDINGS].decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(raw, newline="")))
    assert len(rows) == len(HOSTILE) + 60 + sum(range(2, 8)) + 4
    assert any(row["id"].startswith("'=HYPERLINK") for row in rows)
    assert not [value for row in rows for value in row.values() if value.startswith(("=", "+", "-", "@"))]
    assert {row["verdict"] for row in rows} == {"fail", "unknown"}


def test_the_sealed_pack_holds_and_speaks_english(sealed, tmp_path):
    data = sealed.read_bytes()
    assert check.check(data).kind == "local"
    assert set(parts(data)) == set(manifest.ATTACHMENTS)
    text = text_of(data, tmp_path)
    assert "Audit report" in text
    assert "sealed with a local key" in text
    assert "To do first" in text
    assert "CHECK THIS EVIDENCE PACK" in parts(data)[manifest.README].decode()
    assert not [word for word in ("Référentiel", "constaté", "exigence") if word in text]


def test_a_large_snapshot_lies_beside(inputs, monkeypatch):
    monkeypatch.setattr(manifest, "MAX_EMBEDDED_SNAPSHOT", 10)
    made = pack.draft(replace(inputs, results=inputs.results.split(b'{"basis"')[0]))
    found = parts(made.pdf)
    assert set(found) == set(manifest.ATTACHMENTS) - {manifest.SNAPSHOT}
    bound = {item.name: item.digest.sha256 for item in manifest.read(found[manifest.MANIFEST]).subject}
    assert bound[manifest.SNAPSHOT] == hashlib.sha256(made.beside).hexdigest()


def test_a_pack_names_the_one_before(inputs, sealed):
    found = pack.previous(sealed.with_name("two.pdf"))
    assert found.sha256 == hashlib.sha256(sealed.read_bytes()).hexdigest()
    assert found.root == manifest.read(parts(sealed.read_bytes())[manifest.MANIFEST]).predicate.root
    assert pack.previous(sealed) is None


def test_results_of_something_else_are_refused(inputs):
    other = replace(inputs, results=inputs.results.replace(inputs.snapshot.sha256.encode(), b"0" * 64))
    with pytest.raises(EvidenceError):
        pack.draft(other)


def test_the_instructions_inside_work_as_written(sealed, tmp_path):
    (tmp_path / "report.pdf").write_bytes(sealed.read_bytes())
    said = parts(sealed.read_bytes())[manifest.README].decode()
    written = [line.strip() for line in said.splitlines() if line.startswith("       ") and "auditor" not in line]
    steps = "\n".join(written).replace("-content signed.bin \\\n", "-content signed.bin ")
    ranges = subprocess.run(["pdfsig", "report.pdf"], cwd=tmp_path, capture_output=True, check=True, text=True).stdout
    assert "Total document signed" in ranges
    assert "Signature is Valid" in ranges
    _zero, gap, after, end = re.findall(r"\d+", re.search(r"Signed Ranges: (.*)", ranges)[1])
    assert int(end) == sealed.stat().st_size
    steps = steps.replace("head -c B", f"head -c {gap}").replace("$((C+1))", str(int(after) + 1))
    done = subprocess.run(["bash", "-euc", steps], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "CMS Verification successful" in done.stderr
    assert done.stdout.count(": OK") == len(manifest.SUBJECTS) + 1
    assert hashlib.sha256(parts(sealed.read_bytes())[manifest.MANIFEST]).hexdigest() in done.stdout
