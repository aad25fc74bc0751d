"""Real ssh servers of the tests, on the loopback, each ended by its own number."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

SSHD = "/usr/sbin/sshd"


@dataclass
class Server:
    port: int
    known_hosts: str
    key: str


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def make_key(path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)


@contextlib.contextmanager
def sshd(folder, extra="", observed=None):
    """Run an sshd. With `observed`, it lives in a mount namespace whose own /etc/ssh/sshd_config is that text (root only)."""
    if not os.path.exists(SSHD):
        pytest.skip("no sshd on this machine")
    folder = str(folder)
    make_key(f"{folder}/host")
    make_key(f"{folder}/user")
    shutil.copy(f"{folder}/user.pub", f"{folder}/authorized")
    port = free_port()
    config = (
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host\nAuthorizedKeysFile {folder}/authorized\nPidFile none\n"
        f"StrictModes no\nUsePAM no\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n{extra}\n"
    )
    with open(f"{folder}/config", "w") as stream:
        stream.write(config)
    with open(f"{folder}/known", "w") as stream:
        stream.write(f"[127.0.0.1]:{port} " + " ".join(Path(f"{folder}/host.pub").read_text().split()[:2]) + "\n")
    if os.geteuid() == 0 and observed is None:
        os.makedirs("/run/sshd", exist_ok=True)
    command = [SSHD, "-D", "-e", "-f", f"{folder}/config"]
    if observed is not None:
        if os.geteuid() != 0 or subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
            pytest.skip("needs root and mount namespaces")
        os.makedirs(f"{folder}/etc", exist_ok=True)
        shutil.copy(f"{folder}/host", f"{folder}/etc/ssh_host_ed25519_key")
        shutil.copy(f"{folder}/host.pub", f"{folder}/etc/ssh_host_ed25519_key.pub")
        with open(f"{folder}/etc/sshd_config", "w") as stream:
            stream.write(observed)
        inside = f"mount --bind {folder}/etc /etc/ssh && mount -t tmpfs none /run && mkdir /run/sshd && exec {' '.join(command)}"
        command = ["unshare", "--mount", "sh", "-c", inside]
    with open(f"{folder}/log", "w") as log:
        child = subprocess.Popen(command, stderr=log)
    try:
        for _try in range(100):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield Server(port, f"{folder}/known", f"{folder}/user")
    finally:
        child.terminate()
        child.wait()


@contextlib.contextmanager
def cut_after(port, size):
    """Forward connections to `port`, and cut each after `size` bytes of answer."""
    listener = socket.create_server(("127.0.0.1", 0))

    def pump(source, target, left):
        with contextlib.suppress(OSError):
            while left > 0 and (data := source.recv(min(4096, left))):
                target.sendall(data)
                left -= len(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def serve():
        with contextlib.suppress(OSError):
            while True:
                client, _peer = listener.accept()
                server = socket.create_connection(("127.0.0.1", port))
                pairs = ((client, server, 1 << 30), (server, client, size))
                threads = [threading.Thread(target=pump, args=pair, daemon=True) for pair in pairs]
                for thread in threads:
                    thread.start()
                for thread in threads:
                    thread.join()
                client.close()
                server.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)
        listener.close()
