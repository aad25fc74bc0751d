"""`auditor.yaml`: read whole, or refused with everything that is wrong in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from auditor.codec import MAX_CONTENT_BYTES, Document, parse_yaml, sha256
from auditor.errors import ContentError, Problem
from auditor.evidence.tables import TABLES
from auditor.scope import context, rows
from auditor.scope.document import ScopeFile
from auditor.scope.literals import of_text
from auditor.scope.meaning import certificate_id, of_meaning
from auditor.scope.problems import of_shape
from auditor.text import _

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from auditor.codec import Where
    from auditor.evidence.row import Row
    from auditor.scope.context import ContextRule
    from auditor.scope.document import Location, Source, Value
    from auditor.scope.shapes import Application, Organisation, Provider, Site


@dataclass(frozen=True, slots=True)
class Scope:
    """What is audited, with the very bytes that said so."""

    raw: bytes
    document: Document
    file: ScopeFile

    @property
    def path(self) -> str:
        """Where it was read from, for messages."""
        return self.document.path

    @property
    def sha256(self) -> str:
        """SHA-256 of the file as it was written, comments included."""
        return sha256(self.raw)

    @property
    def organisation(self) -> Organisation:
        """The audited party; its name is null when nobody gave one."""
        return self.file.organisation

    @property
    def sites(self) -> tuple[Site, ...]:
        """Places where machines stand."""
        return self.file.sites

    @property
    def providers(self) -> tuple[Provider, ...]:
        """Companies whose services are used, with their certificates (each has its id)."""
        return self.file.providers

    @property
    def applications(self) -> tuple[Application, ...]:
        """What people use."""
        return self.file.applications

    @property
    def sources(self) -> tuple[Source, ...]:
        """What collectors read, in the order of the file."""
        return self.file.sources

    @property
    def locations(self) -> tuple[Location, ...]:
        """Where providers' regions are."""
        return self.file.locations

    @property
    def frameworks(self) -> tuple[str, ...]:
        """Frameworks to report on; none named means all that are known."""
        return self.file.frameworks

    @property
    def parameters(self) -> dict[str, dict[str, Value | tuple[Value, ...]]]:
        """Thresholds that the organisation sets, by control then parameter."""
        return self.file.parameters

    def line(self, *where: str | int) -> int:
        """Return the line (from 1) of a key or item, such as `("sources", 0, "settings", "hosts", 2)`."""
        return self.document.line(*where)

    def rows(self) -> list[Row]:
        """Return the rows that the scope declares, of source `scope`."""
        return list(rows.rows(self.file))

    def context(self) -> list[ContextRule]:
        """Return what it says of the rows that collectors bring."""
        return list(context.rules(self.file))


def load(path: Path) -> Scope:
    """Read a scope file; raises ContentError with all its problems, documents that are not there included."""
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_CONTENT_BYTES + 1)
    except OSError as error:
        raise ContentError(
            [Problem(str(path), 1, _("cannot be read: {why}").format(why=error.strerror), _("check the path and its rights"))]
        ) from error
    scope = parse(raw, str(path))
    if problems := [
        scope.document.problem(where, _("no document {name}").format(name=name), _("copy it into the workspace, or remove the line"))
        for where, name in _documents(scope)
        if not (path.parent / name).is_file()
    ]:
        raise ContentError(problems)
    return scope


def _documents(scope: Scope) -> Iterator[tuple[Where, str]]:
    for number, provider in enumerate(scope.providers):
        for index, certificate in enumerate(provider.certificates):
            if certificate.document is not None:
                yield ("providers", number, "certificates", index, "document"), certificate.document


def parse(raw: bytes, path: str = "auditor.yaml", tables: Collection[str] = TABLES) -> Scope:
    """Return the scope that `raw` holds; raises ContentError with all its problems, each with its line and its remedy.

    `tables` are the names of tables that the file may count rows of. Which collectors exist, and what each accepts as
    settings, is the business of those who have them.
    """
    if len(raw) > MAX_CONTENT_BYTES:
        raise ContentError([Problem(path, 1, _("larger than {n} bytes").format(n=MAX_CONTENT_BYTES), _("split it in several workspaces"))])
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise ContentError([Problem(path, line, _("not UTF-8"), _("save the file as UTF-8"))]) from error
    document = parse_yaml(text, path)
    value = _spoken(document.value)
    problems = [*of_shape(document, value), *of_meaning(document, value, tables), *of_text(document, text)]
    if problems:
        raise ContentError(list(dict.fromkeys(problems)))
    try:
        file = msgspec.convert(_named(value), ScopeFile)
    except msgspec.ValidationError as error:
        raise ContentError([Problem(path, 1, str(error))]) from error
    return Scope(raw, document, file)


def default(hostname: str) -> bytes:
    """Return the scope in use when nobody wrote one: this machine, read as it is."""
    return f"format: 1\n# {_printable(hostname)}\nsources:\n  - id: local\n    collector: linux\n".encode()


def _printable(text: str) -> str:
    return "".join(char for char in text if char.isprintable())[:253]


_NAMES = {"finess_ej", "finess_eg", "version"}
"""Texts that may be made of digits only; without quotes YAML gives integers."""


def _spoken(value: Any) -> Any:
    """Return what the file says: names made of digits as texts, and without the keys that say nothing.

    `sites:` with all its lines commented out is no list, but no error either. Settings are left as they are.
    """
    if isinstance(value, dict):
        return {
            key: str(item) if key in _NAMES and type(item) is int else item if key == "settings" else _spoken(item)
            for key, item in value.items()
            if item is not None
        }
    return [_spoken(item) for item in value] if isinstance(value, list) else value


def _named(value: dict[str, Any]) -> dict[str, Any]:
    """Give each certificate its id."""
    providers = [
        {
            **provider,
            "certificates": [{**item, "id": certificate_id(provider["id"], item)} for item in provider.get("certificates", [])],
        }
        for provider in value.get("providers", [])
    ]
    return {**value, "providers": providers}
