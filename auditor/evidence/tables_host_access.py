"""Tables of evidence: who may come in, and as what."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from auditor.evidence.row import Doc, Row


class HostAccount(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One local account (/etc/passwd, /etc/shadow, lastlog)."""

    TABLE: ClassVar[str] = "host_account"
    KEY: ClassVar[tuple[str, ...]] = ("name",)

    name: Annotated[str, Doc(description="login name")]
    uid: Annotated[int | None, Doc(description="user number")] = None
    gid: Annotated[int | None, Doc(description="main group number")] = None
    home: Annotated[str | None, Doc(description="home folder")] = None
    shell: Annotated[str | None, Doc(description="login shell; empty when the file has none")] = None
    interactive: Annotated[bool | None, Doc(description="its shell gives a session (not nologin, false, sync, halt, shutdown)")] = None
    system: Annotated[bool | None, Doc(description="number below 1000 or 65534, root apart")] = None
    uid_shared: Annotated[bool | None, Doc(description="another account has the same number")] = None
    hash_alg: Annotated[
        str | None,
        Doc(
            description="class of the password's digest: `yescrypt`, `gost_yescrypt`, `bcrypt`, `scrypt`, `sha512`, `sha256`, `md5`, `des`, `locked`, `empty`, `other`; never the digest"
        ),
    ] = None
    password_changed_at: Annotated[datetime | None, Doc(description="day of the last change of password")] = None
    max_days: Annotated[int | None, Doc(description="longest life of a password, days; 99999 when there is no limit")] = None
    expired: Annotated[bool | None, Doc(description="the account has passed its day of expiry; false when it has none")] = None
    idle_days: Annotated[
        int | None, Doc(description="days since the last login; for an account never used, days since its password was set")
    ] = None


class Sshd(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The ssh server, one row; none when no server is installed."""

    TABLE: ClassVar[str] = "sshd"
    KEY: ClassVar[tuple[str, ...]] = ("id",)

    effective: Annotated[bool | None, Doc(description="the settings are those in force (`sshd -T`), not read from files")] = None
    conditional: Annotated[bool | None, Doc(description="`Match` blocks change settings for some users or addresses")] = None
    root_login: Annotated[str | None, Doc(description="PermitRootLogin; `without-password` reads `prohibit-password`")] = None
    password_login: Annotated[bool | None, Doc(description="PasswordAuthentication")] = None
    interactive_login: Annotated[bool | None, Doc(description="KbdInteractiveAuthentication")] = None
    empty_passwords: Annotated[bool | None, Doc(description="PermitEmptyPasswords")] = None
    filtered: Annotated[bool | None, Doc(description="AllowUsers or AllowGroups names who may come in")] = None
    x11_forwarded: Annotated[bool | None, Doc(description="X11Forwarding")] = None
    tcp_forwarding: Annotated[str | None, Doc(description="AllowTcpForwarding: yes, no, local or remote")] = None
    user_environment: Annotated[bool | None, Doc(description="PermitUserEnvironment is other than no")] = None
    extra_env: Annotated[str | None, Doc(description="AcceptEnv patterns beyond LANG and LC_*; `none`")] = None
    everywhere: Annotated[bool | None, Doc(description="listens on every address of the machine")] = None
    weak_ciphers: Annotated[
        str | None, Doc(description="ciphers offered that are broken (3des, arcfour, blowfish, cast128, cbc modes); `none`")
    ] = None
    weak_macs: Annotated[
        str | None, Doc(description="MACs offered that are broken (md5, truncated to 96 bits, umac-64, ripemd); `none`")
    ] = None
    weak_kex: Annotated[str | None, Doc(description="key exchanges offered that rest on SHA-1 or on a 1024-bit group; `none`")] = None
    beyond_2015: Annotated[
        str | None, Doc(description="ciphers and MACs offered outside the list of NT_OpenSSH (2015), R15, sound or not; `none`")
    ] = None


class SshdSetting(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One setting of the ssh server."""

    TABLE: ClassVar[str] = "sshd_setting"
    KEY: ClassVar[tuple[str, ...]] = ("key", "value")

    key: Annotated[str, Doc(description="keyword, in lower case")]
    value: Annotated[str, Doc(description="value as `sshd -T` prints it, or as the file has it")]
    derived: Annotated[bool | None, Doc(description="read from files, not from `sshd -T`")] = None


class SshKey(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One public key that the machine shows or lets in."""

    TABLE: ClassVar[str] = "ssh_key"
    KEY: ClassVar[tuple[str, ...]] = ("kind", "user", "fingerprint")

    kind: Annotated[str, Doc(description="`host` or `authorized`")]
    user: Annotated[str, Doc(description="account that it lets in; empty for a host key")]
    fingerprint: Annotated[str, Doc(description="SHA-256 fingerprint")]
    alg: Annotated[str | None, Doc(description="rsa, dsa, ecdsa, ed25519, ecdsa-sk, ed25519-sk")] = None
    bits: Annotated[int | None, Doc(description="length, bits")] = None


class SudoRule(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One command that /etc/sudoers or /etc/sudoers.d gives to one user."""

    TABLE: ClassVar[str] = "sudo_rule"
    KEY: ClassVar[tuple[str, ...]] = ("user", "host", "runas", "tags", "command")

    user: Annotated[str, Doc(description="user, %group, #uid or alias")]
    host: Annotated[str, Doc(description="hosts it holds on")]
    runas: Annotated[str, Doc(description="as whom; `root` when not said")]
    tags: Annotated[str, Doc(description="tags, sorted; empty when none")]
    command: Annotated[str, Doc(description="command or alias, arguments left out")]
    nopasswd: Annotated[bool | None, Doc(description="no password is asked")] = None
    negated: Annotated[bool | None, Doc(description="a command is forbidden by `!`, which is easily walked around")] = None
    wildcard: Annotated[bool | None, Doc(description="a pattern stands in the command or its arguments")] = None
    unlimited: Annotated[bool | None, Doc(description="any command, as anyone or as root")] = None


class SudoDefault(Row, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One `Defaults` of sudo, whose scope (user, host) stands in the text."""

    TABLE: ClassVar[str] = "sudo_default"
    KEY: ClassVar[tuple[str, ...]] = ("setting",)

    setting: Annotated[str, Doc(description="the setting as written, without a path or a value that may be secret")]
