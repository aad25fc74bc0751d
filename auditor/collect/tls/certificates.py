"""What the certificates of an endpoint say."""

from __future__ import annotations

import contextlib
import ipaddress
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from auditor.codec import sha256
from auditor.errors import UnexpectedAnswerError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

MAX_EXPONENT = 1 << 62


def read(chain: list[bytes]) -> list[Certificate]:
    """Return the certificates of a chain; raises UnexpectedAnswerError when one is not a certificate."""
    import warnings

    from cryptography import x509
    from cryptography.utils import CryptographyDeprecationWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        try:
            return [x509.load_der_x509_certificate(der) for der in chain]
        except ValueError as error:
            raise UnexpectedAnswerError("a certificate that cannot be read") from error


def ordered(chain: list[Certificate]) -> bool:
    """Tell whether each certificate is signed by the next."""
    return all(_signed_by(left, right) for left, right in pairwise(chain))


def _signed_by(certificate: Certificate, issuer: Certificate) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def columns(certificate: Certificate, host: str, *, leaf: bool) -> dict[str, Any]:
    """Return the columns of `tls_certificate`, less its names. A part that cannot be read stays unknown."""
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    start, end = certificate.not_valid_before_utc.replace(tzinfo=None), certificate.not_valid_after_utc.replace(tzinfo=None)
    found: dict[str, Any] = {
        "leaf": leaf,
        "subject": certificate.subject.rfc4514_string()[:500],
        "issuer": certificate.issuer.rfc4514_string()[:500],
        "issuer_country": _country(certificate),
        "self_signed": certificate.subject == certificate.issuer and _signed_by(certificate, certificate),
        "not_before": start,
        "not_after": end,
        "validity_days": -((start - end) // timedelta(days=1)),
        **_key(certificate),
    }
    # What the library does not know stays unknown.
    with contextlib.suppress(UnsupportedAlgorithm, ValueError):
        algorithm = certificate.signature_hash_algorithm
        found["signature_hash"] = algorithm.name.lower().replace("-", "") if algorithm else "none"
    with contextlib.suppress(UnsupportedAlgorithm, ValueError):
        spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        found["spki_sha256"] = sha256(spki)
    try:
        extensions = certificate.extensions
    except (ValueError, x509.DuplicateExtension):
        return found
    return found | _extensions(extensions, host, leaf=leaf)


def _country(certificate: Certificate) -> str:
    from cryptography.x509.oid import NameOID

    names = certificate.issuer.get_attributes_for_oid(NameOID.COUNTRY_NAME)
    return str(names[0].value).upper() if names else "none"


def _key(certificate: Certificate) -> dict[str, Any]:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

    try:
        key = certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return {"key_type": "other"}
    match key:
        case rsa.RSAPublicKey():
            return {"key_type": "rsa", "key_bits": key.key_size, "curve": "none", "rsa_exponent": min(key.public_numbers().e, MAX_EXPONENT)}
        case ec.EllipticCurvePublicKey():
            return {"key_type": "ec", "key_bits": key.key_size, "curve": key.curve.name, "rsa_exponent": 0}
        case ed25519.Ed25519PublicKey():
            return {"key_type": "ed25519", "key_bits": 256, "curve": "none", "rsa_exponent": 0}
        case ed448.Ed448PublicKey():
            return {"key_type": "ed448", "key_bits": 456, "curve": "none", "rsa_exponent": 0}
        case dsa.DSAPublicKey():
            return {"key_type": "dsa", "key_bits": key.key_size, "curve": "none", "rsa_exponent": 0}
    return {"key_type": "other"}


def _extensions(extensions: Any, host: str, *, leaf: bool) -> dict[str, Any]:
    from cryptography import x509

    by_kind = {type(extension.value): extension for extension in extensions}
    usage, purposes = by_kind.get(x509.KeyUsage), by_kind.get(x509.ExtendedKeyUsage)
    names = by_kind.get(x509.SubjectAlternativeName)
    listed = sorted(str(name.value) for name in names.value if isinstance(name, x509.DNSName | x509.IPAddress)) if names else []
    return {
        "alternative_names": " ".join(listed)[:4000],
        "name_matches": any(_covers(name, host) for name in listed) if leaf else None,
        "key_usage": " ".join(_usages(usage.value)) if usage else "",
        "key_usage_critical": bool(usage and usage.critical),
        "extended_key_usage": " ".join(sorted(purpose._name for purpose in purposes.value)) if purposes else "",
        "authority_key_id": x509.AuthorityKeyIdentifier in by_kind,
        "revocation": x509.CRLDistributionPoints in by_kind or x509.AuthorityInformationAccess in by_kind,
    }


def _usages(usage: Any) -> list[str]:
    simple = (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "key_cert_sign",
        "crl_sign",
    )
    return sorted(name for name in simple if getattr(usage, name))


def _covers(name: str, host: str) -> bool:
    """Tell whether a name of the SAN covers a host (RFC 6125: a wildcard stands for one whole label, the leftmost)."""
    try:
        return ipaddress.ip_address(host) == ipaddress.ip_address(name)
    except ValueError:
        pass
    left, right = name.lower().rstrip(".").split("."), host.lower().rstrip(".").split(".")
    if left[0] == "*" and len(left) > 2:
        return len(left) == len(right) and left[1:] == right[1:]
    return left == right
