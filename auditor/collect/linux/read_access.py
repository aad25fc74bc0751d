"""The ssh server, its keys, and sudo."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from auditor.errors import UnexpectedAnswerError
from auditor.evidence.tables_host_access import Sshd, SshdSetting, SshKey, SudoDefault, SudoRule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from auditor.evidence.row import Row

_BROKEN = {
    "ciphers": re.compile(r"3des|arcfour|blowfish|cast128|-cbc|rijndael"),
    "macs": re.compile(r"md5|-96|umac-64|ripemd"),
    "kexalgorithms": re.compile(r"sha1$|group1-"),
}
_LETTER = {
    "ciphers": {"aes128-ctr", "aes192-ctr", "aes256-ctr"},
    "macs": {"hmac-sha1", "hmac-sha2-256", "hmac-sha2-512"},
}
"""What NT_OpenSSH (2015), R15, lists; later algorithms are sound and outside its letter."""
_LISTS = ("acceptenv", "allowusers", "allowgroups", "listenaddress", "port", "hostkey")


def joined(items: set[str] | list[str]) -> str:
    """Return items as one text, sorted; `none` for none."""
    return " ".join(sorted(items)) or "none"


def sshd(texts: dict[str, str], source: str, call: str) -> list[Row]:
    """Return the server's row and its settings."""
    how, *lines = [line.strip() for line in texts["sshd"].splitlines()] or [""]
    if how == "absent":
        return []
    if how not in {"effective", "derived", "files"}:
        raise UnexpectedAnswerError("not the answer of the sshd section")
    told: dict[str, list[str]] = {}
    for line in lines:
        key, _space, value = line.partition(" ")
        key, value = key.lower(), value.strip(" =\t").strip('"')
        if value and (key in _LISTS or key not in told):
            told.setdefault(key, []).append(value)
    if how != "files" and "permitrootlogin" not in told:
        raise UnexpectedAnswerError("not the answer of sshd -T")
    conditional = "match" in told
    told.pop("match", None)
    rows: list[Row] = [
        SshdSetting.named(source=source, call=call, key=key, value=value, derived=how != "effective")
        for key, values in told.items()
        for value in set(values)
    ]
    return [_server(told, source, call, how, conditional=conditional), *rows]


def _server(told: dict[str, list[str]], source: str, call: str, how: str, *, conditional: bool) -> Sshd:
    known = how != "files"

    def word(key: str) -> str | None:
        return told[key][0].lower() if key in told else None

    def yes(key: str) -> bool | None:
        found = word(key)
        return None if found is None else found == "yes"

    def weak(key: str) -> str | None:
        found = word(key)
        # A list that starts with + - ^ changes a default that only the server itself can tell.
        return None if found is None or found[0] in "+-^" else joined([name for name in found.split(",") if _BROKEN[key].search(name)])

    beyond = [name for key, names in _LETTER.items() for name in (word(key) or "").split(",") if name not in names]
    addresses = told.get("listenaddress", [])
    environment = word("permituserenvironment")
    root = word("permitrootlogin")
    extra = [name for line in told.get("acceptenv", []) for name in line.split() if not re.fullmatch(r"LANG|LANGUAGE|LC_[A-Z_*]+", name)]
    return Sshd(
        source=source,
        id="sshd",
        call=call,
        effective=how == "effective",
        conditional=conditional,
        root_login="prohibit-password" if root == "without-password" else root,
        password_login=yes("passwordauthentication"),
        interactive_login=yes("kbdinteractiveauthentication"),
        empty_passwords=yes("permitemptypasswords"),
        filtered=True if "allowusers" in told or "allowgroups" in told else False if known or not conditional else None,
        x11_forwarded=yes("x11forwarding"),
        tcp_forwarding=word("allowtcpforwarding"),
        user_environment=None if environment is None else environment != "no",
        extra_env=joined(extra),
        everywhere=any(re.match(r"(0\.0\.0\.0|\[?::\]?|\*)(:|$)", address) for address in addresses) if addresses or known else True,
        weak_ciphers=weak("ciphers"),
        weak_macs=weak("macs"),
        weak_kex=weak("kexalgorithms"),
        beyond_2015=joined([name for name in beyond if name]) if known else None,
    )


def keys(section: str) -> Callable[[dict[str, str], str, str], list[Row]]:
    """Return the reader of one of the two sections of keys."""

    def read(texts: dict[str, str], source: str, call: str) -> list[Row]:
        rows: list[Row] = []
        for line in texts[section].splitlines():
            kind, user, bits, fingerprint, alg = line.split()
            alg = alg.strip("()").lower()
            user = "" if kind == "host" else user
            rows.append(SshKey.named(source=source, call=call, kind=kind, user=user, fingerprint=fingerprint, alg=alg, bits=int(bits)))
        return rows

    return read


_TAGS = re.compile(r"^\s*((?:NO)?(?:PASSWD|EXEC|SETENV|LOG_INPUT|LOG_OUTPUT|MAIL|FOLLOW|INTERCEPT)|SETENV|EXEC|FOLLOW|MAIL|INTERCEPT)\s*:")
_DIGEST = re.compile(r"^\s*sha(224|256|384|512):\S+\s*")


def sudo(texts: dict[str, str], source: str, call: str) -> list[Row]:
    """Return the rules of sudo, one per user and command, and its defaults."""
    text = texts["sudo_rules"]
    if text == "absent":
        return []
    rows: list[Row] = []
    for line in _statements(text):
        if re.match(r"version |@include|#include|includedir", line) or re.match(r"(User|Runas|Host|Cmnd|Cmd)_Alias\b", line):
            continue
        if line.startswith("Defaults"):
            for setting in re.split(r",\s*", line):
                name = re.sub(r"\s*[+-]?=.*", "", setting)
                rows.append(SudoDefault.named(source=source, call=call, setting=name))
            continue
        rows += _rules(line, source, call)
    return rows


def _statements(text: str) -> Iterator[str]:
    for line in re.sub(r"\\\n", " ", text).splitlines():
        bare = line.strip()
        if bare.startswith("#") and not re.match(r"#\d", bare):
            continue
        bare = re.sub(r"\s#(?!\d).*", "", bare).strip()
        if bare:
            yield bare


def _rules(line: str, source: str, call: str) -> Iterator[SudoRule]:
    left, equals, right = line.partition("=")
    names = left.rsplit(None, 1)
    if not equals or len(names) != 2:  # noqa: PLR2004
        raise UnexpectedAnswerError("a rule of sudo that cannot be read")
    runas, tags = "root", set[str]()
    for part in re.split(r"(?<!\\),(?![^(]*\))", right):
        command = part.strip()
        if found := re.match(r"\(([^)]*)\)\s*", command):
            runas, command = found[1].replace(" ", "") or "root", command[found.end() :]
        while found := _TAGS.match(command):
            tag = found[1]
            tags = {other for other in tags if other.removeprefix("NO") != tag.removeprefix("NO")} | {tag}
            command = command[found.end() :].strip()
        command = _DIGEST.sub("", command).strip()
        negated = command.startswith("!")
        word = command.lstrip("! ").split(" ", 1)[0]
        for user in names[0].split(","):
            yield SudoRule.named(
                source=source,
                call=call,
                user=user.strip(),
                host=names[1],
                runas=runas,
                tags=" ".join(sorted(tags)),
                command=("!" if negated else "") + word,
                nopasswd="NOPASSWD" in tags,
                negated=negated,
                wildcard=bool(re.search(r"[*?\[]", command)),
                unlimited=word == "ALL" and not negated,
            )
