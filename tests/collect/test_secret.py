"""Secrets come from where the scope says, from nobody else's file, and never show themselves."""

import os
import pickle
import traceback

import pytest

from auditor.collect.secret import MAX_BYTES, Secret, resolve
from auditor.errors import UsageError

VALUE = "correct horse battery staple"


@pytest.fixture
def secret_file(tmp_path):
    path = tmp_path / "secret"
    path.write_text(VALUE + "\n")
    path.chmod(0o600)
    return path


def test_a_variable(monkeypatch):
    monkeypatch.setenv("AUDITOR_TEST_SECRET", VALUE)
    assert resolve("env:AUDITOR_TEST_SECRET") == VALUE


def test_a_file_loses_its_final_newline_only(secret_file):
    assert resolve(f"file:{secret_file}") == VALUE
    secret_file.write_text(f" {VALUE} \n\n")
    assert resolve(f"file:{secret_file}") == f" {VALUE} \n"


def test_home_is_expanded(secret_file, monkeypatch):
    monkeypatch.setenv("HOME", str(secret_file.parent))
    assert resolve("file:~/secret") == VALUE


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o610, 0o777])
def test_a_file_open_to_others_is_refused(secret_file, mode):
    secret_file.chmod(mode)
    with pytest.raises(UsageError, match=secret_file.name) as caught:
        resolve(f"file:{secret_file}")
    assert "chmod 600" in caught.value.hint


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_is_refused(secret_file):
    os.chown(secret_file, 12345, 12345)
    with pytest.raises(UsageError) as caught:
        resolve(f"file:{secret_file}")
    assert "chown" in caught.value.hint


def test_a_link_is_judged_by_what_it_leads_to(secret_file, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(secret_file)
    assert resolve(f"file:{link}") == VALUE
    secret_file.chmod(0o644)
    with pytest.raises(UsageError):
        resolve(f"file:{link}")


def test_a_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(UsageError):
        resolve(f"file:{tmp_path / 'pipe'}")


@pytest.mark.parametrize("content", [b"", b"\n", b"\xff\xfe", b"x" * (MAX_BYTES + 1)])
def test_an_unusable_file_is_refused(secret_file, content):
    secret_file.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        resolve(f"file:{secret_file}")
    assert caught.value.hint


@pytest.mark.parametrize(
    "reference", ["env:AUDITOR_TEST_ABSENT", "file:/nowhere/at/all", "keyring:a/b", "vault:kv/a", "env:", "file:", "https://x"]
)
def test_what_cannot_be_resolved_says_what_next(reference, monkeypatch):
    monkeypatch.setenv("AUDITOR_TEST_ABSENT", "")
    with pytest.raises(UsageError) as caught:
        resolve(reference)
    assert caught.value.hint


def test_a_secret_written_in_place_is_not_repeated():
    with pytest.raises(UsageError) as caught:
        resolve("hunter2-hunter2")
    assert "hunter2" not in str(caught.value) + caught.value.hint


def test_undecodable_bytes_do_not_reach_the_traceback(secret_file):
    secret_file.write_bytes(b"hunter2\xff")
    with pytest.raises(UsageError) as caught:
        resolve(f"file:{secret_file}")
    shown = "".join(traceback.format_exception(caught.value))
    assert "hunter2" not in shown.replace(str(secret_file), "")


def test_a_secret_masks_itself(monkeypatch):
    monkeypatch.setenv("AUDITOR_TEST_SECRET", VALUE)
    secret = resolve("env:AUDITOR_TEST_SECRET")
    assert isinstance(secret, Secret)
    assert VALUE not in repr(secret)
    assert VALUE not in repr({"password": secret})
    with pytest.raises(TypeError):
        pickle.dumps(secret)
