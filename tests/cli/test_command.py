"""The command line as its three people use it: exit codes, errors, languages, and nothing sent on a dry run."""

import json
import os
import subprocess
import sys

import pytest

from auditor.cli import main as command
from auditor.cli.main import VERBS, main


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(capsys, *words):
    code = main(list(words))
    out, err = capsys.readouterr()
    return code, out, err


def test_help_is_french_and_english_on_demand(capsys):
    _code, french, _err = said(capsys, "--help")
    _code, english, _err = said(capsys, "--lang", "en", "--help")
    assert "preuves" in french
    assert "proof" in english
    assert all(f"  {verb}" in french for verb in VERBS)


def test_each_verb_is_a_file_with_help(capsys):
    for verb in VERBS:
        code, out, _err = said(capsys, verb, "--help")
        assert (code, len(out) > 40) == (0, True)
        assert os.path.exists(os.path.join(os.path.dirname(command.__file__), f"{verb}.py"))


@pytest.mark.parametrize("words", [["bogus"], ["run", "--bogus"], ["verify"], ["run", "--lang", "de"], ["controls", "show", "bogus"], []])
def test_usage_errors_are_code_three(capsys, place, words):
    assert said(capsys, *words)[0] == 3


def test_an_error_says_what_next(capsys, place):
    code, _out, err = said(capsys, "evaluate")
    assert code == 3
    assert "→" in err
    code, _out, err = said(capsys, "run", "--only", "nowhere")
    assert (code, "nowhere" in err) == (3, True)
    code, _out, err = said(capsys, "verify", "nothing.pdf")
    assert code == 3


def test_a_wrong_scope_is_told_whole_with_its_lines(capsys, place):
    (place / "auditor.yaml").write_text("format: 1\nsauces: []\nsources:\n  - id: a\n    collector: telepathy\n", encoding="utf-8")
    code, _out, err = said(capsys, "run")
    assert code == 3
    assert "auditor.yaml:2:" in err
    (place / "auditor.yaml").write_text("format: 1\nsources:\n  - id: a\n    collector: linus\n", encoding="utf-8")
    code, _out, err = said(capsys, "run")
    assert (code, "auditor.yaml:4:" in err, "linux" in err) == (3, True, True)
    assert not (place / ".auditor" / "packs").exists()


def test_a_dry_run_sends_nothing_and_leaves_nothing(capsys, place):
    code, out, _err = said(capsys, "run", "--dry-run")
    assert code == 0
    assert out.startswith("local: ")
    assert list(place.iterdir()) == []


def test_the_whole_way_with_no_configuration(capsys, place):
    code, out, _err = said(capsys, "run", "--json")
    assert code in {0, 1, 2}
    answer = json.loads(out)
    pack = next((place / ".auditor" / "packs").glob("*.pdf"))
    assert str(pack.name) in json.dumps(answer)
    code, out, _err = said(capsys, "verify", str(pack), "--json")
    assert (code, json.loads(out)["ok"]) == (0, True)
    again = said(capsys, "evaluate", "--json")
    results = sorted((place / ".auditor" / "results").iterdir())
    assert len(results) == 2
    assert results[0].read_bytes() == results[1].read_bytes(), "the same snapshot gives the same bytes"
    assert again[0] == code or again[0] in {0, 1, 2}
    changed = bytearray(pack.read_bytes())
    changed[len(changed) // 3] ^= 1
    (place / "changed.pdf").write_bytes(changed)
    code, out, _err = said(capsys, "verify", "changed.pdf", "--json")
    assert (code, json.loads(out)["ok"]) == (3, False)


def test_old_evidence_proves_nothing_later(capsys, place):
    assert said(capsys, "collect")[0] == 0
    code, out, _err = said(capsys, "evaluate", "--json", "--as-of", "2031-01-01")
    assert code == 2
    assert json.loads(out)["controls"]["pass"] == 0
    assert json.loads(out)["controls"]["fail"] == 0
    assert said(capsys, "evaluate", "--as-of", "2001-01-01")[0] == 3
    assert said(capsys, "evaluate", "--as-of", "tomorrow")[0] == 3


def test_controls_can_be_read(capsys):
    code, out, _err = said(capsys, "controls", "list", "--json")
    controls = json.loads(out)
    assert code == 0
    for control in controls[:3]:
        code, out, _err = said(capsys, "controls", "show", control["code"])
        assert (code, control["title"] in out) == (0, True)


def test_a_control_with_a_typo_is_told_with_its_line(capsys, tmp_path):
    (tmp_path / "theme").mkdir()
    (tmp_path / "theme" / "a.yaml").write_text("id: a\ncode: x-1\nchekc: {}\n", encoding="utf-8")
    (tmp_path / "theme" / "b.yaml").write_text("id: c\n", encoding="utf-8")
    code, _out, err = said(capsys, "controls", "lint", "--content", str(tmp_path))
    assert code == 3
    assert "a.yaml:3:" in err
    assert "b.yaml:1:" in err


def test_the_reader_of_our_output_may_leave_early():
    shell = f"{sys.executable} -m auditor controls list | head -1"
    done = subprocess.run(["sh", "-c", shell], capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
