"""Peers that hang, cut, drip, flood or lie: what was not learnt stays unknown, and nothing is taken for absent."""

import contextlib
import socket
import ssl
import threading
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor import scope as scopes
from auditor.collect import run
from auditor.collect.tls import Address, addresses, certificates
from auditor.collect.tls.hello import Reader
from auditor.errors import CollectError, UnexpectedAnswerError
from auditor.evidence.cells import CellName, sight
from auditor.evidence.snapshot import Snapshot


@contextlib.contextmanager
def peer(behave):
    """Serve each connection with `behave(link, number)`."""
    stop = threading.Event()
    door = socket.create_server(("127.0.0.1", 0))
    door.settimeout(0.05)

    def loop():
        number = 0
        while not stop.is_set():
            try:
                link, _from = door.accept()
            except TimeoutError:
                continue
            number += 1
            with contextlib.suppress(OSError), link:
                link.settimeout(3)
                behave(link, number)

    thread = threading.Thread(target=loop, daemon=True)
    thread.start()
    try:
        yield door.getsockname()[1]
    finally:
        stop.set()
        thread.join(10)
        door.close()


def probe(tmp_path, *ports, timeout=1):
    lines = ["format: 1", "sources:", "  - id: t", "    collector: tls", "    settings:", f"      timeout_s: {timeout}", "      endpoints:"]
    lines += [f'        - "127.0.0.1:{port}"' for port in ports]
    run.collect(scopes.parse("\n".join(lines).encode(), "auditor.yaml"), tmp_path / "snap", tool="t", catalogue_sha256="0" * 64)
    snapshot = Snapshot(tmp_path / "snap")
    rows = {row.port: row for row in snapshot.rows("tls_endpoint")}
    counts = {CellName("t", "", table): len(list(snapshot.rows(table))) for table in snapshot.tables()}
    seen = {name.table: found.seen for name, found in sight(snapshot.plan(), snapshot.calls(), counts).items()}
    return rows, seen


def hang(link, _number):
    time.sleep(1.5)


def reset(link, _number):
    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def drip(link, _number):
    for _n in range(30):
        link.sendall(b"\x16")
        time.sleep(0.1)


def flood(link, _number):
    link.recv(4096)
    for _n in range(200):
        link.sendall(b"\x16\x03\x03\x40\x00" + b"\x02\x00\xff\xff" + b"\0" * 16380)


def garbage(link, _number):
    link.recv(4096)
    link.sendall(b"\x16\x03\x03\x00\x08\x02\x00\x00\x04\xff\xff\xff\xff")


def silent_close(link, _number):
    link.recv(4096)


@pytest.mark.parametrize("behave", [hang, reset, drip, flood, garbage, silent_close])
def test_nothing_is_learnt_of_a_faulty_peer(tmp_path, behave):
    with peer(behave) as port:
        rows, seen = probe(tmp_path, port)
    row = rows[port]
    learnt = {name for name in row.__struct_fields__ if name in {"ssl3", "tls10", "tls11", "tls12", "tls13", "suites", "groups"}}
    assert {getattr(row, name) for name in learnt} == {None}
    assert row.speaks_tls is not False
    assert seen == {"tls_endpoint": False, "tls_certificate": False}


def test_plain_text_is_a_fact(tmp_path):
    def http(link, _number):
        link.recv(4096)
        link.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with peer(http) as port:
        rows, seen = probe(tmp_path, port)
    assert rows[port].speaks_tls is False
    assert seen == {"tls_endpoint": True, "tls_certificate": True}


def test_a_closed_port_blinds_its_tables_and_hides_no_neighbour(tmp_path):
    def http(link, _number):
        link.recv(4096)
        link.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as gone:
        closed = gone.getsockname()[1]
    with peer(http) as port:
        rows, seen = probe(tmp_path, port, closed)
    assert rows[port].speaks_tls is False
    assert rows[closed].speaks_tls is None
    assert seen["tls_endpoint"] is False


@pytest.mark.parametrize("good", [1, 4, 6, 9])
def test_a_cut_in_the_middle_of_the_list_never_reads_as_absent(tmp_path, good, tls_files):
    """After `good` connections the peer only resets, as a filter that takes us for an attack does."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(*tls_files)

    def behave(link, number):
        if number > good:
            reset(link, number)
            return
        with contextlib.suppress(ssl.SSLError), context.wrap_socket(link, server_side=True):
            pass

    with peer(behave) as port:
        rows, _seen = probe(tmp_path, port)
    row = rows[port]
    assert row.suites is None
    assert row.suites_weak_hash != ""
    assert row.suites_without_pfs != ""
    assert row.groups is None
    assert row.dh_bits is None
    assert row.cbc_without_etm is not False
    assert {row.tls13, row.tls12} & {True}
    assert [row.tls13, row.tls12, row.tls11, row.tls10, row.ssl3][good:] == [None] * max(0, 5 - good)


@pytest.fixture(scope="module")
def tls_files(tmp_path_factory):
    import subprocess

    folder = tmp_path_factory.mktemp("tls")
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-keyout",
        folder / "k.pem",
        "-out",
        folder / "c.pem",
        "-days",
        "9",
        "-subj",
        "/CN=x",
    ]
    subprocess.run(command, check=True, capture_output=True)
    return folder / "c.pem", folder / "k.pem"


@given(st.binary(max_size=400))
@settings(max_examples=300)
def test_the_reader_of_answers_never_breaks(data):
    for start in (
        b"",
        b"\x16\x03\x03\x00\x40\x02\x00\x00\x3c\x03\x03",
        b"\x16\x03\x03\x00\x40\x0b\x00\x00\x3c",
        b"\x16\x03\x03\x00\x20\x0c\x00\x00\x1c",
    ):
        with contextlib.suppress(CollectError):
            Reader().feed(start + data)


@given(st.binary(max_size=300))
@settings(max_examples=100)
def test_the_reader_of_certificates_never_breaks(data):
    with contextlib.suppress(UnexpectedAnswerError):
        certificates.read([data])


@pytest.mark.parametrize(
    ("name", "host", "covers"),
    [
        ("portal.example.org", "portal.example.org", True),
        ("PORTAL.example.org", "portal.EXAMPLE.org.", True),
        ("*.example.org", "portal.example.org", True),
        ("*.example.org", "a.portal.example.org", False),
        ("*.example.org", "example.org", False),
        ("*.org", "example.org", False),
        ("p*.example.org", "portal.example.org", False),
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:0db8:0::1", True),
    ],
)
def test_a_name_covers_a_host(name, host, covers):
    assert certificates._covers(name, host) is covers


def test_short_and_long_addresses_are_one():
    from auditor.collect.tls import TlsSettings

    found = addresses(TlsSettings(endpoints=("a.example:443", "[::1]:636", Address(address="a.example", port=443))))
    assert [(item.address, item.port) for item in found] == [("a.example", 443), ("::1", 636)]
