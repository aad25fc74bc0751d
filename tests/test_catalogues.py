"""French is complete: every sentence of the code has its translation, with the same placeholders."""

import importlib.util
import re
import string
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
spec = importlib.util.spec_from_file_location("catalogues", ROOT / "scripts" / "catalogues.py")
catalogues = importlib.util.module_from_spec(spec)
spec.loader.exec_module(catalogues)


def fields(sentence):
    return {name for _text, name, _format, _conversion in string.Formatter().parse(sentence) if name is not None}


def forms(value):
    return list(value) if isinstance(value, list | tuple) else [value]


def test_every_sentence_of_the_code_has_its_french():
    known = {message.id: message.string for message in catalogues.kept() if message.id}
    needed = {message.id for message in catalogues.gathered() if message.id}
    assert needed
    assert not [sentence for sentence in needed if not known.get(sentence)]
    assert not set(known) - needed, "French of sentences that the code no longer says"


@pytest.mark.parametrize("domain", ["auditor", "reports"])
def test_placeholders_are_the_same_in_both_languages(domain):
    for message in catalogues.kept(domain):
        for text in forms(message.string) if message.id else []:
            assert fields(text) <= set().union(*map(fields, forms(message.id))), message.id


@pytest.mark.parametrize("domain", ["auditor", "reports"])
def test_what_is_compiled_is_what_is_written(domain):
    assert (catalogues.FOLDER / f"{domain}.mo").read_bytes() == catalogues.compiled(catalogues.kept(domain))


@pytest.mark.parametrize("domain", ["auditor", "reports"])
def test_french_typography_is_kept(domain):
    for message in catalogues.kept(domain):
        for text in forms(message.string) if message.id else []:
            assert not re.search(r" [;:!?»%]|« ", text), f"a breaking space: {text}"
