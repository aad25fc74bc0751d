"""Bytes of a ClientHello, and what a server's answer to it says (RFC 8446, RFC 5246, RFC 6101). Never trusts the peer."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, field

from auditor.errors import UnexpectedAnswerError

SSL3, TLS10, TLS11, TLS12, TLS13 = 0x0300, 0x0301, 0x0302, 0x0303, 0x0304
VERSIONS = (SSL3, TLS10, TLS11, TLS12, TLS13)
RETRY_RANDOM = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")
"""The random by which a ServerHello says that it is a HelloRetryRequest (RFC 8446 §4.1.3)."""

GROUPS = {
    23: "secp256r1", 24: "secp384r1", 25: "secp521r1", 29: "x25519", 30: "x448",
    26: "brainpoolP256r1", 27: "brainpoolP384r1", 28: "brainpoolP512r1",
    31: "brainpoolP256r1tls13", 32: "brainpoolP384r1tls13", 33: "brainpoolP512r1tls13",
    4587: "SecP256r1MLKEM768", 4588: "X25519MLKEM768", 4589: "SecP384r1MLKEM1024",
    256: "ffdhe2048", 257: "ffdhe3072", 258: "ffdhe4096", 259: "ffdhe6144", 260: "ffdhe8192",
    22: "secp256k1", 21: "secp224r1", 20: "secp224k1", 19: "secp192r1", 18: "secp192k1",
    6: "sect233k1", 7: "sect233r1", 9: "sect283k1", 10: "sect283r1", 11: "sect409k1", 12: "sect409r1", 13: "sect571k1", 14: "sect571r1",
}  # fmt: skip
_SIGNATURES = (
    0x0403,
    0x0503,
    0x0603,
    0x0807,
    0x0808,
    0x0804,
    0x0805,
    0x0806,
    0x0809,
    0x0401,
    0x0501,
    0x0601,
    0x0203,
    0x0201,
    0x0402,
    0x0202,
    0x0101,
)
_HANDSHAKE, _ALERT = 22, 21
MAX_ANSWER = 256 << 10


def client_hello(
    version: int,
    suites: list[int],
    *,
    sni: str | None,
    groups: list[int],
    compression: bytes = b"\0",
    status: bool = False,
    etm: bool = True,
) -> bytes:
    """Return one record holding a ClientHello. For TLS 1.3 it holds no key share: the server then answers which group it wants."""
    body = struct.pack(">H", min(version, TLS12)) + os.urandom(32)
    body += bytes([32]) + os.urandom(32) if version == TLS13 else b"\0"
    body += struct.pack(">H", 2 * len(suites)) + b"".join(struct.pack(">H", suite) for suite in suites)
    body += bytes([len(compression)]) + compression
    extensions = b""
    if version > SSL3:
        extensions = _extensions(version, sni, groups, status=status, etm=etm)
        body += struct.pack(">H", len(extensions)) + extensions
    message = b"\x01" + len(body).to_bytes(3, "big") + body
    return bytes([_HANDSHAKE]) + struct.pack(">HH", min(version, TLS10), len(message)) + message


def _extensions(version: int, sni: str | None, groups: list[int], *, status: bool, etm: bool) -> bytes:
    def listed(values: list[int] | tuple[int, ...]) -> bytes:
        return struct.pack(">H", 2 * len(values)) + b"".join(struct.pack(">H", value) for value in values)

    parts: list[tuple[int, bytes]] = []
    if sni:
        name = sni.encode("idna")
        parts.append((0, struct.pack(">HBH", len(name) + 3, 0, len(name)) + name))
    parts += [(10, listed(groups)), (11, b"\x01\x00"), (13, listed(_SIGNATURES)), (23, b"")]
    if status:
        parts.append((5, b"\x01\0\0\0\0"))
    if version < TLS13:
        parts += [(0xFF01, b"\0"), (35, b"")]
        if etm:
            parts.append((22, b""))
    else:
        parts += [(43, b"\x02\x03\x04"), (51, b"\0\0"), (45, b"\x01\x01")]
    return b"".join(struct.pack(">HH", kind, len(data)) + data for kind, data in parts)


@dataclass(slots=True)
class Answer:
    """What a server answered to one ClientHello."""

    alert: int | None = None
    version: int | None = None
    suite: int | None = None
    compression: int | None = None
    extensions: dict[int, bytes] = field(default_factory=dict)
    retry: bool = False
    chain: list[bytes] = field(default_factory=list)
    """Certificates in DER, in the order sent (clear up to TLS 1.2)."""
    group: int | None = None
    dh_bits: int | None = None
    stapled: bool = False
    done: bool = False
    """The server said all it had to say."""


class Reader:
    """Takes bytes as they come, and fills an `Answer`; raises UnexpectedAnswerError on what is not TLS."""

    def __init__(self) -> None:
        self.answer = Answer()
        self._raw = bytearray()
        self._messages = bytearray()
        self._total = 0

    def feed(self, data: bytes) -> bool:
        """Take more bytes; return whether the answer is done."""
        self._total += len(data)
        if self._total > MAX_ANSWER:
            raise UnexpectedAnswerError("the answer to a ClientHello does not end")
        self._raw += data
        while len(self._raw) >= 5:
            kind, version, size = struct.unpack(">BHH", self._raw[:5])
            if kind not in {_HANDSHAKE, _ALERT, 20, 23} or version >> 8 != 3 or size > 18_432:
                raise UnexpectedAnswerError("not TLS")
            if len(self._raw) < 5 + size:
                break
            body = bytes(self._raw[5 : 5 + size])
            del self._raw[: 5 + size]
            if kind == _ALERT and size >= 2:
                self.answer.alert = body[1]
                if body[0] == 2 or body[1] == 0:
                    self.answer.done = True
                continue
            if kind != _HANDSHAKE:
                self.answer.done = True
                return True
            self._messages += body
            self._take_messages()
            if self.answer.done:
                return True
        return self.answer.done

    def _take_messages(self) -> None:
        while len(self._messages) >= 4 and not self.answer.done:
            size = int.from_bytes(self._messages[1:4], "big")
            if size > MAX_ANSWER:
                raise UnexpectedAnswerError("a message larger than any")
            if len(self._messages) < 4 + size:
                return
            kind, body = self._messages[0], bytes(self._messages[4 : 4 + size])
            del self._messages[: 4 + size]
            try:
                self._message(kind, body)
            except (struct.error, IndexError, ValueError) as error:
                raise UnexpectedAnswerError("a handshake message that makes no sense") from error

    def _message(self, kind: int, body: bytes) -> None:
        match kind:
            case 2:
                self._server_hello(body)
            case 11:
                self.answer.chain = _certificates(body)
            case 22:
                self.answer.stapled = len(body) > 4
            case 12:
                self._key_exchange(body)
            case 14:
                self.answer.done = True

    def _server_hello(self, body: bytes) -> None:
        answer = self.answer
        (version,) = struct.unpack(">H", body[:2])
        answer.retry = body[2:34] == RETRY_RANDOM
        rest = body[35 + body[34] :]
        answer.suite, answer.compression = struct.unpack(">HB", rest[:3])
        data = rest[5 : 5 + struct.unpack(">H", rest[3:5])[0]] if len(rest) >= 5 else b""
        while data:
            number, size = struct.unpack(">HH", data[:4])
            answer.extensions[number] = data[4 : 4 + size]
            data = data[4 + size :]
        if 43 in answer.extensions:
            (version,) = struct.unpack(">H", answer.extensions[43])
        answer.version = version
        if version == TLS13:
            if len(answer.extensions.get(51, b"")) >= 2:
                (answer.group,) = struct.unpack(">H", answer.extensions[51][:2])
            answer.done = True

    def _key_exchange(self, body: bytes) -> None:
        name = suite_name(self.answer.suite or 0)
        if "_ECDHE_" in name and body[0] == 3:
            (self.answer.group,) = struct.unpack(">H", body[1:3])
        elif "_DHE_" in name and "PSK" not in name:
            size = struct.unpack(">H", body[:2])[0]
            self.answer.dh_bits = int.from_bytes(body[2 : 2 + size], "big").bit_length()


def _certificates(body: bytes) -> list[bytes]:
    data, found = body[3 : 3 + int.from_bytes(body[:3], "big")], list[bytes]()
    while data and len(found) < 20:
        size = int.from_bytes(data[:3], "big")
        found.append(data[3 : 3 + size])
        data = data[3 + size :]
    return found


def _load() -> dict[int, str]:
    from pathlib import Path

    lines = Path(__file__).with_name("suites.txt").read_text(encoding="ascii").splitlines()
    return {int(line.split()[0], 16): line.split()[1] for line in lines if not line.startswith("#")}


_names: dict[int, str] = {}


def suites() -> dict[int, str]:
    """Return the name of every cipher suite we ask for, by code."""
    if not _names:
        _names.update(_load())
    return _names


def suite_name(code: int) -> str:
    """Return the registry's name of a suite, or its code."""
    return suites().get(code, f"0x{code:04X}")
