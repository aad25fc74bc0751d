"""Real TLS servers on loopback: what the probe says of each is what it was told to offer."""

import contextlib
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from auditor import scope as scopes
from auditor.collect import run
from auditor.evidence.snapshot import Snapshot

NOW = datetime.now(UTC)


def tool(name, package, *folders):
    found = shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", *folders]))
    if found is None:
        pytest.skip(f"no {name} here (Debian package {package})")
    return found


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextlib.contextmanager
def serving(command, port, **more):
    child = subprocess.Popen(
        [str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, **more
    )
    try:
        for _try in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            if child.poll() is not None:
                raise AssertionError(child.stderr.read().decode())
            time.sleep(0.03)
        yield port
    finally:
        child.terminate()
        try:
            child.wait(5)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        child.stdin.close()
        child.stderr.close()


class Authority:
    """A root, an intermediate, and leaves for localhost."""

    def __init__(self, folder):
        self.folder = folder
        self.root_key, self.root = self.certificate("Racine", None, None, authority=True)
        self.middle_key, self.middle = self.certificate("Intermédiaire", self.root, self.root_key, authority=True)
        (folder / "root.pem").write_bytes(self.pem(self.root))

    def certificate(
        self,
        name,
        issuer,
        issuer_key,
        *,
        authority=False,
        key=None,
        days=90,
        start=NOW - timedelta(days=1),
        names=("localhost",),
        purposes=True,
    ):
        key = key or ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COUNTRY_NAME, "FR"), x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usage = dict.fromkeys(
            ("key_encipherment", "data_encipherment", "key_agreement", "crl_sign", "encipher_only", "decipher_only", "content_commitment"),
            False,
        )
        built = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(start)
            .not_valid_after(start + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
            .add_extension(x509.KeyUsage(digital_signature=not authority, key_cert_sign=authority, **usage), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key((issuer_key or key).public_key()), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        )
        if not authority:
            built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName(item) for item in names]), critical=False)
            if purposes:
                built = built.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        return key, built.sign(issuer_key or key, hashes.SHA256())

    @staticmethod
    def pem(*certificates):
        return b"".join(item.public_bytes(serialization.Encoding.PEM) for item in certificates)

    def leaf(self, name, chain=None, **more):
        """Write key and chain; return their paths."""
        key, made = self.certificate("localhost", self.middle, self.middle_key, **more)
        place = self.folder / f"{name}.pem"
        secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (self.folder / f"{name}.key").write_bytes(secret)
        parts = {"made": made, "middle": self.middle, "root": self.root}
        place.write_bytes(self.pem(*(parts[part] for part in chain or ("made", "middle"))))
        for path in (place, self.folder / f"{name}.key"):
            path.chmod(0o644)
        return self.folder / f"{name}.key", place


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    for path in (folder, folder.parent):
        path.chmod(0o755)
    return Authority(folder)


def openssl(authority, name, *options, chain=None, **leaf):
    key, place = authority.leaf(name, chain, **leaf)
    port = free_port()
    first = Path(place).read_bytes().split(b"-----END CERTIFICATE-----\n")
    rest = authority.folder / f"{name}.rest.pem"
    rest.write_bytes(b"".join(part + b"-----END CERTIFICATE-----\n" for part in first[1:] if part.strip()))
    more = ["-cert_chain", rest] if rest.stat().st_size else []
    command = [
        tool("openssl", "openssl"),
        "s_server",
        "-accept",
        f"127.0.0.1:{port}",
        "-key",
        key,
        "-cert",
        place,
        *more,
        "-quiet",
        *options,
    ]
    return serving(command, port)


def probe(tmp_path, port, ca_file, **block):
    lines = [
        "format: 1",
        "sources:",
        "  - id: t",
        "    collector: tls",
        "    settings:",
        f"      ca_file: {ca_file}",
        "      timeout_s: 2",
        "      endpoints:",
    ]
    lines += [
        f"        - address: {block.pop('address', 'localhost')}",
        f"          port: {port}",
        *(f"          {name}: {value}" for name, value in block.items()),
    ]
    run.collect(scopes.parse("\n".join(lines).encode(), "auditor.yaml"), tmp_path / "snap", tool="t", catalogue_sha256="0" * 64)
    snapshot = Snapshot(tmp_path / "snap")
    certificates = sorted(snapshot.rows("tls_certificate"), key=lambda row: not row.leaf)
    return next(iter(snapshot.rows("tls_endpoint"))), certificates, {call.operation.split()[0]: call for call in snapshot.calls()}


