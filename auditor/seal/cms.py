"""The signature inside a seal: read it, rebuild it from what was verified, and refuse any other bytes.

What lies in a PDF's `/Contents` is the only part of the file that the digest does not cover. So nothing in it is accepted
that was not verified: the whole is encoded again from the verified parts and compared. Sources: RFC 5652 (CMS), ETSI EN 319 122-1
(signing-certificate-v2), ETSI EN 319 142-1 §6.3 (PAdES B-B: attributes, no signing time in the CMS).
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from auditor.errors import SignatureError
from auditor.text import _

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_MIN_RSA = 2048
_MAX_CERTIFICATES = 8
_DIGESTS = ("sha256", "sha384", "sha512")
_ATTRIBUTES = {"content_type", "message_digest", "signing_certificate_v2", "cms_algorithm_protection"}
_REQUIRED = {"content_type", "message_digest", "signing_certificate_v2"}


@dataclass(frozen=True, slots=True)
class Signed:
    """A verified signature: the certificate path from the signer upwards, and the digest in use."""

    path: tuple[Certificate, ...]
    digest: str


def verify_cms(der: bytes, parts: tuple[bytes, ...] | tuple[memoryview, ...]) -> Signed:
    """Verify a detached CMS over `parts`; raises SignatureError unless it is sound and holds nothing unverified.

    Whether the last certificate deserves trust is not said here.
    """
    try:
        return _verify(der, parts)
    except SignatureError:
        raise
    except Exception as error:  # hostile bytes make the readers of ASN.1 fail in many ways; all mean the same
        raise refused(_("its signature cannot be read")) from error


def refused(why: str) -> SignatureError:
    """Return the error that says the seal is broken, and why."""
    return SignatureError(
        _("The seal is not valid: {why}.").format(why=why),
        hint=_("do not rely on this file; ask whoever gave it for the original"),
    )


def _verify(der: bytes, parts: tuple[Any, ...]) -> Signed:
    from asn1crypto import cms  # type: ignore[import-untyped]

    content = cms.ContentInfo.load(der, strict=True)
    if content["content_type"].native != "signed_data":
        raise refused(_("its signature is of an unknown kind"))
    signed = content["content"]
    if len(signed["signer_infos"]) != 1 or not 1 <= len(signed["certificates"]) <= _MAX_CERTIFICATES:
        raise refused(_("it must hold one signature and its certificates"))
    info = signed["signer_infos"][0]
    algorithm = info["digest_algorithm"]["algorithm"].native
    if algorithm not in _DIGESTS:
        raise refused(_("digest {name} is not accepted").format(name=algorithm))
    total = hashlib.new(algorithm)
    for part in parts:
        total.update(part)
    path = _path([choice.chosen.dump() for choice in signed["certificates"]], info["sid"])
    _check_attributes(info["signed_attrs"], total.digest(), path[0], info)
    _check_signature(path[0], info, algorithm)
    if _again(info, algorithm, path) != der:
        raise refused(_("its signature holds bytes that nothing vouches for"))
    return Signed(path, algorithm)


def _path(certificates: list[bytes], sid: Any) -> tuple[Certificate, ...]:
    """Return all certificates as one path from the signer's upwards; one too many is refused."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import load_der_x509_certificate

    left = [load_der_x509_certificate(raw) for raw in certificates]
    if [item.public_bytes(Encoding.DER) for item in left] != certificates or sid.name != "issuer_and_serial_number":
        raise refused(_("its certificates are not encoded as they must be"))
    wanted = sid.chosen
    found = [
        item
        for item in left
        if item.serial_number == wanted["serial_number"].native and item.issuer.public_bytes() == wanted["issuer"].dump()
    ]
    if len(found) != 1:
        raise refused(_("the signer's certificate is missing"))
    path = found
    left.remove(found[0])
    try:
        while left:
            above = next((item for item in left if item.subject == path[-1].issuer), None)
            if above is None:
                raise refused(_("it holds a certificate that is not in the signer's path"))
            path[-1].verify_directly_issued_by(above)
            path.append(above)
            left.remove(above)
        if path[-1].issuer == path[-1].subject:
            path[-1].verify_directly_issued_by(path[-1])
    except InvalidSignature as error:
        raise refused(_("a certificate was not signed by the one above it")) from error
    return tuple(path)


