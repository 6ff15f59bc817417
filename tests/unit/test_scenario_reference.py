"""Generated pages are fresh, and the JSON Schema accepts what the loader accepts."""

import json
import tomllib
from pathlib import Path

import jsonschema
import pytest

from sim.scenario.reference import PAGE, SCHEMA_FILE, json_schema, page, schema_text
from tests.fixtures.tiny_tree import tiny_tree

ROOT = Path(__file__).parents[2]
RENEW = "run: python -m sim.scenario.reference"


def test_the_reference_page_is_fresh():
    assert (ROOT / PAGE).read_text(encoding="utf-8") == page(), RENEW


def test_the_schema_is_fresh():
    assert (ROOT / "scenarios" / SCHEMA_FILE).read_text(encoding="utf-8") == schema_text(), RENEW


def faults(tree):
    return [
        error.message
        for error in jsonschema.Draft202012Validator(json_schema()).iter_errors(json.loads(json.dumps(tree, default=str)))
    ]


def test_the_schema_accepts_a_whole_library_and_small_overlays():
    assert faults(tiny_tree()) == []
    assert faults({"extends": "baseline", "name": "Mine", "time": {"end": 2030}}) == []
    assert faults({"extends": "x", "countries": {"JPN": {"channels": {"a": {"coverage_share": {"2026": 0.1}}}}}}) == []


@pytest.mark.parametrize(
    "tree",
    [
        {"tim": {"end": 2030}},
        {"time": {"end": 2300}},
        {"countries": {"JPN": {"channels": {"a": {"coverage_share": 85}}}}},
        {"countries": {"JPN": {"channels": {"a": {"coverage_share": {"low": 0.1}}}}}},
        {"plants": [{"country": "JPN"}]},
        {"extends": 3},
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(tree):
    assert faults(tree)


@pytest.mark.parametrize("file", sorted((ROOT / "scenarios").glob("*.toml")), ids=lambda file: file.stem)
def test_shipped_scenarios_fit_the_schema_and_name_it(file):
    text = file.read_text(encoding="utf-8")
    assert text.startswith("#:schema scenario.schema.json\n")
    assert faults(tomllib.loads(text)) == []


def test_every_key_is_on_the_page_with_a_meaning():
    for line in page().splitlines():
        if line.startswith("| `"):
            cells = line.split(" | ")
            assert len(cells[-1].removesuffix(" |")) > 3, line
