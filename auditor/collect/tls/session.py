"""What only a whole handshake tells: trust, the chain under TLS 1.3, tickets and early data."""

from __future__ import annotations

import contextlib
import re
import shutil
import ssl
import subprocess
import time
from typing import TYPE_CHECKING, Any

from auditor.errors import CollectError

if TYPE_CHECKING:
    import socket

    from auditor.collect.tls.connection import Endpoint

TICKETS_S = 0.5
"""Time left to a server for its tickets, after the handshake, in seconds."""
_MISSING_ISSUER = {2, 20, 21}
"""OpenSSL's verify codes for an issuer that is not there."""


def context(ca_file: str | None, *, verify: bool) -> ssl.SSLContext:
    """Return a client context that accepts whatever can be spoken, so that trust can be judged apart."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_REQUIRED if verify else ssl.CERT_NONE
    made.set_ciphers("ALL:@SECLEVEL=0")
    if verify and ca_file:
        made.load_verify_locations(ca_file)
    elif verify:
        made.load_default_certs()
    return made


def trust(endpoint: Endpoint, sni: str | None, ca_file: str | None) -> dict[str, Any]:
    """Return `trusted` and `chain_complete` as far as a verifying handshake tells."""
    try:
        with endpoint.connect() as link, _wrapped(link, sni, context(ca_file, verify=True)) as talk:
            talk.do_handshake()
            return {"trusted": True, "chain_complete": True}
    except ssl.SSLCertVerificationError as error:
        found: dict[str, Any] = {"trusted": False}
        if error.verify_code not in _MISSING_ISSUER:
            found["chain_complete"] = True
        elif ca_file:
            found["chain_complete"] = False
        return found
    except (OSError, CollectError):
        return {}


def whole(endpoint: Endpoint, sni: str | None) -> tuple[list[bytes], dict[str, Any]]:
    """Return the chain as sent, in DER, and `ticket_lifetime_s`; empty when no handshake can be made."""
    try:
        with endpoint.connect() as link, _wrapped(link, sni, context(None, verify=False)) as talk:
            talk.do_handshake()
            chain = _chain(talk)
            talk.settimeout(0.3)
            with contextlib.suppress(OSError):
                talk.recv(1)  # tickets of TLS 1.3 come after the handshake
            session = talk.session
            hint = session.ticket_lifetime_hint if session is not None and session.has_ticket else 0
            return chain, {"ticket_lifetime_s": hint}
    except (OSError, CollectError, ValueError):
        return [], {}


def _wrapped(link: socket.socket, sni: str | None, how: ssl.SSLContext) -> ssl.SSLSocket:
    # A connection reset by now raises here; `wrap_socket` would leave its socket open, as a handshake that fails in it.
    link.getpeername()
    return how.wrap_socket(link, server_hostname=sni, do_handshake_on_connect=False)


def _chain(talk: ssl.SSLSocket) -> list[bytes]:
    public = getattr(talk, "get_unverified_chain", None)  # Python 3.13
    if public is not None:
        return list(public())
    inner = getattr(getattr(talk, "_sslobj", None), "get_unverified_chain", None)
    if inner is not None:
        return [item.public_bytes(2) for item in inner() or []]  # 2: DER
    leaf = talk.getpeercert(binary_form=True)
    return [leaf] if leaf else []


def early_data(endpoint: Endpoint, sni: str | None) -> dict[str, Any]:
    """Return `early_data_bytes`, as the system's `openssl s_client` reads it in the tickets; nothing where it cannot tell."""
    tool = shutil.which("openssl")
    if tool is None:
        return {}
    command = [tool, "s_client", "-tls1_3", "-connect", _address(endpoint)]
    command += ["-servername", sni] if sni else ["-noservername"]
    if endpoint.starttls == "postgresql":
        command += ["-starttls", "postgres"]
    elif endpoint.starttls != "none":
        command += ["-starttls", endpoint.starttls]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    endpoint.made += 1
    time.sleep(TICKETS_S)
    try:
        out, _err = child.communicate(b"Q\n", timeout=endpoint.timeout_s)  # its own word for leaving: nothing is sent
    except subprocess.TimeoutExpired:
        child.kill()
        child.communicate()
        return {}
    found = re.findall(rb"Max Early Data: (\d+)", out)
    return {"early_data_bytes": max(map(int, found))} if found else {}


def _address(endpoint: Endpoint) -> str:
    return f"[{endpoint.host}]:{endpoint.port}" if ":" in endpoint.host else f"{endpoint.host}:{endpoint.port}"
