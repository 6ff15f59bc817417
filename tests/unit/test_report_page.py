"""The page as a file: self-contained, whole, honest about what it does not know."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest

import sim
from sim.cli import main
from sim.core.errors import OutputError, ResultsError, UsageError
from sim.report import embed, theme
from sim.report.chart import Chart, Column, Missing, Table, Trusted, as_row, exact, plain, wrapped
from sim.report.comparison import write_comparison
from sim.report.context import Context
from sim.report.gallery import write_gallery
from sim.report.language import language
from sim.report.page import sections, write_report
from sim.report.reading import Run
from tests.fixtures.synthetic_pair import write_pair
from tests.fixtures.synthetic_run import seal, write_run, write_table
from tests.fixtures.synthetic_sweep import write_sweep_folder
from tests.fixtures.synthetic_tables import Shape

SMALL = Shape(end=2026, replications=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_run(tmp_path_factory.mktemp("run") / "r")


@pytest.fixture(scope="module")
def pages(folder):
    return [path.read_text(encoding="utf-8") for path in write_report(folder)]


def packed(page, name):
    return embed.unpacked(re.search(rf'id="{name}">([^<]*)<', page).group(1))


def test_a_report_is_written_in_each_language(folder, pages):
    assert sorted(path.name for path in folder.glob("*.html")) == ["report.html", "report.ja.html"]
    assert '<html lang="en">' in pages[0]
    assert '<html lang="ja">' in pages[1]
    assert "合成データの例" in pages[1]
    assert not list(folder.glob(".*"))


def test_the_policy_knows_every_script_and_nothing_else(pages):
    for page in pages:
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page).group(1).replace("&#39;", "'")
        assert policy.startswith("default-src 'none'; script-src 'sha256-")
        assert "unsafe-eval" not in policy
        assert "'unsafe-inline'" not in policy.split("style-src")[0]
        scripts = [packed(page, "plotly-js"), *re.findall(r"<script>(.*?)</script>", page, re.DOTALL)]
        assert len(scripts) == 2
        for script in scripts:
            assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy


def test_nothing_is_fetched_and_only_pages_beside_it_are_linked(pages):
    for page in pages:
        assert not re.findall(r"<(?:img|link|iframe|object|embed|source|video|audio)\b", page)
        assert not re.search(r'\b(?:src|action|formaction|poster|srcset)\s*=\s*"', page)
        assert set(re.findall(r'<a [^>]*href="([^"#]+)"', page)) <= {"report.html", "report.ja.html"}


def test_the_share_button_is_off_in_one_place():
    assert theme.CONFIG["showSendToCloud"] is False
    assert theme.CONFIG["plotlyServerURL"] == "about:blank"
    assert theme.CONFIG["displaylogo"] is False


def test_the_page_is_small_enough_and_the_same_every_time(folder, pages):
    assert all(len(page.encode()) <= 3_000_000 for page in pages)
    assert [path.read_text(encoding="utf-8") for path in write_report(folder)] == pages


def test_every_chart_tells_a_finding_words_and_a_table(folder):
    for code in ("en", "ja"):
        for section in sections(Context(Run.open(folder), language(code))):
            for chart in section.charts:
                assert isinstance(chart, Chart), chart
                assert set(chart.views) == _choices(chart), chart.name
                assert chart.default in chart.views
                for view in chart.views.values():
                    assert view.finding.strip()
                    nothing = all(trace.get("x") == [] for trace in view.data)  # a view that says why nothing is drawn
                    assert nothing or re.search(r"\d", view.spoken), (chart.name, view.spoken)
                    assert view.data
                assert chart.table.rows
                assert all(len(row) == len(chart.table.columns) for row in chart.table.rows)


def _choices(chart):
    keys = [""]
    for place, selector in enumerate(chart.selectors):
        keys = [f"{key}|{value}" if place else value for key in keys for value, _ in selector.options]
    return set(keys)


def test_no_chart_has_more_than_seven_series_or_5000_points(folder):
    for section in sections(Context(Run.open(folder), language("en"))):
        for chart in section.charts:
            for view in chart.views.values():
                kinds = [trace for trace in view.data if trace["type"] in {"bar", "scatter"}]
                assert len(kinds) <= 7, chart.name
                for trace in view.data:
                    assert len(trace.get("x", trace.get("y", ()))) <= 5000


def test_an_empty_table_is_said_and_never_filled(tmp_path):
    folder = write_run(tmp_path / "r", SMALL)
    whole = [chart for section in sections(Context(Run.open(folder), language("en"))) for chart in section.charts]
    needed = {chart.sources[0]: chart.name for chart in whole if isinstance(chart, Chart) and chart.name != "decides"}
    assert len(needed) > 15
    for name, chart in needed.items():
        file = folder / "tables" / f"{name}.parquet"
        kept = file.read_bytes()
        write_table(file, name, [])
        seal(folder, SMALL)
        told = [made for section in sections(Context(Run.open(folder), language("en"))) for made in section.charts]
        missing = {made.name: made.reason for made in told if isinstance(made, Missing)}
        assert chart in missing, name
        assert any(name in reason for reason in missing.values()), (name, missing)
        file.write_bytes(kept)


def test_without_assumptions_and_draws_the_page_says_so(tmp_path):
    folder = write_run(tmp_path / "r", Shape(end=2026, replications=2, empty=frozenset({"inputs", "assumptions"})))
    assert "does not tell" in write_report(folder, ["en"])[0].read_text(encoding="utf-8")


def test_without_a_ladder_the_first_page_says_so(tmp_path):
    folder = write_run(tmp_path / "r", SMALL)
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    (folder / "summary.json").write_text(json.dumps(summary | {"ladder": {}, "decides": {}}), encoding="utf-8")
    seal(folder, SMALL)
    page = write_report(folder, ["en"])[0].read_text(encoding="utf-8")
    assert "does not tell the headline ladder" in page or "does not tell the ladder" in page
    assert "needs at least 4 draws of the uncertain inputs; this run has" in page


def test_headline_numbers_lead_to_assumptions(pages):
    for page in pages:
        numbers = re.findall(r'<a class="number" href="([^"]*)">', page)
        assert len(numbers) > 100
        assert all(href.startswith("#topic-") and f'id="{href[1:]}"' in page for href in numbers)
        evidence = json.loads(packed(page, "report-data"))["evidence"]
        for topic in {href.removeprefix("#topic-") for href in numbers}:
            assert evidence["topics"][topic]
            assert all(1 <= row[5] <= len(evidence["sources"]) for row in evidence["topics"][topic])


def test_warnings_and_low_confidence_are_on_the_first_page(pages):
    first = pages[0].split('<section id="deciding"')[0]
    assert "Thailand dismantling (aggregate): no nameplate is known" in first
    assert re.search(r"of \d+ inputs are of low confidence", first)
    assert "Only 4 replications" in first


def test_texts_of_others_cannot_speak_plotly_or_html():
    assert plain({"name": "<b>&"}) == {"name": "&lt;b&gt;&amp;"}
    assert plain(Trusted("<br>")) == "<br>"
    assert plain([float("nan"), 1.23456789]) == [None, 1.23457]
    assert wrapped("a <b> & " + "word " * 8) == "a &lt;b&gt; &amp; word word word<br>word word word word word"
    table = Table((Column("<i>"), Column("n", lambda x: f"{x:.1f}")), (as_row("<script>", 1.25), as_row("=1+1", float("nan"))))
    html = table.html()
    assert "&lt;i&gt;" in html
    assert "&lt;script&gt;" in html
    assert "<script>" not in html
    assert "data-v=1.25>1.2" in html
    assert "data-v=nan>nan" in html


def test_exact_numbers_keep_twelve_digits():
    assert exact(123456789.123456789) == "123456789.123"
    assert exact(float("nan")) == ""


def test_what_cannot_be_written_is_said_and_leaves_nothing(tmp_path):
    folder = write_run(tmp_path / "r", SMALL)
    (folder / "report.html").mkdir()
    with pytest.raises(OutputError, match=r"report\.html"):
        write_report(folder, ["en"])
    assert not list(folder.glob(".*"))


def test_gallery_tells_every_run_and_what_is_damaged(tmp_path):
    root = tmp_path / "results"
    for name in ("a/one", "a/two", "b/three"):
        write_run(root / name, SMALL)
    write_report(root / "a" / "one", ["en"])
    (root / "b" / "three" / "summary.json").write_text("{", encoding="utf-8")
    written = write_gallery(root)
    assert [path.name for path in written] == ["index.html", "index.ja.html"]
    page = written[0].read_text(encoding="utf-8")
    assert 'href="a/one/report.html"' in page
    assert "no report yet" in page
    assert "b/three" in page
    assert "script-src 'none'" in page.replace("&#39;", "'")
    with pytest.raises(ResultsError, match="neither a run folder"):
        write_gallery(tmp_path / "nothing")


def test_command_line(tmp_path, capsys):
    folder = write_run(tmp_path / "results" / "s" / "r", SMALL)
    assert main(["report", str(folder), "--lang", "ja", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"] == [str(folder / "report.ja.html")]
    assert main(["report", str(folder), "--lang", "xx"]) == 2
    assert "no language 'xx'" in capsys.readouterr().err
    assert main(["report", str(tmp_path / "results")]) == 0
    assert "index.html" in capsys.readouterr().out
    assert main(["report", str(tmp_path / "nowhere")]) == 4
    assert "Traceback" not in capsys.readouterr().err


def test_pages_of_sweeps_are_written_and_listed(tmp_path, capsys):
    folder = write_sweep_folder(tmp_path / "results" / "reach" / "sweep-1")
    assert main(["report", str(folder)]) == 0
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "Measure <code" in page
    assert "countries.JPN.channels.drop_box.coverage_share" in page
    write_run(tmp_path / "results" / "s" / "r", SMALL)
    assert main(["report", str(tmp_path / "results")]) == 0
    gallery = (tmp_path / "results" / "index.html").read_text(encoding="utf-8")
    assert 'href="reach/sweep-1/report.html"' in gallery
    (folder / "plan.json").write_text("{}", encoding="utf-8")
    assert main(["report", str(folder)]) == 4
    assert main(["report", str(tmp_path / "results")]) == 0
    assert "reach/sweep-1" in (tmp_path / "results" / "index.html").read_text(encoding="utf-8").split("not readable")[1]
    assert "Traceback" not in capsys.readouterr().err


def test_a_comparison_tells_differences_and_their_inputs(tmp_path):
    story = write_pair(tmp_path)
    page, japanese = (path.read_text(encoding="utf-8") for path in write_comparison([story], tmp_path))
    assert len(page.encode()) <= 3_000_000
    assert "countries.JPN.channels" in page
    assert "coverage_share = 0.7" in page
    assert "+" in page.split("<article")[1]
    rows = {(r.metal, r.year): r for r in story.found.rows if r.measure == "refined_kg" and r.country == "ALL"}
    told = json.loads(packed(page, "report-data"))
    data = told["charts"]["difference-0"]["views"]["Nd|refined"]["data"][-1]
    kg = [row.effect.mean for (metal, _), row in sorted(rows.items()) if metal == "Nd"]
    ratios = [mean / drawn for mean, drawn in zip(kg, data["y"], strict=True)]
    assert ratios == pytest.approx([ratios[0]] * len(ratios), rel=1e-5)
    assert "比較" in japanese


def test_a_country_tells_its_evidence_and_what_to_measure_next(pages):
    part = pages[0].split('id="country-JPN"')[1].split("</details>")[0]
    assert "Measure next" in part
    assert "no ranking" in pages[0]
    assert pages[0].count('class="country on-paper"') == 12


def test_the_package_can_be_called(tmp_path):
    folder = write_run(tmp_path / "r", SMALL)
    assert sim.report(folder, languages=("en",)) == [folder / "report.html"]


def test_pictures_without_kaleido_say_what_to_install(tmp_path, monkeypatch):
    import importlib

    real = importlib.import_module

    def none(name, *rest):
        if name == "kaleido":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr("sim.report.images.import_module", none)
    with pytest.raises(UsageError, match=r"urban-mine\[images\]"):
        write_report(write_run(tmp_path / "r", SMALL), ["en"], tmp_path / "figures")
