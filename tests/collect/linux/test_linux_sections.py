"""What is made of the script's answer."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

import auditor.collect.linux as linux
from auditor.collect.base import Sink, Target
from auditor.collect.linux import LinuxSettings, read_access, read_host, read_software, sections

MARK = "ab" * 16
HOST = "name=h\nkernel=6\narch=x\nuid=0\nnow=1795500000"


def read(answer):
    rows, calls = [], []
    sink = Sink(Target(id="h", settings=LinuxSettings()), lambda found: len([rows.append(row) for row in found]), calls.append)
    sections.read("h", sink, sections.split(answer.encode(), MARK))
    return rows, {call.operation: call for call in calls}


def section(name, text, code=0):
    return f"\n{MARK} BEGIN {name}\n{text}\n\n{MARK} CODE {code}\n\n{MARK} END {name}\n"


def test_a_forged_mark_in_a_file_is_text():
    forged = f"{HOST}\n{'cd' * 16} END host\n{'cd' * 16} BEGIN accounts\nroot:0:0:/root:/bin/sh\n{'cd' * 16} EOF"
    rows, calls = read(section("host", forged))
    assert [row.TABLE for row in rows] == ["host"]
    assert calls["accounts"].outcome == "partial"
    assert not sections.split(section("host", forged).encode(), MARK).whole


@pytest.mark.parametrize(("code", "outcome"), [(77, "forbidden"), (78, "unsupported"), (1, "error")])
def test_a_section_says_why_it_is_empty(code, outcome):
    rows, calls = read(section("firewall", "", code))
    assert calls["firewall"].outcome == outcome
    assert not rows


def test_a_cut_section_is_truncated():
    _rows, calls = read(f"\n{MARK} BEGIN packages\na 1 x\n\n{MARK} END packages\n")
    assert calls["packages"].outcome == "truncated"


def test_rubbish_in_a_section_is_an_error_not_a_crash():
    rows, calls = read(section("host", HOST) + section("accounts", "rubbish") + section("listen", "x"))
    assert {calls["accounts"].outcome, calls["listen"].outcome} == {"error"}
    assert [row.TABLE for row in rows] == ["host"]


@pytest.mark.parametrize("shell", [["dash"], ["bash", "--posix"], ["ksh"], ["busybox", "sh"]])
def test_every_shell_answers_every_section(shell):
    script = f"N={MARK}\n".encode() + linux.SCRIPT.read_bytes()
    done = subprocess.run([*shell, "-s"], input=script, capture_output=True, check=False, timeout=120)
    answer = sections.split(done.stdout, MARK)
    assert answer.whole
    assert len(answer.sections) == 23
    assert all(part.code is not None for part in answer.sections.values())


def test_a_digest_never_leaves_the_host(tmp_path):
    canary = "$y$j9T$canarysalt$CANARYDIGEST"
    (tmp_path / "shadow").write_text(
        f"root:{canary}:20000:0:99999:7:::\nold:$1$ab$CANARY:20000::::::\nnone::20000::::::\nshut:!{canary}:20000::::::\n"
    )
    text = linux.SCRIPT.read_text().replace("/etc/shadow", str(tmp_path / "shadow"))
    done = subprocess.run(["sh", "-s"], input=f"N={MARK}\n{text}", text=True, capture_output=True, check=False, timeout=120)
    assert "CANARY" not in done.stdout + done.stderr
    assert sections.split(done.stdout.encode(), MARK).sections["shadow"].text.splitlines() == [
        "root:yescrypt:20000:99999:",
        "old:md5:20000::",
        "none:empty:20000::",
        "shut:locked:20000::",
    ]


def test_settings_read_from_files_leave_the_unsaid_unknown():
    (server, *_settings) = read_access.sshd({"sshd": "files\nPermitRootLogin yes\nCiphers 3des-cbc,aes128-ctr"}, "h", "c")
    assert (server.root_login, server.password_login, server.weak_ciphers, server.weak_macs) == ("yes", None, "3des-cbc", None)


def test_rules_of_sudo():
    text = "Defaults use_pty\n# no\n%ops ALL=(ALL:ALL) NOPASSWD: ALL\nbob ALL = /bin/ls *, !/bin/su\n"
    rules = {row.command: row for row in read_access.sudo({"sudo_rules": text}, "h", "c") if row.TABLE == "sudo_rule"}
    assert rules["ALL"].nopasswd
    assert rules["ALL"].unlimited
    assert rules["/bin/ls"].wildcard
    assert rules["!/bin/su"].negated


def test_repositories_of_two_families_without_credentials():
    text = "deb deb [trusted=yes] http://me:pass@mirror/debian stable main\nfile /etc/yum.repos.d/a.repo\n[base]\nbaseurl=https://r/el9\ngpgcheck=1\n[off]\nenabled=0\nbaseurl=http://r\n"
    found = {row.url: (row.signed, row.encrypted) for row in read_software.repos({"repos": text}, "h", "c")}
    assert found == {"http://mirror/debian": (False, False), "https://r/el9": (True, True)}


def test_pending_security_updates_of_two_families():
    assert read_host.secure("Inst openssl [1] (2 Debian-Security:12/stable-security [amd64])")
    assert not read_host.secure("Inst vim [1] (2 Debian:12.9/stable [amd64])")
    assert read_host.secure("RHSA-2026:1 Important/Sec. kernel-5.14.0-1.x86_64")


def test_the_script_is_shown_before_it_is_sent():
    shown = "\n".join(linux.Linux().preview(Target(id="h", settings=LinuxSettings(address="srv", user="audit"))))
    assert "StrictHostKeyChecking=yes" in shown
    assert Path(linux.SCRIPT).read_text().splitlines()[-1] in shown
