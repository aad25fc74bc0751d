"""The machine itself, and its accounts."""

from __future__ import annotations

import contextlib
import re
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from auditor.evidence.tables_host import Host
from auditor.evidence.tables_host_access import HostAccount

if TYPE_CHECKING:
    from auditor.evidence.row import Row

_NO_SESSION = {"nologin", "false", "sync", "halt", "shutdown"}
_FIRST_USER, _NOBODY = 1000, 65534
_EPOCH = datetime(1970, 1, 1)
_TALLY_DENY, _FAILLOCK_DENY = 0, 3


def pairs(text: str) -> dict[str, str]:
    """Return the `key=value` lines of a text, the first of each key."""
    result: dict[str, str] = {}
    for line in text.splitlines():
        key, equals, value = line.partition("=")
        if equals:
            result.setdefault(key, value)
    return result


def instant(seconds: str) -> datetime:
    """Return the naive UTC instant of a count of seconds."""
    return datetime.fromtimestamp(int(seconds), UTC).replace(tzinfo=None)


def number(text: str | None) -> int | None:
    """Return the whole part of a number; None when there is none."""
    found = re.match(r"\s*(-?\d+)", text or "")
    return int(found[1]) if found else None


def host(texts: dict[str, str], source: str, call: str) -> list[Row]:
    """Return the one row of the machine."""
    told = pairs(texts["host"])
    release = {key[3:]: value.strip("\"'") for key, value in told.items() if key.startswith("os.")}
    changed = pairs(texts.get("changed", ""))
    updates = texts.get("updates")
    lists = pairs(updates or "").get("lists")
    lockout, deny = _lockout(texts.get("lockout"))
    return [
        Host(
            source=source,
            id=told["name"],
            call=call,
            hostname=told["name"],
            os_id=release.get("ID"),
            os_version=release.get("VERSION_ID", "none") if release else None,
            kernel=told["kernel"],
            arch=told["arch"],
            virt=told.get("virt") or None,
            vendor=told.get("vendor"),
            model=told.get("model"),
            uptime_s=number(told.get("uptime")),
            privileged=told["uid"] == "0",
            mode=told.get("mode"),
            reboot_pending={"1": True, "0": False}.get(changed.get("reboot", "")),
            security_updates=None if updates is None else sum(1 for line in updates.splitlines() if secure(line)),
            lists_at=instant(lists) if lists else None,
            packages_changed_at=instant(changed["packages"]) if changed.get("packages") else None,
            lockout=lockout,
            lockout_deny=deny,
            sudo_pty=_pty(texts.get("sudo_rules")),
        )
    ]


def secure(line: str) -> bool:
    """Tell whether a line of pending updates (apt-get -s, dnf updateinfo) is one of security."""
    if line.startswith("Inst "):
        return bool(re.search(r"\([^)]*(-security|Security)", line))
    return bool(re.search(r"\s(\S+/Sec\.|security)\s", line))


def _lockout(text: str | None) -> tuple[str | None, int | None]:
    if text is None:
        return None, None
    words = {line.split()[0] for line in text.splitlines() if line.strip()}
    module = next((name for name in ("faillock", "tally2") if name in words), "none")
    if module == "none":
        return "none", 0
    argument = re.search(r"\bdeny=(\d+)", text)
    configured = re.search(r"^conf deny *= *(\d+)", text, re.MULTILINE)
    default = _FAILLOCK_DENY if module == "faillock" else _TALLY_DENY
    found = argument or (configured if module == "faillock" else None)
    return module, int(found[1]) if found else default


def _pty(text: str | None) -> bool | None:
    if text is None or text == "absent":
        return None
    wanted = re.findall(r"^\s*Defaults\s+(?:[^\n#]*[ ,])?(!?)use_pty", text, re.MULTILINE)
    if wanted:
        return bool(wanted[-1] == "")
    version = re.search(r"^version (\d+)\.(\d+)\.(\d+)", text, re.MULTILINE)
    return None if version is None else tuple(map(int, version.groups())) >= (1, 9, 14)


def accounts(texts: dict[str, str], source: str, call: str) -> list[Row]:
    """Return one row per local account."""
    now = instant(pairs(texts["host"])["now"])
    entries = [line.split(":", 4) for line in texts["accounts"].splitlines() if line]
    if not entries:
        raise ValueError("no account")
    shared = Counter(entry[1] for entry in entries)
    shadow = {fields[0]: fields[1:] for fields in (line.split(":") for line in texts.get("shadow", "").splitlines()) if len(fields) == 5}  # noqa: PLR2004
    logins = _logins(texts.get("logins"))
    rows: list[Row] = []
    for name, uid, gid, home, shell in entries:
        hash_alg, changed, longest, expiry = shadow.get(name, [None, None, None, None])
        changed_at = _EPOCH + timedelta(days=int(changed)) if changed else None
        last = None if logins is None or name not in logins else logins[name] or changed_at
        rows.append(
            HostAccount.named(
                source=source,
                call=call,
                name=name,
                uid=int(uid),
                gid=int(gid),
                home=home,
                shell=shell,
                interactive=shell.rsplit("/", 1)[-1] not in _NO_SESSION,
                system=0 < int(uid) < _FIRST_USER or int(uid) == _NOBODY,
                uid_shared=shared[uid] > 1,
                hash_alg=hash_alg,
                password_changed_at=changed_at,
                max_days=None if longest is None else int(longest or 99999),
                expired=None if expiry is None else bool(expiry) and _EPOCH + timedelta(days=int(expiry)) <= now,
                idle_days=None if last is None else max(0, (now - last).days),
            )
        )
    return rows


def _logins(text: str | None) -> dict[str, datetime | None] | None:
    """Return the last login per account of `lastlog`; None for one that never came."""
    if not text:
        return None
    result: dict[str, datetime | None] = {}
    for line in text.splitlines()[1:]:
        name = line.split(" ", 1)[0]
        if "**Never logged in**" in line:
            result[name] = None
        elif found := re.search(r"(\w{3} +\d+ \d\d:\d\d:\d\d [+-]\d{4} \d{4})$", line.strip()):
            with contextlib.suppress(ValueError):
                result[name] = datetime.strptime(found[1], "%b %d %H:%M:%S %z %Y").astimezone(UTC).replace(tzinfo=None)
    return result
