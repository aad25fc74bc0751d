"""`auditor init` writes a scope that reads, never over one that is there."""

import json
import os
import pty
import re
import select
import subprocess
import sys
import time

import pytest

from auditor.cli.main import ERROR, main
from auditor.scope import load, parse
from auditor.scope.write import Answers, draft, slug


@pytest.fixture
def init(tmp_path, capsys):
    def run(*words):
        code = main(["init", "--workspace", str(tmp_path), *words])
        shown = capsys.readouterr()
        return code, shown.out, shown.err

    return run


def test_without_a_person_it_writes_this_machine(init, tmp_path):
    code, out, _err = init()
    assert code == 0
    assert str(tmp_path / "auditor.yaml") in out
    scope = load(tmp_path / "auditor.yaml")
    assert [(source.id, source.collector) for source in scope.sources] == [("local", "linux")]


def test_options_end_in_the_file(init, tmp_path):
    code, out, _err = init(
        "--json", "--name", 'CHU "d\'Été" # x', "--finess-ej", "750712184", "--finess-eg", "2A0000014", "--kind", "chu", "--ght", "GHT: Sud",
        "--site", "Hôpital Nord", "--site", "Annexe:be", "--host", "audit@pacs.example.org", "--host", "pacs.example.org:2222",
        "--tls", "portail.example.org:443", "--no-local",
    )  # fmt: skip
    assert code == 0
    told = json.loads(out)
    scope = load(tmp_path / "auditor.yaml")
    assert told == {"path": str(tmp_path / "auditor.yaml"), "sha256": scope.sha256, "sources": [source.id for source in scope.sources]}
    organisation = scope.organisation
    assert (organisation.name, organisation.ght) == ('CHU "d\'Été" # x', "GHT: Sud")
    assert (organisation.finess_ej, organisation.finess_eg, organisation.kind) == ("750712184", "2A0000014", "chu")
    assert [(site.id, site.country) for site in scope.sites] == [("hopital-nord", "FR"), ("annexe", "BE")]
    assert [source.collector for source in scope.sources] == ["linux", "linux", "tls"]
    assert len({source.id for source in scope.sources}) == 3
    assert {source.site for source in scope.sources} == {"hopital-nord"}


@pytest.mark.parametrize(
    "words",
    [
        ("--finess-ej", "12"),
        ("--kind", "hotel"),
        ("--site", "Ici:XX"),
        ("--name", "a\nb"),
        ("--host", "-oProxyCommand=id"),
        ("--site", ":FR"),
    ],
)
def test_what_an_answer_breaks_is_told_and_nothing_is_written(init, tmp_path, words):
    code, _out, err = init(*words)
    assert code == ERROR
    assert err
    assert not (tmp_path / "auditor.yaml").exists()


def test_an_existing_scope_is_left_alone(init, tmp_path):
    path = tmp_path / "auditor.yaml"
    path.write_text("mine")
    code, _out, err = init("--name", "X")
    assert (code, path.read_text()) == (ERROR, "mine")
    assert str(path) in err


def test_a_dangling_link_is_not_followed(init, tmp_path):
    (tmp_path / "auditor.yaml").symlink_to(tmp_path / "elsewhere")
    assert init()[0] == ERROR
    assert not (tmp_path / "elsewhere").exists()


def test_a_folder_is_made(tmp_path):
    assert main(["init", "--workspace", str(tmp_path / "a" / "b")]) == 0
    load(tmp_path / "a" / "b" / "auditor.yaml")


@pytest.mark.skipif(os.geteuid() == 0, reason="root writes everywhere")
def test_a_folder_that_cannot_be_written(tmp_path):
    tmp_path.chmod(0o500)
    assert main(["init", "--workspace", str(tmp_path)]) == ERROR


def test_the_comments_show_lines_that_read():
    """Every commented example, its `#` removed, is right."""
    text = draft(Answers(local=False))
    bare = "\n".join(re.sub(r"^(\s*)# (?=- |  )", r"\1", line) if re.match(r"^\s+# ", line) else line for line in text.splitlines())
    scope = parse(bare.replace("kind:", "#").encode(), tables={"host"})
    assert (len(scope.sites), len(scope.applications), len(scope.sources), len(scope.providers)) == (1, 1, 2, 1)


def test_ids_are_made_of_names():
    taken = {"scope"}
    assert [slug(name, taken) for name in ("Hôpital Nord", "hopital nord", "scope", "東京", "a" * 90)] == [
        "hopital-nord", "hopital-nord-2", "scope-2", "x", "a" * 40,
    ]  # fmt: skip


def talk(folder, answers):
    """Answer each question of `auditor init` on a terminal; return what it showed and its exit code."""
    master, slave = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "auditor", "init", "--lang", "en", "--workspace", str(folder)], stdin=slave, stdout=slave, stderr=slave
    )
    os.close(slave)
    shown, pending, end = b"", list(answers), time.monotonic() + 60
    try:
        while time.monotonic() < end:
            if select.select([master], [], [], 0.3)[0]:
                try:
                    data = os.read(master, 4096)
                except OSError:
                    break
                if not data:
                    break
                shown += data
            elif pending and re.search(rb": ?$", shown):
                os.write(master, pending.pop(0).encode() + b"\n")
        return shown.decode(), child.wait(10), pending
    finally:
        child.kill()
        child.wait()
        os.close(master)


def test_a_person_is_asked(tmp_path):
    answers = [
        "CHU d'Essai",
        "12",
        "750712184",
        "",
        "palace",
        "chu",
        "",
        "Nord",
        "",
        "audit@a.example.org",
        "",
        "p.example.org",
        "p.example.org:443",
        "",
        "y",
    ]
    shown, code, left = talk(tmp_path, answers)
    assert (code, left) == (0, []), shown
    assert shown.count("not of the form expected") == 3
    scope = load(tmp_path / "auditor.yaml")
    assert (scope.organisation.name, scope.organisation.finess_ej, scope.organisation.kind) == ("CHU d'Essai", "750712184", "chu")
    assert [source.id for source in scope.sources] == ["local", "a-example-org", "tls"]
