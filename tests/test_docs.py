"""The documentation works: examples load, commands exist, links lead somewhere, generated pages are up to date."""

import importlib.util
import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from auditor import text
from auditor.codec import parse_yaml

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(
    [*ROOT.glob("docs/**/*.md"), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md") if (ROOT / name).exists())]
)
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")


def name(path):
    return str(path.relative_to(ROOT))


def blocks(language):
    found = []
    for page in PAGES:
        for indent, word, body in FENCE.findall(page.read_text(encoding="utf-8")):
            if word == language:
                lines = body.splitlines()
                found.append(pytest.param("\n".join(line.removeprefix(indent) for line in lines) + "\n", id=f"{name(page)}-{len(found)}"))
    return found


@pytest.mark.parametrize("body", blocks("yaml"))
def test_yaml_examples_load(body, tmp_path):
    """A `yaml` block is a whole file: a scope, or a control that passes its own examples, mutants and blindings. Fragments are `text`."""
    value = parse_yaml(body).value
    if "format" in value:
        from auditor.scope import parse

        parse(body.encode())
    else:
        from auditor.catalog.library import load
        from auditor.evaluate.examples import verify

        (tmp_path / "theme").mkdir()
        (tmp_path / "theme" / f"{value['id']}.yaml").write_text(body, encoding="utf-8")
        assert verify(load(tmp_path)) == []


def verbs():
    import typer

    from auditor.cli.main import build

    text.use("fr")
    command = build()
    found = {}
    for verb, sub in command.commands.items():
        found[(verb,)] = sub
        if isinstance(sub, typer.core.TyperGroup):
            found |= {(verb, inner): leaf for inner, leaf in sub.commands.items()}
    return found


def commands():
    """Return every `auditor …` of code spans and console blocks, as words."""
    found = set()
    for page in PAGES:
        body = page.read_text(encoding="utf-8")
        spans = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", FENCE.sub("", body))
        lines = [
            line.strip().removeprefix("$ ")
            for _i, word, block in FENCE.findall(body)
            if word in {"console", "sh"}
            for line in block.splitlines()
        ]
        for line in [*spans, *lines]:
            if re.match(r"auditor( |$)", line):
                found.add((name(page), line.split("#")[0].strip()))
    return sorted(found)


@pytest.mark.parametrize(("page", "line"), commands())
def test_commands_exist_with_their_options(page, line):
    known = verbs()
    words = line.split()[1:]
    if not words or words[0].startswith("-"):
        return
    assert (words[0],) in known, f"{page}: no verb {words[0]}"
    command = known.get(tuple(words[:2])) or known[words[0],]
    options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)} | {"--help"}
    for word in words:
        if word.startswith("-"):
            assert word.split("=")[0] in options, f"{page}: {line}: no option {word}"


def anchors(page):
    found = set()
    for title in re.findall(r"^#{1,6} (.+)$", FENCE.sub("", page.read_text(encoding="utf-8")), re.MULTILINE):
        from markdown.extensions.toc import slugify

        found.add(slugify(re.sub(r"[`*]", "", title), "-"))
    return found


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page):
    for link in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8"))):
        if re.match(r"(https?|mailto):", link):
            continue
        path, _hash, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name(page)}: {link}"
        if anchor:
            assert anchor in anchors(target), f"{name(page)}: {link}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_files_named_exist(page):
    """A path of this repository between backquotes exists; `<…>` stands for a name to choose."""
    for path in re.findall(
        r"`((?:auditor|controls|tests|docs|scripts|reports|benchmarks)/[^`\s<>*…{}]+)`", page.read_text(encoding="utf-8")
    ):
        assert (ROOT / path).exists(), f"{name(page)}: {path}"