def test_a_good_server_is_seen_good(tmp_path, authority):
    with openssl(authority, "good", "-cipher", "ECDHE+AESGCM", "-serverpref", "-groups", "P-256:X25519", "-no_tls1", "-no_tls1_1") as port:
        seen, certificates, calls = probe(tmp_path, port, authority.folder / "root.pem")
    assert (seen.speaks_tls, seen.ssl3, seen.tls10, seen.tls11, seen.tls12, seen.tls13) == (True, False, False, False, True, True)
    assert set(seen.suites.split()) == {
        "TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
        "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
    }  # fmt: skip
    assert (seen.suites_without_pfs, seen.suites_weak_cipher, seen.suites_weak_hash) == ("", "", "")
    assert (seen.groups, seen.groups_unlisted, seen.dh_bits) == ("secp256r1 x25519", "", 0)
    assert (seen.server_order, seen.compression, seen.secure_renegotiation, seen.cbc_without_etm) == (True, False, True, False)
    assert (seen.trusted, seen.chain_ordered, seen.chain_complete) == (True, True, True)
    assert seen.early_data_bytes == 0
    assert seen.ticket_lifetime_s > 0
    assert [row.leaf for row in certificates] == [True, False]
    leaf = certificates[0]
    assert (leaf.name_matches, leaf.issuer_country, leaf.key_type, leaf.curve, leaf.signature_hash) == (
        True,
        "FR",
        "ec",
        "secp256r1",
        "sha256",
    )
    assert (leaf.key_usage_critical, leaf.extended_key_usage, leaf.authority_key_id, leaf.revocation) == (True, "serverAuth", True, False)
    assert calls["probe"].outcome == calls["certificates"].outcome == "ok"


def test_a_weak_server_is_seen_weak(tmp_path, authority):
    key = rsa.generate_private_key(65537, 1024)
    options = ("-cipher", "ALL:@SECLEVEL=0", "-dhparam", dh_file(authority, 1024), "-early_data", "-max_early_data", "16384")
    with openssl(authority, "weak", *options, key=key, names=("other",), days=900, purposes=False) as port:
        seen, certificates, _calls = probe(tmp_path, port, authority.folder / "root.pem")
    assert seen.tls10
    assert seen.tls11
    assert "TLS_RSA_WITH_AES_128_GCM_SHA256" in seen.suites_without_pfs
    assert "TLS_DH_anon_WITH_AES_128_GCM_SHA256" in seen.suites_without_pfs
    assert "TLS_RSA_WITH_AES_128_CCM_8" in seen.suites_weak_cipher
    assert "TLS_RSA_WITH_AES_128_CBC_SHA" in seen.suites_weak_hash.split()
    assert seen.dh_bits == 1024
    assert seen.server_order is False
    assert seen.early_data_bytes == 16384
    leaf = certificates[0]
    assert (leaf.key_bits, leaf.name_matches, leaf.validity_days, leaf.extended_key_usage) == (1024, False, 900, "")


def dh_file(authority, bits):
    path = authority.folder / f"dh{bits}.pem"
    if not path.exists():
        subprocess.run(["openssl", "dhparam", "-out", path, str(bits)], check=True, capture_output=True)
    return path


@pytest.mark.parametrize(
    ("chain", "ordered", "complete", "trusted"),
    [
        (("made", "middle"), True, True, True),
        (("made",), True, False, False),
        (("made", "root", "middle"), False, True, True),
        (("made", "middle", "root"), True, True, True),
    ],
)
def test_the_chain_is_judged_as_it_is_sent(tmp_path, authority, chain, ordered, complete, trusted):
    with openssl(authority, "chain" + "".join(part[0] for part in chain), "-tls1_2", chain=chain) as port:
        seen, _certificates, _calls = probe(tmp_path, port, authority.folder / "root.pem")
    assert (seen.chain_ordered, seen.chain_complete, seen.trusted) == (ordered, complete, trusted)
    assert (seen.tls12, seen.tls13) == (True, False)


def test_tls_13_alone_has_no_old_facts(tmp_path, authority):
    with openssl(authority, "only13", "-tls1_3") as port:
        seen, certificates, _calls = probe(tmp_path, port, authority.folder / "root.pem")
    assert (seen.tls12, seen.tls13, seen.secure_renegotiation, seen.compression, seen.cbc_without_etm) == (False, True, True, False, False)
    assert seen.ocsp_stapled is None
    assert [row.leaf for row in certificates] == [True, False]


def test_an_expired_certificate_and_a_foreign_name(tmp_path, authority):
    with openssl(authority, "old", start=NOW - timedelta(days=400), days=365, names=("*.example.org", "localhost.example.org")) as port:
        seen, certificates, _calls = probe(tmp_path, port, authority.folder / "root.pem")
    assert seen.trusted is False
    assert certificates[0].not_after < NOW.replace(tzinfo=None)
    assert certificates[0].name_matches is False


