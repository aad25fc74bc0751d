"""The schema that editors use accepts what the reader accepts, and refuses what it refuses."""

import pytest
from jsonschema import Draft202012Validator

from auditor.codec import parse_yaml
from auditor.errors import ContentError
from auditor.scope import default, json_schema, parse

LINUX = {
    "$ref": "#/$defs/L",
    "$defs": {
        "L": {"type": "object", "properties": {"hosts": {"type": "array", "items": {"$ref": "#/$defs/H"}}}, "additionalProperties": False},
        "H": {"type": "string"},
    },
}


def test_it_is_a_schema():
    Draft202012Validator.check_schema(json_schema())
    Draft202012Validator.check_schema(json_schema({"linux": LINUX}))


def test_settings_follow_their_collector():
    validator = Draft202012Validator(json_schema({"linux": LINUX}))

    def scope(collector, settings):
        return {"format": 1, "sources": [{"id": "a", "collector": collector, "settings": settings}]}

    assert validator.is_valid(scope("linux", {"hosts": ["a"]}))
    assert not validator.is_valid(scope("linux", {"hosts": [1]}))
    assert not validator.is_valid(scope("linux", {"host": []}))
    assert validator.is_valid(scope("other", {"host": []}))


@pytest.mark.parametrize(
    ("raw", "good"),
    [
        (default("box").decode(), True),
        ("format: 1\nsites:\nparameters:\n", True),
        ("format: 1\norganisation: {finess_ej: 750712184}", True),
        ("format: 1\norganisation: {ght: }", True),
        ("format: 1\norganisation: {kind: x}", False),
        ("format: 1\nsites: [{id: a}]", False),
        ("format: 1\nx: 1", False),
        ("format: 1\nparameters: {c: {p: [1, a]}}", True),
        ("format: 1\nparameters: {c: {p: {q: 1}}}", False),
    ],
)
def test_editor_and_reader_agree(raw, good):
    assert Draft202012Validator(json_schema()).is_valid(parse_yaml(raw).value) is good
    if good:
        parse(raw.encode())
    else:
        with pytest.raises(ContentError):
            parse(raw.encode())


def test_every_key_is_explained():
    for name, part in json_schema()["$defs"].items():
        for key, value in part["properties"].items():
            assert value.get("description"), f"{name}.{key}"
