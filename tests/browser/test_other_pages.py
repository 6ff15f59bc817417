"""The pages of comparisons and sweeps: offline, accessible, translated, and deaf to texts of others."""

from __future__ import annotations

import json
import re

import pytest

from sim.report.comparison import write_comparison
from sim.report.sweep_page import write_sweep
from tests.browser.test_report import A4_WITHIN_MARGINS_PX, axe_violations
from tests.fixtures.attacks import PAYLOADS
from tests.fixtures.synthetic_pair import write_pair
from tests.fixtures.synthetic_sweep import DIALS, write_sweep_folder

pytestmark = pytest.mark.browser

EVERYTHING = " ".join(PAYLOADS)
KEPT = {
    "urban",
    "mine",
    "English",
    "JavaScript",
    "Excel",
    "attribute",
    "compare",
    "outcomes",
    "parquet",
    "drop_box",
    "baseline",
    "Jansen",
    "Saltelli",
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    root = tmp_path_factory.mktemp("pages")
    story = write_pair(root / "pair")
    swept = write_sweep(write_sweep_folder(root / "results" / "s" / "sweep-1"))
    compared = write_comparison([story], root)
    return {("comparison", path.stem.endswith(".ja")): path for path in compared} | {
        ("sweep", path.stem.endswith(".ja")): path for path in swept
    }


@pytest.fixture(scope="module")
def attacked(tmp_path_factory):
    root = tmp_path_factory.mktemp("attacked")
    scenario = {"key": "x", "name": EVERYTHING, "title_ja": EVERYTHING, "question": EVERYTHING, "question_ja": EVERYTHING}
    story = write_pair(root / "pair", scenario=scenario, command=EVERYTHING, run_id=EVERYTHING)
    swept = write_sweep(write_sweep_folder(root / "sweep", name=EVERYTHING, question=EVERYTHING))
    return [*write_comparison([story], root), *swept]


@pytest.mark.parametrize("japanese", [False, True])
@pytest.mark.parametrize("name", ["comparison", "sweep"])
def test_opens_offline_draws_everything_and_axe_finds_nothing(visit, pages, name, japanese):
    visitor = visit()
    page = visitor.open(pages[name, japanese])
    assert [url for url in visitor.requests if url.startswith("http")] == []
    assert visitor.complaints == []
    plots = page.locator(".plot")
    assert plots.count() >= 3
    assert page.locator("html").get_attribute("data-charts") == str(plots.count())
    assert page.evaluate("[...document.querySelectorAll('.plot')].every(p => p.querySelector('svg.main-svg path'))")
    assert page.locator("[data-title*='hare'], [data-title*='loud'], .modebar-btn").count() == 0
    links = page.evaluate("[...document.querySelectorAll('a.number')].map(a => a.getAttribute('href').slice(1))")
    assert links
    assert page.evaluate("ids => ids.every(id => document.getElementById(id))", links)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    page.wait_for_timeout(500)
    if japanese:
        assert english_words(page, KEPT | set(re.findall(r"[A-Za-z]{4,}", " ".join(DIALS)))) == []
    assert axe_violations(page) == []


def english_words(page, kept):
    """Latin words of four letters and more that are neither marked as English nor kept."""
    texts = page.evaluate(
        """() => {
          const found = [];
          const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          while (walk.nextNode()) {
            const parent = walk.currentNode.parentElement;
            if (!parent.closest('script, style, noscript, code, h1, .plot, [lang="en"]')) found.push(walk.currentNode.textContent);
          }
          return found;
        }"""
    )
    known = {
        "countries",
        "channels",
        "market",
        "prices",
        "collected",
        "refined",
        "synthetic",
        "coverage_share",
        "coverage",
        "share",
    }
    words = {word for text in texts for word in re.findall(r"[A-Za-z]{4,}", text)}
    return sorted(word for word in words if word not in kept | known and not any(word in code for code in kept))


@pytest.mark.parametrize("name", ["comparison", "sweep"])
def test_nothing_is_cut_on_paper_or_on_a_phone(visit, pages, name):
    page = visit(360, 800, still=True).open(pages[name, False])
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.set_viewport_size({"width": round(A4_WITHIN_MARGINS_PX), "height": 1000})
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.wait_for_timeout(1500)
    widths = page.evaluate(
        "[...document.querySelectorAll('.plot')].map(p => p.querySelector('.main-svg').getBoundingClientRect().width)"
    )
    assert all(0 < width <= A4_WITHIN_MARGINS_PX + 1 for width in widths), widths


def test_texts_of_others_do_nothing(visit, attacked):
    for path in attacked:
        visitor = visit()
        page = visitor.open(path)
        page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
        page.evaluate(
            """for (const s of document.querySelectorAll('select')) {
              s.selectedIndex = s.options.length - 1;
              s.dispatchEvent(new Event('change'));
            }"""
        )
        page.wait_for_timeout(1500)
        assert page.evaluate("window.marked === undefined"), path
        assert visitor.dialogs == []
        assert visitor.complaints == []
        assert [url for url in visitor.requests if not url.startswith(("file:", "data:", "blob:"))] == []
        assert page.locator("svg a, img:not(.plot img), iframe, object, embed, form, input, base, link, main script").count() == 0
        links = page.evaluate("[...document.querySelectorAll('a')].map(a => a.getAttribute('href'))")
        assert all(link.startswith(("#", "report.", "comparison.")) for link in links)


def test_a_sweep_still_running_and_failed_runs_are_told(pages, tmp_path):
    text = pages["sweep", False].read_text(encoding="utf-8")
    assert "1 run failed and is left out" in text
    assert "run 0 met a fault &lt;b&gt;" in text
    folder = write_sweep_folder(tmp_path / "part", failed=0)
    plan = json.loads((folder / "plan.json").read_text(encoding="utf-8"))
    assert plan["runs"] == 128
    assert "Still running" not in write_sweep(folder, ["en"])[0].read_text(encoding="utf-8")
