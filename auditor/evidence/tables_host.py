"""Tables of evidence: hosts (Linux first; other systems share them)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from auditor.evidence.row import Doc, Row
from auditor.evidence.tables_host_access import HostAccount, Sshd, SshdSetting, SshKey, SudoDefault, SudoRule
from auditor.evidence.tables_host_software import HostFirewall, HostListen, HostPackage, HostRepo, HostService, HostUpdate
from auditor.evidence.tables_host_system import HostAgent, HostFile, HostKernel, HostLog, HostMount, HostSysctl, HostTime


class Host(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One machine; one row per source."""

    TABLE: ClassVar[str] = "host"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    hostname: Annotated[str | None, Doc(description="its own name (`uname -n`)")] = None
    os_id: Annotated[str | None, Doc(description="distribution, ID of /etc/os-release")] = None
    os_version: Annotated[str | None, Doc(description="VERSION_ID of /etc/os-release; `none` when the file has none")] = None
    kernel: Annotated[str | None, Doc(description="kernel release (`uname -r`)")] = None
    arch: Annotated[str | None, Doc(description="machine (`uname -m`)")] = None
    virt: Annotated[str | None, Doc(description="`none`, or the kind of virtual machine or container (`systemd-detect-virt`)")] = None
    vendor: Annotated[str | None, Doc(description="maker (DMI)")] = None
    model: Annotated[str | None, Doc(description="model (DMI)")] = None
    uptime_s: Annotated[int | None, Doc(description="seconds since start, /proc/uptime")] = None
    privileged: Annotated[bool | None, Doc(description="the reading ran as root")] = None
    mode: Annotated[str | None, Doc(description="how it was read: `a` plain or sudo, `b` forced command, `c` its own timer")] = None
    reboot_pending: Annotated[
        bool | None, Doc(description="an installed update waits for a restart; null when nothing on the machine tells")
    ] = None
    security_updates: Annotated[int | None, Doc(description="security updates known and not installed")] = None
    lists_at: Annotated[datetime | None, Doc(description="when the lists of packages were last renewed")] = None
    packages_changed_at: Annotated[datetime | None, Doc(description="last change of an installed package")] = None
    lockout: Annotated[str | None, Doc(description="PAM module that locks after failed logins: `faillock`, `tally2` or `none`")] = None
    lockout_deny: Annotated[int | None, Doc(description="failures before the lock; 0 when nothing locks")] = None
    sudo_pty: Annotated[bool | None, Doc(description="sudo has use_pty by default; true from sudo 1.9.14 unless switched off")] = None


HOST_TABLES: tuple[type[Row], ...] = (
    Host,
    HostAccount,
    Sshd,
    SshdSetting,
    SshKey,
    SudoRule,
    SudoDefault,
    HostSysctl,
    HostKernel,
    HostMount,
    HostFile,
    HostListen,
    HostFirewall,
    HostPackage,
    HostUpdate,
    HostRepo,
    HostService,
    HostLog,
    HostTime,
    HostAgent,
)
