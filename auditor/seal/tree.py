"""Merkle trees of salted row digests: one root binds every row, and one row can be shown without the others.

RFC 9162 §2.1: a leaf is H(0x00 ‖ data), a node H(0x01 ‖ left ‖ right), H being SHA-256. The data of a leaf is the salted digest of
one canonical line; its salt is an HMAC under the pack's key, so that a digest tells nothing of a guessable row. A second tree
over the tables gives the top root. Lines are read once and not kept: memory grows as the logarithm of their number.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING, Annotated

import msgspec

from auditor.codec import canonical
from auditor.errors import DigestError, EvidenceError
from auditor.text import _

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

FORMAT = 1
ALGORITHM = "rfc9162-sha256"
KEY_BYTES = 32
_DOMAIN = b"auditor-row-v1\0"

Hex32 = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]


class TableRoot(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The root over all lines of one file of a snapshot."""

    table: str
    rows: int
    root: Hex32


class Commitments(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The roots of every table, sorted by name, and the one above them."""

    format: int = FORMAT
    algorithm: str = ALGORITHM
    tables: tuple[TableRoot, ...]
    root: Hex32


class Disclosure(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One line with its salt, and the way from it to the top root; it tells nothing of any other line."""

    format: int = FORMAT
    table: str
    index: int
    """Position of the line in its table, from 0."""
    line: str
    salt: Hex32
    path: tuple[Hex32, ...]
    """Siblings from the leaf to the root of the table."""
    commitments: Commitments


def new_key() -> bytes:
    """Return a fresh salt key; whoever lacks it learns nothing from a digest."""
    return secrets.token_bytes(KEY_BYTES)


def commit(key: bytes, tables: Iterable[tuple[str, Iterable[bytes]]]) -> Commitments:
    """Return the roots of `tables`: (name, its lines in order, without newline)."""
    found = []
    for table, lines in tables:
        tree = _Range()
        for leaf in _leaves(key, table, lines):
            tree.add(leaf)
        found.append(TableRoot(table=table, rows=tree.size, root=tree.root().hex()))
    found.sort(key=lambda item: item.table)
    return Commitments(tables=tuple(found), root=_top(found))


def disclose(key: bytes, table: str, lines: Iterable[bytes], wanted: Collection[int], commitments: Commitments) -> list[Disclosure]:
    """Return the proof of each line of `table` at an index of `wanted`, in one pass.

    Raises DigestError when the lines are not those committed to, EvidenceError when there is no such line.
    """
    held = next((item for item in commitments.tables if item.table == table), None)
    if held is None or any(not 0 <= index < held.rows for index in wanted):
        raise EvidenceError(_("no such line in {table}").format(table=table), hint=_("lines are counted from 0"))
    plans = {index: [(start, end, _Range()) for start, end in _siblings(index, held.rows)] for index in sorted(wanted)}
    kept: dict[int, bytes] = {}
    for position, line in enumerate(lines):
        if position in plans:
            kept[position] = line
        leaf = _leaf(_salt(key, table, position), line)
        for plan in plans.values():
            for start, end, tree in plan:
                if start <= position < end:
                    tree.add(leaf)
    result = []
    for index, plan in plans.items():
        proof = Disclosure(
            table=table,
            index=index,
            line=kept.get(index, b"").decode(),
            salt=_salt(key, table, index).hex(),
            path=tuple(tree.root().hex() for _start, _end, tree in plan),
            commitments=commitments,
        )
        verify(proof, commitments.root)
        result.append(proof)
    return result


def verify(proof: Disclosure, root: str) -> None:
    """Return when `proof` shows that its line is under the top `root`; raises DigestError otherwise (RFC 9162 §2.1.3.2)."""
    check(proof.commitments)
    held = next((item for item in proof.commitments.tables if item.table == proof.table), None)
    refused = DigestError(
        _("the line is not one of those that the root binds"), hint=_("ask for the disclosure again, and for the pack it is of")
    )
    if proof.format != FORMAT or held is None or not 0 <= proof.index < held.rows or proof.commitments.root != root:
        raise refused
    spans = _siblings(proof.index, held.rows)
    if len(spans) != len(proof.path):
        raise refused
    digest = _leaf(bytes.fromhex(proof.salt), proof.line.encode())
    for (start, _end), other in zip(spans, proof.path, strict=True):
        sibling = bytes.fromhex(other)
        digest = _node(sibling, digest) if start < proof.index else _node(digest, sibling)
    if digest.hex() != held.root:
        raise refused


def read(raw: bytes) -> Commitments:
    """Read a commitments file back, its top root checked; raises EvidenceError or DigestError."""
    try:
        found = msgspec.json.decode(raw, type=Commitments)
    except msgspec.MsgspecError as error:
        raise EvidenceError(f"commitments: {error}") from error
    check(found)
    return found


def check(commitments: Commitments) -> None:
    """Raise DigestError unless the top root is that of the tables, named once each and sorted."""
    names = [item.table for item in commitments.tables]
    if commitments.format != FORMAT or commitments.algorithm != ALGORITHM or names != sorted(set(names)):
        raise EvidenceError(
            _("commitments of a kind this release does not read"), hint=_("use the release that made the pack, or a newer one")
        )
    if _top(commitments.tables) != commitments.root:
        raise DigestError(_("the top root is not that of the tables"))


class _Range:
    """Root of a growing list of leaves, from the roots of its perfect subtrees only."""

    def __init__(self) -> None:
        self.size = 0
        self._parts: list[bytes] = []

    def add(self, leaf: bytes) -> None:
        self._parts.append(leaf)
        self.size += 1
        closed = self.size
        while closed % 2 == 0:
            right = self._parts.pop()
            self._parts[-1] = _node(self._parts[-1], right)
            closed //= 2

    def root(self) -> bytes:
        if not self._parts:
            return hashlib.sha256(b"").digest()
        total = self._parts[-1]
        for part in reversed(self._parts[:-1]):
            total = _node(part, total)
        return total


def _siblings(index: int, size: int) -> list[tuple[int, int]]:
    """Return the spans of leaves whose roots prove leaf `index` of `size`, from the leaf upwards."""
    spans = []
    start, end = 0, size
    while end - start > 1:
        middle = start + (1 << (end - start - 1).bit_length() - 1)
        if index < middle:
            spans.append((middle, end))
            end = middle
        else:
            spans.append((start, middle))
            start = middle
    return spans[::-1]


def _top(tables: Iterable[TableRoot]) -> str:
    tree = _Range()
    for item in tables:
        tree.add(_hash_leaf(canonical(item)))
    return tree.root().hex()


def _leaves(key: bytes, table: str, lines: Iterable[bytes]) -> Iterator[bytes]:
    for index, line in enumerate(lines):
        yield _leaf(_salt(key, table, index), line)


def _salt(key: bytes, table: str, index: int) -> bytes:
    return hmac.digest(key, f"{table}/{index}".encode(), "sha256")


def _leaf(salt: bytes, line: bytes) -> bytes:
    return _hash_leaf(hashlib.sha256(_DOMAIN + salt + line).digest())


def _hash_leaf(data: bytes) -> bytes:
    return hashlib.sha256(b"\0" + data).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\1" + left + right).digest()
