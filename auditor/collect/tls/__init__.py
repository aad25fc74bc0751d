"""TLS endpoints, seen from the machine that collects: an own ClientHello probe, then whole handshakes."""

from __future__ import annotations

import ipaddress
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Annotated, ClassVar

import msgspec

from auditor.codec import sha256
from auditor.collect.base import Settings, Target, promise
from auditor.collect.tls import certificates, session
from auditor.collect.tls.connection import MAX_CONNECTIONS, Endpoint
from auditor.collect.tls.probe import Learnt, Probe
from auditor.errors import CollectError, UnexpectedAnswerError
from auditor.evidence.cells import Outcome
from auditor.evidence.tables_tls import TLS_TABLES, TlsCertificate, TlsEndpoint

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from auditor.collect.base import CallHandle, Sink
    from auditor.evidence.cells import Cell
    from auditor.evidence.row import Row

WORKERS = 4
"""Endpoints probed at once; one endpoint never sees two connections together."""
Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Short = Annotated[str, msgspec.Meta(pattern=r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9_.-]+):[0-9]{1,5}$")]


class Address(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One endpoint, in full."""

    address: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.:-]+$", max_length=253)]
    port: Port
    sni: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.-]+$", max_length=253)] | None = None
    """Name to ask for, when it is not the address."""
    starttls: Annotated[str, msgspec.Meta(pattern="^(none|smtp|imap|pop3|ldap|postgresql)$")] = "none"


class TlsSettings(Settings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which endpoints to probe, and how gently."""

    endpoints: Annotated[tuple[Short | Address, ...], msgspec.Meta(min_length=1)]
    """`host:port`, or a block with address, port, sni and starttls (smtp, imap, pop3, ldap, postgresql)."""
    ca_file: str | None = None
    """Path of the trusted authorities (PEM); the system's own otherwise."""
    timeout_s: Annotated[int, msgspec.Meta(ge=1, le=60)] = 5
    """Longest wait for one answer, in seconds."""
    pause_ms: Annotated[int, msgspec.Meta(ge=0, le=10_000)] = 0
    """Pause between two connections to one endpoint, in milliseconds."""


class Tls:
    """Probes TLS endpoints; sends nothing but handshakes and STARTTLS preambles."""

    KIND: ClassVar[str] = "tls"
    SETTINGS: ClassVar[type[Settings]] = TlsSettings
    FILLS: ClassVar[tuple[type[Row], ...]] = TLS_TABLES

    def plan(self, target: Target) -> Sequence[Cell]:
        """Return one cell per table."""
        return promise(target, self.FILLS)

    def preview(self, target: Target) -> Iterator[str]:
        """Yield what would be sent to each endpoint."""
        for where in addresses(target.settings):
            first = f"STARTTLS ({where.starttls}), then " if where.starttls != "none" else ""
            yield f"{where.address}:{where.port}: at most {MAX_CONNECTIONS} connections: {first}ClientHello (SSL 3.0 to TLS 1.3), whole handshakes"

    def collect(self, target: Target, sink: Sink) -> None:
        """Probe every endpoint; one that fails blinds its tables, and hides none of the others."""
        with ThreadPoolExecutor(WORKERS) as pool:
            for done in [pool.submit(self._probe, target, where, sink) for where in addresses(target.settings)]:
                done.result()

    def _probe(self, target: Target, where: Address, sink: Sink) -> None:
        name = f"{where.address}:{where.port}"
        settings = target.settings
        endpoint = Endpoint(where.address.strip("[]"), where.port, where.starttls, settings.timeout_s, settings.pause_ms, sink.remaining_s)
        sni = where.sni or (None if _is_address(endpoint.host) else endpoint.host)
        key = {"host": endpoint.host, "port": where.port, "starttls": where.starttls, "sni": sni or "none"}
        learnt, chain = Learnt(), list[bytes]()
        with sink.call(f"probe {name}", feeds=(TlsEndpoint,)) as call:
            try:
                learnt = Probe(endpoint, sni).run()
                chain = _finish(endpoint, sni, settings.ca_file, learnt)
            except CollectError as error:
                call.record.ended(Outcome.TIMEOUT, error.message)
            call.record.reason = call.record.reason or "; ".join(learnt.trouble)[:300]
            call.record.pages = endpoint.made
            row = TlsEndpoint.named(source=target.id, call=call.id, name=name, **key, **learnt.columns)
            call.rows([row])
        with sink.call(f"certificates {name}", feeds=(TlsCertificate,)) as call:
            _certificates(call, target.id, row.id, name, sni or endpoint.host, chain, learnt)


def _finish(endpoint: Endpoint, sni: str | None, ca_file: str | None, learnt: Learnt) -> list[bytes]:
    """Add what whole handshakes tell; return the chain."""
    columns = learnt.columns
    if not columns.get("speaks_tls"):
        return []
    sent, tickets = session.whole(endpoint, sni)
    columns |= tickets
    chain = learnt.chain or sent
    columns |= session.trust(endpoint, sni, ca_file)
    if columns.get("tls13"):
        columns |= session.early_data(endpoint, sni)
    elif columns.get("tls13") is False:
        columns["early_data_bytes"] = 0
    try:
        read = certificates.read(chain)
    except UnexpectedAnswerError as error:
        learnt.trouble.append(error.message)
        return chain
    if len(read) > 1 or learnt.ordered_chain:
        columns["chain_ordered"] = certificates.ordered(read)
    if "chain_complete" not in columns and read and read[-1].subject == read[-1].issuer:
        columns["chain_complete"] = True
    return chain


def _certificates(call: CallHandle, source: str, endpoint: str, name: str, host: str, chain: list[bytes], learnt: Learnt) -> None:
    if not chain:
        clear = learnt.columns.get("speaks_tls") is False
        call.record.ended(Outcome.EMPTY if clear else Outcome.PARTIAL, "no certificate was read", complete=clear)
        return
    try:
        read = certificates.read(chain)
    except UnexpectedAnswerError as error:
        call.record.ended(Outcome.ERROR, error.message)
        return
    rows: dict[str, TlsCertificate] = {}
    for position, (der, certificate) in enumerate(zip(chain, read, strict=True)):
        row = TlsCertificate.named(
            source=source,
            call=call.id,
            endpoint=endpoint,
            name=name,
            fingerprint=sha256(der),
            **certificates.columns(certificate, host, leaf=position == 0),
        )
        rows.setdefault(row.id, row)
    call.rows(rows.values())


def addresses(settings: TlsSettings) -> list[Address]:
    """Return every endpoint of the settings in full, each once, in their order."""
    found: dict[Address, None] = {}
    for item in settings.endpoints:
        if isinstance(item, Address):
            found.setdefault(item)
        else:
            host, _colon, port = item.rpartition(":")
            found.setdefault(Address(address=host.strip("[]"), port=int(port)))
    return list(found)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
