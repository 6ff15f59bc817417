"""The report as readers meet it: in a browser, offline, by keyboard, on paper, on a phone."""

from __future__ import annotations

import io
import json
import re
from collections import Counter

import pyarrow.parquet as pq
import pytest

pytestmark = pytest.mark.browser

PAGES = {"en": "report.html", "ja": "report.ja.html"}
A4_WITHIN_MARGINS_PX = 184 / 25.4 * 96


@pytest.mark.parametrize("code", list(PAGES))
def test_opens_offline_without_a_request_or_a_complaint(opened, folder, code):
    visitor = opened(code)
    page = visitor.page
    assert [url for url in visitor.requests if not url.startswith(("file:", "data:", "blob:"))] == []
    assert [url for url in visitor.requests if url.startswith("file:")] == [(folder / PAGES[code]).as_uri()]
    assert visitor.complaints == []
    plots = page.locator(".plot")
    assert plots.count() >= 20
    assert page.locator("html").get_attribute("data-charts") == str(plots.count())
    assert (
        page.evaluate("[...document.querySelectorAll('.plot')].filter(p => !p.querySelector('svg.main-svg path')).map(p => p.id)")
        == []
    )


def test_has_no_share_button_and_no_tool_bar(opened):
    page = opened("en").page
    assert page.locator("[data-title*='hare'], [data-title*='loud'], .modebar-btn").count() == 0
    assert page.locator("a[href*='plotly'], a[href*='plot.ly']").count() == 0


def test_every_choropleth_has_as_many_shapes_as_rows_singapore_included(opened):
    page = opened("en").page
    for name in ("map-countries", "map-japan"):
        rows = page.evaluate(
            "n => document.getElementById('plot-' + n).data.filter(t => t.type === 'choropleth').map(t => t.locations.length)",
            name,
        )
        drawn = page.evaluate(
            """n => [...document.querySelectorAll('#plot-' + n + ' .choroplethlayer > g')]
              .map(g => [...g.querySelectorAll('path')].filter(p => (p.getAttribute('d') || '').length > 8).length)""",
            name,
        )
        assert sorted(drawn) == sorted(rows)
    study = page.evaluate("document.getElementById('plot-map-countries').data[1].locations")
    assert len(study) == 12
    assert "SGP" in study
    assert page.evaluate("document.querySelectorAll('#plot-map-countries .scattergeo path.point').length") == 3


def table_rows(page, name):
    """Cells of the table of a chart: texts, and exact numbers."""
    page.evaluate("n => document.querySelector('#table-' + n).open = true", name)
    page.locator(f"#table-{name} table tbody tr").first.wait_for(state="attached")
    return page.evaluate(
        """n => [...document.querySelectorAll('#table-' + n + ' tbody tr')]
          .map(r => [...r.cells].map(c => c.dataset.v !== undefined ? c.dataset.v : c.textContent))""",
        name,
    )


def proofs_hold(page, folder):
    """How many tables say which sum they equal; asserts that each does."""
    replications = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["replications"]
    proven = page.evaluate("[...document.querySelectorAll('article.chart[data-table]')].map(a => [a.id.slice(6), {...a.dataset}])")
    for name, told in proven:
        rows = table_rows(page, name)
        wanted = range(len(rows)) if "rows" not in told else map(int, filter(None, told["rows"].split(",")))
        columns = [int(column) for column in told["columns"].split(",")]
        cells = (rows[i][column].replace(",", "").replace("\u2212", "-") for i in wanted for column in columns)
        shown = sum(float(cell) for cell in cells if cell != "nan")
        frame = pq.read_table(folder / "tables" / f"{told['table']}.parquet").to_pandas()
        for column, values in json.loads(told["where"]).items():
            frame = frame[frame[column].isin(values)]
        assert shown * float(told["factor"]) * replications == pytest.approx(frame[told["measure"]].sum(), rel=1e-9), name
    return len(proven)


@pytest.mark.parametrize("code", list(PAGES))
def test_sums_of_tables_are_those_of_the_parquet_files(opened, folder, code):
    assert proofs_hold(opened(code).page, folder) >= 25


