"""Tables of evidence: TLS endpoints and the certificates that they show."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from auditor.evidence.row import Doc, Row


class TlsEndpoint(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One TLS endpoint, as a client sees it from the machine that collects. Null: the probe did not learn it."""

    TABLE: ClassVar[str] = "tls_endpoint"
    KEY: ClassVar[tuple[str, ...]] = ("host", "port", "starttls", "sni")

    host: Annotated[str, Doc(description="name or address in the scope")]
    port: Annotated[int, Doc(description="TCP port")]
    starttls: Annotated[str, Doc(description="smtp, imap, pop3, ldap or postgresql; `none` when TLS comes first")]
    sni: Annotated[str, Doc(description="name asked for (server_name); `none` when the host is an address")]
    name: Annotated[str | None, Doc(description="host:port, for people and for the scope's patterns")] = None
    speaks_tls: Annotated[bool | None, Doc(description="false: it answered, in clear or refusing STARTTLS")] = None
    ssl3: Annotated[bool | None, Doc(description="accepts SSL 3.0")] = None
    tls10: Annotated[bool | None, Doc(description="accepts TLS 1.0")] = None
    tls11: Annotated[bool | None, Doc(description="accepts TLS 1.1")] = None
    tls12: Annotated[bool | None, Doc(description="accepts TLS 1.2")] = None
    tls13: Annotated[bool | None, Doc(description="accepts TLS 1.3")] = None
    suites: Annotated[str | None, Doc(description="suites accepted, any version, IANA names; null when the list may lack some")] = None
    suite_count: Annotated[int | None, Doc(description="how many suites it accepts")] = None
    suites_without_pfs: Annotated[
        str | None,
        Doc(description="accepted suites whose key exchange is not (EC)DHE with a certificate; empty: none; null: list not whole"),
    ] = None
    suites_weak_cipher: Annotated[
        str | None, Doc(description="accepted suites whose cipher is not AES, ChaCha20, Camellia or ARIA, or is CCM_8")
    ] = None
    suites_weak_hash: Annotated[str | None, Doc(description="accepted suites whose MAC is MD5 or SHA-1")] = None
    groups: Annotated[str | None, Doc(description="key exchange groups accepted; null when the list may lack some")] = None
    groups_unlisted: Annotated[
        str | None, Doc(description="accepted groups that the ANSSI guide does not list; hybrids with ML-KEM are taken")
    ] = None
    dh_bits: Annotated[int | None, Doc(description="bits of the smallest finite field accepted for DHE; 0 when it accepts no DHE")] = None
    cbc_without_etm: Annotated[bool | None, Doc(description="accepts a CBC suite without encrypt-then-MAC (RFC 7366)")] = None
    extended_master_secret: Annotated[bool | None, Doc(description="RFC 7627, or TLS 1.3 alone")] = None
    compression: Annotated[bool | None, Doc(description="accepts TLS compression")] = None
    secure_renegotiation: Annotated[bool | None, Doc(description="RFC 5746, or TLS 1.3 alone")] = None
    server_order: Annotated[bool | None, Doc(description="chooses the suite by its own order, or accepts a single one")] = None
    early_data_bytes: Annotated[int | None, Doc(description="0-RTT data accepted, in bytes; 0 when none")] = None
    ticket_lifetime_s: Annotated[int | None, Doc(description="lifetime hinted for session tickets, in seconds; 0 when it gives none")] = (
        None
    )
    ocsp_stapled: Annotated[bool | None, Doc(description="staples an OCSP answer when asked")] = None
    trusted: Annotated[bool | None, Doc(description="chain ends in a trusted root of the machine that collects, or of `ca_file`")] = None
    chain_ordered: Annotated[bool | None, Doc(description="each certificate sent is signed by the next")] = None
    chain_complete: Annotated[bool | None, Doc(description="no intermediate certificate is missing")] = None


class TlsCertificate(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One certificate shown by an endpoint."""

    TABLE: ClassVar[str] = "tls_certificate"
    KEY: ClassVar[tuple[str, ...]] = ("endpoint", "fingerprint")

    endpoint: Annotated[str, Doc(description="id of the endpoint that shows it")]
    fingerprint: Annotated[str, Doc(description="SHA-256 of the certificate")]
    name: Annotated[str | None, Doc(description="host:port of the endpoint")] = None
    leaf: Annotated[bool | None, Doc(description="the endpoint's own, not an authority's")] = None
    subject: Annotated[str | None, Doc(description="subject (RFC 4514)")] = None
    issuer: Annotated[str | None, Doc(description="issuer (RFC 4514)")] = None
    issuer_country: Annotated[str | None, Doc(description="country of the issuer (C=); `none` when it says none")] = None
    self_signed: Annotated[bool | None, Doc(description="issued by itself: a root, whose signature nobody relies on")] = None
    signature_hash: Annotated[str | None, Doc(description="sha256, sha384, sha512, sha1, md5; `none` for Ed25519 and Ed448")] = None
    key_type: Annotated[str | None, Doc(description="rsa, ec, ed25519, ed448, dsa or other")] = None
    key_bits: Annotated[int | None, Doc(description="size of the key, in bits")] = None
    curve: Annotated[str | None, Doc(description="curve of an EC key; `none` for other keys")] = None
    rsa_exponent: Annotated[int | None, Doc(description="public exponent of an RSA key (at most 2^62); 0 for other keys")] = None
    not_before: Annotated[datetime | None, Doc(description="start of validity, UTC")] = None
    not_after: Annotated[datetime | None, Doc(description="end of validity, UTC")] = None
    validity_days: Annotated[int | None, Doc(description="days of validity, rounded up")] = None
    alternative_names: Annotated[str | None, Doc(description="names and addresses of the SAN; empty when it has none")] = None
    name_matches: Annotated[bool | None, Doc(description="the SAN covers the host of the scope (leaf only)")] = None
    key_usage: Annotated[str | None, Doc(description="key usages; empty when the extension is absent")] = None
    key_usage_critical: Annotated[bool | None, Doc(description="the key usage extension is there and critical")] = None
    extended_key_usage: Annotated[str | None, Doc(description="extended key usages; empty when absent")] = None
    authority_key_id: Annotated[bool | None, Doc(description="names its issuer's key")] = None
    revocation: Annotated[bool | None, Doc(description="says where to ask for revocation (CRL or OCSP)")] = None
    spki_sha256: Annotated[str | None, Doc(description="SHA-256 of the public key")] = None


TLS_TABLES: tuple[type[Row], ...] = (TlsEndpoint, TlsCertificate)
