"""The findings of one control as canonical lines, written by the engine: no object per row."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from auditor.codec import canonical
from auditor.evaluate.compile import FAIL, UNKNOWN
from auditor.evaluate.sql import literal
from auditor.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from auditor.evaluate.compile import Checked

_UPPER = [name for name in (f"\\u{number:04X}" for number in range(0x20)) if name != "\\u" + name[2:].lower()]


def query(checked: Checked, index: int, facts: list[str], columns: Mapping[str, str], as_of: datetime) -> str:
    """Return the query of the lines (bytes) of control number `index`, in the order of their rows.

    `columns` are the types of the subject's. Each line is byte for byte `codec.canonical` of its `Finding`.
    """
    control, check = checked.control, checked.check
    rests, _named = checked.rests_on()
    limit = as_of - timedelta(days=control.freshness_days)
    reasons = {
        "plan": f"t.origin in ('plan', 'state') and {literal(control.live_only)}",
        "stale": f"coalesce(t._at < {literal(limit)}, false)",
        **{f"null:{name}": f't."{name}" is null' for name in rests},
        **{f"fact:{fact}": f"v.{name} is null" for fact, name in zip(sorted(check.facts), facts, strict=True)},
    }
    why = ", ".join(f"case when {condition} then {_text(reason)} end" for reason, condition in reasons.items())
    show = [
        part
        for name in sorted({*check.show} - {"id", "source", "scope"})
        for part in (literal(f",{_quoted(name)}:"), _value(f't."{name}"', columns[name]))
    ]
    if show:
        show[0] = "'" + show[0].removeprefix("',")
    parts = [
        literal(f'{{"control":{_quoted(control.id)},"id":'),
        _value("t.id", "text"),
        literal(',"kind":"finding","origin":'),
        _value("t.origin", "text"),
        literal(',"scope":'),
        _value("t.scope", "text"),
        literal(',"show":{'),
        *show,
        literal('},"source":'),
        _value("t.source", "text"),
        literal(f',"table":{_quoted(check.subject)},"verdict":'),
        f"case when v.c{index} = {FAIL} then {_text(Verdict.FAIL)} else {_text(Verdict.UNKNOWN)} end",
        literal(',"why":['),
        f"case when v.c{index} = {UNKNOWN} then concat_ws(',', {why}) end",
        literal("]}"),
    ]
    return (
        f'select encode(concat({", ".join(parts)})) from (select * from "_v_{check.subject}" where c{index} >= {FAIL}) v '
        f'join "{check.subject}" t on t._n = v.n order by v.n'
    )


def _quoted(text: str) -> str:
    return canonical(text).decode()


def _text(text: str) -> str:
    return literal(_quoted(text))


def _value(sql: str, kind: str) -> str:
    """Return the canonical JSON text of a column."""
    if kind == "instant":
        micros = f"case when microsecond({sql}) % 1000000 = 0 then '' else strftime({sql}, '.%f') end"
        return f"coalesce('\"' || strftime({sql}, '%Y-%m-%dT%H:%M:%S') || {micros} || 'Z\"', 'null')"
    told = f"to_json({sql})::VARCHAR"
    if kind == "text":
        # The engine writes the hexadecimal of control characters in capitals. A raw control character can hold the place
        # of an escaped backslash meanwhile: JSON has none.
        lower = f"replace({told}, '\\\\', chr(1))"
        for upper in _UPPER:
            lower = f"replace({lower}, '{upper}', '{upper.lower()}')"
        told = f"case when contains({told}, '\\u00') then replace({lower}, chr(1), '\\\\') else {told} end"
    return f"coalesce({told}, 'null')"