def test_every_chart_has_its_table(opened):
    page = opened("en").page
    names = page.evaluate("[...document.querySelectorAll('.plot')].map(p => p.id.slice(5))")
    for name in names:
        rows = table_rows(page, name)
        heads = page.locator(f"#table-{name} thead th").count()
        assert rows
        assert all(len(row) == heads for row in rows), name


def axe_violations(page):
    from axe_playwright_python.sync_playwright import Axe

    # the inside of a chart is presentational (its holder is an image with words), and rows of a list are all made alike:
    # without them axe takes seconds, not minutes
    page.evaluate(
        """() => {
          for (const e of document.querySelectorAll('.plot > *, tbody tr:nth-child(n+4), .sources li:nth-child(n+4)')) e.remove();
        }"""
    )
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    return [
        (v["id"], v["impact"], [n["target"] for n in v["nodes"]][:4])
        for v in found
        if v["impact"] in {"serious", "critical", "moderate"}
    ]


@pytest.mark.parametrize("code", list(PAGES))
def test_axe_finds_nothing(visit, folder, code):
    page = visit().open(folder / PAGES[code])
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    page.wait_for_timeout(1000)
    assert axe_violations(page) == []


def test_axe_finds_nothing_in_the_gallery(visit, folder, tmp_path):
    from sim.report.gallery import write_gallery

    (tmp_path / "scenario").mkdir()
    (tmp_path / "scenario" / "run").symlink_to(folder)
    for path in write_gallery(tmp_path):
        visitor = visit()
        page = visitor.open(path, ready=False)
        assert axe_violations(page) == []
        assert visitor.complaints == []


def test_charts_are_chosen_by_keyboard_alone(opened):
    page = opened("en").page
    for name in ("sankey", "losses"):
        metal, year = page.locator(f"select[data-chart='{name}']").all()
        before = page.locator(f"#chart-{name} .finding").inner_text(), page.locator(f"#plot-{name}").get_attribute("aria-label")
        metal.focus()
        page.keyboard.press("ArrowDown")
        assert metal.input_value() == "Dy"
        page.wait_for_timeout(300)
        after = page.locator(f"#chart-{name} .finding").inner_text(), page.locator(f"#plot-{name}").get_attribute("aria-label")
        assert "Dysprosium" in after[0]
        assert before[1] != after[1]
        page.keyboard.press("Tab")
        page.keyboard.press("End")
        page.wait_for_timeout(300)
        assert year.input_value() == "2029"
        assert "2029" in page.locator(f"#chart-{name} .finding").inner_text()


def test_the_ladder_is_chosen_by_keyboard_alone(opened):
    page = opened("en").page
    metals, years = page.locator("select[data-panels='ladder']").all()
    years.focus()
    page.keyboard.press("End")
    metals.focus()
    page.keyboard.press("ArrowDown")
    shown = page.locator("[data-panel='ladder']:visible")
    assert shown.count() == 1
    assert shown.get_attribute("data-key") == "more|2029"
    assert re.match(r"Cobalt \(Co\)\s+2029", shown.inner_text())


def test_tab_reaches_the_content_first_and_everything_that_acts(visit, folder):
    page = visit().open(folder / PAGES["en"])
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.evaluate("[...document.querySelectorAll('a[href], button, select, summary')].every(e => e.tabIndex >= 0)")


def test_headline_numbers_lead_to_their_assumptions_and_sources(opened):
    page = opened("en").page
    links = page.evaluate("[...new Set([...document.querySelectorAll('a.number')].map(a => a.getAttribute('href')))]")
    assert len(links) == 6
    for link in links:
        page.locator(f"a.number[href='{link}']:visible").first.click()
        rows = page.locator(f"{link} tbody tr")
        rows.first.wait_for(state="visible")
        source = page.locator(f"{link} tbody a").first
        target = source.get_attribute("href")
        source.click()
        page.locator(f"[id='{target[1:]}']").wait_for(state="visible")


