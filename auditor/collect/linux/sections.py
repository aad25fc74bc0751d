"""From the script's answer to rows and ledger, section by section."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.errors import UnexpectedAnswerError
from auditor.evidence.cells import Outcome
from auditor.evidence.tables_host import Host, HostAccount, HostService, HostSysctl, SshdSetting

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.collect.base import Sink, Target
    from auditor.evidence.row import Row

CAP = 262_144
DENIED, ABSENT = 77, 78
"""Codes by which a section of the script says that it may not read, or that the tool is not there."""


@dataclass(frozen=True, slots=True)
class Section:
    """One section: its text, its code; `code` is null when its end never came or its text was cut at the cap."""

    text: str
    code: int | None


@dataclass(frozen=True, slots=True)
class Answer:
    """All sections, and whether the last mark came."""

    sections: dict[str, Section]
    whole: bool


def split(answer: bytes, mark: str) -> Answer:
    """Return the sections of an answer. Only lines that begin with this run's own mark count."""
    lines = answer.decode("utf-8", "replace").split("\n")
    found: dict[str, Section] = {}
    name, code, body, whole = None, None, list[str](), False
    for line in lines:
        if not line.startswith(mark + " "):
            body.append(line)
            continue
        word, *rest = line[len(mark) + 1 :].split(" ")
        if word == "BEGIN":
            name, code, body = rest[0], None, []
        elif word == "CODE" and rest[0].isdecimal():
            code = int(rest[0])
        elif word == "END" and name == rest[0]:
            found[name] = Section("\n".join(body).strip("\n"), code)
            name = None
        elif word == "EOF":
            whole = True
    return Answer(found, whole)


def read(target: Target, sink: Sink, answer: Answer) -> None:
    """Put every section in the ledger, and its rows in the evidence."""
    hashes = _shadow(sink, answer)
    tables: tuple[tuple[str, type[Row], Callable[[str, str, str], list[Row]]], ...] = (
        ("id", Host, _host),
        ("accounts", HostAccount, lambda text, source, call: _accounts(text, source, call, hashes)),
        ("sshd", SshdSetting, _sshd),
        ("sysctl", HostSysctl, _sysctl),
        ("services", HostService, _services),
    )
    for name, table, rows in tables:
        with sink.call(name, feeds=(table,)) as call:
            section = answer.sections.get(name)
            if section is None:
                call.record.ended(Outcome.PARTIAL, "section missing")
            elif section.code is None:
                call.record.ended(Outcome.TRUNCATED, "section cut")
            elif section.code == DENIED:
                call.record.ended(Outcome.FORBIDDEN, "not readable by this account")
            elif section.code == ABSENT:
                call.record.ended(Outcome.NOT_DEPLOYED, "tool not there")
            elif section.code:
                call.record.ended(Outcome.ERROR, f"code {section.code}")
            else:
                try:
                    call.rows(rows(section.text, target.id, call.id))
                except (ValueError, IndexError, UnexpectedAnswerError):
                    call.record.ended(Outcome.ERROR, "cannot be read")


def _shadow(sink: Sink, answer: Answer) -> dict[str, str]:
    section = answer.sections.get("shadow")
    with sink.call("shadow", columns=("host_account.hash_alg",)) as call:
        if section is None or section.code != 0:
            denied = section is not None and section.code == DENIED
            call.record.ended(Outcome.FORBIDDEN if denied else Outcome.PARTIAL, "not readable" if denied else "section missing")
            return {}
    return dict(line.split(":", 1) for line in section.text.splitlines() if line.count(":") == 1)


def _host(text: str, source: str, call: str) -> list[Row]:
    name, kernel, arch, uid, uptime, *rest = text.splitlines()
    release = dict(re.findall(r"^([A-Z_]+)=[\"']?([^\"'\n]*)", "\n".join(rest), re.MULTILINE))
    return [
        Host(
            source=source,
            id=name,
            call=call,
            hostname=name,
            kernel=kernel,
            arch=arch,
            privileged=uid == "0",
            uptime_s=int(uptime.split(".")[0]),
            os_id=release.get("ID"),
            os_version=release.get("VERSION_ID", "none") if release else None,
        )
    ]


def _accounts(text: str, source: str, call: str, hashes: dict[str, str]) -> list[Row]:
    rows: dict[str, Row] = {}
    for line in text.splitlines():
        name, _password, uid, gid, _gecos, home, shell = line.split(":", 6)
        rows[name] = HostAccount.named(
            source=source, call=call, name=name, uid=int(uid), gid=int(gid), home=home, shell=shell, hash_alg=hashes.get(name)
        )
    return list(rows.values())


def _sshd(text: str, source: str, call: str) -> list[Row]:
    pairs = {tuple(line.split(" ", 1)) for line in text.splitlines() if " " in line}
    if not any(key == "permitrootlogin" for key, _value in pairs):
        raise UnexpectedAnswerError("not the answer of sshd -T")
    return [SshdSetting.named(source=source, call=call, key=key, value=value) for key, value in pairs]


def _sysctl(text: str, source: str, call: str) -> list[Row]:
    pairs = (line.split("=", 1) for line in text.splitlines())
    return [HostSysctl.named(source=source, call=call, key=key, value=None if value == "?" else value) for key, value in pairs]


def _services(text: str, source: str, call: str) -> list[Row]:
    rows = []
    for unit, state in {tuple(line.split()[:2]) for line in text.splitlines() if line.strip()}:
        rows.append(HostService.named(source=source, call=call, unit=unit, enabled=state in {"enabled", "enabled-runtime", "static", "generated"}))
    return rows
