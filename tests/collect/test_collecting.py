"""One collection: the plan first, sources side by side, failures kept apart, nothing half-written."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from typing import ClassVar

import pytest

from auditor import scope as scopes
from auditor.collect import base, registry, run
from auditor.errors import AccessDeniedError, ContentError, UnreachableError, UsageError
from auditor.evidence.cells import CellName, Outcome, sight
from auditor.evidence.snapshot import Snapshot
from auditor.evidence.tables_scope import Provider, Site


class Settings(base.Settings, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What the extension below is told to do."""

    behaviour: str = "good"
    count: int = 3


class Stepwise:
    """An extension, registered as an installed one would be, whose source behaves as its settings say."""

    KIND: ClassVar[str] = "stepwise"
    SETTINGS: ClassVar[type[base.Settings]] = Settings
    FILLS: ClassVar = (Site, Provider)

    def plan(self, target):
        return base.promise(target, self.FILLS)

    def preview(self, target):
        yield f"read {target.settings.count} sites"

    def collect(self, target, sink):
        how = target.settings.behaviour
        with sink.call("sites", feeds=(Site,)) as call:
            call.record.saw(b"answer")
            call.rows(Site(source=target.id, id=f"s{n}", name="x", country="FR", call=call.id) for n in range(target.settings.count))
        if how == "twins":
            with sink.call("sites again", feeds=(Site,)) as call:
                call.rows(Site(source=target.id, id="s0", name=name, country="FR", call=call.id) for name in ("x", "other"))
        if how == "denied":
            with sink.call("providers", feeds=(Provider,)):
                raise AccessDeniedError("no")
        if how == "half-denied":
            try:
                with sink.call("providers", feeds=(Provider,)):
                    raise AccessDeniedError("no")
            except AccessDeniedError:
                return
        if how == "lost":
            raise UnreachableError("connection lost")
        if how == "bug":
            raise ZeroDivisionError
        if how == "hang":
            time.sleep(60)
        if how == "patient":
            while True:
                sink.remaining_s()
                time.sleep(0.01)
        with sink.call("providers", feeds=(Provider,)) as call:
            call.record.ended(Outcome.EMPTY, complete=True)


@pytest.fixture(autouse=True)
def _registered(monkeypatch):
    monkeypatch.setitem(registry.BUILTIN, "stepwise", f"{__name__}:Stepwise")
    monkeypatch.setitem(sys.modules, __name__, sys.modules[__name__])


def scope(*sources):
    lines = ["format: 1", "sources:"]
    for name, behaviour, *more in sources:
        lines += [
            f"  - id: {name}",
            "    collector: stepwise",
            "    settings:",
            f"      behaviour: {behaviour}",
            *(f"    {line}" for line in more),
        ]
    return scopes.parse("\n".join(lines).encode(), "auditor.yaml")


def gather(tmp_path, what, **options):
    collected = run.collect(what, tmp_path / "snap", tool="test", catalogue_sha256="0" * 64, **options)
    snapshot = Snapshot(tmp_path / "snap")
    counts = {}
    for table in snapshot.tables():
        for row in snapshot.rows(table):
            name = CellName(row.source, row.scope, table)
            counts[name] = counts.get(name, 0) + 1
    return collected, snapshot, sight(snapshot.plan(), snapshot.calls(), counts)


def seen(sights):
    return {(name.source, name.table): found.seen or found.reason for name, found in sights.items()}


def test_a_good_source_is_seen_whole(tmp_path):
    collected, snapshot, sights = gather(tmp_path, scope(("a", "good")))
    assert seen(sights) == {("a", "site"): True, ("a", "provider"): True}
    assert collected.failed == {}
    assert not snapshot.manifest.partial
    assert snapshot.calls()[0].sha256
    assert {row.call for row in snapshot.rows("site")} == {"a#00001"}


def test_a_source_that_fails_never_stops_the_others(tmp_path):
    bad = [("denied", "denied"), ("lost", "lost"), ("bug", "bug")]
    collected, snapshot, sights = gather(tmp_path, scope(*bad, ("good", "good")))
    found = seen(sights)
    assert set(collected.failed) == {"denied", "lost", "bug"}
    assert found["good", "site"] is found["good", "provider"] is True
    assert {name for name, value in found.items() if value is True} == {("good", "site"), ("good", "provider")}
    assert "ZeroDivisionError" in collected.failed["bug"]
    assert len(list(snapshot.rows("site"))) == 12


