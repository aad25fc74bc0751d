"""The report as HTML, from its view model: templates, French typography, and text that was read from machines made harmless."""

from __future__ import annotations

import re
import unicodedata
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from auditor import paths, text
from auditor.assess import words
from auditor.assess.assessment import GAPS, Side, State
from auditor.publish import report
from auditor.publish.sight import blind, ledger
from auditor.seal import manifest
from auditor.verdict import SEVERITIES, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from auditor.catalog.library import Library
    from auditor.evidence.snapshot import Snapshot
    from auditor.publish.report import Results
    from auditor.scope import Scope
    from auditor.seal.tree import Commitments

LONGEST = 160
"""Longest text of a row that is printed; the whole one is in `findings.csv`."""
_SHORT = 60


@dataclass(frozen=True, slots=True)
class Facts:
    """What the report says of its own pack."""

    tool: str
    at: datetime
    kind: str
    commitments: Commitments
    digests: dict[str, str]
    sizes: dict[str, int]
    previous: str
    """SHA-256 of the pack before; empty when there is none."""
    beside: bool


def html(found: Results, scope: Scope, library: Library, snapshot: Snapshot, facts: Facts, lang: str) -> str:
    """Return the whole report."""
    calls = snapshot.calls()
    with _speaking(lang):
        views = report.frameworks(found, library)
        template = _environment(lang).get_template("report.html.j2")
        rendered: str = template.render(
            lang=lang,
            results=found,
            head=found.head,
            frameworks=views,
            scope=scope,
            library=library,
            manifest=snapshot.manifest,
            facts=facts,
            sums={name: facts.digests[name] for name in sorted(facts.digests)},
            failing=found.with_verdict(Verdict.FAIL),
            unknown=found.with_verdict(Verdict.UNKNOWN),
            passing=found.with_verdict(Verdict.PASS),
            urgent=found.urgent(),
            blind=blind(snapshot),
            ledger=ledger(calls),
            severities=SEVERITIES,
            states=State,
            gaps=GAPS,
            sides=tuple(Side),
        )
    return rendered


def readme(lang: str) -> bytes:
    """Return the instructions to check a pack with public tools only."""
    return (paths.reports() / f"readme.{lang}.txt").read_bytes()


def describe(name: str, lang: str) -> str:
    """Return what an embedded file is, in a few words."""
    say = translate(lang)
    return {
        manifest.MANIFEST: say("Digests of every file, and what the pack rests on"),
        manifest.SUMS: say("Digests, in the format of sha256sum"),
        manifest.RESULTS: say("Results, one canonical line each"),
        manifest.FINDINGS: say("Every finding, for a spreadsheet"),
        manifest.SCOPE: say("Scope of the audit, as it was written"),
        manifest.CONTROLS: say("Controls, frameworks and reference data that judged"),
        manifest.SNAPSHOT: say("Evidence as it was collected"),
        manifest.COMMITMENTS: say("Roots that bind every row of evidence"),
        manifest.SALT: say("Key of the commitments: keep it with the evidence"),
        manifest.README: say("How to check this pack with public tools"),
    }[name]


def translate(lang: str) -> Callable[[str], str]:
    """Return the function that gives a sentence in `lang`."""
    return text.catalogue(lang).gettext


def plain(value: str, longest: int = LONGEST) -> str:
    """Return what was read from a machine as harmless text: no control, direction or unprintable character, and not too long."""
    known = _coverage()
    shown = "".join(
        char if char == " " or (ord(char) in known and _visible(char)) else f"[U+{ord(char):04X}]" for char in value[: longest + 1]
    )
    return shown if len(value) <= longest else shown[:longest] + "…"


def typeset(french: str) -> str:
    """Return French with the spaces that do not break, as the Imprimerie nationale sets them."""
    french = re.sub(r"[ \u00a0]([;!?%])", "\u202f\\1", french)
    return re.sub(r" ([:»])", "\u00a0\\1", french).replace("« ", "«\u00a0")


@contextmanager
def _speaking(lang: str) -> Iterator[None]:
    before = text._current
    text.use(lang)
    try:
        yield
    finally:
        text._current = before


@cache
def _coverage() -> frozenset[int]:
    from fontTools.ttLib import TTFont  # type: ignore[import-untyped]

    fonts = paths.reports() / "fonts"
    found: set[int] = set()
    for name in ("Inter-Regular.otf", "DejaVuSans.ttf"):
        with TTFont(fonts / name, lazy=True) as font:
            found.update(font.getBestCmap())
    return frozenset(found)


def _visible(char: str) -> bool:
    return unicodedata.category(char) not in {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}


@cache
def _environment(lang: str) -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    say = translate(lang)
    fix: Callable[[str], str] = typeset if lang == "fr" else str
    made = Environment(
        loader=FileSystemLoader(paths.reports()),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {
        "_": say,
        "state": lambda code: words.state(str(code)),
        "half": lambda code: words.half(str(code)),
        "basis": words.basis,
        "because": words.reason,
        "of": lambda both: fix(both.fr if lang == "fr" else both.en),
        "lang": lang,
    }
    made.filters |= {
        "data": plain,
        "prose": _prose,
        "short": lambda value: plain(value, _SHORT),
        "value": lambda value: _value(value, say, lang),
        "number": lambda value: f"{value:,}".replace(",", "\u202f" if lang == "fr" else ","),
        "day": lambda value: _day(value, lang),
        "moment": lambda value: _day(value, lang) + value.strftime(" %H:%M:%S UTC"),
        "parts": _parts,
        "share": lambda part, whole: f"{100 * part / whole:.2f}" if whole else "0",
    }
    return made


def _prose(value: str, longest: int) -> Any:
    """Return a text of the controls with what stands between backquotes set as code."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"`([^`]*)`", r'<span class="code">\1</span>', str(escape(plain(value, longest)))))  # noqa: S704 — escaped just before


def _parts(value: str, width: int = 8) -> str:
    """Return a digest in groups, to be compared by eye."""
    return " ".join(value[start : start + width] for start in range(0, len(value), width))


def _day(value: datetime, lang: str) -> str:
    return value.strftime("%d/%m/%Y" if lang == "fr" else "%Y-%m-%d")


def _value(value: Any, say: Callable[[str], str], lang: str) -> str:
    if value is None:
        return say("unknown")
    if isinstance(value, bool):
        return say("yes") if value else say("no")
    if isinstance(value, datetime):
        return _day(value, lang)
    if isinstance(value, tuple | list):
        return plain(", ".join(str(item) for item in value))
    if isinstance(value, str) and (found := re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d):\d\dZ?", value)) and lang == "fr":
        year, month, day, clock = found.groups()
        return f"{day}/{month}/{year} {clock}"
    return plain(str(value))
