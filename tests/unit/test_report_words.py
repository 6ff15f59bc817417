"""What the report says about its numbers: one term for one thing, which statistic, warnings in the reader's language."""

from __future__ import annotations

import base64
import json
import os
import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from sim.report import cautions, embed, figures_market, figures_plants, figures_time, ladder, sentences
from sim.report.chart import Chart
from sim.report.context import Context, between
from sim.report.language import language
from sim.report.page import MEDIANS, NEITHER, WEIGHTED, sections
from sim.report.pair import NOTHING, Pair, choices
from sim.report.reading import Run
from sim.scenario.cautions import cautions as cautions_of
from tests.fixtures.synthetic_pair import write_pair
from tests.fixtures.synthetic_run import write_run
from tests.fixtures.synthetic_tables import Shape


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("run") / "r", Shape(end=2028, replications=4))


@pytest.fixture(scope="module", params=["en", "ja"])
def context(request, folder):
    return Context(Run.open(folder), language(request.param))


def test_every_chart_says_whether_it_shows_medians_or_means(context):
    charts = [chart for section in sections(context) for chart in section.charts if isinstance(chart, Chart)]
    assert {chart.name for chart in charts} >= MEDIANS | WEIGHTED
    say = context.say
    alone, weighted, summed = (
        say("Shown: medians of the replications, which need not add up."),
        say("Shown: means of the replications; days, shares and what is told per kilogram or tonne are weighted by mass."),
        say("Shown: means of the replications, so that parts add up."),
    )
    for chart in charts:
        if chart.name not in NEITHER:
            told = alone if chart.name in MEDIANS else weighted if chart.name in WEIGHTED else summed
            assert [note for note in chart.notes if note in (alone, weighted, summed)] == [told], chart.name


def test_the_bottom_line_tells_the_medians_of_the_ladder_and_links_each(context):
    told = str(context.say.together(*sentences.bottom_line(context)))
    links = re.findall(r'<a class="number" href="#topic-\w+">([^<]*)</a>', told)
    for metal in context.headline:
        met = ladder.statistics(context, metal, "demand_met_share", context.year)["p50"]
        waste, refined = (ladder.statistics(context, metal, s, context.year)["p50"] for s in ("in_waste_kg", "refined_kg"))
        assert context.say.share(met) in links
        assert context.say.mass(100 * refined / waste, 1.0) in links
    assert len(links) == 2 * len(context.headline)


def test_the_course_of_a_metal_is_that_of_the_summary(context):
    for row, metal in zip(sentences.course(context), context.headline, strict=True):
        for year, mass in zip(sentences.course_years(context), row.masses, strict=True):
            assert context.say.mass(ladder.statistics(context, metal, "refined_kg", year)["p50"]) in mass


def test_more_refined_than_separated_is_explained_only_where_it_happens(context):
    assert not ladder.worked_off(context)
    summary = json.loads(json.dumps(context.run.summary))
    summary["ladder"][context.headline[0]]["ALL"]["separated_kg"]["p50"] = [0.0] * len(context.years)
    assert ladder.worked_off(Context(replace(context.run, summary=summary), context.say))


def test_collected_means_formal_and_gathered_means_every_channel(folder):
    spoken = Context(Run.open(folder), language("en"))
    assert ladder.step_names(spoken)["collected_kg"] == "collected formally"
    charts = {chart.name: chart for section in sections(spoken) for chart in section.charts}
    for name in ("collection", "map-japan"):
        view = charts[name].first
        assert "gathered" in view.finding
        assert "collected" not in view.finding + view.spoken


def test_quantiles_are_numpys():
    shares = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
    for count in (1, 2, 3, 20, 21):
        values = np.random.default_rng(count).normal(size=count)
        assert between(values.tolist(), shares) == pytest.approx(np.quantile(values, shares).tolist(), rel=1e-13)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 1003])
def test_packing_is_base_85(size):
    content = os.urandom(size)
    assert embed._base85(content) == base64.b85encode(content)
    text = "<é>&" * size
    assert embed.unpacked(embed.packed(text)) == text
    assert not set("<>&") & set(embed.packed(text))


WARNINGS = {
    "what was drawn of 8 uncertain inputs was cut at the bounds of their fields (cut_inputs): a.b, c.d, ...": "8",
    "plants.X.y is stated but changes nothing: nothing in this scenario reads it": "plants.X.y",
    "12 more stated inputs change nothing (inputs_without_effect)": "12",
    "Response 'Rapid': an extra shift is cut to 24 hours a day at 42 plants (A, B, C and 39 more).": "42",
    "IDN 2031: channels together want more than all arisings; all are scaled to fit (in 2 of 20 replications)": "2031",
    "IDN formal_collection: from 2025 no vehicle can fetch 3% of what people offer: no vehicles, no hours": "2025",
    "No route takes board from VNM: it stays where it is.": "VNM",
    "price of Dy: less than 5% of supply arrives; the price law is not known there and is held at 5%": "5%",
    "impossible result in table costs: usd below zero (119 rows, first: replication 0, year 2030)": "119",
    "process flux_melt: drawn transfer shares sum to 1.043; scaled to 1": "1.043",
    "Shock 'Licences' does not fall into the run.": "Licences",
    "Works: judged on the feed of 2027, the last year of the run; it would open in 2029.": "2029",
}


