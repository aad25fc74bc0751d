"""What answers on the network, and what is installed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from auditor.collect.linux.read_host import secure
from auditor.evidence.tables_host_software import HostFirewall, HostListen, HostPackage, HostRepo, HostService, HostUpdate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from auditor.evidence.row import Row

_PLAIN = {
    21: "ftp",
    23: "telnet",
    69: "tftp",
    111: "rpcbind",
    161: "snmp",
    389: "ldap",
    512: "rexec",
    513: "rlogin",
    514: "rsh",
    6000: "x11",
}
_DATABASE = {1433: "mssql", 1521: "oracle", 3306: "mysql", 5432: "postgresql", 6379: "redis", 9200: "elasticsearch", 27017: "mongodb"}
_SYSLOG = 514


def listen(texts: dict[str, str], source: str, call: str) -> list[Row]:
    """Return one row per listening socket of `ss -lntupH`."""
    rows: list[Row] = []
    for line in texts["listen"].splitlines():
        words = line.split()
        proto, local = words[0], words[4]
        address, _colon, port = local.rpartition(":")
        bare = address.strip("[]").split("%")[0]
        number = int(port)
        process = re.search(r'users:\(\("([^"]+)"', line)
        plain = number in _PLAIN and not (number == _SYSLOG and proto == "udp")
        rows.append(
            HostListen.named(
                source=source,
                call=call,
                proto=proto,
                address=address,
                port=number,
                process=process[1] if process else None,
                reach="loopback" if re.match(r"127\.|::1$|::ffff:127\.", bare) else "any" if bare in {"0.0.0.0", "::", "*"} else "address",  # noqa: S104
                trade=_PLAIN[number] if plain else _DATABASE.get(number, "other"),
                plain=plain,
                database=number in _DATABASE,
            )
        )
    return rows


def firewall(texts: dict[str, str], source: str, call: str) -> list[Row]:
    """Return the row of the filter: the strictest policy of a chain on input; a last rule that refuses all counts as drop."""
    text = texts["firewall"]
    nft = [line[4:].strip() for line in text.splitlines() if line.startswith("nft ")]
    ipt = [line[4:].strip() for line in text.splitlines() if line.startswith("ipt ")]
    rules = sum(1 for line in nft if re.search(r"\b(accept|drop|reject|jump|goto|return)\b", line) and "policy" not in line)
    rules += 0 if nft else sum(1 for line in ipt if line.startswith("-A"))
    policies = re.findall(r"hook input [^\n]*policy (\w+)", "\n".join(nft)) + re.findall(r"^:INPUT (\w+)", "\n".join(ipt), re.MULTILINE)
    policies = [policy.lower() for policy in policies]
    default = "drop" if "drop" in policies else "accept" if policies else "none"
    closed: bool | None = default == "drop"
    if (
        not closed
        and rules
        and re.search(r"^(-A \S+ -j (DROP|REJECT)|(counter .*)?(drop|reject( with .*)?)$)", "\n".join([*nft, *ipt]), re.MULTILINE)
    ):
        closed = None  # some chain ends by refusing; whether input reaches it is not read here
    backend = "nftables" if nft and (rules or policies) else "iptables" if ipt and (rules or default == "drop") else "none"
    return [HostFirewall(source=source, id="firewall", call=call, backend=backend, default_in=default, rules=rules, closed=closed)]


def packages(texts: dict[str, str], source: str, call: str) -> list[Row]:
    """Return one row per installed package."""
    rows: list[Row] = []
    for line in texts["packages"].splitlines():
        name, version, arch = line.split(" ")
        rows.append(HostPackage.named(source=source, call=call, name=name, version=version.removeprefix("(none):"), arch=arch))
    if not rows:
        raise ValueError("no package")
    return rows


def updates(texts: dict[str, str], source: str, call: str) -> list[Row]:
    """Return one row per pending update of `apt-get -s` or `dnf updateinfo`."""
    rows: list[Row] = []
    for line in texts["updates"].splitlines():
        words = line.split()
        if found := re.match(r"Inst (\S+) (?:\[[^\]]*\] )?\((\S+)", line):
            rows.append(HostUpdate.named(source=source, call=call, package=found[1], candidate=found[2], security=secure(line)))
        elif len(words) == 3 and "=" not in words[0]:  # noqa: PLR2004 — advisory, severity, package
            rows.append(HostUpdate.named(source=source, call=call, package=words[2], candidate=words[0], security=secure(line)))
    return rows


def repos(texts: dict[str, str], source: str, call: str) -> list[Row]:
    """Return one row per enabled repository of apt, dnf, yum or zypper."""
    rows: list[Row] = []
    for url, suite, signed in [*_lists(texts["repos"]), *_blocks(texts["repos"])]:
        bare = re.sub(r"//[^/@\s]*@", "//", url).split("?")[0]
        encrypted = re.match(r"(https|file|cdrom|copy|mirror\+file):", bare) is not None
        rows.append(HostRepo.named(source=source, call=call, url=bare, suite=suite, signed=signed, encrypted=encrypted))
    return rows


def _lists(text: str) -> Iterator[tuple[str, str, bool]]:
    for line in text.splitlines():
        if found := re.match(r"deb +deb +(?:\[([^\]]*)\] +)?(\S+) +(\S+)", line):
            yield found[2], found[3], "trusted=yes" not in (found[1] or "")


def _blocks(text: str) -> Iterator[tuple[str, str, bool | None]]:
    for part in re.split(r"^file ", text, flags=re.MULTILINE)[1:]:
        name, _newline, body = part.partition("\n")
        if name.endswith(".sources"):
            for block in re.split(r"\n\s*\n", body):
                told = {key.lower(): value.strip() for key, value in re.findall(r"^([A-Za-z-]+):(.*)$", block, re.MULTILINE)}
                if "uris" in told and told.get("enabled", "yes").lower() != "no" and "deb" in told.get("types", "deb").split():
                    for url in told["uris"].split():
                        for suite in told.get("suites", "none").split():
                            yield url, suite, told.get("trusted", "no").lower() != "yes"
            continue
        for section, block in re.findall(r"^\[([^\]]+)\]\n(.*?)(?=^\[|\Z)", body, re.MULTILINE | re.DOTALL):
            told = {key.strip().lower(): value.strip() for key, _equals, value in (line.partition("=") for line in block.splitlines())}
            url = told.get("baseurl") or told.get("metalink") or told.get("mirrorlist")
            if url and section != "main" and told.get("enabled", "1").lower() in {"1", "true", "yes"}:
                check = told.get("gpgcheck", told.get("pkg_gpgcheck", ""))
                yield url.split()[0], section, None if not check else check.lower() in {"1", "true", "yes"}


def services(texts: dict[str, str], source: str, call: str) -> list[Row]:
    """Return one row per service; whether it runs is known only where systemd is the running init."""
    lines = [line.split() for line in texts["services"].splitlines() if line.strip()]
    alive = ["alive"] in lines
    active = {words[1] for words in lines if words[0] == "active"}
    states = {words[1]: words[2] for words in lines if words[0] == "file" and len(words) > 2}  # noqa: PLR2004
    return [
        HostService.named(
            source=source,
            call=call,
            unit=unit,
            enabled=states[unit] in {"enabled", "enabled-runtime"} if unit in states else None,
            active=unit in active if alive else None,
        )
        for unit in sorted({*states, *active})
    ]
