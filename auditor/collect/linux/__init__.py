"""Linux hosts, local or over the system's ssh: one round trip, read-only."""

from __future__ import annotations

import re
import secrets
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import msgspec

from auditor.collect.base import Settings, Target, now, promise
from auditor.collect.linux import sections, transport
from auditor.errors import UnexpectedAnswerError
from auditor.evidence.cells import Outcome
from auditor.evidence.tables_host import HOST_TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.collect.base import Sink
    from auditor.evidence.cells import Cell
    from auditor.evidence.row import Row

_HEAD = re.compile(rb"N=([0-9a-f]{32}) T=([0-9]{1,12})\n")
SCRIPT = Path(__file__).with_name("script.sh")
CLOCK_S = 300
"""How far ahead of ours the clock of a machine may be, in seconds, before its spool is refused."""


class LinuxSettings(Settings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the machine is, and as whom to read it."""

    address: str = "local"
    """`local`, or a name or address for ssh."""
    port: int | None = None
    user: str | None = None
    identity_file: str | None = None
    """Path of the private key; ssh reads it, the auditor does not."""
    known_hosts: str | None = None
    """Path of the known_hosts file; the user's own otherwise."""
    proxy_jump: str | None = None
    mode: Literal["a", "b", "c"] = "a"
    """`a`: the script is sent and run; `b`: the key is bound to a command installed on the machine (audit-accounts), which runs its own copy;
    `c`: the machine reads itself by its own timer, and only the answer is read."""
    spool: Annotated[str, msgspec.Meta(pattern=r"^/[A-Za-z0-9_./-]+$")] = "/var/spool/audit-collect/answer"
    """Mode c: path of the answer on the machine."""
    spool_hours: Annotated[int, msgspec.Meta(ge=1, le=24 * 31)] = 26
    """Mode c: oldest answer that is taken, in hours."""
    sudo: bool = False
    """Read through `sudo -n`; refused, the reading goes on without."""


class Linux:
    """Reads one Linux machine."""

    KIND: ClassVar[str] = "linux"
    SETTINGS: ClassVar[type[Settings]] = LinuxSettings
    FILLS: ClassVar[tuple[type[Row], ...]] = HOST_TABLES

    def plan(self, target: Target) -> Sequence[Cell]:
        """Return one cell per table."""
        return promise(target, self.FILLS)

    def preview(self, target: Target) -> Iterator[str]:
        """Yield the command and the script."""
        yield " ".join(command(target.settings))
        if target.settings.mode == "a":
            yield from SCRIPT.read_text(encoding="utf-8").splitlines()

    def collect(self, target: Target, sink: Sink) -> None:
        """Run the script once and read its sections."""
        mark = secrets.token_hex(16)
        settings = target.settings
        if settings.mode == "c":
            self._read_spool(target, sink)
            return
        # In mode b the machine runs its own copy: it is given the mark, and nothing to run.
        script = f"N={mark}\n".encode() + (b"" if settings.mode == "b" else SCRIPT.read_bytes())
        with sink.call("script") as call:
            answer = transport.ask(command(settings), script, sink.remaining_s)
            call.record.saw(answer)
            found = sections.split(answer, mark)
            if not found.whole:
                call.record.ended(Outcome.PARTIAL, "the answer stops before its end")
        sections.read(target.id, sink, found)
        if settings.sudo and found.sections.get("host") and "\nuid=0\n" not in f"\n{found.sections['host'].text}\n":
            with sink.call("sudo") as call:
                call.record.ended(Outcome.FORBIDDEN, "sudo refused: read without it")

    def _read_spool(self, target: Target, sink: Sink) -> None:
        with sink.call("spool") as call:
            answer = transport.ask(command(target.settings), b"", sink.remaining_s)
            call.record.saw(answer)
            head = _HEAD.match(answer)
            if head is None:
                raise UnexpectedAnswerError("the spool does not begin as its timer writes it")
            age = int(now().replace(tzinfo=UTC).timestamp()) - int(head[2])
            if not -CLOCK_S <= age <= target.settings.spool_hours * 3600:
                raise UnexpectedAnswerError(f"the spool is {age // 3600} h old")
            found = sections.split(answer, head[1].decode())
            if not found.whole:
                call.record.ended(Outcome.PARTIAL, "the answer stops before its end")
        sections.read(target.id, sink, found)


def command(settings: LinuxSettings) -> list[str]:
    """Return the command that runs the script, without a secret in it."""
    shell = {"a": ["/bin/sh", "-s"], "b": ["/usr/local/libexec/audit-collect"], "c": ["cat", settings.spool]}[settings.mode]
    if settings.sudo and settings.mode == "a":
        shell = ["/bin/sh", "-c", "if sudo -n true 2>/dev/null; then exec sudo -n /bin/sh -s; else exec /bin/sh -s; fi"]
    if settings.address == "local":
        return shell
    options: list[str] = []
    for flag, value in (
        ("-p", settings.port),
        ("-l", settings.user),
        ("-i", settings.identity_file),
        ("-J", settings.proxy_jump),
    ):
        options += [flag, str(value)] if value is not None else []
    if settings.known_hosts is not None:
        options += ["-o", f"UserKnownHostsFile={settings.known_hosts}", "-o", "GlobalKnownHostsFile=/dev/null"]
    if settings.identity_file is not None:
        options += ["-o", "IdentitiesOnly=yes"]
    quoted = " ".join(f"'{word}'" if " " in word else word for word in shell)
    return [*transport.SSH, *options, "--", settings.address, f"exec {quoted}"]
