"""Gather the sentences people read, keep their French in `auditor.po`, and compile it (`make catalogues`)."""

from __future__ import annotations

import io
import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from auditor.scope import json_schema

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "auditor" / "locale" / "fr" / "LC_MESSAGES"
WHEN = datetime(2026, 11, 1, tzinfo=UTC)
KEYWORDS = {"_": None, "plural": (1, 2)}


def gathered() -> Catalog:
    """Return every sentence of the code, without its French."""
    catalog = Catalog(locale="fr", project="auditor", charset="utf-8")
    found = extract_from_dir(ROOT / "auditor", [("**.py", "python")], keywords=KEYWORDS)
    for path, _line, message, _comments, _context in sorted(found, key=lambda item: (item[0], item[1])):
        catalog.add(message, locations=[(path, 0)])
    for description in described(json_schema()):
        catalog.add(description, locations=[("docs/auditor.schema.json", 0)])
    return catalog


def described(schema: dict[str, Any]) -> list[str]:
    """Return what the keys of a scope mean: said in the documentation, and to whom forgets one."""
    keys = [key for part in schema["$defs"].values() for key in part.get("properties", {}).values()]
    return sorted({key["description"] for key in keys if "description" in key})


def kept(domain: str = "auditor") -> Catalog:
    """Return the catalogue that stands in the tree."""
    path = FOLDER / f"{domain}.po"
    if not path.exists():
        return Catalog(locale="fr")
    with path.open("rb") as stream:
        return read_po(stream, locale="fr")


def compiled(catalog: Catalog) -> bytes:
    """Return the `.mo` bytes of a catalogue."""
    catalog.creation_date = catalog.revision_date = WHEN  # else the minute of the day ends up in the bytes
    out = io.BytesIO()
    write_mo(out, catalog)
    return out.getvalue()


def typeset(french: str | tuple[str, ...]) -> str | tuple[str, ...]:
    """Return French with the spaces that do not break, as the Imprimerie nationale sets them."""
    if not isinstance(french, str):
        return tuple(str(typeset(form)) for form in french)
    french = re.sub(r" ([;!?%])", "\u202f\\1", french)
    return re.sub(r" ([:»])", "\u00a0\\1", french).replace("« ", "«\u00a0")


def main(fragments: list[str]) -> None:
    """Merge the code's sentences with the French known, and with `.po` files named on the command line."""
    known = {message.id: message.string for message in kept() if message.string}
    for name in fragments:
        with Path(name).open("rb") as stream:
            known |= {message.id: message.string for message in read_po(stream, locale="fr") if message.string}
    merged = Catalog(locale="fr", project="auditor", charset="utf-8", fuzzy=False, header_comment="# French of the sentences people read.")
    for message in gathered():
        if message.id:
            merged.add(message.id, typeset(known.get(message.id, "")), locations=[(path, 0) for path, _line in message.locations])
    out = io.BytesIO()
    write_po(out, merged, omit_header=False, sort_output=True, include_lineno=False)
    dated = b"".join(
        line
        for line in out.getvalue().splitlines(keepends=True)
        if not line.startswith((b'"POT-Creation', b'"PO-Revision', b'"Generated-By'))
    )
    (FOLDER / "auditor.po").write_bytes(dated)
    for domain in ("auditor", "reports"):
        (FOLDER / f"{domain}.mo").write_bytes(compiled(kept(domain)))
    missing = [str(message.id) for message in merged if message.id and not message.string]
    print(f"{len(merged)} sentences, {len(missing)} without French")
    for sentence in missing:
        print("  " + sentence)


if __name__ == "__main__":
    main(sys.argv[1:])
