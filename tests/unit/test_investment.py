"""Projects: what they are worth to owners, and that one below its hurdle is not built."""

import math
from datetime import date

import pytest

from sim.core.finance import annuity, irr, npv
from sim.core.quantity import Quantity
from sim.nodes.investment_spec import CapitalSpec, InvestmentSpec
from sim.nodes.plant_spec import FinanceSpec
from sim.policy.commissioning import Commissioning
from sim.policy.finance import Terms, judge
from tests.fixtures.plants import commissioning, plant, world

CAPITAL = CapitalSpec.model_validate(
    {
        "hurdle_rate_share": 0.1,
        "bank_rate_share": 0.06,
        "public_rate_share": 0.01,
        "loan_years": 5,
        "life_years": 10,
        "load_share": 0.8,
    }
)
CLASSES = {"line": commissioning(finance_months=6, permit_months=6, build_months=12)}


def terms(finance=None, **investment):
    made = plant(
        status="announced",
        commissioning="line",
        finance=FinanceSpec.model_validate(finance) if finance else None,
        investment=InvestmentSpec.model_validate(investment) if investment else None,
    )
    return Terms.of(made, CAPITAL, 2026.0)


def test_owners_pay_all_where_nothing_else_is_said():
    plain = terms()
    assert (plain.equity_share, plain.bank_share, plain.service_shares(2.0)) == (1.0, 0.0, (0.0, 0.0))
    verdict = judge(plain, 1000.0, 195.0, 1.5)
    flows = [-1000.0, 0.0, 0.0, *[195.0] * 10]
    assert verdict.npv_usd == pytest.approx(npv(0.1, flows))
    assert verdict.irr_share == pytest.approx(irr(flows))
    assert not verdict.clears
    assert judge(plain, 1000.0, 200.0, 1.5).clears


def test_grants_loans_and_guarantees_each_lift_the_value_to_owners():
    half = {"equity_share": 0.5}
    bank = terms(half)
    assert bank.bank_share == 0.5
    assert bank.service_shares(0.0) == pytest.approx((0.0, 0.5 * annuity(0.06, 5)))
    guaranteed = terms(half, guarantee_share=1.0)
    assert guaranteed.service_shares(0.0) == pytest.approx((0.0, 0.5 * annuity(0.01, 5)))
    loan = terms({"equity_share": 0.5, "loan_share": 0.5})
    assert loan.bank_share == 0.0
    assert loan.service_shares(0.0) == pytest.approx((0.5 * annuity(0.01, 5), 0.0))
    granted = terms({"grant_share": 0.5})
    values = [judge(each, 1000.0, 180.0, 1.0).npv_usd for each in (bank, guaranteed, loan, granted)]
    assert values[0] < values[1] < values[3]
    assert values[1] == pytest.approx(values[2])
    assert judge(granted, 1000.0, 180.0, 1.0).irr_share == judge(bank, 1000.0, 180.0, 1.0).irr_share


@pytest.mark.parametrize("delay_years", [0.0, 1.0, 3.0])
def test_interest_of_the_years_of_building_is_paid_back(delay_years):
    half = terms({"equity_share": 0.5})
    flows = half.owners_flows(1000.0, 0.0, delay_years)
    assert npv(0.06, flows) == pytest.approx(-1000.0)
    assert half.service_shares(delay_years)[1] == pytest.approx(0.5 * 1.06**delay_years * annuity(0.06, 5))


def test_years_are_whole_in_the_annuity_as_in_the_flows():
    part = CAPITAL.model_copy(update={"loan_years": Quantity.constant(5.4), "life_years": Quantity.constant(9.6)})
    made = Terms.of(plant(finance=FinanceSpec.model_validate({"equity_share": 0.5})), part, 2026.0)
    assert (made.loan_years, made.life_years) == (5, 10)
    assert made.service_shares(0.0)[1] == pytest.approx(0.5 * annuity(0.06, 5))


def test_a_plant_may_state_its_own_hurdle_and_load():
    own = terms(None, hurdle_rate_share=0.05, load_share=0.5)
    assert (own.hurdle_share, own.load_share) == (0.05, 0.5)
    assert terms().load_share == 0.8


def closed_on(appraise, **investment):
    """Day of financial close of a project announced on 1 January 2026, and its schedule."""
    here = world(2025, 2030)
    rooms = Commissioning(here, CLASSES, appraise)
    rooms.declare_dials(["JPN"])
    schedule = rooms.schedule_of(
        plant(
            status="announced",
            commissioning="line",
            announced="2026-01-01",
            investment=InvestmentSpec.model_validate(investment) if investment else None,
        )
    )
    rooms.start()
    here.clock.run(until=here.calendar.days)
    return here, schedule


def test_what_does_not_clear_is_never_financed():
    _, refused = closed_on(lambda _: False)
    assert refused.cancelled
    assert refused.financed_day == refused.start_day == math.inf
    _, built = closed_on(lambda _: True)
    _, plain = closed_on(None)
    assert built == plain
    assert math.isfinite(built.start_day)


def test_financial_close_waits_for_the_award_and_nothing_else_moves():
    here, plain = closed_on(None)
    _, early = closed_on(None, awarded=date(2026, 2, 1))
    assert early == plain
    _, late = closed_on(None, awarded=date(2027, 3, 1))
    assert late.financed_day == here.calendar.day_of(date(2027, 3, 1))
    assert late.start_day - late.financed_day == pytest.approx(plain.start_day - plain.financed_day)
