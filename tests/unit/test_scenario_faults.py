"""Wordings cover every error there can be, and the parts behind them do what they say."""

import ast
from pathlib import Path

import pytest

from sim.core.errors import ScenarioError
from sim.scenario import fields, toml
from sim.scenario.faults import Locator
from sim.scenario.fields import every
from sim.scenario.fields import fields as keys_of
from sim.scenario.keys import nearest
from sim.scenario.load import load_scenario
from sim.scenario.mistakes import find, mask
from sim.scenario.positions import Positions
from sim.scenario.scenario import LISTED
from sim.scenario.schema import ScenarioSpec
from sim.scenario.syntax import parse
from sim.scenario.units import UNITS, other_unit
from sim.scenario.wording import CHECKS, FILES, PATTERNS, SYNTAX, VALUES, fill, listed, say

# what pydantic may find in each type of its core schema, strict; a type that is not here fails the test below
ERRORS = {
    "str": {"string_type", "string_unicode", "string_too_short", "string_too_long", "string_pattern_mismatch"},
    "int": {"int_type", "int_from_float", "int_parsing_size", "greater_than", "greater_than_equal", "less_than", "less_than_equal"},
    "float": {"float_type", "finite_number", "greater_than", "greater_than_equal", "less_than", "less_than_equal"},
    "bool": {"bool_type"},
    "date": {"date_type", "date_from_datetime_inexact"},
    "literal": {"literal_error"},
    "dict": {"dict_type", "too_short", "too_long"},
    "tuple": {"tuple_type", "list_type", "too_short", "too_long"},
    "model": {"model_type", "model_attributes_type", "recursion_loop"},
    "model-fields": {"missing", "extra_forbidden", "model_type"},
    "function-after": {"value_error", "assertion_error"},
    "function-before": {"value_error", "assertion_error"},
    "function-plain": {"value_error", "assertion_error"},
    "default": set(),
    "nullable": set(),
    "definitions": set(),
    "definition-ref": set(),
    "model-field": set(),
}
# types of serialisers and other parts of a schema that check nothing
SILENT = {"function-wrap-ser", "function-plain-ser", "any", "no-info", "with-info", "json", "format", "to-string"}


def types_of(schema):
    if isinstance(schema, dict):
        if isinstance(schema.get("type"), str):
            yield schema["type"]
        for key, part in schema.items():
            if key not in {"serialization", "metadata", "expected"}:
                yield from types_of(part)
    elif isinstance(schema, list | tuple):
        for part in schema:
            yield from types_of(part)


def test_every_error_pydantic_may_find_has_our_wording():
    ScenarioSpec.model_rebuild()
    used = set(types_of(ScenarioSpec.__pydantic_core_schema__)) - SILENT
    assert used <= set(ERRORS), f"say in ERRORS what these may raise, and word it: {used - set(ERRORS)}"
    wanted = {error for kind in used for error in ERRORS[kind]}
    assert wanted <= set(VALUES)


