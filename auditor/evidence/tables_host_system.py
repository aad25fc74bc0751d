"""Tables of evidence: the kernel, what is mounted and what keeps watch."""

from __future__ import annotations

from typing import Annotated, ClassVar

from auditor.evidence.row import Doc, Row


class HostSysctl(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One kernel setting."""

    TABLE: ClassVar[str] = "host_sysctl"
    KEY: ClassVar[tuple[str, ...]] = ("key",)

    key: Annotated[str, Doc(description="dotted name")]
    value: Annotated[str | None, Doc(description="value as the kernel prints it; null when it refused to be read")] = None
    number: Annotated[int | None, Doc(description="the value, when it is one integer")] = None
    family: Annotated[
        str | None, Doc(description="`kernel`, `process`, `network` or `file` when the guide sets a value for it; `other`")
    ] = None


class HostKernel(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the kernel confines programs; one row."""

    TABLE: ClassVar[str] = "host_kernel"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    lsm: Annotated[str | None, Doc(description="security modules in force, sorted")] = None
    selinux: Annotated[str | None, Doc(description="`enforcing`, `permissive`, `disabled` or `none`")] = None
    apparmor_enforced: Annotated[int | None, Doc(description="AppArmor profiles enforced; 0 without AppArmor")] = None
    confined: Annotated[bool | None, Doc(description="SELinux enforces, or AppArmor enforces at least one profile")] = None
    secure_boot: Annotated[bool | None, Doc(description="UEFI Secure Boot is on")] = None
    mitigated: Annotated[bool | None, Doc(description="the command line does not switch off the mitigations of the processor")] = None


class HostMount(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One mounted file system of a disk or of memory; the last one on its place."""

    TABLE: ClassVar[str] = "host_mount"
    KEY: ClassVar[tuple[str, ...]] = ("mountpoint",)

    mountpoint: Annotated[str, Doc(description="where")]
    fstype: Annotated[str | None, Doc(description="kind of file system")] = None
    options: Annotated[str | None, Doc(description="options, sorted")] = None
    nosuid: Annotated[bool | None, Doc(description="setuid programs are not honoured")] = None
    nodev: Annotated[bool | None, Doc(description="device files are not honoured")] = None
    noexec: Annotated[bool | None, Doc(description="programs cannot be run")] = None
    disk: Annotated[bool | None, Doc(description="stands on a block device")] = None
    encrypted: Annotated[bool | None, Doc(description="a LUKS or dm-crypt layer stands below; null when the stack cannot be seen")] = None


class HostFile(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One sensitive file that is there."""

    TABLE: ClassVar[str] = "host_file"
    KEY: ClassVar[tuple[str, ...]] = ("path",)

    path: Annotated[str, Doc(description="path")]
    mode: Annotated[str | None, Doc(description="mode, octal")] = None
    owner: Annotated[str | None, Doc(description="owner")] = None
    group: Annotated[str | None, Doc(description="group")] = None
    open: Annotated[bool | None, Doc(description="someone else than its owner and group may read a secret file, or write any of them")] = (
        None
    )


class HostLog(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where logs go; one row."""

    TABLE: ClassVar[str] = "host_log"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    remote_target: Annotated[str | None, Doc(description="servers that rsyslog sends to, sorted; `none`")] = None
    remote_tls: Annotated[bool | None, Doc(description="every remote target is reached over TLS; false without a target")] = None
    journal_persistent: Annotated[bool | None, Doc(description="journald keeps its log over a restart")] = None
    rotate_days: Annotated[int | None, Doc(description="days of rsyslog's files that logrotate keeps")] = None
    audited: Annotated[bool | None, Doc(description="auditd runs")] = None
    audit_rules: Annotated[int | None, Doc(description="rules loaded in the kernel")] = None
    audit_immutable: Annotated[bool | None, Doc(description="rules cannot change before a restart")] = None


class HostTime(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the clock is kept; one row."""

    TABLE: ClassVar[str] = "host_time"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    daemon: Annotated[str | None, Doc(description="chrony, ntpd, timesyncd, other names sorted, or `none` when nothing runs")] = None
    synced: Annotated[bool | None, Doc(description="the daemon says that it is synchronised; false without a daemon")] = None
    stratum: Annotated[int | None, Doc(description="stratum")] = None
    offset_us: Annotated[int | None, Doc(description="distance to the reference, microseconds, without sign")] = None
    sources: Annotated[int | None, Doc(description="servers configured or in use")] = None
    public: Annotated[str | None, Doc(description="servers of a public pool, sorted; `none`")] = None


class HostAgent(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One program that watches the machine."""

    TABLE: ClassVar[str] = "host_agent"
    KEY: ClassVar[tuple[str, ...]] = ("kind", "name")

    kind: Annotated[str, Doc(description="antivirus, integrity or detection")]
    name: Annotated[str, Doc(description="name of the program")]
    active: Annotated[bool | None, Doc(description="its process runs, or its base is there for a program run by timer")] = None
    base_age_days: Annotated[int | None, Doc(description="age of its base, days")] = None
