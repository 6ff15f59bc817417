"""Comparison of runs: pairing, inputs that differ, words; on made-up results, no model run."""

from __future__ import annotations

import json

import numpy as np
import pytest

from sim.cli import main
from sim.core.errors import UsageError
from sim.results.store import load_results
from sim.results.tables import Coded
from sim.scenario import toml
from sim.study.added import added
from sim.study.changes import applied, cause_of, causes
from sim.study.compare import compare, effect_of
from sim.study.compare_words import SAME, Story, amount, signed
from sim.study.stored import table_of
from tests.fixtures.columns import made_results

BASE = {
    "stated": ["time.end"],
    "name": "Base",
    "time": {"start": 2025, "end": 2030},
    "countries": {"JPN": {"population": 1e8, "channels": {"box": {"coverage_share": 0.1, "kind": "box"}}}},
    "plants": [{"name": "A", "capacity_t_per_year": 1.0}, {"name": "B", "capacity_t_per_year": 2.0}],
    "routes": [{"name": "r", "destinations": [{"to": "A", "share": 1.0}]}],
    "levers": [],
    "market": {"prices": {"Nd": {"usd_per_kg": {"2025": 80.0, "2030": 90.0}}}},
}


def other(**said):
    tree = json.loads(json.dumps(BASE))
    tree["name"] = "Other"
    tree["countries"]["JPN"]["channels"]["truck"] = {"coverage_share": 0.5}
    tree["countries"]["JPN"]["channels"]["box"]["coverage_share"] = {"low": 0.1, "mode": 0.2, "high": 0.3}
    tree["plants"] = [tree["plants"][1] | {"capacity_t_per_year": 3.0}, {"name": "C", "capacity_t_per_year": 4.0}]
    tree["routes"][0]["destinations"][0]["share"] = 0.5
    tree["levers"] = [{"name": "L", "value": 2.0}]
    tree["stated"] = ["time.end", "market.prices.Nd.usd_per_kg", "countries.JPN.channels.box.coverage_share"]
    return tree | said


def results(tree=None, replications=4, **manifest):
    made = made_results(replications)
    made.texts["scenario.resolved.toml"] = toml.document(tree or BASE).encode()
    made.manifest |= {"seed": 1, "repeats_per_draw": 2, "cpu_s": 1.0} | manifest
    return made


def scaled(made, share, country="JPN"):
    """The same results with more refined Nd."""
    table = made.columns["signals"]
    country_codes, metal = table["country"], table["metal"]
    rows = (country_codes.codes == country_codes.values.index(country)) & (metal.codes == metal.values.index("Nd"))
    table["refined_kg"] = np.where(rows, table["refined_kg"] * (1.0 + share), table["refined_kg"])
    return made


def test_identical_runs_give_an_empty_report(tmp_path, capsys):
    found = compare(results(), results())
    assert found.same
    story = Story(found, added(found.first, found.second))
    assert story.text() == story.markdown() == SAME
    assert story.data() == {"same": True, "causes": [], "rows": []}


def test_names_and_titles_are_no_input():
    assert causes(BASE, BASE | {"name": "Other", "question": "Why?"}) == ()


def test_changes_are_grouped_by_what_a_person_would_name():
    found = {cause.name: cause.changes for cause in causes(BASE, other())}
    assert set(found) == {
        "countries.JPN.channels.truck",
        "countries.JPN.channels.box",
        "plants.A",
        "plants.B",
        "plants.C",
        "routes.r",
        "levers.L",
        "market.prices.Nd",
    }
    (box,) = found["countries.JPN.channels.box"]
    assert (box.key, box.before, box.after["mode"]) == ("countries.JPN.channels.box.coverage_share", 0.1, 0.2)
    assert found["plants.A"][0].after is None
    assert found["plants.C"][0].before is None
    assert found["routes.r"][0].key == "routes.r.destinations.A.share"
    (price,) = found["market.prices.Nd"]
    assert price.certain is True
    assert price.before == price.after


def test_a_cause_is_named_as_deep_as_it_means_something():
    named = {
        ("countries", "JPN", "channels", "truck", "coverage_share"): 4,
        ("countries", "JPN", "behaviour", "hoarded_share", "phone"): 3,
        ("plants", "A", "finance", "grant_share"): 2,
        ("sea", "road_usd_per_t_km"): 1,
        ("market", "demand", "JPN", "Nd"): 3,
    }
    assert {path: len(cause_of(path)) for path in named} == named