def test_known_warnings_are_told_in_the_readers_language_and_others_as_they_are(context):
    texts = [*WARNINGS, "something nobody foresaw <b>"]
    run = SimpleNamespace(manifest={"warnings": texts, "names": {}}, resolved={})
    told = dict(zip(texts, cautions.told(Context(run, context.say)), strict=True))
    assert told.pop("something nobody foresaw <b>") == ("something nobody foresaw <b>", "en")
    for text, (sentence, code) in told.items():
        assert code == context.say.code, text
        assert WARNINGS[text] in sentence or WARNINGS[text] == "VNM"
        assert bool(re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", sentence)) == (code == "ja")
    assert (
        "20" in told["IDN 2031: channels together want more than all arisings; all are scaled to fit (in 2 of 20 replications)"][0]
    )


@pytest.mark.parametrize(("status", "capacity_t", "why"), [("closed", 9.0, "closed"), ("operating", 1.0, "capacity")])
def test_a_plant_that_takes_nothing_in_is_told_of_in_the_readers_language(context, status, capacity_t, why):
    works = SimpleNamespace(
        name="Works 2.0", status=status, end=None, background_feed_t_per_year=SimpleNamespace(at=lambda year: 1.0)
    )
    works.capacity_t_per_year = SimpleNamespace(at=lambda year: capacity_t)
    routes = [
        SimpleNamespace(name=name, fallback="wait", destinations=[SimpleNamespace(to="Works 2.0")]) for name in ("boards", "lamps")
    ]
    spec = SimpleNamespace(time=SimpleNamespace(start=2025, end=2045), plants=[works], routes=routes)
    (text,) = cautions_of(spec, SimpleNamespace(where=lambda path: ("my.toml", 3)))
    run = SimpleNamespace(manifest={"warnings": [text], "names": {}}, resolved={})
    ((sentence, code),) = cautions.told(Context(run, context.say))
    assert code == context.say.code
    assert all(word in sentence for word in ("Works 2.0", "2025", "2045", "'boards', 'lamps'"))
    assert {"closed": "閉鎖", "capacity": "処理能力"}[why] in sentence if code == "ja" else why in sentence


def test_key_signals_show_what_was_pledged_beside_what_comes(context):
    chart = figures_time.key_signals(context)
    treated = chart.views["treated by new plants|ALL"].data
    where = {"signal": ["treated by new plants"]}
    for trace, measure in zip(treated[2:], ("pledged", "modelled"), strict=True):
        sums = context.run.each("key_signals", ("year",), measure, where=where)
        middle = np.array([np.median(sums[(year,)]) for year in context.years])
        assert (middle / np.array(trace["y"])).tolist() == pytest.approx([middle[0] / trace["y"][0]] * len(middle), rel=1e-2)
    assert treated[2]["y"][0] > treated[3]["y"][0] > 0
    assert all(np.isnan(value) for value in chart.views["consent wait|JPN"].data[2]["y"])  # nobody pledged it
    assert chart.views["collection coverage|ALL"].data[0]["x"] == []  # shares of countries are not added up
    built = chart.views["plants built|ALL"].data[3]["y"]
    assert built[-1] == 12 * 3.0


def test_pledges_are_kept_in_per_cent_with_an_interval(context):
    chart = figures_plants.milestones(context)
    points = chart.views["feed"].data[0]
    assert len(points["y"]) == len(set(points["y"]))
    assert all(0 <= share <= 200 for share in points["x"])
    assert len(points["error_x"]["array"]) == len(points["x"])
    assert "<b>" in points["y"][0]


def test_shares_of_demand_have_intervals_for_all_metals_and_bands_for_each(context):
    chart = figures_market.market(context)
    for key in ("share", "import", "short", "price"):
        points = chart.views[f"{key}|ALL"].data[0]
        assert len(points["x"]) == len(points["error_x"]["array"]) > 3
        bands = chart.views[f"{key}|Nd"].data
        low, high, middle = bands[0]["y"], bands[1]["y"], bands[-1]["y"]
        assert all(a <= m <= b for a, m, b in zip(low, middle, high, strict=True))


def test_what_shows_in_no_digit_is_as_before_and_what_shows_is_told(tmp_path):
    story = write_pair(tmp_path)
    pair = Pair(story, Context(Run.open(story.found.second.folder), language("en")), 0)
    refined = choices(pair)[1]
    row = pair.points["refined_kg", "Nd", "ALL", pair.year]
    seen = replace(row, before=6870.0, after=6880.0, effect=replace(row.effect, mean=10.0))
    unseen = replace(seen, after=6870.4)
    for given, told in ((seen, "+10"), (unseen, "as before")):
        changed = Pair(story, pair.context, 0)
        changed.__dict__["points"] = {("refined_kg", "Nd", "ALL", pair.year): given}
        point = changed.point("Nd", refined, pair.year)
        assert (point.effect == NOTHING) == (told == "as before")
        assert pair.signed(refined, point.effect.mean).startswith(told)
