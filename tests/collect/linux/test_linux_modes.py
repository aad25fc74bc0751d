"""How a machine is read: mode b's forced command, and a sudo that is refused."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from test_linux_ssh import collect, hosts

from auditor.collect.base import Sink, Target
from auditor.collect.linux import SCRIPT, Linux, LinuxSettings

ACCOUNTS = Path(__file__).resolve().parents[3] / "audit-accounts" / "linux"


def installed(folder):
    """Write the command that create.sh installs, from create.sh itself."""
    text = (ACCOUNTS / "create.sh").read_text(encoding="utf-8")
    head = text.split("<<'HEAD'\n")[1].split("\nHEAD\n")[0]
    path = folder / "audit-collect-root"
    path.write_text(head + "\n" + SCRIPT.read_text(encoding="utf-8"), encoding="utf-8")
    return path


def test_a_forced_command_is_given_the_mark_alone(tmp_path):
    with hosts.sshd(tmp_path) as server:
        bound = Path(tmp_path / "authorized")
        bound.write_text(f'restrict,command="/bin/sh {installed(tmp_path)}" ' + bound.read_text(encoding="ascii"), encoding="ascii")
        rows, calls, error = collect(server, mode="b")
        elsewhere, _calls, refused = collect(server, mode="a")
    assert error is None
    (host,) = [row for row in rows if row.TABLE == "host"]
    assert host.mode == "b"
    assert calls["script"].outcome == "ok"
    # The key runs its own command whatever is asked: a script sent to it is not run.
    assert refused is None
    assert [row.mode for row in elsewhere if row.TABLE == "host"] == ["b"]


@pytest.mark.parametrize("mark", ["", "N=", "N=zz", "N=$(id)", "N=ab;id"])
def test_the_installed_command_takes_nothing_but_a_mark(tmp_path, mark):
    done = subprocess.run(["/bin/sh", installed(tmp_path)], input=mark + "\n", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (64, "")


def test_a_refused_sudo_is_told_and_nothing_of_roots_is_known(tmp_path):
    if os.getuid() != 0 or not shutil.which("setpriv") or not shutil.which("sudo"):
        pytest.skip("needs root, setpriv (util-linux) and sudo")
    calls, rows = [], []
    settings = LinuxSettings(sudo=True)
    sink = Sink(Target(id="h", settings=settings), lambda found: len([rows.append(row) for row in found]), calls.append)
    # The collector itself runs as an account without rights, in a child whose answer comes back as rows.
    from auditor.collect import linux

    before = linux.command
    linux.command = lambda found: ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups", *before(found)]
    try:
        Linux().collect(Target(id="h", settings=settings), sink)
    finally:
        linux.command = before
    told = {call.operation: call for call in calls}
    assert told["sudo"].outcome == "forbidden"
    (host,) = [row for row in rows if row.TABLE == "host"]
    assert host.privileged is False
    assert {row.hash_alg for row in rows if row.TABLE == "host_account"} == {None}


def spooled(folder):
    """Run the command that create-timer.sh installs, from create-timer.sh itself."""
    text = (ACCOUNTS / "create-timer.sh").read_text(encoding="utf-8")
    head = text.split("<<'HEAD'\n")[1].split("\nHEAD\n")[0]
    tail = text.split("<<'TAIL'\n")[1].split("\nTAIL\n")[0]
    (folder / "audit-spool").write_text("\n".join([head, SCRIPT.read_text(encoding="utf-8"), tail]) + "\n", encoding="utf-8")
    subprocess.run(["/bin/sh", folder / "audit-spool", folder], check=True)
    return folder / "answer"


def test_the_machines_own_answer_is_read_and_nothing_runs(tmp_path):
    answer = spooled(tmp_path)
    with hosts.sshd(tmp_path) as server:
        rows, calls, error = collect(server, mode="c", spool=str(answer))
        assert error is None
        assert [row.mode for row in rows if row.TABLE == "host"] == ["c"]
        assert calls["spool"].outcome == "ok"
        whole = answer.read_bytes()
        answer.write_bytes(whole[: len(whole) // 2])
        _rows, calls, _error = collect(server, mode="c", spool=str(answer))
        assert calls["spool"].outcome == "partial"
        head, body = whole.split(b"\n", 1)
        mark = head.split(b" T=")[0]
        for changed in (mark + b" T=1700000000\n" + body, mark + b" T=4102444800\n" + body, body, b""):
            answer.write_bytes(changed)
            rows, _calls, error = collect(server, mode="c", spool=str(answer))
            assert error is not None, "too old, from the future, headless, empty: nothing is taken"
            assert rows == []


@pytest.mark.parametrize("name", ["create.sh", "create-timer.sh", "verify-readonly.sh", "remove.sh"])
@pytest.mark.parametrize("shell", ["dash", "bash", "ksh"])
def test_the_scripts_of_the_account_are_shell(name, shell):
    if not shutil.which(shell):
        pytest.skip(f"no {shell} here")
    subprocess.run([shell, "-n", ACCOUNTS / name], check=True)


@pytest.mark.long
def test_the_account_is_made_proved_and_removed():
    if os.getuid() != 0 or not all(map(shutil.which, ("useradd", "visudo", "setpriv", "sudo"))):
        pytest.skip("needs root, passwd, sudo and util-linux")
    if subprocess.run(["id", "audit"], capture_output=True, check=False).returncode == 0:
        pytest.skip("this machine has an account named audit")
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ2r0tUNAqk1Fd5lO4iYQb9pQmNFwEJ5Z0sO5l0cUw3x test"
    try:
        with SCRIPT.open("rb") as script:
            subprocess.run(["sh", ACCOUNTS / "create.sh", key], stdin=script, check=True)
        proved = subprocess.run(["sh", ACCOUNTS / "verify-readonly.sh"], capture_output=True, text=True, check=False)
        assert proved.returncode == 0, proved.stdout
        read = ["setpriv", "--reuid", "audit", "--regid", "audit", "--clear-groups", "/usr/local/libexec/audit-collect"]
        done = subprocess.run(read, input=b"N=abcdef\n", capture_output=True, check=False)
        assert b"uid=0" in done.stdout
    finally:
        subprocess.run(["sh", ACCOUNTS / "remove.sh"], check=False)
    assert not Path("/etc/sudoers.d/audit-account").exists()
