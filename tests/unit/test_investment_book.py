"""Money of new plants in the book: sources equal uses, loans are paid back, guarantees and subsidies pay what they say."""

import math
from types import SimpleNamespace

import pytest

from sim.core.calendar import DAYS_PER_YEAR
from sim.core.finance import annuity, irr, levelised_cost, npv
from sim.nodes.investment_spec import CapitalSpec, InvestmentSpec
from sim.nodes.plant_record import TABLES, THROUGHPUT
from sim.nodes.plant_spec import FinanceSpec
from sim.nodes.schedule import Schedule
from sim.results.tables import numbers, texts
from sim.simulate.investment import book, finance
from tests.fixtures.plants import commissioning, plant, process, world

CAPITAL = CapitalSpec.model_validate(
    {"hurdle_rate_share": 0.1, "bank_rate_share": 0.06, "public_rate_share": 0.01, "loan_years": 4, "life_years": 10}
)
SMELTER = process({"board": {"refined_metal": {"Cu": 0.9}}}, "refining")  # 100 USD per t and year
CAPEX = 1000.0 * 100.0
EARNED, SPENT = 30_000.0, 4_000.0  # a year


BUILDING = (1095.0 - 500.0) / DAYS_PER_YEAR  # from financial close to first feed [years]


def site(finance_spec=None, investment=None, earned=EARNED, end=2034):
    """A plant of 1,000 t a year: finance closes in 2026, first feed on 1 January 2028, 100 t and the same money every year."""
    here = world(2025, end)
    for name in ("plants", "payments"):
        here.recorder.declare(name, *TABLES[name])
    here.recorder.declare("sales", ("year", "plant", "country", "contract", "metal"), ("kg", "usd", "spot_usd"))
    works = plant(
        process="smelting",
        tonnes=1000.0,
        status="announced",
        announced="2026-01-01",
        commissioning="line",
        finance=FinanceSpec.model_validate(finance_spec or {}),
        investment=InvestmentSpec.model_validate(investment) if investment else None,
    )
    spec = SimpleNamespace(
        plants=(works,), processes={"smelting": SMELTER}, capital=CAPITAL, commissioning={"line": commissioning()}
    )
    for year in range(2028, end + 1):
        here.recorder.cell("payments", year, "industry JPN", "Works", "sale of Cu")[0] += earned
        here.recorder.cell("payments", year, "Works", "operations", "opex")[0] += SPENT
        here.recorder.cell("plants", (year - 2025) * 12, "Works")[THROUGHPUT] += 100_000.0
        here.recorder.cell("sales", year, "Works", "JPN", "", "Cu")[:] = [500.0, earned, earned]
    opened = 1095.0 if end >= 2028 else math.inf
    schedule = Schedule(announced_day=365.0, financed_day=500.0, permitted_day=700.0, start_day=opened)
    projects = book(here, spec, {"Works": schedule})
    return here, spec, projects


def paid(here, item, payer=None):
    cells = ((key, cell[0]) for key, cell in here.recorder.rows("payments") if key[3] == item and payer in {None, key[1]})
    return {key[0]: usd for key, usd in cells}


def test_sources_pay_the_whole_investment_in_the_year_of_financial_close():
    here, _, projects = site({"grant_share": 0.2, "loan_share": 0.3, "equity_share": 0.1})
    assert paid(here, "capital expenditure") == {2026: CAPEX}
    assert paid(here, "grant", "government JPN") == {2026: pytest.approx(20_000.0)}
    assert paid(here, "public loan", "public bank JPN") == {2026: pytest.approx(30_000.0)}
    assert paid(here, "bank loan", "banks JPN") == {2026: pytest.approx(40_000.0)}
    assert paid(here, "equity", "owners JPN") == {2026: pytest.approx(10_000.0)}
    assert projects["Works"].capex_usd == CAPEX


def test_a_plant_not_open_yet_at_the_end_of_the_run_has_cost_its_capital():
    here, spec, projects = site({"grant_share": 0.2, "loan_share": 0.3, "equity_share": 0.1}, end=2027)
    assert paid(here, "capital expenditure") == {2026: CAPEX}
    assert paid(here, "grant") == {2026: pytest.approx(20_000.0)}
    assert paid(here, "loan service") == {}
    table = finance(here, spec, projects, {})
    assert numbers(table, "capex_usd").tolist() == [CAPEX]
    assert numbers(table, "public_loan_usd").tolist() == [pytest.approx(30_000.0)]


def test_loans_are_paid_back_in_equal_parts_from_the_first_year_of_operation():
    here, _, _ = site({"loan_share": 0.5})
    service = paid(here, "loan service")
    assert list(service) == [2028, 2029, 2030, 2031]
    assert list(service.values()) == pytest.approx([0.5 * CAPEX * 1.01**BUILDING * annuity(0.01, 4)] * 4)


def test_a_guarantee_pays_what_the_plant_cannot_earn_of_its_guaranteed_part():
    poor, _, _ = site({"equity_share": 0.0}, {"guarantee_share": 0.5}, earned=SPENT)
    rate = 0.06 - 0.5 * 0.05
    service = CAPEX * (1.0 + rate) ** BUILDING * annuity(rate, 4)
    assert list(paid(poor, "guarantee", "government JPN").values()) == pytest.approx([0.5 * service] * 4)
    assert list(paid(poor, "loan service").values()) == pytest.approx([0.5 * service] * 4)
    rich, _, _ = site({"equity_share": 0.0}, {"guarantee_share": 0.5}, earned=100_000.0)
    assert paid(rich, "guarantee") == {}


def test_subsidies_are_paid_per_tonne_fed():
    here, _, _ = site(None, {"subsidy_usd_per_t": 7.0})
    assert paid(here, "subsidy", "government JPN") == {year: pytest.approx(700.0) for year in range(2028, 2035)}


def test_what_came_of_it():
    here, spec, projects = site({"grant_share": 0.2}, {"subsidy_usd_per_t": 7.0})
    table = finance(here, spec, projects, {})
    told = {name: (texts(table, name) if hasattr(table[name], "codes") else numbers(table, name).tolist())[0] for name in table}
    flows = [-CAPEX, 0.0, *[EARNED - SPENT + 700.0] * 7]
    assert told["npv_usd"] == pytest.approx(npv(0.1, flows))
    assert told["irr_share"] == pytest.approx(irr(flows))
    assert told["payback_years"] == pytest.approx(1 + CAPEX / (EARNED - SPENT + 700.0))
    assert told["cost_usd_per_kg"] == pytest.approx(levelised_cost(0.1, [CAPEX, 0.0, *[SPENT] * 7], [0.0, 0.0, *[500.0] * 7]))
    assert told["value_usd_per_kg"] == pytest.approx(EARNED / 500.0)
    assert (told["grant_usd"], told["support_usd"]) == (pytest.approx(20_000.0), pytest.approx(4900.0))


def test_a_plant_that_is_never_built_costs_nothing():
    here = world(2025, 2034)
    for name in ("plants", "payments"):
        here.recorder.declare(name, *TABLES[name])
    works = plant(process="smelting", status="announced", announced="2026-01-01", commissioning="line")
    spec = SimpleNamespace(plants=(works,), processes={"smelting": SMELTER}, capital=CAPITAL)
    assert book(here, spec, {"Works": Schedule(announced_day=365.0, cancelled=True)}) == {}
    assert list(here.recorder.rows("payments")) == []
