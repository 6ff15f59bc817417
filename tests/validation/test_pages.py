"""docs/validation.md and docs/model.md show what the model says now; red when a case fails."""

from __future__ import annotations

import pytest

from tests.validation import scenario_table
from tests.validation.cases import CLOSED, OTHER
from tests.validation.pages import MODEL, VALIDATION, cases, contained, filled, validation

RENEW = "renew with: python -m tests.validation.pages"


@pytest.fixture(scope="module")
def both(back):
    return cases(back)


@pytest.fixture(scope="module")
def rows(both):
    return [*both[0], *both[1]]


def shown(page: str) -> dict[tuple[str, str], float]:
    """Ratio of every case on the page."""
    ratios = {}
    for text in page.splitlines():
        cells = [cell.strip() for cell in text.strip("|").split("|")]
        if len(cells) in {8, 9} and cells[4].replace(".", "").isdecimal():
            assert (cells[0], cells[1]) not in ratios, text
            ratios[cells[0], cells[1]] = float(cells[4])
    return ratios


def test_the_page_shows_every_case_as_it_is(rows):
    ratios = shown(VALIDATION.read_text(encoding="utf-8"))
    assert set(ratios) == {(row.subject, row.period) for row in rows}, RENEW
    for row in rows:
        assert ratios[row.subject, row.period] == pytest.approx(row.ratio, rel=0.03, abs=0.01), (row.subject, row.period, RENEW)


def test_every_published_figure_says_what_it_was_computed_from(rows):
    for row in rows:
        assert row.inputs or row.basis in {CLOSED, OTHER}, row
        assert row.source
        assert 0.0 <= row.accepted[0] < row.accepted[1]


def test_a_case_that_misses_is_explained_and_no_formula_misses(rows):
    for row in rows:
        assert row.holds or (row.why and row.basis not in {CLOSED, OTHER}), row


def test_misses_come_first_and_what_was_fitted_stands_apart(both, rows):
    made = validation(*both)
    page = VALIDATION.read_text(encoding="utf-8")
    assert page.index("<!-- misses -->") < page.index("<!-- checked -->") < page.index("<!-- fitted -->")
    assert not {row.subject + row.period for row in rows if row.fitted and row.holds} & {
        "".join(cells) for cells in shown(made["checked"])
    }


def test_the_table_of_contained_metal_is_current(back):
    page = MODEL.read_text(encoding="utf-8")
    assert filled(page, {"contained": contained(back)}) == page, RENEW


def test_the_page_of_scenarios_has_the_head_of_its_program_and_every_scenario():
    page = scenario_table.PAGE.read_text(encoding="utf-8")
    assert page.startswith(scenario_table.INTRO.format(year=scenario_table.YEAR, count=scenario_table.REPLICATIONS))
    table = [line.strip("| ").split(" | ") for line in page.splitlines() if line.startswith("| ")]
    assert table[0] == list(scenario_table.HEAD)
    shipped = {file.stem for file in (scenario_table.ROOT / "scenarios").glob("*.toml")}
    assert {(row[0].strip("`"), row[1]) for row in table[1:]} == {
        (name, metal) for name in shipped for metal in scenario_table.METALS
    }