def test_own_errors_of_specs_say_something():
    root = Path(fields.__file__).parents[1]
    for file in (root / "core" / "spec.py", *root.glob("*/*_spec.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "PydanticCustomError":
                message = ast.literal_eval(node.args[1])
                assert len(message) > 10, f"{file.name}: {message}"


def test_every_pattern_of_a_text_is_put_in_words():
    patterns = {field.node.pattern for _, field in every(ScenarioSpec) if field.node.pattern}
    assert patterns <= set(PATTERNS)


def test_no_wording_is_left_over():
    root = Path(fields.__file__).parents[1]
    code = "\n".join(file.read_text(encoding="utf-8") for file in root.glob("scenario/*.py") if file.name != "wording.py")
    for group in (FILES, SYNTAX, CHECKS):
        for name in group:
            assert f'"{name}"' in code, f"nothing says {name}"


@pytest.mark.parametrize("group", [FILES, SYNTAX, VALUES, CHECKS])
def test_messages_are_sentences(group):
    for name, (message, _) in group.items():
        assert message.endswith((".", "?")) or name == "save_as_utf8", name


def test_filling_leaves_what_it_does_not_know():
    assert fill("{a} and { low = 1 } and {b}", {"a": "{b}", "b": 2}) == "{b} and { low = 1 } and 2"
    assert say(VALUES, "finite_number", written="nan", example="x = 1") == ("nan is not a finite number.", "Write x = 1")
    assert listed("abcde", 3) == "a, b, c and 2 more"


@pytest.mark.parametrize(
    ("key", "right", "factor"),
    [
        ("capacity_kg_per_year", "capacity_t_per_year", 0.001),
        ("capacity_t_per_day", "capacity_t_per_year", 365.25),
        ("coverage_percent", "coverage_share", 0.01),
        ("payload_t", "payload_kg", 1000.0),
        ("patience_weeks", "patience_days", 7.0),
        ("cost_jpy_per_km", "cost_usd_per_km", 1 / 150),
        ("shift_minutes", "shift_hours", 1 / 60),
        ("payload", "payload_kg", None),
    ],
)
def test_a_key_in_another_unit_is_known_with_its_factor(key, right, factor):
    found = other_unit(key, [right, "something_else_kg", "per_km"])
    assert found[0] == right
    assert found[1] == (None if factor is None else pytest.approx(factor))


def test_units_agree_with_each_other():
    assert UNITS["t"][1] == 1000 * UNITS["kg"][1]
    assert UNITS["year"][1] == pytest.approx(12 * UNITS["month"][1])
    assert other_unit("capacity_t_per_year", ["capacity_t_per_year", "start", "payload_kg"]) is None


@pytest.mark.parametrize(
    ("word", "names", "near"),
    [
        ("Japan", ["JPN", "THA"], "JPN"),
        ("anounced", ["announced", "closed"], "announced"),
        ("delivery-truck", ["delivery_truck", "drop_box"], "delivery_truck"),
        ("ＪＰＮ", ["JPN"], "JPN"),
        ("smelter", ["cu_smelter_line_number_two", "battery"], "cu_smelter_line_number_two"),
        ("zzz", ["JPN"], None),
        ("", ["JPN"], None),
    ],
)
def test_the_nearest_name(word, names, near):
    assert nearest(word, names) == near


def test_a_name_in_words_is_known():
    assert nearest("Japan", ["JPN"], {"Japan": "JPN", "日本": "JPN"}) == "JPN"
    assert nearest("日本", ["JPN"], {"Japan": "JPN", "日本": "JPN"}) == "JPN"


def test_lines_of_every_way_to_write_a_key():
    text = 'a.b = 1\n"x y" = { u = 1, v = [1, 2] }\n[t]\nk = 2\n'
    text += '[[p]]\nname = "P"\nq = 3\n[[p]]\nz = { w = 1 }\nname = "Q"\n[p.more]\nr = 1\n'
    positions = Positions(text, parse(text, "x"))
    lines = {path: positions.of(path) for path in [("a", "b"), ("x y", "u"), ("x y", "v", "2"), ("t", "k"), ("p", "P", "q")]}
    assert list(lines.values()) == [1, 2, 2, 4, 7]
    assert positions.of(("p", "Q", "z", "w")) == 9
    assert positions.of(("p", "Q", "more", "r")) == 12
    assert positions.of(("p", "Q", "missing")) == 8
    assert positions.of(("nowhere",)) == 0


def test_what_stands_in_quotes_and_comments_is_no_grammar():
    assert mask('a = "85 % ＝ 0,5" # ０') == 'a = "__________"    '
    assert find('a = "85 % ＝ 0,5, yes" # ０') is None


def test_right_lines_are_no_mistakes():
    for line in (
        "a = 0.85",
        "a = true",
        "a = 2026-10-01",
        "a = [1, 2]",
        "[a.b]",
        "[[a]]",
        "a = { b = 1, c = [1] }",
        "a = 1_000",
        "a = 1e5",
        "",
    ):
        assert find(line) is None, line


def test_documents_are_read_back_as_written():
    tree = {
        "a": 1,
        "b": {"c": 0.1, "r": {"low": 1.0, "mode": 2.0, "high": 3.0}, "p": {"2026": 0.5}},
        "e": {},
        "x.y": {"*": 'quote " and \\ and 日本\n'},
        "p": [{"name": "one", "sub": {"k": True}}, {"name": "two", "to": [{"to": "A", "share": 1e-7}], "l": ["a", "b"]}],
    }
    assert parse(toml.document(tree), "x") == tree


def test_every_key_has_a_place_in_the_field_tree():
    assert fields.at(ScenarioSpec, ("countries", "JPN", "channels", "x", "coverage_share")).unit == "share"
    assert fields.at(ScenarioSpec, ("plants", "X", "status")).kind == "choice"
    assert fields.at(ScenarioSpec, ("plants", "X", "nothing")) is None
    assert fields.field_at(ScenarioSpec, ("time", "end")).name == "end"
    assert keys_of(ScenarioSpec)["run"].default["replications"] == 20


ROUTE = """[[routes]]
name = "r{0}"
origin = "JPN"
material = "magnet"
fallback = "landfill"
destinations = [{{ to = "nowhere", share = 1 }}]
"""


@pytest.mark.parametrize(
    ("line", "count"),
    [("mispelt_{0} = 3\n", "1,000"), (ROUTE, "> 200")],
    ids=["values", "names"],
)
def test_a_file_of_thousands_of_faults_tells_the_first_and_how_many(tmp_path, monkeypatch, line, count):
    looked_up = []
    monkeypatch.setattr(Locator, "fault", lambda *told, _as=Locator.fault, **more: looked_up.append(told) or _as(*told, **more))
    file = tmp_path / "machine_made.toml"
    file.write_text('extends = "baseline"\n' + "".join(line.format(number) for number in range(1_000)), encoding="utf-8")
    with pytest.raises(ScenarioError) as told:
        load_scenario(file)
    assert len(looked_up) <= 2 * LISTED
    assert len(told.value.faults) == LISTED + 1
    assert f"{count} values are wrong" in str(told.value.faults[0])