def _check_attributes(attributes: Any, digest: bytes, signer: Certificate, info: Any) -> None:
    from asn1crypto import tsp
    from cryptography.hazmat.primitives.serialization import Encoding

    names = [attribute["type"].native for attribute in attributes]
    if len(set(names)) != len(names) or not _REQUIRED <= set(names) <= _ATTRIBUTES:
        raise refused(_("its signed attributes are not those of a PAdES seal"))
    values = {}
    for attribute in attributes:
        if len(attribute["values"]) != 1:
            raise refused(_("its signed attributes are not those of a PAdES seal"))
        values[attribute["type"].native] = attribute["values"][0]
    if values["content_type"].native != "data":
        raise refused(_("its signed attributes are not those of a PAdES seal"))
    if not hmac.compare_digest(values["message_digest"].native, digest):
        raise refused(_("the file was changed after it was sealed"))
    certificate = values["signing_certificate_v2"]
    assert isinstance(certificate, tsp.SigningCertificateV2)
    bound = certificate["certs"][0]
    name = bound["hash_algorithm"]["algorithm"].native
    if name not in _DIGESTS or bound["cert_hash"].native != hashlib.new(name, signer.public_bytes(Encoding.DER)).digest():
        raise refused(_("it was not made with the certificate it shows"))
    if (protection := values.get("cms_algorithm_protection")) is not None and (
        protection["digest_algorithm"].native != info["digest_algorithm"].native
        or protection["signature_algorithm"].native != info["signature_algorithm"].native
    ):
        raise refused(_("its signed attributes are not those of a PAdES seal"))


def _check_signature(signer: Certificate, info: Any, algorithm: str) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils

    key, signature = signer.public_key(), info["signature"].native
    # What is signed is the SET OF attributes, not its [0]-tagged copy (RFC 5652 §5.4).
    signed = info["signed_attrs"].untag().dump(force=True)
    kind, used = info["signature_algorithm"].signature_algo, getattr(hashes, algorithm.upper())()
    try:
        if isinstance(key, rsa.RSAPublicKey) and kind == "rsassa_pkcs1v15" and key.key_size >= _MIN_RSA:
            key.verify(signature, signed, padding.PKCS1v15(), used)
        elif isinstance(key, ec.EllipticCurvePublicKey) and kind == "ecdsa" and isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1):
            if utils.encode_dss_signature(*utils.decode_dss_signature(signature)) != signature:
                raise refused(_("its signature is not encoded as it must be"))
            key.verify(signature, signed, ec.ECDSA(used))
        else:
            raise refused(_("signature algorithm {name} is not accepted").format(name=kind))
    except InvalidSignature as error:
        raise refused(_("its signature is not that of the certificate")) from error


def _again(info: Any, algorithm: str, path: tuple[Certificate, ...]) -> bytes:
    """Return the one encoding of a CMS that holds what was verified and nothing else."""
    from asn1crypto import cms, x509
    from cryptography.hazmat.primitives.serialization import Encoding

    digest = cms.DigestAlgorithm({"algorithm": algorithm})
    certificates = [x509.Certificate.load(item.public_bytes(Encoding.DER)) for item in path]
    rebuilt = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                {
                    "issuer_and_serial_number": cms.IssuerAndSerialNumber(
                        {"issuer": certificates[0].issuer, "serial_number": certificates[0].serial_number}
                    )
                }
            ),
            "digest_algorithm": digest,
            "signed_attrs": cms.CMSAttributes.load(info["signed_attrs"].untag().dump(force=True)),
            "signature_algorithm": cms.SignedDigestAlgorithm({"algorithm": info["signature_algorithm"]["algorithm"].native}),
            "signature": info["signature"].native,
        }
    )
    signed = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": [digest],
            "encap_content_info": {"content_type": "data"},
            "certificates": [cms.CertificateChoices({"certificate": item}) for item in certificates],
            "signer_infos": [rebuilt],
        }
    )
    encoded: bytes = cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump(force=True)
    return encoded