@pytest.fixture(scope="module")
def generated():
    spec = importlib.util.spec_from_file_location("generate_docs", ROOT / "scripts" / "generate_docs.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_schema_is_up_to_date(generated):
    written = json.loads((ROOT / "docs" / "auditor.schema.json").read_text(encoding="utf-8"))
    assert written == json.loads(json.dumps(generated.schema())), "run: python scripts/generate_docs.py"


def test_the_keys_of_the_scope_are_up_to_date(generated):
    text.use("fr")
    page = (ROOT / "docs" / "scope.md").read_text(encoding="utf-8")
    assert generated.keys(generated.schema()).strip() in page, "run: python scripts/generate_docs.py"


def test_the_tables_of_evidence_are_up_to_date(generated):
    assert generated.evidence() == (ROOT / "docs" / "evidence.md").read_text(encoding="utf-8"), "run: python scripts/generate_docs.py"


def test_every_page_is_in_the_menu():
    menu = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for page in ROOT.glob("docs/**/*.md"):
        assert str(page.relative_to(ROOT / "docs")) in menu


def test_the_site_builds(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", str(tmp_path / "site")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "scope" / "index.html").exists()


def test_the_collector_of_the_page_collects(tmp_path):
    """Run the page's own code against its contract: rows, ledger, sight, and each way to fail."""
    from auditor.collect.base import Collector, Sink, Target
    from auditor.errors import CollectError
    from auditor.evidence.cells import CellName, sight

    (code,) = [parameter.values[0] for parameter in blocks("python") if "class Badges" in parameter.values[0]]
    space = {"__name__": "badges"}
    exec(compile(code, "add-a-collector.md", "exec"), space)
    made: Collector = space["Badges"]()

    def collect(content):
        path = tmp_path / "badges.csv"
        path.unlink(missing_ok=True)
        if content is not None:
            path.write_bytes(content)
        target = Target(id="doors", settings=made.SETTINGS(export=str(path)))
        rows, calls, error = [], [], None
        sink = Sink(target, lambda given: len([rows.append(row) for row in given]), calls.append)
        try:
            made.collect(target, sink)
        except CollectError as caught:
            error = caught
        assert [call.operation for call in calls] == list(made.preview(target))
        seen = sight(made.plan(target), calls, {CellName("doors", "", "badge"): len(rows)})
        return rows, seen[CellName("doors", "", "badge")], error

    rows, seen, error = collect(b"NUMERO;ETAT;PORTES\n1;ACTIF;12\n2;PERDU;\n")
    assert [(row.id, row.active, row.doors) for row in rows] == [("1", True, 12), ("2", None, None)]
    assert (seen.seen, error) == (True, None)
    for content in (None, b"", b"\x00\xff garbage", b"<html>"):
        rows, seen, error = collect(content)
        assert (rows, seen.seen) == ([], False), content
        assert error.hint
    rows, seen, error = collect(b"NUMERO;ETAT\n" + b"1234567;ACTIF\n" * 700_000)
    assert (seen.seen, seen.reason, error) == (False, "truncated", None)


def test_the_first_audit_of_the_page_works(tmp_path):
    """Run, in order and as written, the commands of the page, on this very machine."""
    body = (ROOT / "docs" / "premier-audit.md").read_text(encoding="utf-8")
    lines = [
        line for _indent, word, block in FENCE.findall(body) if word == "sh" for line in block.splitlines() if line.startswith("auditor ")
    ]
    assert len(lines) >= 4
    place = tmp_path / "workspace"
    place.mkdir()
    for line in lines:
        words = shlex.split(line)[1:]
        if words[0] == "verify":
            (pack,) = (place / ".auditor" / "packs").glob("*.pdf")
            words = ["verify", str(pack)]
        elif words[0] == "init" and (place / "auditor.yaml").exists():
            words += ["--workspace", str(tmp_path / "other")]
        done = subprocess.run(
            [sys.executable, "-m", "auditor", *words],
            cwd=place,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=240,
        )
        assert done.returncode in ({0, 1, 2} if words[0] == "run" else {0}), f"{line}\n{done.stdout}\n{done.stderr}"
    assert (tmp_path / "other" / "auditor.yaml").exists()


def test_make_targets_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {target for page in PAGES for target in re.findall(r"(?:`|^)make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE)}
    assert {"run", "test"} <= named <= targets
