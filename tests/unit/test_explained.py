"""Explain: a result with its formula and inputs, a warning with its remedy; the nearest name where there is none."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from sim.cli import main
from sim.results.explained import FORMULAS, WARNINGS, meanings, results
from sim.results.schema import TABLES
from sim.scenario import fields
from sim.scenario.keys import split
from sim.scenario.schema import ScenarioSpec

ROOT = Path(__file__).parents[2]


def test_every_formula_is_about_a_column_and_every_input_exists():
    for name, formula in FORMULAS.items():
        (found,) = results(name)
        assert found.name == name
        for source in formula.inputs:
            assert source in TABLES or fields.at(ScenarioSpec, split(source)) is not None, (name, source)


def test_a_result_is_told_in_every_table_that_has_it():
    assert {one.table for one in results("contained_kg")} >= {"recovery"}
    (one,) = results("signals.eol_rr_share")
    assert one.formula.text.startswith("refined_kg / in_waste_kg")
    assert list(results("no_such_kg")) == []


def test_every_warning_told_of_is_one_the_program_gives():
    """Words that no source line holds would explain nothing."""
    code = re.sub(r'"\s*\n\s*f?"', "", "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / "sim").rglob("*.py")))
    own = (ROOT / "sim" / "results" / "explained.py").read_text(encoding="utf-8")
    others = code.replace(re.sub(r'"\s*\n\s*f?"', "", own), "")
    for warning in WARNINGS:
        words = warning.pattern.split(".*")
        assert all(word.strip() in others for word in words), warning.pattern


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("No route takes magnet from LAO: it stays where it is.", "[[routes]]"),
        ("impossible result in table recovery: contained_kg below zero (1 rows, first: ...)", "manifest.json"),
        ("vehicles.bicycle is stated but changes nothing: no channel and no line-haul uses it", "correct the key"),
        ("grid emissions", "grid_co2_kg_per_kwh"),
    ],
)
def test_a_warning_is_explained_as_printed_or_by_its_words(said, remedy):
    (found,) = meanings(said)
    assert remedy in found.remedy


def test_command(capsys):
    assert main(["explain", "signals.refined_kg"]) == 0
    assert "formula  sum of the element contained in products of end-processing" in capsys.readouterr().out
    assert main(["explain", "No route takes magnet from LAO: it stays where it is.", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["keys"] == told["results"] == []
    assert "[[routes]]" in told["warnings"][0]["remedy"]
    assert main(["explain", "refned_kg"]) == 2
    assert "Did you mean refined_kg?" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("missed", "near"),
    [
        ("metals.Dy", "Did you mean substances.Dy or market.prices.Dy?"),
        ("metals.Qq", "See docs/reference/scenario.md"),
        ("contries.JPN", "Did you mean countries.JPN?"),
    ],
)
def test_a_miss_is_never_answered_with_itself(capsys, missed, near):
    """`metals` is the name of a key, but no table stands there."""
    assert main(["explain", missed]) == 2
    said = capsys.readouterr().err
    assert near in said
    assert f"Did you mean {missed}?" not in said


def test_a_path_over_years_says_what_stands_behind_each(capsys):
    assert main(["explain", "market.prices.Nd.usd_per_kg", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["keys"][0]
    assert told["evidence"]["grade"] == "D", "as a whole it is as good as its weakest year"
    assert told["years"]["2011"]["grade"] == "C"
    assert told["years"]["2030"]["grade"] == "D"
    assert main(["explain", "market.prices.Nd.usd_per_kg"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines.index("  2011") < lines.index("  2030")
    assert main(["explain", "countries.JPN.channels.delivery_truck.participation_share", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["keys"][0]["years"] == {}, "a constant has none"
