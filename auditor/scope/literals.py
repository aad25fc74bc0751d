"""Secrets written where only a reference to one belongs."""

from __future__ import annotations

import re
from collections import Counter
from math import log2
from typing import TYPE_CHECKING, Any

from auditor.text import _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.codec import Document, Where
    from auditor.errors import Problem

REFERENCE = re.compile(r"(env:[A-Za-z_][A-Za-z0-9_]*|file:.+|keyring:.+|vault:.+)\Z")
"""How a secret is named without being written."""

_SECRET_KEY = re.compile(r"(?i)(^|[_-])(password|passwd|pwd|passphrase|secret|token|api_?key|secret_?key|private_?key|credentials?)$")
_SHAPES = (
    re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----"),
    re.compile(r"\b[a-zA-Z][a-zA-Z0-9+.-]*://[^/\s:@]+:[^/\s@]+@"),  # user:password@host
    re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    re.compile(r"\bgh[pousr]_[A-Za-z0-9]{30,}\b"),
    re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}"),
    re.compile(r"\bhvs\.[A-Za-z0-9_-]{20,}"),
    re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}"),
)
_DENSE = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}\Z")
_PUBLIC = ("SHA256:", "AAAA")
"""Beginnings of fingerprints and public keys of ssh, as dense as secrets and meant to be shown."""
_BITS = 4.0
"""Shannon entropy per character above which a mixed text of 24 or more looks drawn at random."""


def of_text(document: Document, text: str) -> Iterator[Problem]:
    """Yield every line of the file, comments included, that holds the shape of a secret."""
    for number, line in enumerate(text.splitlines(), 1):
        if any(shape.search(line) for shape in _SHAPES):
            yield _refused(document, number)


def of_settings(document: Document, where: Where, value: Any, key: str = "") -> Iterator[Problem]:
    """Yield every setting that should be a reference and is not; the value is never repeated."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from of_settings(document, (*where, name), item, name)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from of_settings(document, (*where, index), item, key)
    elif value is not None and not isinstance(value, bool) and not REFERENCE.match(str(value)):
        shaped = any(shape.search(str(value)) for shape in _SHAPES)  # `of_text` says so already
        if not shaped and (_SECRET_KEY.search(key) or _dense(str(value))):
            yield _refused(document, document.line(*where))


def _dense(text: str) -> bool:
    if not _DENSE.match(text) or text.startswith(_PUBLIC):
        return False
    if not (re.search(r"[a-z]", text) and re.search(r"[A-Z]", text) and re.search(r"[0-9]", text)):
        return False
    counts = Counter(text)
    return -sum(n / len(text) * log2(n / len(text)) for n in counts.values()) >= _BITS


def _refused(document: Document, line: int) -> Problem:
    from auditor.errors import Problem

    return Problem(
        document.path,
        line,
        _("this looks like a secret, and the scope is copied into every pack"),
        _("name it instead: env:NAME or file:PATH; then change the secret, for it has been written down"),
    )
