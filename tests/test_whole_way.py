"""The whole way over real machines: three sshd, one hardened, one weak, one that dies in the middle."""

import getpass
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from auditor.cli.main import main
from auditor.verify import verify

_spec = importlib.util.spec_from_file_location("hosts", Path(__file__).parent / "hosts.py")
hosts = importlib.util.module_from_spec(_spec)
sys.modules.setdefault("hosts", hosts)
_spec.loader.exec_module(hosts)

HARDENED = "PermitRootLogin no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nX11Forwarding no\nAllowTcpForwarding no\n"
WEAK = "PermitRootLogin yes\nPasswordAuthentication yes\nPermitEmptyPasswords yes\nX11Forwarding yes\nAllowTcpForwarding yes\n"
CONTROLS = {
    "sshd-root-login-refused": ("pass", "fail", "unknown"),
    "sshd-password-refused": ("pass", "fail", "unknown"),
    "sshd-empty-password-refused": ("pass", "fail", "unknown"),
    "sshd-x11-refused": ("pass", "fail", "unknown"),
}


def scope(folder, servers):
    lines = ["format: 1", "organisation:", "  name: CH de Montval", "sources:"]
    for name, (server, port) in servers.items():
        lines += [f"  - id: {name}", "    collector: linux", "    settings:", "      address: 127.0.0.1", f"      port: {port}"]
        lines += [f"      user: {getpass.getuser()}", f"      identity_file: {server.key}", f"      known_hosts: {folder}/known"]
    known = [Path(server.known_hosts).read_text(encoding="ascii").split(" ", 1)[1] for server, _port in servers.values()]
    names = [f"[127.0.0.1]:{port} {key}" for (_server, port), key in zip(servers.values(), known, strict=True)]
    (folder / "known").write_text("".join(names), encoding="ascii")
    (folder / "auditor.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")


def verdict(cells, source):
    cell = next(cell for cell in cells if cell["source"] == source)
    if cell["failed"]:
        return "fail"
    return "pass" if cell["passed"] and not cell["unknown"] and cell["seen"] else "unknown"


def test_three_machines_get_exactly_what_they_deserve(tmp_path, monkeypatch):
    if os.getuid() != 0 or not shutil.which("unshare"):
        pytest.skip("needs root and unshare (util-linux): each sshd has settings of its own")
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b", "c"):
        (tmp_path / name).mkdir()
    with (
        hosts.sshd(tmp_path / "a", observed=HARDENED) as hardened,
        hosts.sshd(tmp_path / "b", observed=WEAK) as weak,
        hosts.sshd(tmp_path / "c", observed=HARDENED) as dying,
        hosts.cut_after(dying.port, 6000) as cut,
    ):
        scope(tmp_path, {"durci": (hardened, hardened.port), "faible": (weak, weak.port), "mourant": (dying, cut)})
        assert main(["run"]) == 1
    results = [json.loads(line) for line in next(Path(".auditor/results").iterdir()).read_text(encoding="utf-8").splitlines()]
    told = {line["control"]: line for line in results if line["kind"] == "control"}
    for control, expected in CONTROLS.items():
        found = tuple(verdict(told[control]["cells"], source) for source in ("durci", "faible", "mourant"))
        assert found == expected, control
        assert told[control]["verdict"] == "fail", "a gap elsewhere hides no fail"
    findings = {(line["control"], line["source"], line["verdict"]) for line in results if line["kind"] == "finding"}
    assert ("sshd-root-login-refused", "faible", "fail") in findings
    assert ("sshd-root-login-refused", "mourant", "unknown") in findings
    assert ("sshd-root-login-refused", "durci", "fail") not in findings
    requirements = [line for line in results if line["kind"] == "assessment"]
    for framework, count in (("secnumcloud-3.2", 278), ("hds-2.0", 31)):
        assert len({line["requirement"] for line in requirements if line["framework"] == framework}) == count
    pack = next(Path(".auditor/packs").glob("*.pdf"))
    assert verify(pack).ok
    if shutil.which("pdfsig"):
        said = subprocess.run(["pdfsig", pack], capture_output=True, text=True, check=False).stdout
        assert "Signature is Valid" in said
        assert "Total document signed" in said
