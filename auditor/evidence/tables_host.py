"""Tables of evidence: hosts (Linux first; other systems share them)."""

from __future__ import annotations

from typing import Annotated, ClassVar

from auditor.evidence.row import Doc, Row


class Host(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One machine; one row per source."""

    TABLE: ClassVar[str] = "host"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    hostname: Annotated[str | None, Doc(description="its own name (`uname -n`)")] = None
    os_id: Annotated[str | None, Doc(description="distribution, ID of /etc/os-release")] = None
    os_version: Annotated[str | None, Doc(description="VERSION_ID of /etc/os-release; `none` when the file has none")] = None
    kernel: Annotated[str | None, Doc(description="kernel release (`uname -r`)")] = None
    arch: Annotated[str | None, Doc(description="machine (`uname -m`)")] = None
    uptime_s: Annotated[int | None, Doc(description="seconds since start, /proc/uptime")] = None
    privileged: Annotated[bool | None, Doc(description="whether the reading ran as root")] = None


class HostAccount(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One local account."""

    TABLE: ClassVar[str] = "host_account"
    KEY: ClassVar[tuple[str, ...]] = ("name",)

    name: Annotated[str, Doc(description="login name")]
    uid: Annotated[int | None, Doc(description="user number")] = None
    gid: Annotated[int | None, Doc(description="main group number")] = None
    home: Annotated[str | None, Doc(description="home folder")] = None
    shell: Annotated[str | None, Doc(description="login shell")] = None
    hash_alg: Annotated[
        str | None, Doc(description="class of the password's digest (`yescrypt`, `sha512`, `sha256`, `md5`, `des`, `locked`, `empty`, `other`); never the digest")
    ] = None


class SshdSetting(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One effective setting of the ssh server (`sshd -T`)."""

    TABLE: ClassVar[str] = "sshd_setting"
    KEY: ClassVar[tuple[str, ...]] = ("key", "value")

    key: Annotated[str, Doc(description="keyword, in lower case")]
    value: Annotated[str, Doc(description="value as `sshd -T` prints it")]


class HostSysctl(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One kernel setting that was readable."""

    TABLE: ClassVar[str] = "host_sysctl"
    KEY: ClassVar[tuple[str, ...]] = ("key",)

    key: Annotated[str, Doc(description="dotted name")]
    value: Annotated[str | None, Doc(description="value as the kernel prints it; null when it refused to be read")] = None


class HostService(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One systemd unit of kind service."""

    TABLE: ClassVar[str] = "host_service"
    KEY: ClassVar[tuple[str, ...]] = ("unit",)

    unit: Annotated[str, Doc(description="unit name")]
    enabled: Annotated[bool | None, Doc(description="started at boot")] = None


HOST_TABLES: tuple[type[Row], ...] = (Host, HostAccount, SshdSetting, HostSysctl, HostService)
