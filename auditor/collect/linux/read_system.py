"""The kernel, file systems, logs, clock, and what keeps watch."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from auditor.collect.linux.read_access import joined
from auditor.collect.linux.read_host import number, pairs
from auditor.evidence.tables_host_system import HostAgent, HostFile, HostKernel, HostLog, HostMount, HostSysctl, HostTime

if TYPE_CHECKING:
    from auditor.evidence.row import Row

_VIRTUAL = {
    "proc", "sysfs", "cgroup", "cgroup2", "devpts", "mqueue", "debugfs", "tracefs", "securityfs", "pstore", "bpf", "configfs", "fusectl",
    "hugetlbfs", "autofs", "binfmt_misc", "efivarfs", "nsfs", "rpc_pipefs", "selinuxfs", "devtmpfs", "squashfs", "overlay",
}  # fmt: skip
_OFF = re.compile(r"mitigations=off|nospectre_v[12]|nopti|pti=off|mds=off|tsx_async_abort=off|spectre_v2=off|l1tf=off")
_PUBLIC = re.compile(r"pool\.ntp\.org$|^time\d?\.(google|cloudflare|apple|windows)|^ntp\.ubuntu\.com$")
_SECRET_FILES = re.compile(r"^(/etc/g?shadow|/etc/sudoers|/etc/ssh/ssh_host_.*_key|/etc/krb5\.keytab|/var/log/audit|/root)$")
_AGENTS = {
    "clamd": "antivirus", "freshclam": "antivirus", "savd": "antivirus", "esets_daemon": "antivirus", "eea": "antivirus",
    "falcon-sensor": "detection", "mdatp": "detection", "wdavdaemon": "detection", "sentinelone-agen": "detection", "s1-agent": "detection",
    "hurukai": "detection", "wazuh-agentd": "detection", "ossec-agentd": "detection", "osqueryd": "detection", "cbagentd": "detection",
    "falco": "detection", "tripwire": "integrity", "samhain": "integrity", "wazuh-syscheckd": "integrity", "aide": "integrity",
}  # fmt: skip
_PERIODS = {"daily": 1, "weekly": 7, "monthly": 30, "yearly": 365}
_FAMILIES = {
    **dict.fromkeys(
        (
            "kernel.dmesg_restrict", "kernel.kptr_restrict", "kernel.randomize_va_space", "kernel.sysrq", "kernel.unprivileged_bpf_disabled",
            "kernel.perf_event_paranoid",
        ),
        "kernel",
    ),
    "kernel.yama.ptrace_scope": "process",
    **dict.fromkeys(
        ("net.ipv4.conf.all.accept_redirects", "net.ipv4.conf.all.accept_source_route", "net.ipv4.tcp_syncookies", "net.ipv4.conf.all.send_redirects"),
        "network",
    ),
    **dict.fromkeys(("fs.protected_symlinks", "fs.protected_hardlinks", "fs.suid_dumpable"), "file"),
}  # fmt: skip
_DAY = 86400
_CONTAINERS = {"docker", "podman", "lxc", "lxc-libvirt", "systemd-nspawn", "openvz", "wsl", "container-other", "rkt", "proot", "pouch"}


def sysctl(texts: dict[str, str], source: str, call: str) -> list[Row]:
    """Return one row per setting; a refused one has no value."""
    rows: list[Row] = []
    for key, value in pairs(texts["sysctl"]).items():
        known = None if value == "?" else value
        whole = int(value) if re.fullmatch(r"-?\d+", value) else None
        rows.append(HostSysctl.named(source=source, call=call, key=key, value=known, number=whole, family=_FAMILIES.get(key, "other")))
    return rows


def kernel(texts: dict[str, str], source: str, call: str) -> list[Row]:
    """Return the row of confinement; what the kernel does not show to this account stays unknown."""
    told = pairs(texts["kernel"])
    lsm = told["lsm"].split(",") if "lsm" in told else None
    selinux = {"1": "enforcing", "0": "permissive"}.get(told.get("selinux", ""))
    if selinux is None and lsm is not None and "selinux" not in lsm:
        selinux = "none"
    apparmor = number(told.get("apparmor"))
    if apparmor is None and lsm is not None and "apparmor" not in lsm:
        apparmor = 0
    confined = True if selinux == "enforcing" or (apparmor or 0) > 0 else None if selinux is None or apparmor is None else False
    return [
        HostKernel(
            source=source,
            id="kernel",
            call=call,
            lsm=None if lsm is None else joined(lsm),
            selinux=selinux,
            apparmor_enforced=apparmor,
            confined=confined,
            secure_boot={"1": True, "0": False}.get(told.get("secure_boot", "")),
            mitigated=not _OFF.search(told["cmdline"]) if "cmdline" in told else None,
        )
    ]


def mounts(texts: dict[str, str], source: str, call: str) -> list[Row]:
    """Return one row per mounted place; the last mount hides those below it."""
    encrypted: dict[str, bool] = {}
    rows: dict[str, Row] = {}
    for line in texts["mounts"].splitlines():
        if found := re.match(r"crypt ([01]) (.*)", line):
            encrypted[found[2]] = found[1] == "1"
    for line in texts["mounts"].splitlines():
        before, dash, after = line.partition(" - ")
        if not dash:
            continue
        place, options = before.split()[4:6]
        fstype, device = after.split()[:2]
        if fstype in _VIRTUAL:
            continue
        every = set(options.split(","))
        name = place.encode("latin-1", "replace").decode("unicode_escape")
        disk = device.startswith("/dev/")
        rows[name] = HostMount.named(
            source=source,
            call=call,
            mountpoint=name,
            fstype=fstype,
            options=" ".join(sorted(every)),
            nosuid="nosuid" in every,
            nodev="nodev" in every,
            noexec="noexec" in every,
            disk=disk,
            encrypted=encrypted.get(place) if disk else None,
        )
    if not rows:
        raise ValueError("no mount")
    return list(rows.values())


def files(texts: dict[str, str], source: str, call: str) -> list[Row]:
    """Return one row per sensitive file."""
    rows: list[Row] = []
    for line in texts["files"].splitlines():
        mode, owner, group, path = line.split(" ", 3)
        bits = int(mode, 8)
        opened = bool(bits & 0o022) or bool(_SECRET_FILES.match(path) and bits & 0o007)
        rows.append(HostFile.named(source=source, call=call, path=path, mode=mode, owner=owner, group=group, open=opened))
    return rows


def logs(texts: dict[str, str], source: str, call: str) -> list[Row]:
    """Return the row of logs. A logger other than rsyslog leaves its target unknown."""
    lines = texts["logs"].splitlines()
    told = pairs(texts["logs"])
    running = {line[4:] for line in lines if line.startswith("run ")}
    rsyslog = "\n".join(line[8:] for line in lines if line.startswith("rsyslog "))
    targets = set(re.findall(r"@@?\(?(?:[a-z0-9,]*\))?([A-Za-z0-9._-]+|\[[0-9a-f:]+\])", rsyslog)) if rsyslog else set()
    targets |= set(re.findall(r"[Tt]arget=\"([^\"]+)\"", rsyslog))
    unknown = "syslog-ng" in running or "hidden rsyslog" in lines
    plain = bool(re.search(r"(^|\s)@[^@]", rsyslog)) or not re.search(
        r"StreamDriver(Name)?=?\s*\"?(gtls|ossl)|omrelp[^\n]*tls=\"on\"", rsyslog
    )
    storage = next((line.split(" ", 1)[1].lower() for line in reversed(lines) if line.startswith("storage ")), "auto")
    counts = [int(line.split()[2]) for line in lines if re.match(r"keep rotate \d+", line)]
    periods = [_PERIODS[line.split()[1]] for line in lines if line.startswith("keep ") and line.split()[1] in _PERIODS]
    return [
        HostLog(
            source=source,
            id="log",
            call=call,
            remote_target=None if unknown and not targets else joined(targets if "rsyslogd" in running else set()),
            remote_tls=None if unknown else bool(targets) and "rsyslogd" in running and not plain,
            journal_persistent=storage == "persistent" or (storage == "auto" and "journal kept" in lines),
            rotate_days=min(counts) * min(periods) if counts and periods else None,
            audited="auditd" in running,
            audit_rules=number(told.get("rules")),
            audit_immutable={"2": True, "0": False, "1": False}.get(told.get("enabled", "")),
        )
    ]


def clock(texts: dict[str, str], source: str, call: str) -> list[Row]:
    """Return the row of the clock. Observed absence of any daemon is `none`, not unknown."""
    lines = texts["clock"].splitlines()
    names = {"chronyd": "chrony", "systemd-timesyn": "timesyncd", "systemd-timesyncd": "timesyncd"}
    daemons = {names.get(line[4:], line[4:]) for line in lines if line.startswith("run ")}
    tracking = next((line[9:].split(",") for line in lines if line.startswith("tracking ")), [])
    servers = {line[5:] for line in lines if line.startswith("conf ")}
    servers |= {name for line in lines if line.startswith("timesyncd ") for name in line.split()[1:]}
    synced: bool | None = None
    stratum = offset = None
    inside = pairs(texts.get("host", "")).get("virt") in _CONTAINERS
    if not daemons:
        # The clock of a container is kept outside of it: nothing here tells whether it is right.
        synced = None if inside else False
    elif len(tracking) > 13:  # noqa: PLR2004 — the columns of `chronyc -c tracking`
        stratum, offset = int(tracking[2]), abs(micro(tracking[4]))
        synced = stratum > 0 and tracking[13] != "Not synchronised"
    else:
        told = next((line for line in lines if line.startswith("NTPSynchronized=")), "")
        synced = told.endswith("=yes") if told else None
    found = {line.split(",")[2] for line in lines if line.startswith("source ") and line.count(",") > 2}  # noqa: PLR2004
    peers = sum(1 for line in lines if line.startswith("peer "))
    count = len(found) or peers or len(servers)
    return [
        HostTime(
            source=source,
            id="time",
            call=call,
            daemon=joined(daemons),
            synced=synced,
            stratum=stratum,
            offset_us=offset,
            sources=count if count or not daemons else None,
            public=joined([name for name in servers if _PUBLIC.search(name)]) if servers or not daemons else None,
        )
    ]


def micro(seconds: str) -> int:
    """Return microseconds of a decimal count of seconds, without a float."""
    from decimal import Decimal

    return int(Decimal(seconds) * 1_000_000)


def agents(texts: dict[str, str], source: str, call: str) -> list[Row]:
    """Return the programs that watch, by the names of their processes and bases."""
    lines = texts["agents"].splitlines()
    now = int(pairs(texts["agents"])["now"])
    ages: dict[str, int] = {}
    for line in lines:
        if found := re.match(r"base (\d+) (.*)", line):
            name = "clamd" if "clamav" in found[2] else "aide"
            ages[name] = min(ages.get(name, 1 << 30), max(0, now - int(found[1])) // _DAY)
    active = {line[4:] for line in lines if line.startswith("run ") and line[4:] in _AGENTS}
    return [
        HostAgent.named(
            source=source, call=call, kind=_AGENTS[name], name=name, active=name in active or name == "aide", base_age_days=ages.get(name)
        )
        for name in sorted(active | set(ages))
    ]
