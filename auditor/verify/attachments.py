"""Take the embedded files out of a sealed PDF: exactly those expected, under caps, never by their own paths."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import TYPE_CHECKING, Any

from auditor.codec import MAX_CONTENT_BYTES
from auditor.errors import EvidenceError
from auditor.seal.manifest import ATTACHMENTS, SNAPSHOT
from auditor.text import _

if TYPE_CHECKING:
    from pathlib import Path

MAX_BYTES = 512 << 20
"""Most bytes that one embedded file, or all together, may take once unpacked."""
MAX_MEMBERS = 5_000
_MEMBER = re.compile(r"RELEASE\Z|[a-z0-9][a-z0-9_-]{0,99}/[a-z0-9][a-z0-9_.-]{0,199}\.yaml\Z")


def embedded(pdf: bytes) -> dict[str, bytes]:
    """Return the embedded files by name; raises EvidenceError unless they are exactly those of a pack.

    A file hidden elsewhere than in the list that every reader shows is refused too. The snapshot alone may be missing:
    a large one lies beside the PDF.
    """
    import pikepdf

    try:
        with pikepdf.open(io.BytesIO(pdf), suppress_warnings=True, attempt_recovery=False) as document:
            return _read(document)
    except (pikepdf.PdfError, RuntimeError, ValueError, TypeError, KeyError, AttributeError, OverflowError) as error:
        raise EvidenceError(_("the embedded files cannot be read: {why}").format(why=str(error)[:200])) from error


def _read(document: Any) -> dict[str, bytes]:
    from pikepdf import Dictionary, Name, NameTree, Stream

    names = document.Root.get("/Names", Dictionary()).get("/EmbeddedFiles")
    listed = dict(NameTree(names).items()) if names is not None else {}
    if not set(ATTACHMENTS) - {SNAPSHOT} <= set(listed) <= set(ATTACHMENTS):
        missing, extra = sorted(set(ATTACHMENTS) - {SNAPSHOT} - set(listed)), sorted(set(listed) - set(ATTACHMENTS))
        raise EvidenceError(
            _("the embedded files are not those of a pack: missing {missing}; unexpected {extra}").format(
                missing=", ".join(missing) or "–",  # noqa: RUF001 — a dash
                extra=", ".join(name[:80] for name in extra[:10]) or "–",  # noqa: RUF001 — a dash
            )
        )
    streams = [item for item in document.objects if isinstance(item, Stream) and item.get("/Type") == Name.EmbeddedFile]
    specifications = [item for item in document.objects if isinstance(item, Dictionary) and not isinstance(item, Stream) and "/EF" in item]
    held = {item.EF.F.objgen for item in listed.values()}
    if len(streams) != len(listed) or len(specifications) != len(listed) or held != {item.objgen for item in streams}:
        raise EvidenceError(_("a file is embedded outside the list that readers show"))
    result, left = {}, MAX_BYTES
    for name, item in listed.items():
        shown = {str(item.get(key, name)) for key in ("/F", "/UF")}
        if shown != {name} or {entry.objgen for entry in item.EF.values()} != {item.EF.F.objgen}:
            raise EvidenceError(_("{name} is shown under another name").format(name=name))
        result[name] = _unpack(item.EF.F, left, name)
        left -= len(result[name])
    return result


def _unpack(stream: Any, most: int, name: str) -> bytes:
    filters = stream.get("/Filter")
    raw: bytes = stream.read_raw_bytes()
    if "/DecodeParms" in stream or (filters is not None and str(filters) != "/FlateDecode"):
        raise EvidenceError(_("{name} is packed in an unexpected way").format(name=name))
    if filters is None:
        data = raw
    else:
        unpacker = zlib.decompressobj()
        try:
            data = unpacker.decompress(raw, most + 1)
        except zlib.error as error:
            raise EvidenceError(_("{name} cannot be unpacked").format(name=name)) from error
        if len(data) <= most and not unpacker.eof:
            raise EvidenceError(_("{name} cannot be unpacked").format(name=name))
    if len(data) > most:
        raise EvidenceError(_("{name} is too large once unpacked").format(name=name), hint=_("this pack was made to exhaust who reads it"))
    return data


def unpack_controls(raw: bytes, folder: Path) -> None:
    """Write the content files of `controls.zip` under `folder`; raises EvidenceError on any name or size that is not one."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            names = archive.namelist()
            if (
                len(names) > MAX_MEMBERS
                or len(set(names)) != len(names)
                or not all(_MEMBER.match(name) and ".." not in name for name in names)
            ):
                raise EvidenceError(_("controls.zip holds a name that no content file has"))
            for name in names:
                with archive.open(name) as stream:
                    data = stream.read(MAX_CONTENT_BYTES + 1)
                if len(data) > MAX_CONTENT_BYTES:
                    raise EvidenceError(_("{name} is too large once unpacked").format(name=name))
                target = folder / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(data)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise EvidenceError(_("{name} cannot be unpacked").format(name="controls.zip")) from error
