"""Roots and proofs against the recursive definition of RFC 9162, and refusals."""

import hashlib
import tracemalloc

import msgspec
import pytest

from auditor.errors import DigestError, EvidenceError
from auditor.seal import tree

KEY = bytes(range(32))


def mth(leaves: list[bytes]) -> bytes:
    """RFC 9162 §2.1.1, word for word."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\0" + leaves[0]).digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\1" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def data(table: str, lines: list[bytes]) -> list[bytes]:
    return [hashlib.sha256(b"auditor-row-v1\0" + tree._salt(KEY, table, i) + line).digest() for i, line in enumerate(lines)]


@pytest.mark.parametrize("size", range(70))
def test_roots_and_every_proof_of_small_trees(size):
    lines = [f'{{"id":"{n}"}}'.encode() for n in range(size)]
    found = tree.commit(KEY, [("host", lines), ("disk", [b"{}"])])
    assert [item.table for item in found.tables] == ["disk", "host"]
    assert found.tables[1].root == mth(data("host", lines)).hex()
    assert found.root == mth([msgspec.json.encode(item, order="sorted") for item in found.tables]).hex()
    proofs = tree.disclose(KEY, "host", lines, range(size), found)
    assert [proof.line.encode() for proof in proofs] == lines
    for proof in proofs:
        tree.verify(proof, found.root)


def test_the_root_of_the_rfc_9162_example_leaves():
    # The well-known test vector of Certificate Transparency: eight leaves, no salt.
    leaves = [
        bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
    ]
    grown = tree._Range()
    for leaf in leaves:
        grown.add(tree._hash_leaf(leaf))
    assert grown.root().hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


LINES = [f'{{"id":"{n}"}}'.encode() for n in range(11)]


@pytest.mark.parametrize(
    "change",
    [
        {"line": '{"id":"forged"}'},
        {"index": 4},
        {"index": 11},
        {"index": -1},
        {"salt": "0" * 64},
        {"table": "disk"},
        {"path": ()},
        {"format": 2},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_forged_disclosure_is_refused(change):
    found = tree.commit(KEY, [("host", LINES), ("disk", LINES)])
    [proof] = tree.disclose(KEY, "host", LINES, [3], found)
    with pytest.raises(DigestError):
        tree.verify(msgspec.structs.replace(proof, **change), found.root)


def test_a_path_with_one_sibling_changed_or_left_over_is_refused():
    found = tree.commit(KEY, [("host", LINES)])
    [proof] = tree.disclose(KEY, "host", LINES, [3], found)
    for number in range(len(proof.path)):
        path = [*proof.path[:number], "f" * 64, *proof.path[number + 1 :]]
        with pytest.raises(DigestError):
            tree.verify(msgspec.structs.replace(proof, path=tuple(path)), found.root)
    with pytest.raises(DigestError):
        tree.verify(msgspec.structs.replace(proof, path=(*proof.path, "f" * 64)), found.root)


def test_another_root_or_other_roots_of_tables_are_refused():
    found = tree.commit(KEY, [("host", LINES)])
    [proof] = tree.disclose(KEY, "host", LINES, [3], found)
    with pytest.raises(DigestError):
        tree.verify(proof, "0" * 64)
    shorter = msgspec.structs.replace(found.tables[0], rows=4)
    with pytest.raises(DigestError):
        tree.verify(msgspec.structs.replace(proof, commitments=msgspec.structs.replace(found, tables=(shorter,))), found.root)


def test_lines_other_than_those_committed_to_cannot_be_disclosed():
    found = tree.commit(KEY, [("host", LINES)])
    with pytest.raises(DigestError):
        tree.disclose(KEY, "host", [*LINES[:-1], b"{}"], [0], found)
    with pytest.raises(DigestError):
        tree.disclose(KEY, "host", LINES[:3], [5], found)
    with pytest.raises(EvidenceError):
        tree.disclose(KEY, "host", LINES, [11], found)


def test_a_guessed_row_cannot_be_recognised_without_the_key():
    lines = [b'{"fips":true}']
    one, other = (tree.commit(key, [("host", lines)]).root for key in (KEY, tree.new_key()))
    assert one != other
    equal = tree.commit(KEY, [("a", lines), ("b", lines)])
    assert equal.tables[0].root != equal.tables[1].root


def test_the_file_reads_back_or_is_refused():
    found = tree.commit(KEY, [("host", LINES)])
    assert tree.read(msgspec.json.encode(found)) == found
    with pytest.raises(DigestError):
        tree.read(msgspec.json.encode(msgspec.structs.replace(found, root="0" * 64)))
    with pytest.raises(EvidenceError):
        tree.read(msgspec.json.encode(msgspec.structs.replace(found, tables=found.tables * 2)))
    with pytest.raises(EvidenceError):
        tree.read(b'{"root":"x"}')


def test_many_lines_take_no_memory():
    tracemalloc.start()
    tree.commit(KEY, [("host", (b'{"id":"%d"}' % n for n in range(50_000)))])
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1 << 20
