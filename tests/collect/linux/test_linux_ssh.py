"""A real sshd, and everything that goes wrong on the way to it."""

from __future__ import annotations

import getpass
import importlib.util
from pathlib import Path

import pytest

from auditor.collect.base import Sink, Target
from auditor.collect.linux import Linux, LinuxSettings
from auditor.errors import AccessDeniedError, UnexpectedAnswerError, UnreachableError

_spec = importlib.util.spec_from_file_location("hosts", Path(__file__).parents[2] / "hosts.py")
hosts = importlib.util.module_from_spec(_spec)
import sys  # noqa: E402

sys.modules["hosts"] = hosts
_spec.loader.exec_module(hosts)


def collect(server, *, port=None, known=None, key=None, budget=60, **more):
    rows, calls = [], []
    settings = LinuxSettings(
        address="127.0.0.1",
        port=port or server.port,
        user=getpass.getuser(),
        identity_file=key or server.key,
        known_hosts=known or server.known_hosts,
        **more,
    )
    target = Target(id="h", settings=settings, budget_s=budget)
    sink = Sink(target, lambda found: len([rows.append(row) for row in found]), calls.append)
    error = None
    try:
        Linux().collect(target, sink)
    except (AccessDeniedError, UnexpectedAnswerError, UnreachableError) as caught:
        error = caught
    return rows, {call.operation: call for call in calls}, error


def test_reads_a_host_in_one_round_trip(tmp_path):
    with hosts.sshd(tmp_path) as server:
        rows, calls, error = collect(server)
    assert error is None
    assert calls["script"].outcome == "ok"
    assert [row.TABLE for row in rows].count("host") == 1
    assert all(row.id == row.natural_id() for row in rows)


@pytest.mark.parametrize(
    ("text", "root", "password"), [("PermitRootLogin no\nPasswordAuthentication no\n", "no", False), ("PermitRootLogin yes\n", "yes", True)]
)
def test_observes_the_settings_of_each_server(tmp_path, text, root, password):
    with hosts.sshd(tmp_path, observed=text) as server:
        rows, _calls, error = collect(server)
    assert error is None
    (found,) = [row for row in rows if row.TABLE == "sshd"]
    assert (found.effective, found.root_login, found.password_login) == (True, root, password)


def test_an_unknown_host_key_is_refused(tmp_path):
    (tmp_path / "empty").touch()
    with hosts.sshd(tmp_path) as server:
        rows, calls, error = collect(server, known=str(tmp_path / "empty"))
    assert isinstance(error, AccessDeniedError)
    assert calls["script"].outcome == "forbidden"
    assert not rows
    assert (tmp_path / "empty").read_text() == ""


def test_a_changed_host_key_is_refused(tmp_path):
    hosts.make_key(str(tmp_path / "other"))
    with hosts.sshd(tmp_path) as server:
        wrong = tmp_path / "wrong"
        wrong.write_text(f"[127.0.0.1]:{server.port} " + (tmp_path / "other.pub").read_text())
        rows, _calls, error = collect(server, known=str(wrong))
    assert isinstance(error, AccessDeniedError)
    assert not rows


def test_a_refused_key_is_said(tmp_path):
    hosts.make_key(str(tmp_path / "other"))
    with hosts.sshd(tmp_path) as server:
        _rows, _calls, error = collect(server, key=str(tmp_path / "other"))
    assert isinstance(error, AccessDeniedError)
    assert "authentication" in error.message


def test_nobody_there(tmp_path):
    with hosts.sshd(tmp_path) as server:
        _rows, _calls, error = collect(server, port=hosts.free_port())
    assert isinstance(error, UnreachableError)


def test_a_connection_cut_in_the_middle_leaves_unseen_cells(tmp_path):
    with hosts.sshd(tmp_path) as server, hosts.cut_after(server.port, 9000) as port:
        known = tmp_path / "through"
        known.write_text(Path(server.known_hosts).read_text().replace(str(server.port), str(port)))
        _rows, calls, error = collect(server, port=port, known=str(known))
    assert error is None
    assert calls["script"].outcome == "partial"
    assert calls["agents"].outcome == "partial"


def test_garbage_is_no_answer(tmp_path):
    with hosts.sshd(tmp_path, "ForceCommand echo rubbish") as server:
        rows, calls, error = collect(server)
    assert isinstance(error, UnexpectedAnswerError)
    assert calls["script"].outcome == "error"
    assert not rows


def test_a_hang_ends_with_the_budget(tmp_path):
    with hosts.sshd(tmp_path, "ForceCommand sleep 30") as server:
        _rows, calls, error = collect(server, budget=3)
    assert isinstance(error, UnreachableError)
    assert calls["script"].outcome == "timeout"