def test_csv_opens_with_exact_numbers_and_no_formula(opened):
    page = opened("en").page
    with page.expect_download() as waiting:
        page.locator("a.csv[data-table-of='sankey']").click()
    text = waiting.value.path().read_bytes().decode("utf-8")
    assert waiting.value.suggested_filename == "sankey.csv"
    assert text.startswith("\ufeffMetal,From,")
    lines = text.split("\r\n")
    rows = table_rows(page, "sankey")
    assert len(lines) == len(rows) + 2
    assert [float(cell) for cell in lines[1].split(",")[3:]] == [float(cell.replace(",", "")) for cell in rows[0][3:]]


def test_all_tables_come_as_one_workbook_in_which_no_text_is_a_formula(opened):
    openpyxl = pytest.importorskip("openpyxl")
    page = opened("en").page
    with page.expect_download() as waiting:
        page.locator("button[data-workbook]").click()
    book = openpyxl.load_workbook(io.BytesIO(waiting.value.path().read_bytes()))
    assert {"ladder", "sankey", "recovery", "country-JPN"} <= set(book.sheetnames)
    rows = table_rows(page, "sankey")
    sheet = list(book["sankey"].iter_rows(values_only=True))
    assert len(sheet) == len(rows) + 1
    assert sheet[1][3] == pytest.approx(float(rows[0][3].replace(",", "")), rel=1e-11)
    assert all(cell.data_type != "f" for row in book["ladder"].iter_rows() for cell in row)


def test_the_ladder_comes_in_the_format_of_policy_databases(opened):
    page = opened("en").page
    with page.expect_download() as waiting:
        page.locator("a[data-text='iamc']").click()
    text = waiting.value.path().read_bytes().decode("utf-8-sig")
    assert text.startswith("model,scenario,region,variable,unit,year,value")
    assert ",World,E-Waste|Nd|Refined|P90,kg/yr,2029," in text


def test_years_play_when_asked_and_not_for_those_who_want_less_motion(visit, opened, folder):
    page = opened("en").page
    button, years = page.locator("button[data-plays='flow-map']"), page.locator("select[data-chart='flow-map']").nth(1)
    first = years.evaluate("s => { s.selectedIndex = 0; return s.value; }")
    page.wait_for_timeout(1500)
    assert years.input_value() == first
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    page.wait_for_function("y => document.querySelectorAll('select[data-chart=flow-map]')[1].value > y", arg=first, timeout=60_000)
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    still = visit(still=True).open(folder / PAGES["en"])
    assert still.locator("button[data-plays='flow-map']").is_hidden()


def test_pictures_are_saved_without_network(opened):
    visitor = opened("en")
    page = visitor.page
    with page.expect_download() as waiting:
        page.locator("button[data-picture='losses']").click()
    assert waiting.value.path().read_text(encoding="utf-8").startswith("<svg")
    assert visitor.complaints == []


def test_a_page_changed_after_writing_runs_nothing_and_still_draws(visit, folder, tmp_path):
    text = (folder / PAGES["en"]).read_text(encoding="utf-8")
    changed = text.replace("</main>", "<script>window.marked = 1</script><img src=x onerror='window.marked = 2'></main>")
    path = tmp_path / "changed.html"
    path.write_text(changed, encoding="utf-8")
    visitor = visit()
    page = visitor.open(path)
    assert page.evaluate("window.marked === undefined")
    assert page.locator("html").get_attribute("data-charts") == str(page.locator(".plot").count())
    assert any("Content Security Policy" in complaint for complaint in visitor.complaints)


def test_narrow_screens_do_not_scroll_sideways_and_nothing_moves_by_itself(visit, folder):
    page = visit(360, 800, still=True).open(folder / PAGES["ja"])
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    assert page.evaluate(
        "[...document.querySelectorAll('.plot')].every(p => !p._transitionData || !p._transitionData._frames.length)"
    )
    assert page.evaluate("[...document.querySelectorAll('.sankey-link')].every(l => getComputedStyle(l).opacity === '1')")
    assert axe_violations(page) == []