def test_causes_put_on_the_first_scenario_one_by_one_and_all():
    second = other()
    found = causes(BASE, second)
    whole = applied(BASE, second, found)
    assert causes(whole, second) == ()
    assert sorted(whole["stated"]) == sorted(second["stated"])
    for cause in found:
        tree = applied(BASE, second, [cause])
        assert [one.name for one in causes(BASE, tree)] == [cause.name]
        assert cause.name not in {one.name for one in causes(tree, second)}
    assert applied(BASE, second, []) == BASE


@pytest.mark.parametrize(
    ("told", "words"), [({"seed": 2}, "seed is 1 in the first and 2"), ({"repeats_per_draw": 4}, "replications per draw")]
)
def test_runs_that_cannot_be_paired_are_refused(told, words):
    with pytest.raises(UsageError, match=words):
        compare(results(), results(**told))
    with pytest.raises(UsageError, match="number of replications is 4 in the first and 6"):
        compare(results(), results(replications=6))
    longer = results()
    longer.summary["years"] = [2025, 2026, 2027]
    with pytest.raises(UsageError, match="covers 2025 to 2026, the second 2025 to 2027"):
        compare(results(), longer)


def test_differences_with_their_intervals_are_paired_by_draw():
    first, second = results(), scaled(results(other()), 0.1)
    rows = [row for row in compare(first, second).rows if row.measure == "refined_kg"]
    assert {(row.metal, row.country) for row in rows} == {("Nd", "JPN"), ("Nd", "ALL")}
    row = next(row for row in rows if row.country == "JPN" and row.year == 2026)
    assert row.effect.mean == pytest.approx(0.1 * row.before)
    assert row.after == pytest.approx(1.1 * row.before)
    assert row.effect.low < row.effect.mean < row.effect.high


def test_interval_by_hand():
    """Draws of two replications with differences 1, 3: mean 2, standard error 1, Student's quantile 6.3138 on one degree."""
    effect = effect_of(np.array([0.0, 2.0, 2.0, 4.0]), 2)
    assert (effect.mean, effect.low, effect.high) == pytest.approx((2.0, 2.0 - 6.313752, 2.0 + 6.313752))
    assert not effect.clear
    one = effect_of(np.array([1.0]), 2)
    assert np.isnan(one.low)
    assert one.clear


def test_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(4)
    samples = rng.normal(1.0, 2.0, (2000, 8))
    inside = [effect.low <= 1.0 <= effect.high for effect in (effect_of(sample, 1) for sample in samples)]
    assert 0.88 < np.mean(inside) < 0.92


def test_story_in_words_markdown_and_json(tmp_path, capsys):
    folders = [str(results().save(tmp_path)), str(scaled(results(other()), 0.1).save(tmp_path / "second"))]
    found = compare(*(load_results(folder) for folder in folders))
    story = Story(found, added(found.first, found.second))
    text = story.text()
    assert "countries.JPN.channels.truck" in text
    assert "the whole entry: new, {" in text
    assert "market.prices.Nd" in text
    assert "stated and so certain" in text
    assert "Nd refined, JPN, 2026" in text
    assert "kg more" in text or "t more" in text
    assert "## What it changes" in story.markdown()
    json.dumps(story.data(), allow_nan=False)
    assert main(["compare", folders[0], folders[0], "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["comparisons"][0]["same"] is True
    assert main(["compare", folders[0]]) == 2
    assert main(["compare", folders[0], str(tmp_path / "nowhere")]) == 4


def test_amounts_as_people_read_them():
    assert amount("refined_kg", 1234.0) == "1.23 t"
    assert amount("demand_met_share", 0.0123) == "1.23 %"
    assert signed("refined_kg", 0.5) == "+0.5 kg"
    assert signed("demand_met_share", -0.01) == "-1 points"


def test_columns_read_back_are_those_written(tmp_path):
    made = results()
    back = table_of(load_results(made.save(tmp_path)), "signals")
    for name, column in made.columns["signals"].items():
        if isinstance(column, Coded):
            assert (column.texts == back[name].texts).all()
            assert list(back[name].values) == sorted(back[name].values)
        else:
            np.testing.assert_array_equal(column, back[name])
