"""The report of every shipped scenario, over a short period: drawn whole, offline, without a complaint, true to its tables."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import sim
from sim.report.page import write_report
from tests.browser.test_report import proofs_hold

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SHIPPED = sorted(file.stem for file in (Path(__file__).parents[2] / "scenarios").glob("*.toml"))
BOUNDED = ("baseline", "export_control_shock_with_response", "quad_framework")
NAMES = BOUNDED if os.environ.get("URBAN_MINE_SLOW") == "bounded" else SHIPPED
LARGEST_BYTES = 3_000_000


@pytest.fixture(scope="module", params=NAMES)
def shipped(request, tmp_path_factory):
    """A run of two years, or until its shocks have struck, with its reports."""
    end = 2028 if "shock" in request.param else 2026
    scenario = sim.load_scenario(request.param).with_set(f"time.end={end}", "resolution.period_days=92")
    folder = sim.run(scenario, replications=2, workers=1).save(tmp_path_factory.mktemp(request.param))
    write_report(folder)
    return folder


@pytest.mark.parametrize("page_name", ["report.html", "report.ja.html"])
def test_the_report_is_drawn_whole_without_a_request(visit, shipped, page_name):
    assert (shipped / page_name).stat().st_size <= LARGEST_BYTES
    visitor = visit()
    page = visitor.open(shipped / page_name)
    assert [
        url for url in visitor.requests if url != (shipped / page_name).as_uri() and not url.startswith(("data:", "blob:"))
    ] == []
    assert visitor.complaints == []
    plots = page.locator(".plot")
    assert page.locator("html").get_attribute("data-charts") == str(plots.count())
    assert plots.count() >= 22
    assert page.locator("[data-title*='hare'], .modebar-btn").count() == 0
    for name in ("map-countries", "map-japan"):
        rows = page.evaluate(
            "n => document.getElementById('plot-' + n).data.filter(t => t.type === 'choropleth').map(t => t.locations.length)", name
        )
        drawn = page.evaluate(
            """n => [...document.querySelectorAll('#plot-' + n + ' .choroplethlayer > g')]
              .map(g => [...g.querySelectorAll('path')].filter(p => (p.getAttribute('d') || '').length > 8).length)""",
            name,
        )
        assert sorted(drawn) == sorted(rows)
    assert "SGP" in page.evaluate("document.getElementById('plot-map-countries').data[1].locations")
    links = page.evaluate("[...new Set([...document.querySelectorAll('a.number')].map(a => a.getAttribute('href')))]")
    assert links
    assert all(page.locator(f"{link} [data-evidence]").count() for link in links)


def test_sums_of_tables_are_those_of_the_parquet_files(visit, shipped):
    assert proofs_hold(visit().open(shipped / "report.html"), shipped) >= 20
