"""What an endpoint accepts: versions, suites by elimination, groups one by one. What a broken answer hides stays unknown."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from auditor.collect.tls import hello
from auditor.collect.tls.connection import ClearTextError
from auditor.collect.tls.hello import SSL3, TLS12, TLS13, VERSIONS, client_hello
from auditor.errors import CollectError, UnexpectedAnswerError, UnreachableError

if TYPE_CHECKING:
    from auditor.collect.tls.connection import Endpoint
    from auditor.collect.tls.hello import Answer

LISTED = frozenset({23, 24, 25, 29, 30, 26, 27, 28, 31, 32, 33, 256, 257, 258, 259, 260, 4587, 4588, 4589})
"""Groups of the ANSSI guide (R7), finite fields of RFC 7919, and the hybrids with ML-KEM, newer than the guide."""
_REFUSALS = frozenset({40, 47, 70, 71, 80, 86, 109, 110, 112})
"""Alerts by which a server says no to what was offered."""
_NAMES = {SSL3: "ssl3", 0x0301: "tls10", 0x0302: "tls11", TLS12: "tls12", TLS13: "tls13"}


@dataclass(slots=True)
class Learnt:
    """What was learnt of one endpoint; columns of `tls_endpoint`, and the chain."""

    columns: dict[str, Any] = field(default_factory=dict)
    chain: list[bytes] = field(default_factory=list)
    ordered_chain: bool = False
    """The chain came in clear, in the order sent."""
    trouble: list[str] = field(default_factory=list)
    """Why something stays unknown."""


@dataclass(slots=True)
class Probe:
    """One endpoint being probed."""

    endpoint: Endpoint
    sni: str | None
    learnt: Learnt = field(default_factory=Learnt)
    _answers: dict[int, list[Answer]] = field(default_factory=dict)
    _whole: bool = True

    def run(self) -> Learnt:
        """Probe everything; raises UnreachableError when the endpoint says nothing at all."""
        columns = self.learnt.columns
        try:
            self._versions()
        except ClearTextError as error:
            columns["speaks_tls"] = False
            self.learnt.trouble.append(error.message)
            return self.learnt
        accepted = [version for version in VERSIONS if columns.get(_NAMES[version])]
        known = all(columns.get(_NAMES[version]) is not None for version in VERSIONS)
        if not accepted:
            if not known:
                raise UnreachableError(self.learnt.trouble[0] if self.learnt.trouble else "nothing learnt")
            columns["speaks_tls"] = True
            return self.learnt
        columns["speaks_tls"] = True
        for step in (self._suites, self._facts, self._groups, self._cbc, self._dh, self._order, self._compression):
            try:
                step()
            except CollectError as error:
                self.learnt.trouble.append(f"{step.__name__.strip('_')}: {error.message}")
        return self.learnt

    def _ask(self, version: int, suites: list[int], **more: Any) -> Answer | None:
        """Return the answer when these suites are accepted in this very version, None when they are refused."""
        groups = more.pop("groups", None) or [group for group in hello.GROUPS if group in LISTED] + [22, 21, 19]
        answer = self.endpoint.ask(client_hello(version, suites, sni=self.sni, groups=groups, **more))
        if answer.version is None:
            if answer.alert in _REFUSALS:
                return None
            raise UnreachableError(f"alert {answer.alert}" if answer.alert is not None else "no ServerHello")
        if answer.version != version:
            return None
        if answer.suite not in suites:
            raise UnexpectedAnswerError("it chose a suite that was not offered")
        return answer

    def _versions(self) -> None:
        for version in reversed(VERSIONS):
            try:
                answer = self._ask(version, _offered(version), status=True)
            except ClearTextError:
                raise
            except CollectError as error:
                self.learnt.columns[_NAMES[version]] = None
                self.learnt.trouble.append(f"{_NAMES[version]}: {error.message}")
                continue
            self.learnt.columns[_NAMES[version]] = answer is not None
            if answer is not None:
                self._answers[version] = [answer]
                if answer.chain and not self.learnt.chain:
                    self.learnt.chain, self.learnt.ordered_chain = answer.chain, True

    def _suites(self) -> None:
        for version, answers in self._answers.items():
            left = [suite for suite in _offered(version) if suite != answers[0].suite]
            try:
                while left and (answer := self._ask(version, left)) is not None:
                    answers.append(answer)
                    left.remove(answer.suite or 0)
            except CollectError as error:
                self._whole = False
                self.learnt.trouble.append(f"suites of {_NAMES[version]}: {error.message}")
        if any(self.learnt.columns.get(_NAMES[version]) is None for version in VERSIONS):
            self._whole = False
        names = sorted({hello.suite_name(answer.suite or 0) for answers in self._answers.values() for answer in answers})
        columns = self.learnt.columns
        if self._whole:
            columns["suites"], columns["suite_count"] = " ".join(names), len(names)
        for column, weak in (("suites_without_pfs", _without_pfs), ("suites_weak_cipher", _weak_cipher), ("suites_weak_hash", _weak_hash)):
            found = " ".join(name for name in names if weak(name))
            # A bad suite seen is bad whatever was not seen; none seen says nothing while the list may lack some.
            columns[column] = found if found or self._whole else None

    def _facts(self) -> None:
        columns, older = (
            self.learnt.columns,
            [answer for version, answers in self._answers.items() if version < TLS13 for answer in answers],
        )
        only13 = not older and all(columns.get(_NAMES[version]) is False for version in VERSIONS if version < TLS13)
        if older:
            columns["secure_renegotiation"] = all(0xFF01 in answer.extensions for answer in older)
            columns["extended_master_secret"] = all(23 in answer.extensions for answer in older)
            columns["ocsp_stapled"] = any(answer.stapled for answer in older)
        elif only13:
            columns["secure_renegotiation"] = columns["extended_master_secret"] = True

    def _groups(self) -> None:
        found: set[int] = set()
        for version in (TLS12, TLS13):
            if not self.learnt.columns.get(_NAMES[version]):
                continue
            if version == TLS12:
                names = {hello.suite_name(answer.suite or 0) for answer in self._answers[version]}
                suites = [suite for suite, name in hello.suites().items() if name in names and "_ECDHE_" in name]
                if not suites and not self._whole:
                    raise UnreachableError("the list of suites is not whole")
            else:
                suites = _offered(TLS13)
            candidates = [group for group in hello.GROUPS if version == TLS13 or not 256 <= group <= 260]
            while suites and candidates and (answer := self._ask(version, suites, groups=candidates)) is not None:
                if answer.group not in candidates:
                    raise UnexpectedAnswerError("it chose a group that was not offered")
                found.add(answer.group)
                candidates.remove(answer.group)
        if any(self.learnt.columns.get(_NAMES[version]) is None for version in VERSIONS):
            raise UnreachableError("not every version answered")
        self.learnt.columns["groups"] = " ".join(sorted(hello.GROUPS[group] for group in found))
        self.learnt.columns["groups_unlisted"] = " ".join(sorted(hello.GROUPS[group] for group in found - LISTED))

    def _cbc(self) -> None:
        without = False
        for version, answers in self._answers.items():
            suites = [answer.suite or 0 for answer in answers if "_CBC_" in hello.suite_name(answer.suite or 0)]
            if version < TLS13 and suites:
                answer = self._ask(version, suites)
                if answer is None:
                    raise UnexpectedAnswerError("it refuses what it accepted")
                without = without or 22 not in answer.extensions
        if without or self._whole:
            self.learnt.columns["cbc_without_etm"] = without

    def _dh(self) -> None:
        bits = [answer.dh_bits for answers in self._answers.values() for answer in answers if answer.dh_bits]
        fields = [int(name[5:]) for name in (self.learnt.columns.get("groups") or "").split() if name.startswith("ffdhe")]
        if self._whole and "groups" in self.learnt.columns:
            self.learnt.columns["dh_bits"] = min([*bits, *fields], default=0)

    def _order(self) -> None:
        for version, answers in self._answers.items():
            suites = [answer.suite or 0 for answer in answers]
            if len(suites) > 1:
                back = self._ask(version, list(reversed(suites)))
                self.learnt.columns["server_order"] = back is not None and back.suite == suites[0]
                return
        if self._whole:
            self.learnt.columns["server_order"] = True

    def _compression(self) -> None:
        older = [version for version in self._answers if version < TLS13]
        if older:
            answer = self._ask(max(older), [answer.suite or 0 for answer in self._answers[max(older)]], compression=b"\x01\x00")
            if answer is not None:
                self.learnt.columns["compression"] = answer.compression != 0
        elif self._whole:
            self.learnt.columns["compression"] = False


def _offered(version: int) -> list[int]:
    return [suite for suite in hello.suites() if (suite >> 8 == 0x13) == (version == TLS13)]


def _without_pfs(name: str) -> bool:
    exchange = name.split("_WITH_", maxsplit=1)[0] if "_WITH_" in name else ""
    if not exchange:
        return False
    return not ("_DHE_" in exchange + "_" or "_ECDHE_" in exchange + "_") or "PSK" in exchange or "anon" in exchange or "EXPORT" in exchange


def _weak_cipher(name: str) -> bool:
    cipher = name.rsplit("_WITH_", maxsplit=1)[-1].removeprefix("TLS_")
    return not cipher.startswith(("AES_", "CHACHA20_", "CAMELLIA_", "ARIA_")) or "CCM_8" in cipher


def _weak_hash(name: str) -> bool:
    return name.endswith(("_SHA", "_MD5"))