def test_dark_and_light_follow_the_reader(visit, folder):
    page = visit(dark=True).open(folder / PAGES["en"])
    ink = "document.querySelector('#plot-recovery')._fullLayout.font.color"
    dark = page.evaluate(ink), page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.emulate_media(color_scheme="light")
    page.wait_for_timeout(1500)
    light = page.evaluate(ink), page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark == ("#e7ebf0", "rgb(18, 23, 29)")
    assert light == ("#1c2430", "rgb(255, 255, 255)")
    page.emulate_media(color_scheme="dark")
    assert axe_violations(page) == []


def test_no_chart_is_cut_on_paper(visit, folder):
    visitor = visit()
    page = visitor.open(folder / PAGES["en"])
    document = page.pdf(prefer_css_page_size=True)
    pages = len(re.findall(rb"/Type\s*/Page\b", document))
    assert 10 <= pages <= 60
    assert b"/MediaBox [0 0 594.95" in document or re.search(rb"/MediaBox\s*\[\s*0 0 59[45]", document)
    assert visitor.complaints == []
    # the same sizes as on paper: a viewport as wide as A4 within its margins, laid out as the page does before printing
    page.set_viewport_size({"width": round(A4_WITHIN_MARGINS_PX), "height": 1000})
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    page.wait_for_timeout(2000)
    widths = page.evaluate(
        "[...document.querySelectorAll('.plot')].map(p => [p.id, p.querySelector('.main-svg').getBoundingClientRect().width])"
    )
    assert all(0 < width <= A4_WITHIN_MARGINS_PX + 1 for _, width in widths), widths
    heights = page.evaluate("[...document.querySelectorAll('.picture')].map(p => p.getBoundingClientRect().height)")
    assert max(heights) < (297 - 28) / 25.4 * 96
    page.evaluate("dispatchEvent(new Event('afterprint'))")


JAPANESE_KEEPS = {
    "urban-mine",
    "English",
    "JavaScript",
    "Natural",
    "Earth",
    "parquet",
    "assumptions",
    "tables",
    "SHA",
    "SVG",
    "CSV",
    "Excel",
    "IAMC",
    "morris",
    "baseline",
    "CO",
    "median",
}


def test_the_japanese_page_has_no_untranslated_words(opened, folder):
    page = opened("ja").page
    page.evaluate("for (const d of document.querySelectorAll('details')) d.open = true")
    page.wait_for_timeout(500)
    texts = page.evaluate(
        """() => {
          const found = [];
          const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
          while (walk.nextNode()) {
            const parent = walk.currentNode.parentElement;
            if (parent.closest('script, style, noscript, code, [lang="en"]')) continue;
            found.push(walk.currentNode.textContent);
          }
          for (const e of document.querySelectorAll('[aria-label]:not([lang="en"] *)')) found.push(e.getAttribute('aria-label'));
          return found;
        }"""
    )
    data = (folder / "manifest.json").read_text(encoding="utf-8") + (folder / "summary.json").read_text(encoding="utf-8")
    data += " ".join(set(pq.read_table(folder / "tables" / "plants.parquet").column("plant").to_pylist()))
    data += " ".join(set(pq.read_table(folder / "tables" / "shocks.parquet").column("name").to_pylist()))
    words = [word for text in texts for word in re.findall(r"[A-Za-z]{4,}", text)]
    english = Counter(word for word in words if word not in JAPANESE_KEEPS and word not in data)
    assert not english, english.most_common(20)
    assert sum(bool(re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", text)) for text in texts) > 500


def test_japanese_has_a_glyph_for_every_character(opened):
    page = opened("ja").page
    widths = page.evaluate(
        """() => {
          const canvas = document.createElement('canvas').getContext('2d');
          canvas.font = '20px ' + getComputedStyle(document.body).fontFamily;
          const missing = canvas.measureText('\\uffff').width;
          const width = (c) => canvas.measureText(c).width;
          const characters = [...new Set(document.body.innerText)].filter((c) => c > '\\u3000');
          return characters.filter((c) => width(c) === 0 || (width(c) === missing && missing !== 20)).join('');
        }"""
    )
    assert widths == ""
