"""Two hundred Linux hosts over ssh on loopback, beside the same number of bare ssh calls, in one run.

One sshd plays every host, with the default MaxStartups: what bounds a collection is the server's own door, not us.
Says so and stops where there is no sshd.
"""

import argparse
import getpass
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from auditor import scope as scopes
from auditor.collect import run
from auditor.collect.linux import SCRIPT
from auditor.evidence.snapshot import Snapshot

SSHD = shutil.which("sshd", path=os.environ.get("PATH", "") + ":/usr/sbin")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def serve(folder: Path, port: int) -> subprocess.Popen[bytes]:
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
    (folder / "authorized").write_bytes((folder / "user.pub").read_bytes())
    public = (folder / "host.pub").read_text(encoding="ascii").split()
    (folder / "known").write_text(f"[127.0.0.1]:{port} {public[0]} {public[1]}\n", encoding="ascii")
    (folder / "config").write_text(
        f"HostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\nListenAddress 127.0.0.1\nPort {port}\nPidFile none\nStrictModes no\nUsePAM no\n",
        encoding="ascii",
    )
    Path("/run/sshd").mkdir(exist_ok=True)
    child = subprocess.Popen([SSHD, "-D", "-e", "-f", folder / "config"], stderr=subprocess.DEVNULL)
    for _try in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return child
        time.sleep(0.05)
    msg = "sshd does not answer"
    raise SystemExit(msg)


def main(hosts: int) -> None:
    if SSHD is None:
        sys.exit("no sshd here (Debian package openssh-server)")
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        server = serve(folder, port)
        try:
            measure(folder, port, hosts)
        finally:
            server.terminate()
            server.wait()


def measure(folder: Path, port: int, hosts: int) -> None:
    lines = ["format: 1", "sources:"]
    for number in range(hosts):
        lines += [f"  - id: h{number:03d}", "    collector: linux", "    settings:", "      address: 127.0.0.1", f"      port: {port}"]
        lines += [f"      user: {getpass.getuser()}", f"      identity_file: {folder}/user", f"      known_hosts: {folder}/known"]
    scope = scopes.parse("\n".join(lines).encode(), "auditor.yaml")
    begun = time.perf_counter()
    collected = run.collect(scope, folder / "snapshot", tool="bench", catalogue_sha256="0" * 64)
    ours = time.perf_counter() - begun
    rows = sum(entry.rows for entry in Snapshot(folder / "snapshot").manifest.files)
    bare = ["ssh", "-T", "-o", "BatchMode=yes", "-o", f"UserKnownHostsFile={folder}/known", "-i", f"{folder}/user", "-p", str(port)]
    script = b"N=bench\n" + SCRIPT.read_bytes()

    def call(words: str, given: bytes) -> int:
        return subprocess.run([*bare, "127.0.0.1", words], input=given, capture_output=True, check=False).returncode

    floor = timed(lambda _n: call("exec /bin/sh -s", script), hosts)
    door = timed(lambda _n: call("true", b""), hosts)
    print(f"{hosts} hosts: {ours:.1f} s, {len(collected.failed)} failed, {rows} rows")
    print(f"the same script by bare ssh, {run.WORKERS} at once: {floor:.1f} s; ratio {ours / floor:.2f} (all hosts are this one machine)")
    print(f"bare ssh calls that do nothing: {door:.1f} s; ratio {ours / door:.1f}")


def timed(call: Callable[[int], int], times: int) -> float:
    begun = time.perf_counter()
    with ThreadPoolExecutor(run.WORKERS) as pool:
        failed = sum(map(bool, pool.map(call, range(times))))
    if failed:
        print(f"  {failed} bare calls failed", file=sys.stderr)
    return time.perf_counter() - begun


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--hosts", type=int, default=200)
    main(parser.parse_args().hosts)
