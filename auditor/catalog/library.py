"""Every control, framework and reference file of a content folder, loaded together."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from auditor.catalog import control as controls
from auditor.catalog import framework as frameworks
from auditor.catalog import reference as references
from auditor.codec import read_yaml
from auditor.errors import ContentError, Problem

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from auditor.catalog.control import Control
    from auditor.catalog.framework import Framework
    from auditor.catalog.reference import Reference
    from auditor.codec import Document

RELEASE_FILE = "RELEASE"


@dataclass(frozen=True, slots=True)
class Library:
    """The content that judges: by id, with the digest of all of it and the name of its release."""

    controls: dict[str, Control]
    frameworks: dict[str, Framework]
    references: dict[str, Reference]
    documents: dict[str, Document]
    """The file of each control, for errors with their line."""
    sha256: str
    release: str


def load(folder: Path) -> Library:
    """Load `folder`; raises ContentError with every problem of every file."""
    problems: list[Problem] = []
    documents: dict[str, Document] = {}
    found: dict[str, dict[str, Any]] = {"controls": {}, "frameworks": {}, "references": {}}
    codes: dict[str, str] = {}
    for path in sorted(folder.glob("*/*.yaml")):
        kind, parse = _kind(path)
        try:
            document = read_yaml(path)
            item = parse(document)
        except ContentError as error:
            problems += error.problems
            continue
        if item.id != path.stem:
            problems.append(document.problem(("id",), f"id {item.id!r} is not the file's name {path.stem!r}", "rename one of the two"))
        if item.id in found[kind]:
            problems.append(document.problem(("id",), f"{item.id!r} is the id of another file too", "give each its own"))
        found[kind][item.id] = item
        if kind == "controls":
            documents[item.id] = document
            if item.code in codes:
                problems.append(document.problem(("code",), f"code {item.code!r} is that of {codes[item.code]} too", "give each its own"))
            codes[item.code] = item.id
        elif kind == "frameworks":
            problems += _links(document, item, {file.stem for file in folder.glob("*/*.yaml") if _kind(file)[0] == "controls"})
    if problems:
        raise ContentError(problems)
    release = folder / RELEASE_FILE
    return Library(
        controls=found["controls"],
        frameworks=found["frameworks"],
        references=found["references"],
        documents=documents,
        sha256=digest(folder),
        release=release.read_text(encoding="utf-8").strip() if release.is_file() else "",
    )


def files(folder: Path) -> list[Path]:
    """Return every file of a content folder that its digest covers, sorted by name."""
    found = [*folder.glob("*/*.yaml"), *folder.glob(RELEASE_FILE)]
    return sorted(found, key=lambda path: path.relative_to(folder).as_posix())


def digest(folder: Path) -> str:
    """Return the SHA-256 over the names and digests of every file of `folder`, in coreutils' format."""
    total = hashlib.sha256()
    for path in files(folder):
        total.update(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n".encode())
    return total.hexdigest()


def _kind(path: Path) -> tuple[str, Callable[[Document], Any]]:
    if path.parent.name == "frameworks":
        return "frameworks", frameworks.parse
    if path.parent.name == "reference":
        return "references", references.parse
    return "controls", controls.parse


def _links(document: Document, framework: Framework, known: set[str]) -> list[Problem]:
    problems = []
    for index, requirement in enumerate(framework.requirements):
        for side in ("ours", "provider"):
            half = getattr(requirement, side)
            for way in ("all", "any"):
                for position, link in enumerate(getattr(half, way, ()) or ()):
                    if link.control not in known:
                        where = ("requirements", index, side, way, position)
                        problems.append(document.problem(where, f"no control is named {link.control!r}", "mend the id or remove the link"))
    return problems
