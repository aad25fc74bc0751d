"""The key that seals packs: a local one made on first use; a real seal takes the same shape."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from auditor.errors import SignatureError
from auditor.text import _

if TYPE_CHECKING:
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Name
    from pyhanko.sign.signers import Signer

KEY_FILE = "seal.pem"
CERTIFICATE_FILE = "certificate.pem"
KEY_BITS = 3072
"""ANSSI, Guide des mécanismes cryptographiques 3.00: RSA of 3072 bits or more; its PKCS #1 v1.5 signature is one fixed text,
so that nobody can turn a valid seal into another valid one, and every PDF reader checks it."""
VALID_FOR = timedelta(days=3 * 365)
MAX_NAME = 64
"""Longest name that a certificate carries here, in bytes of UTF-8 (X.520 counts characters; the stricter reading is safe)."""


@dataclass(frozen=True, slots=True)
class SealingKey:
    """What seals: pyHanko's signer (in memory, PKCS #12 or PKCS #11) and its certificate."""

    signer: Signer
    certificate: bytes
    """DER."""
    kind: Literal["local", "organisation"]


def create_key(folder: Path, organisation: str | None, now: datetime) -> SealingKey:
    """Return the local key of `folder`, made with a self-signed certificate when there is none; an existing one is kept.

    Key and certificate are one file, readable by its owner alone and there at once or not at all, so that two runs agree.
    `now` is naive UTC. Raises SignatureError when the folder cannot be written, or the key that is there cannot serve.
    """
    path = folder / KEY_FILE
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not path.exists():
            folder.chmod(0o700)
            _write_new(path, _new_pem(organisation, now))
        key = load_key(folder, now)
        public = folder / CERTIFICATE_FILE
        if not public.exists() or public.read_bytes() != _pem(key.certificate):
            public.write_bytes(_pem(key.certificate))
    except OSError as error:
        raise SignatureError(
            _("the key folder {path} cannot be used: {why}").format(path=folder, why=error.strerror),
            hint=_("check its rights, or choose another workspace"),
        ) from error
    return key


def load_key(folder: Path, now: datetime) -> SealingKey:
    """Return the local key of `folder`; raises SignatureError when it is missing, broken, past its validity or open to others."""
    from asn1crypto import keys, x509  # type: ignore[import-untyped]
    from cryptography.hazmat.primitives import serialization
    from cryptography.x509 import load_pem_x509_certificate
    from pyhanko.sign.signers import SimpleSigner
    from pyhanko_certvalidator.registry import SimpleCertificateStore

    path = folder / KEY_FILE
    try:
        if path.stat().st_mode & 0o077:
            raise SignatureError(
                _("{path} can be read by others").format(path=path),
                hint=_("set it right with `chmod 600`; if somebody else could read it, remove it and make a new key"),
            )
        raw = path.read_bytes()
        private = serialization.load_pem_private_key(raw, None)
        certificate = load_pem_x509_certificate(raw)
    except OSError as error:
        raise SignatureError(
            _("no key in {path}: {why}").format(path=path, why=error.strerror), hint=_("make one with `auditor keys create`")
        ) from error
    except (ValueError, TypeError) as error:
        raise SignatureError(
            _("{path} holds no key that can be read").format(path=path), hint=_("put it aside, then run `auditor keys create`")
        ) from error
    if private.public_key() != certificate.public_key():
        raise SignatureError(
            _("{path}: the key is not that of its certificate").format(path=path), hint=_("put it aside, then run `auditor keys create`")
        )
    end = certificate.not_valid_after_utc.replace(tzinfo=None)
    if now > end:
        raise SignatureError(
            _("the certificate of {path} ended on {date}").format(path=path, date=end.date()),
            hint=_("put it aside, then run `auditor keys create`"),
        )
    der = certificate.public_bytes(serialization.Encoding.DER)
    secret = private.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    signer = SimpleSigner(
        signing_cert=x509.Certificate.load(der),
        signing_key=keys.PrivateKeyInfo.load(secret),
        cert_registry=SimpleCertificateStore(),  # type: ignore[no-untyped-call]
    )
    return SealingKey(signer, der, "local")


def _new_pem(organisation: str | None, now: datetime) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    private: RSAPrivateKey = rsa.generate_private_key(65537, KEY_BITS)
    name = _name(organisation)
    start = now.replace(microsecond=0)
    public = private.public_key()
    uses = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + VALID_FOR)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(digital_signature=True, content_commitment=True, **uses), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(private, hashes.SHA256())
    )
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)


def _name(organisation: str | None) -> Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    clean = "".join(char for char in organisation or "" if char.isprintable()).strip()
    title = _cut(f"Cachet local – {clean}" if clean else "Cachet local")  # noqa: RUF001 — French typography
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, title)]
    if clean:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, _cut(clean)))
    return x509.Name(parts)


def _cut(text: str) -> str:
    return text.encode()[:MAX_NAME].decode(errors="ignore").strip()


def _pem(der: bytes) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import load_der_x509_certificate

    return load_der_x509_certificate(der).public_bytes(Encoding.PEM)


def _write_new(path: Path, data: bytes) -> None:
    """Give `data` the name `path` at once, unless another process was first."""
    work = path.with_name(f".{path.name}.{os.getpid()}.partial")
    work.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(work, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        try:
            os.link(work, path)
        except FileExistsError:
            return
    finally:
        work.unlink(missing_ok=True)
