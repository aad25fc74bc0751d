"""The report's French is complete, and what the screen says follows the verdicts."""

import io
import json
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import auditor
from auditor import paths
from auditor.publish import page, report, terminal
from auditor.verdict import Verdict

PACKAGE = Path(auditor.__file__).parent


def sentences():
    """Return every sentence of the templates, and those that `publish` says in a chosen language."""
    templates = extract_from_dir(paths.reports(), [("**.html.j2", "jinja2.ext:babel_extract")], keywords={"_": None})
    code = extract_from_dir(PACKAGE / "publish", [("**.py", "python")], keywords={"say": None})
    return {found[2] for found in [*templates, *code]}


def test_every_sentence_of_the_report_has_its_french_and_no_other():
    with (PACKAGE / "locale" / "fr" / "LC_MESSAGES" / "reports.po").open("rb") as stream:
        french = {item.id for item in read_po(stream, locale="fr") if item.id and item.string}
    assert len(french) > 100
    assert french == sentences()


def test_text_of_the_controls_gets_spaces_that_do_not_break():
    assert page.typeset("Quoi ? « rien » : 5 %") == "Quoi\u202f? «\u00a0rien\u00a0»\u00a0: 5\u202f%"


def test_the_screen_tells_gaps_by_its_exit_code(results, library, tmp_path, capsys):
    path = tmp_path / "results.ndjson"
    path.write_bytes(results)
    assert terminal.show(path, json=True, library=library) == terminal.GAPS_FOUND
    said = json.loads(capsys.readouterr().out)
    assert said["controls"] == {"pass": 1, "fail": 7, "unknown": 2, "not_applicable": 0}
    assert said["frameworks"]["texte-deux"]["provider"]["requirements"] == 31
    assert terminal.show(path, library=library) == terminal.GAPS_FOUND
    assert "23/90" in capsys.readouterr().out


def test_nothing_judged_is_not_good(results, library):
    found = report.read(io.BytesIO(results), library)
    found.controls = {}
    assert terminal.exit_code(found) == terminal.ONLY_UNKNOWNS
    found = report.read(io.BytesIO(results), library)
    found.controls = {name: view for name, view in found.controls.items() if view.result.verdict is Verdict.PASS}
    assert terminal.exit_code(found) == 0


def test_a_title_cannot_steer_the_terminal():
    assert terminal.printable("a\x1b[31m\u202eb") == "a?[31m?b"
