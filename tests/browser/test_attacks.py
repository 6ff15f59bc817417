"""Texts of others stay texts: nothing runs, nothing links, nothing is fetched, no cell becomes a formula."""

from __future__ import annotations

import csv
import io

import pytest

from sim.report.gallery import write_gallery
from sim.report.page import write_report
from tests.fixtures.attacks import PAYLOADS, write_attack

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    folder = write_attack(tmp_path_factory.mktemp("results") / "scenario" / "run")
    write_report(folder)
    write_gallery(folder.parents[1])
    return folder


def test_there_are_a_hundred_of_them():
    assert len(set(PAYLOADS)) >= 100


@pytest.mark.parametrize("name", ["report.html", "report.ja.html"])
def test_texts_do_nothing_in_the_report(visit, attacked, name):
    visitor = visit()
    page = visitor.open(attacked / name)
    _touch_everything(page)
    assert page.evaluate("window.marked === undefined")
    assert visitor.dialogs == []
    assert [url for url in visitor.requests if not url.startswith(("file:", "data:", "blob:"))] == []
    assert visitor.complaints == []
    assert page.url == (attacked / name).as_uri()
    assert (
        page.locator(
            "svg a, img:not(.plot img), iframe, object, embed, form, input, base, link, video, audio, marquee, main script"
        ).count()
        == 0
    )
    links = page.evaluate("[...document.querySelectorAll('a')].map(a => a.getAttribute('href'))")
    assert all(link.startswith(("#", "report.", "data:text/csv", "https://")) for link in links)
    assert [link for link in links if "evil" in link and not link.startswith("data:text/csv")] == []
    assert page.locator("html").get_attribute("data-charts") == str(page.locator(".plot").count())
    # nothing was evaluated on the way: templates and formats stay as they were written
    assert "49" not in page.locator("h1").inner_text()
    assert "{{7*7}}" in page.locator("h1").inner_text() or name.endswith("ja.html")


def _touch_everything(page):
    """Open every list, choose the last of every selection, point at the first mark of every chart."""
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    page.evaluate(
        """for (const s of document.querySelectorAll('select')) {
          s.selectedIndex = s.options.length - 1;
          s.dispatchEvent(new Event('change'));
        }"""
    )
    page.wait_for_timeout(3000)
    page.evaluate(
        """() => {
          for (const p of document.querySelectorAll('.plot')) {
            if (!p._fullLayout || !p._fullLayout._has('cartesian')) continue;
            p.data.forEach((trace, c) => {
              if (['bar', 'scatter'].includes(trace.type)) Plotly.Fx.hover(p, [{curveNumber: c, pointNumber: 0}]);
            });
          }
        }"""
    )
    page.wait_for_timeout(500)


def test_no_cell_of_a_csv_is_a_formula(visit, attacked):
    page = visit().open(attacked / "report.html")
    names = page.evaluate("[...document.querySelectorAll('a[data-table-of]')].map(a => a.dataset.tableOf)")
    seen = 0
    for name in names:
        text = page.evaluate(
            """n => {
              const link = document.querySelector(`a[data-table-of="${n}"]`);
              link.addEventListener('click', (event) => event.preventDefault());
              link.click();
              return decodeURIComponent(link.href.slice(link.href.indexOf(',') + 1));
            }""",
            name,
        )
        for row in csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline="")):
            for cell in row:
                if cell.startswith(("=", "+", "-", "@", "\t", "\r", "|", "%")):
                    float(cell)
                seen += cell.startswith("'")
    assert seen > 100


def test_texts_do_nothing_in_the_gallery(visit, attacked):
    visitor = visit()
    page = visitor.open(attacked.parents[1] / "index.html", ready=False)
    page.wait_for_timeout(300)
    assert page.evaluate("window.marked === undefined")
    assert visitor.complaints == []
    assert [url for url in visitor.requests if not url.startswith("file:")] == []
    links = page.evaluate("[...document.querySelectorAll('a')].map(a => a.getAttribute('href'))")
    assert all(link.startswith(("index.", "scenario/run/report.")) for link in links)
