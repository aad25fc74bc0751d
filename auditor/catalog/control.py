"""A control: what is verified, why, how to mend, and the examples that hold it."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from auditor.catalog.shape import decode
from auditor.errors import ContentError
from auditor.verdict import Severity

if TYPE_CHECKING:
    from auditor.codec import Document
    from auditor.errors import Problem

Value = int | bool | str | tuple[str | int, ...]


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A block of a control file."""


class Text(_Part, frozen=True, kw_only=True):
    """A sentence in both languages."""

    fr: str
    en: str

    def of(self, lang: str) -> str:
        """Return the sentence in `lang`."""
        return self.en if lang == "en" else self.fr


class Grade(StrEnum):
    """What a fail proposes to the person who grades (DESIGN: a machine proposes, a person signs)."""

    MAJOR = "major"
    MINOR = "minor"
    SENSITIVE = "sensitive"


class Parameter(_Part, frozen=True, kw_only=True):
    """A threshold: its default is the norm's; a scope may only make it `stricter`, unless its origin is `proposal`."""

    default: Value
    origin: Literal["text", "guide", "proposal"]
    reference: str = ""
    unit: str = ""
    stricter: Literal["lower", "higher", "subset"] | None = None

    def allows(self, value: Value) -> bool:
        """Tell whether a scope may replace the default by `value`."""
        return self.origin == "proposal" or self.tightened_by(value)

    def tightened_by(self, value: Value) -> bool:
        """Tell whether `value` is at least as strict as the default."""
        match self.stricter, value, self.default:
            case "lower", int(), int():
                return value <= self.default
            case "higher", int(), int():
                return value >= self.default
            case "subset", tuple(), tuple():
                return set(value) <= set(self.default)
        return value == self.default


class Fact(_Part, frozen=True, kw_only=True):
    """A true, false or unknown statement about the rows of another table that belong to the subject's row.

    Exactly one of `any`, `none` (they name the table), `at_least`, `at_most` (a number; `of` names the table, `distinct` a
    column to count). `on` joins: related column → subject column. `where` speaks of a related row as `r`.
    """

    any: str | None = None
    none: str | None = None
    at_least: int | None = None
    at_most: int | None = None
    of: str | None = None
    distinct: str | None = None
    on: dict[str, str] = {}
    where: str = "true"
    within: Literal["source", "site", "estate"] = "source"

    @property
    def table(self) -> str:
        """The table that is looked at."""
        return self.any or self.none or self.of or ""

    @property
    def limit(self) -> int:
        """Return n of "at least n"; the two negative forms are the negation of "at least n + 1"."""
        if self.at_least is not None:
            return self.at_least
        return self.at_most + 1 if self.at_most is not None else 1

    @property
    def negative(self) -> bool:
        """Whether the fact is true when few rows match."""
        return self.none is not None or self.at_most is not None


class Check(_Part, frozen=True, kw_only=True):
    """One verdict per row of `subject`: `when` says if the row is concerned, `expect` if it is good."""

    subject: str
    expect: str
    when: str = "true"
    facts: dict[str, Fact] = {}
    show: tuple[str, ...] = ()


class Exhibit(_Part, frozen=True, kw_only=True):
    """A document that must come with an answer."""

    id: str
    fr: str
    en: str


class Attestation(_Part, frozen=True, kw_only=True):
    """What is asked of a person, and for how many days the answer holds."""

    subject: str
    question: Text
    answered_by: str
    valid_for: int
    exhibits: tuple[Exhibit, ...] = ()


class Example(_Part, frozen=True, kw_only=True):
    """A small world and the verdicts it must get. For an attestation, `given` is an answer and `expect` one verdict."""

    name: str
    given: dict[str, Any]
    expect: Any
    sight: dict[str, bool] = {}
    parameters: dict[str, Value] = {}
    as_of: str = "2026-11-24T08:00:00Z"


class Control(_Part, frozen=True, kw_only=True):
    """One control file."""

    id: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
    code: Annotated[str, msgspec.Meta(pattern="^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]
    title: Text
    severity: Severity
    grade: Grade
    why: Text
    remedy: Text
    examples: tuple[Example, ...]
    references: tuple[str, ...] = ()
    parameters: dict[str, Parameter] = {}
    freshness_days: Annotated[int, msgspec.Meta(ge=1)] = 35
    live_only: bool = False
    formerly: tuple[str, ...] = ()
    check: Check | None = None
    attestation: Attestation | None = None


def parse(document: Document) -> Control:
    """Return the control of a file; raises ContentError with every problem of its shape.

    Names of tables, columns and functions are checked by `evaluate.lint`, which knows the language.
    """
    problems: list[Problem] = []
    control = decode(document, (), document.value, Control, problems)
    if control is None:
        raise ContentError(problems)
    if (control.check is None) == (control.attestation is None):
        problems.append(document.problem((), "exactly one of check or attestation is needed", "keep one of the two"))
    if not control.examples:
        problems.append(document.problem(("examples",), "no example", "show a pass, a fail and an unknown"))
    for name, parameter in control.parameters.items():
        if wrong := _parameter(name, parameter):
            problems.append(document.problem(("parameters", name), wrong, "see the documentation of parameters"))
    for name, fact in (control.check.facts if control.check else {}).items():
        problems += _fact(document, name, fact)
    if problems:
        raise ContentError(problems)
    return control


def _parameter(name: str, parameter: Parameter) -> str:
    wanted = {"lower": int, "higher": int, "subset": tuple}.get(parameter.stricter or "")
    if name == "as_of":
        return "as_of is always the instant that is judged at: no parameter may take its name"
    if wanted is not None and type(parameter.default) is not wanted:
        return f"stricter: {parameter.stricter} goes with {'a list' if wanted is tuple else 'a whole number'}"
    return ""


def _fact(document: Document, name: str, fact: Fact) -> list[Problem]:
    where = ("check", "facts", name)
    forms = [form for form in ("any", "none", "at_least", "at_most") if getattr(fact, form) is not None]
    if len(forms) != 1:
        return [document.problem(where, f"fact {name}: exactly one of any, none, at_least, at_most is needed")]
    counted = forms[0] in {"at_least", "at_most"}
    if counted != (fact.of is not None):
        return [document.problem(where, f"fact {name}: `of` goes with at_least and at_most, and only with them")]
    if fact.distinct is not None and not counted:
        return [document.problem(where, f"fact {name}: `distinct` goes with at_least and at_most")]
    if (fact.at_least is not None and fact.at_least < 1) or (fact.at_most is not None and fact.at_most < 0):
        return [document.problem(where, f"fact {name}: the number is too small to say anything")]
    return []