def test_gnutls_speaks_what_openssl_no_longer_does(tmp_path, authority):
    serve = tool("gnutls-serv", "gnutls-bin")
    key, place = authority.leaf("gnutls", key=rsa.generate_private_key(65537, 2048))
    port = free_port()
    priority = (
        "NORMAL:+VERS-ALL:+3DES-CBC:+ARCFOUR-128:+RSA:+SHA1:%DISABLE_SAFE_RENEGOTIATION:%NO_ETM:+SIGN-ALL:%VERIFY_ALLOW_SIGN_WITH_SHA1"
    )
    command = [serve, "--port", port, "--x509keyfile", key, "--x509certfile", place, "--priority", priority, "--quiet", "--http"]
    with serving(command, port):
        seen, _certificates, _calls = probe(tmp_path, port, authority.folder / "root.pem")
    assert seen.speaks_tls
    assert "3DES" in seen.suites_weak_cipher
    assert seen.cbc_without_etm is True
    assert seen.secure_renegotiation is False


def test_postgresql_starts_tls(tmp_path, authority):
    folders = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"))]
    initdb, postgres = tool("initdb", "postgresql", *folders), tool("postgres", "postgresql", *folders)
    if os.getuid() == 0:
        try:
            account = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("no postgres account here (Debian package postgresql)")
        who = {"user": account.pw_uid, "group": account.pw_gid}
    else:
        account, who = None, {}
    data = Path("/tmp") / f"auditor-pg-{os.getpid()}"
    key, place = authority.leaf("pg")
    try:
        data.mkdir(mode=0o700)
        if account:
            shutil.chown(data, account.pw_uid, account.pw_gid)
        subprocess.run([initdb, "-D", data / "d", "-A", "reject"], check=True, capture_output=True, cwd="/", **who)
        for name, path in (("server.key", key), ("server.crt", place)):
            shutil.copy(path, data / "d" / name)
            (data / "d" / name).chmod(0o600)
            if account:
                shutil.chown(data / "d" / name, account.pw_uid, account.pw_gid)
        port = free_port()
        command = [postgres, "-D", data / "d", "-p", port, "-h", "127.0.0.1", "-k", "", "-c", "ssl=on", "-c", "fsync=off"]
        with serving(command, port, cwd="/", **who):
            seen, certificates, _calls = probe(tmp_path, port, authority.folder / "root.pem", starttls="postgresql")
            clear, _none, _calls = probe(tmp_path / "b", port, authority.folder / "root.pem")
    finally:
        shutil.rmtree(data, ignore_errors=True)
    assert (seen.speaks_tls, seen.tls12, seen.trusted) == (True, True, True)
    assert len(certificates) == 2
    assert clear.speaks_tls is not True


def test_smtp_starts_tls(tmp_path, authority):
    controller = pytest.importorskip("aiosmtpd.controller")
    key, place = authority.leaf("smtp")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(place, key)

    class Refusing:
        async def handle_DATA(self, server, session, envelope):  # noqa: N802 — the library's name
            return "550 no"

    port = free_port()
    server = controller.Controller(Refusing(), hostname="127.0.0.1", port=port, tls_context=context)
    server.start()
    try:
        seen, _certificates, _calls = probe(tmp_path, port, authority.folder / "root.pem", starttls="smtp")
        other, _none, calls = probe(tmp_path / "b", port, authority.folder / "root.pem", starttls="imap")
    finally:
        server.stop()
    assert (seen.speaks_tls, seen.tls12, seen.trusted) == (True, True, True)
    assert other.speaks_tls is not True
    assert calls["certificates"].outcome in {"empty", "partial"}


def test_ldap_starts_tls(tmp_path, authority):
    slapd = tool("slapd", "slapd")
    key, place = authority.leaf("ldap")
    folder = tmp_path / "ldap"
    (folder / "db").mkdir(parents=True)
    (folder / "slapd.conf").write_text(
        f"include /etc/ldap/schema/core.schema\npidfile {folder}/pid\nTLSCertificateFile {place}\nTLSCertificateKeyFile {key}\n"
        f"TLSCACertificateFile {place}\nmodulepath /usr/lib/ldap\nmoduleload back_mdb\ndatabase mdb\nsuffix dc=x\ndirectory {folder}/db\n",
        encoding="ascii",
    )
    port = free_port()
    with serving([slapd, "-d", "0", "-h", f"ldap://127.0.0.1:{port}", "-f", folder / "slapd.conf"], port):
        seen, certificates, _calls = probe(tmp_path, port, authority.folder / "root.pem", starttls="ldap")
    assert (seen.speaks_tls, seen.tls12, seen.trusted) == (True, True, True)
    assert certificates[0].leaf
