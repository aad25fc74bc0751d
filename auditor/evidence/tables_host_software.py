"""Tables of evidence: what is installed, and what answers on the network."""

from __future__ import annotations

from typing import Annotated, ClassVar

from auditor.evidence.row import Doc, Row


class HostListen(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One socket that waits for others (`ss -lntup`)."""

    TABLE: ClassVar[str] = "host_listen"
    KEY: ClassVar[tuple[str, ...]] = ("proto", "address", "port")

    proto: Annotated[str, Doc(description="tcp or udp")]
    address: Annotated[str, Doc(description="local address; `*` for all")]
    port: Annotated[int, Doc(description="port")]
    process: Annotated[str | None, Doc(description="program; null when it is another user's and the account may not see it")] = None
    reach: Annotated[str | None, Doc(description="`loopback`, `any` or `address`")] = None
    trade: Annotated[
        str | None, Doc(description="what the port is known for when that is unencrypted or a database (telnet, ftp, mysql…); `other`")
    ] = None
    plain: Annotated[bool | None, Doc(description="the port is known for a protocol that does not encrypt")] = None
    database: Annotated[bool | None, Doc(description="the port is known for a database")] = None


class HostFirewall(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The filter of incoming traffic on the machine; one row."""

    TABLE: ClassVar[str] = "host_firewall"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    backend: Annotated[str | None, Doc(description="nftables, iptables, or `none` when no rule is loaded")] = None
    default_in: Annotated[str | None, Doc(description="policy for incoming packets: drop, accept, or `none` without a filter")] = None
    rules: Annotated[int | None, Doc(description="rules loaded")] = None
    closed: Annotated[bool | None, Doc(description="what no rule lets in is refused")] = None


class HostPackage(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One installed package."""

    TABLE: ClassVar[str] = "host_package"
    KEY: ClassVar[tuple[str, ...]] = ("name", "arch", "version")

    name: Annotated[str, Doc(description="name")]
    version: Annotated[str, Doc(description="version")]
    arch: Annotated[str, Doc(description="architecture")]


class HostUpdate(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One update that the machine knows and has not installed."""

    TABLE: ClassVar[str] = "host_update"
    KEY: ClassVar[tuple[str, ...]] = ("package", "candidate")

    package: Annotated[str, Doc(description="package, or advisory where the tool names those")]
    candidate: Annotated[str, Doc(description="version offered")]
    security: Annotated[bool | None, Doc(description="comes from a security suite or advisory")] = None


class HostRepo(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One enabled package repository."""

    TABLE: ClassVar[str] = "host_repo"
    KEY: ClassVar[tuple[str, ...]] = ("url", "suite")

    url: Annotated[str, Doc(description="address, without credentials; variables unexpanded")]
    suite: Annotated[str, Doc(description="suite or section name")]
    signed: Annotated[bool | None, Doc(description="signatures are checked")] = None
    encrypted: Annotated[bool | None, Doc(description="https, or a local medium")] = None


class HostService(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One systemd unit of kind service."""

    TABLE: ClassVar[str] = "host_service"
    KEY: ClassVar[tuple[str, ...]] = ("unit",)

    unit: Annotated[str, Doc(description="unit name")]
    enabled: Annotated[bool | None, Doc(description="started at boot")] = None
    active: Annotated[bool | None, Doc(description="runs now; null when systemd is not the init that runs")] = None
