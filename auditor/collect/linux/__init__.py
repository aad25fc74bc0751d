"""Linux hosts, local or over the system's ssh: one round trip, read-only."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from auditor.collect.base import Settings, Target, promise
from auditor.collect.linux import sections, transport
from auditor.evidence.cells import Outcome
from auditor.evidence.tables_host import HOST_TABLES

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.collect.base import Sink
    from auditor.evidence.cells import Cell
    from auditor.evidence.row import Row

SCRIPT = Path(__file__).with_name("script.sh")


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
    mode: Literal["a", "b"] = "a"
    """`a`: the script is sent and run; `b`: the key is bound to a command installed on the machine (audit-accounts), which runs its own copy."""
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


def command(settings: LinuxSettings) -> list[str]:
    """Return the command that runs the script, without a secret in it."""
    shell = ["/bin/sh", "-s"] if settings.mode == "a" else ["/usr/local/libexec/audit-collect"]
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
