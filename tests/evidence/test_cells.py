"""No pass without sight: when is a cell seen?"""

from datetime import datetime

import pytest

from auditor.evidence.cells import Call, Cell, CellName, Outcome, Visibility, sight

AT = datetime(2026, 11, 24, 8)
NAME = CellName("s", "", "host")


def call(number=1, **changes):
    values = {
        "id": f"s#{number}", "source": "s", "operation": "read", "feeds": ("host",), "outcome": Outcome.OK,
        "complete": True, "visibility": Visibility.ALL, "started_at": AT, "ended_at": AT,
    }  # fmt: skip
    return Call(**{**values, **changes})


def seen(*calls, count=1, **cell):
    return sight([Cell(source="s", table="host", **cell)], calls, {NAME: count} if count else {})[NAME]


def test_a_whole_call_is_sight():
    assert seen(call()).seen
    assert seen(call(outcome=Outcome.EMPTY), count=0).seen


def test_no_call_is_no_sight():
    assert seen(count=0) == seen(call(feeds=()), count=0)
    assert not seen(count=0).seen
    assert seen(count=0).reason == "no_call"


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - {Outcome.OK, Outcome.EMPTY}))
def test_any_other_outcome_blinds_whatever_else_succeeded(outcome):
    result = seen(call(1), call(2, outcome=outcome), call(3))
    assert (result.seen, result.reason) == (False, outcome)


@pytest.mark.parametrize(("change", "reason"), [({"complete": False}, "incomplete"), ({"visibility": Visibility.LIMITED}, "limited")])
def test_half_an_answer_is_no_sight(change, reason):
    assert seen(call(1), call(2, **change)).reason == reason


def test_the_declared_count_must_be_reached():
    assert seen(call(), count=2, expected=2).seen
    assert seen(call(), count=1, expected=2).reason == "below_expected"


@pytest.mark.parametrize("why", ["only", "unseen"])
def test_a_skipped_cell_is_not_seen_even_if_something_called(why):
    assert seen(call(), skipped=why).reason == f"skipped:{why}"


def test_what_no_plan_promised_is_never_seen():
    result = sight([], [call()], {CellName("t", "", "host"): 3})
    assert {name.source: found.reason for name, found in result.items()} == {"s": "unplanned", "t": "unplanned"}
    assert not any(found.seen for found in result.values())


def test_a_cell_is_as_old_as_its_oldest_call():
    older = datetime(2026, 1, 1)
    assert seen(call(1), call(2, ended_at=older)).at == older
