"""One TCP connection to an endpoint, its STARTTLS preamble done, capped in time and bytes."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from auditor.collect.tls.hello import Answer, Reader
from auditor.errors import CollectError, UnexpectedAnswerError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_CONNECTIONS = 150
"""Connections to one endpoint; beyond, what is not yet learnt stays unknown."""
MAX_LINE = 4096
LDAP_STARTTLS = bytes.fromhex("301d02010177188016") + b"1.3.6.1.4.1.1466.20037"
POSTGRESQL_STARTTLS = bytes.fromhex("0000000804d2162f")


class ClearTextError(CollectError):
    """The endpoint answered, and not in TLS."""


@dataclass(slots=True)
class Endpoint:
    """Where to connect, and how many connections were made."""

    host: str
    port: int
    starttls: str
    timeout_s: int
    pause_ms: int
    remaining_s: Callable[[], float]
    made: int = 0

    def connect(self) -> socket.socket:
        """Return a socket ready for TLS; raises UnreachableError, or ClearTextError when STARTTLS is refused."""
        limit = min(float(self.timeout_s), self.remaining_s())
        if self.made >= MAX_CONNECTIONS:
            raise UnreachableError(f"more than {MAX_CONNECTIONS} connections would be needed")
        if self.made and self.pause_ms:
            time.sleep(self.pause_ms / 1000)
        self.made += 1
        try:
            link = socket.create_connection((self.host, self.port), timeout=limit)
        except OSError as error:
            raise UnreachableError(_why(error)) from error
        try:
            if self.starttls != "none":
                _PREAMBLES[self.starttls](Talk(link, time.monotonic() + limit))
        except OSError as error:
            link.close()
            raise UnreachableError(f"STARTTLS: {_why(error)}") from error
        except CollectError:
            link.close()
            raise
        return link

    def ask(self, hello: bytes) -> Answer:
        """Send one ClientHello and return the whole answer; raises when the connection breaks before it says anything."""
        with self.connect() as link:
            reader = Reader()
            deadline = time.monotonic() + self.timeout_s
            first = b""
            try:
                link.sendall(hello)
                while time.monotonic() < deadline:
                    link.settimeout(max(0.05, deadline - time.monotonic()))
                    data = link.recv(16384)
                    if not data:
                        break
                    first = first or data[:8]
                    if reader.feed(data):
                        return reader.answer
            except UnexpectedAnswerError as error:
                if first[:1] not in {b"\x15", b"\x16"}:
                    raise ClearTextError("answers in clear text") from error
                raise
            except OSError as error:
                raise UnreachableError(_why(error)) from error
            raise UnreachableError("the answer stops in the middle" if first else "closed without a word")


def _why(error: OSError) -> str:
    if isinstance(error, TimeoutError):
        return "timeout"
    return error.strerror or type(error).__name__


@dataclass(slots=True)
class Talk:
    """A line-by-line talk before TLS, with one deadline for all of it."""

    link: socket.socket
    deadline: float

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def send(self, data: bytes) -> None:
        """Send bytes."""
        self.link.sendall(data)

    def byte(self) -> bytes:
        """Return one byte: never one too many, the rest is TLS's."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.link.settimeout(left)
        data = self.link.recv(1)
        if not data:
            raise UnreachableError("STARTTLS: closed without a word")
        return data

    def line(self) -> str:
        """Return one line; raises UnexpectedAnswerError when it does not end."""
        data = bytearray()
        while not data.endswith(b"\n"):
            data += self.byte()
            if len(data) > MAX_LINE:
                raise UnexpectedAnswerError("STARTTLS: a line that does not end")
        return data.decode("ascii", "replace").strip()


def _smtp(talk: Talk) -> None:
    _reply(talk, "220")
    talk.send(b"EHLO auditor.invalid\r\n")
    if not any("STARTTLS" in line.upper() for line in _reply(talk, "250")):
        raise ClearTextError("does not offer STARTTLS")
    talk.send(b"STARTTLS\r\n")
    _reply(talk, "220")


def _reply(talk: Talk, code: str) -> list[str]:
    lines = [talk.line()]
    while lines[-1][3:4] == "-" and len(lines) < 100:
        lines.append(talk.line())
    if not lines[-1].startswith(code):
        raise ClearTextError(f"refuses STARTTLS: {lines[-1][:80]}")
    return lines


def _imap(talk: Talk) -> None:
    talk.line()
    talk.send(b"a1 STARTTLS\r\n")
    while not (line := talk.line()).startswith("a1 "):
        pass
    if not line.upper().startswith("A1 OK"):
        raise ClearTextError(f"refuses STARTTLS: {line[:80]}")


def _pop3(talk: Talk) -> None:
    talk.line()
    talk.send(b"STLS\r\n")
    if not (line := talk.line()).startswith("+OK"):
        raise ClearTextError(f"refuses STARTTLS: {line[:80]}")


def _ldap(talk: Talk) -> None:
    talk.send(LDAP_STARTTLS)
    head = talk.byte() + talk.byte()
    if head[0] != 0x30:
        raise ClearTextError("does not speak LDAP")
    size = head[1]
    if size & 0x80:
        size = int.from_bytes(b"".join(talk.byte() for _n in range(size & 0x7F)), "big")
    if size > MAX_LINE:
        raise UnexpectedAnswerError("STARTTLS: an answer that does not end")
    body = b"".join(talk.byte() for _n in range(size))
    if b"\x0a\x01\x00" not in body[:16]:
        raise ClearTextError("refuses STARTTLS")


def _postgresql(talk: Talk) -> None:
    talk.send(POSTGRESQL_STARTTLS)
    if talk.byte() != b"S":
        raise ClearTextError("refuses TLS")


_PREAMBLES: dict[str, Callable[[Talk], None]] = {"smtp": _smtp, "imap": _imap, "pop3": _pop3, "ldap": _ldap, "postgresql": _postgresql}