def test_two_different_rows_of_one_name_blind_their_table_and_lose_nothing_else(tmp_path):
    _collected, snapshot, sights = gather(tmp_path, scope(("a", "twins"), ("b", "good")))
    assert seen(sights) == {("a", "site"): "error", ("a", "provider"): True, ("b", "site"): True, ("b", "provider"): True}
    assert len(list(snapshot.rows("site"))) == 6


def test_a_gap_that_the_collector_handles_blinds_only_its_table(tmp_path):
    _collected, _snapshot, sights = gather(tmp_path, scope(("a", "half-denied")))
    assert seen(sights) == {("a", "site"): True, ("a", "provider"): "forbidden"}


def test_what_only_leaves_out_is_in_the_plan_and_unseen(tmp_path):
    _collected, snapshot, sights = gather(tmp_path, scope(("a", "good"), ("b", "good")), only=("a",))
    assert seen(sights)["b", "site"] == "skipped:only"
    assert snapshot.manifest.partial
    with pytest.raises(UsageError, match="nothing-there"):
        run.collect(scope(("a", "good")), tmp_path / "other", tool="t", catalogue_sha256="", only=("nothing-there",))


def test_an_expected_count_that_is_not_reached_blinds(tmp_path):
    _collected, _snapshot, sights = gather(
        tmp_path, scope(("a", "good", "expected:", "  site: 4"), ("b", "good", "expected:", "  site: 3"))
    )
    found = seen(sights)
    assert (found["a", "site"], found["b", "site"]) == ("below_expected", True)


def test_a_source_over_its_budget_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(run, "GRACE_S", 0.2)
    begun = time.monotonic()
    collected, _snapshot, sights = gather(tmp_path, scope(("a", "hang", "budget_s: 1"), ("p", "patient", "budget_s: 1"), ("b", "good")))
    assert time.monotonic() - begun < 10
    assert set(collected.failed) == {"a", "p"}
    assert seen(sights)["a", "site"] == "timeout"
    assert seen(sights)["b", "site"] is True


def test_a_cancelled_collection_keeps_what_it_read_and_says_partial(tmp_path):
    cancelled = threading.Event()
    threading.Timer(0.5, cancelled.set).start()
    _collected, snapshot, sights = gather(tmp_path, scope(("a", "patient"), ("b", "good")), cancelled=cancelled)
    assert snapshot.manifest.partial
    found = seen(sights)
    assert found["b", "site"] is True
    assert found["a", "site"] is not True
    assert len(list(snapshot.rows("site"))) == 6


def test_rows_over_the_cap_are_said_truncated(tmp_path, monkeypatch):
    monkeypatch.setattr(base, "MAX_ROWS", 2)
    _collected, snapshot, sights = gather(tmp_path, scope(("a", "good")))
    assert seen(sights)["a", "site"] == "truncated"
    assert len(list(snapshot.rows("site"))) == 2


def test_every_wrong_source_is_told_at_once_with_its_line():
    text = textwrap.dedent("""\
        format: 1
        sources:
          - id: a
            collector: stepwize
          - id: b
            collector: stepwise
            settings:
              count: many
              colour: red
        """)
    with pytest.raises(ContentError) as caught:
        registry.assign(scopes.parse(text.encode(), "auditor.yaml"))
    problems = caught.value.problems
    assert [problem.line for problem in problems] == [4, 7, 8] or {problem.line for problem in problems} >= {4, 8}
    assert "stepwise" in problems[0].hint
    assert any("colour" in problem.message for problem in problems)


def test_a_preview_sends_nothing():
    assert list(run.preview(scope(("a", "hang"), ("b", "lost")))) == ["a: read 3 sites", "b: read 3 sites"]


INTERRUPTED = textwrap.dedent("""
    import sys, pathlib
    sys.path.insert(0, {here!r})
    import test_collecting
    from auditor.cli import collect
    from auditor.cli.workspace import Workspace
    from auditor.collect import registry
    registry.BUILTIN["stepwise"] = "test_collecting:Stepwise"
    place = Workspace(pathlib.Path(sys.argv[1]))
    print("go", flush=True)
    path, _collected = collect.gather(place, test_collecting.scope(("a", "patient"), ("b", "good")), place.library())
    print(path)
""")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_collection_whole_and_partial(tmp_path, number):
    child = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED.format(here=os.path.dirname(__file__)), str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert child.stdout.readline() == "go\n"
    time.sleep(2.5)
    child.send_signal(number)
    path = child.communicate(timeout=30)[0].strip()
    snapshot = Snapshot(tmp_path / ".auditor" / "snapshots" / os.path.basename(path))
    assert snapshot.manifest.partial
    assert len(list(snapshot.rows("site"))) == 6
