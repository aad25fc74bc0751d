"""From the script's answer to rows and ledger, section by section."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.collect.linux import read_access, read_host, read_software, read_system
from auditor.errors import UnexpectedAnswerError
from auditor.evidence import tables_host_access as access
from auditor.evidence import tables_host_software as software
from auditor.evidence import tables_host_system as system
from auditor.evidence.cells import Outcome
from auditor.evidence.tables_host import Host

if TYPE_CHECKING:
    from collections.abc import Callable

    from auditor.collect.base import CallRecord, Sink
    from auditor.evidence.row import Row

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

    def texts(self) -> dict[str, str]:
        """Return the text of each section that was read whole."""
        return {name: section.text for name, section in self.sections.items() if section.code == 0}


def split(answer: bytes, mark: str) -> Answer:
    """Return the sections of an answer. Only lines that begin with this run's own mark count."""
    found: dict[str, Section] = {}
    name, code, body, whole = None, None, list[str](), False
    for line in answer.decode("utf-8", "replace").split("\n"):
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


_HOST_COLUMNS: dict[str, tuple[str, ...]] = {
    "shadow": ("host_account.hash_alg", "host_account.password_changed_at", "host_account.max_days", "host_account.expired"),
    "logins": ("host_account.idle_days",),
    "lockout": ("host.lockout", "host.lockout_deny"),
    "changed": ("host.packages_changed_at", "host.reboot_pending"),
}
"""Sections that add columns to rows of others."""

_TABLES: tuple[tuple[str, tuple[type[Row], ...], Callable[[dict[str, str], str, str], list[Row]]], ...] = (
    ("host", (Host,), read_host.host),
    ("accounts", (access.HostAccount,), read_host.accounts),
    ("sshd", (access.Sshd, access.SshdSetting), read_access.sshd),
    ("hostkeys", (access.SshKey,), read_access.keys("hostkeys")),
    ("userkeys", (access.SshKey,), read_access.keys("userkeys")),
    ("sudo_rules", (access.SudoRule, access.SudoDefault), read_access.sudo),
    ("sysctl", (system.HostSysctl,), read_system.sysctl),
    ("kernel", (system.HostKernel,), read_system.kernel),
    ("mounts", (system.HostMount,), read_system.mounts),
    ("files", (system.HostFile,), read_system.files),
    ("listen", (software.HostListen,), read_software.listen),
    ("firewall", (software.HostFirewall,), read_software.firewall),
    ("packages", (software.HostPackage,), read_software.packages),
    ("updates", (software.HostUpdate,), read_software.updates),
    ("repos", (software.HostRepo,), read_software.repos),
    ("services", (software.HostService,), read_software.services),
    ("logs", (system.HostLog,), read_system.logs),
    ("clock", (system.HostTime,), read_system.clock),
    ("agents", (system.HostAgent,), read_system.agents),
)


def read(source: str, sink: Sink, answer: Answer) -> None:
    """Put every section in the ledger, and its rows in the evidence."""
    texts = answer.texts()
    for name, columns in _HOST_COLUMNS.items():
        with sink.call(name, columns=columns) as call:
            _ended(call.record, answer.sections.get(name))
    for name, tables, rows in _TABLES:
        with sink.call(name, feeds=tables) as call:
            section = answer.sections.get(name)
            _ended(call.record, section)
            # A section that was refused half-way keeps what it saw; its outcome says that more may exist.
            if section is None or section.code is None or (section.code != 0 and name != "userkeys"):
                continue
            try:
                call.rows({row.id + row.TABLE: row for row in rows({**texts, name: section.text}, source, call.id)}.values())
            except (ValueError, IndexError, KeyError, UnexpectedAnswerError):
                call.record.ended(Outcome.ERROR, "cannot be read")


def _ended(record: CallRecord, section: Section | None) -> None:
    if section is None:
        record.ended(Outcome.PARTIAL, "section missing")
        return
    record.saw(section.text.encode())
    if section.code is None:
        record.ended(Outcome.TRUNCATED, "section cut")
    elif section.code == DENIED:
        record.ended(Outcome.FORBIDDEN, "not readable by this account")
    elif section.code == ABSENT:
        record.ended(Outcome.UNSUPPORTED, "the tool that would tell is not there")
    elif section.code:
        record.ended(Outcome.ERROR, f"code {section.code}")
