"""Contracts: which part of a sale they take, at what price, and who pays."""

from datetime import date

import numpy as np
import pytest

from sim.core.calendar import Calendar
from sim.trade.contract import Contracts
from sim.trade.contract_spec import ContractSpec

SUBSTANCES = ("Nd", "Dy", "Cu", "other")
CALENDAR = Calendar.of(2026, 2030)
SPOT = np.array([80.0, 900.0, 9.0, 0.0])
SALE = np.array([6000.0, 400.0, 1000.0, 500.0])


def contract(**said):
    plain = {"name": "Deal", "kind": "offtake", "sellers": ["Hub"], "metals": ["Nd"], "buyer": "JPN"}
    plain |= {"start": date(2027, 1, 1), "years": 3, "volume_t_per_year": 10}
    return ContractSpec.model_validate(plain | said)


def book(*specs):
    return Contracts(specs, SUBSTANCES, CALENDAR)


def on(year, month=6):
    return float(CALENDAR.day_of(date(year, month, 1)))


def taken(contracts, year, sale=SALE, spot=SPOT, seller="Hub", month=6):
    return [(each.spec.name, part.tolist()) for each, part in contracts.assign(seller, sale, spot, on(year, month))]


def test_an_offtaker_gets_the_metals_named_up_to_the_volume_of_a_year_between_its_dates():
    deals = book(contract(volume_t_per_year=10))
    assert taken(deals, 2026) == []
    assert taken(deals, 2027, seller="Other") == []
    assert taken(deals, 2027) == [("Deal", [6000.0, 0.0, 0.0, 0.0])]
    assert taken(deals, 2027) == [("Deal", [pytest.approx(4000.0), 0.0, 0.0, 0.0])]
    assert taken(deals, 2027) == []
    assert taken(deals, 2028) == [("Deal", [6000.0, 0.0, 0.0, 0.0])]
    assert taken(deals, 2030, month=2) == []


def test_a_first_year_counts_for_its_days():
    deals = book(contract(start=date(2027, 7, 2), years=2))
    assert deals.pledged_kg(2026) == {"Deal": 0.0}
    assert deals.pledged_kg(2027)["Deal"] == pytest.approx(10_000 * 183 / 365)
    assert deals.pledged_kg(2028)["Deal"] == pytest.approx(10_000.0)


def test_an_offtaker_leaves_what_it_need_not_take_while_spot_is_cheaper():
    walks = contract(floor_usd_per_kg=110)
    assert taken(book(walks), 2027) == []
    bound = contract(floor_usd_per_kg=110, take_or_pay_share=0.4)
    assert taken(book(bound), 2027) == [("Deal", [pytest.approx(4000.0), 0.0, 0.0, 0.0])]
    dear = np.array([120.0, 900.0, 9.0, 0.0])
    assert taken(book(walks), 2027, spot=dear) == [("Deal", [6000.0, 0.0, 0.0, 0.0])]


@pytest.mark.parametrize(("spot", "price"), [(80.0, 110.0), (120.0, 120.0), (200.0, 150.0)])
def test_the_price_stays_between_floor_and_ceiling(spot, price):
    deals = book(contract(floor_usd_per_kg=110, ceiling_usd_per_kg=150, public_share=0.25))
    paid, _ = deals.settle("Deal", "Hub", SALE, np.array([spot, 900.0, 9.0, 0.0]), 2027.5)
    assert paid[0] == ("industry JPN", "Hub", "sale of Nd", 6000.0 * price)
    assert paid[1] == ("government JPN", "industry JPN", "contract Deal", pytest.approx(0.25 * max(price - spot, 0.0) * 6000.0))


def test_a_floor_held_by_a_government_moves_no_metal_and_takes_part_of_the_upside():
    deals = book(
        contract(kind="price_floor", floor_usd_per_kg=110, upside_share=0.3), contract(name="Second", volume_t_per_year=100)
    )
    assert [name for name, _ in taken(deals, 2027)] == ["Deal", "Second"]
    reverse = book(contract(name="First", volume_t_per_year=100), contract(kind="price_floor", floor_usd_per_kg=110))
    assert [name for name, _ in taken(reverse, 2027)] == ["First", "Deal"]
    (low, _), _ = deals.settle("Deal", "Hub", SALE, SPOT, 2027.5)
    assert low == ("government JPN", "Hub", "contract Deal", 30.0 * 6000.0)
    (_, high), _ = deals.settle("Deal", "Hub", SALE, np.array([150.0, 0.0, 0.0, 0.0]), 2027.5)
    assert high == ("Hub", "government JPN", "contract Deal", pytest.approx(0.3 * 40.0 * 6000.0))


def test_a_stockpile_pays_for_itself():
    deals = book(contract(kind="stockpile", metals=["Nd", "Dy"]))
    paid, _ = deals.settle("Deal", "Hub", SALE, SPOT, 2027.5)
    assert paid[:2] == [("stockpile JPN", "Hub", "sale of Nd", 480_000.0), ("stockpile JPN", "Hub", "sale of Dy", 360_000.0)]


OPENS = on(2027, 1)


def counted_on(*specs, life=3.0, day=OPENS):
    sold = np.array([20_000.0, 1000.0, 0.0, 0.0])
    return book(*specs).expected_price("Hub", SPOT, day, sold, life)[0]


def test_what_a_plant_may_count_on():
    floor = contract(kind="price_floor", floor_usd_per_kg=110)
    assert counted_on(floor) == pytest.approx(80.0 + 30.0 * 0.5)
    assert counted_on(floor, day=on(2030)) == 80.0
    assert counted_on(contract(floor_usd_per_kg=110)) == 80.0
    bound = contract(floor_usd_per_kg=110, take_or_pay_share=0.5)
    assert counted_on(bound) == pytest.approx(80.0 + 30.0 * 0.5 * 0.5)


def test_a_contract_counts_for_its_years_within_the_life_of_a_plant():
    floor = contract(kind="price_floor", floor_usd_per_kg=110)
    assert counted_on(floor, life=12.0) == pytest.approx(80.0 + 30.0 * 0.5 * 3 / 12)
    assert counted_on(floor, life=12.0, day=on(2029, 1)) == pytest.approx(80.0 + 30.0 * 0.5 / 12, rel=1e-4)
    assert counted_on(floor, life=4.0, day=on(2026, 1)) == pytest.approx(80.0 + 30.0 * 0.5 * 3 / 4, rel=1e-4)


def test_contracts_that_follow_each_other_count_one_after_the_other():
    whole = {"floor_usd_per_kg": 110, "take_or_pay_share": 1.0, "volume_t_per_year": 20}
    second = contract(name="Second", start=date(2030, 1, 1), **whole)
    assert counted_on(contract(**whole), second, life=6.0) == pytest.approx(110.0, rel=1e-4)


def test_no_kilogram_is_counted_under_two_offtakes():
    whole = {"floor_usd_per_kg": 110, "take_or_pay_share": 1.0, "volume_t_per_year": 15}
    assert counted_on(contract(**whole), contract(name="Second", **whole)) == pytest.approx(110.0)


def test_a_floor_of_a_government_tops_up_what_an_offtake_pays():
    deal = contract(floor_usd_per_kg=100, take_or_pay_share=1.0)
    floor = contract(name="Floor", kind="price_floor", floor_usd_per_kg=110, volume_t_per_year=20)
    assert counted_on(deal, floor) == counted_on(floor, deal) == pytest.approx(110.0)
    paid = book(deal, floor).price_under("Deal", SPOT, 2027.5)
    assert paid.tolist() == [100.0, 900.0, 9.0, 0.0]
    (low, _), _ = book(deal, floor).settle("Floor", "Hub", SALE, paid, 2027.5)
    assert low == ("government JPN", "Hub", "contract Floor", 10.0 * 6000.0)


@pytest.mark.parametrize("said", [{"kind": "price_floor"}, {"floor_usd_per_kg": 9, "ceiling_usd_per_kg": 8}, {"kind": "barter"}])
def test_contracts_that_cannot_be(said):
    with pytest.raises(ValueError, match=r"floor|kind"):
        contract(**said)


def test_of_a_year_that_comes_evenly_buyers_get_what_they_agreed_to():
    """From 2 July on half of 6 t comes; the second buyer takes what is left of neodymium, and dysprosium; a floor moves nothing."""
    late, second = contract(start=date(2027, 7, 2)), contract(name="Second", buyer="KOR", metals=["Nd", "Dy"])
    deals = book(late, contract(name="Floor", kind="price_floor", floor_usd_per_kg=500), second)
    assert list(deals.taken_of_year("Hub", 2026, SALE)) == []
    (one, first), (other, rest) = deals.taken_of_year("Hub", 2027, SALE)
    assert (one, other) == ("JPN", "KOR")
    assert first.tolist() == pytest.approx([6000.0 * 183 / 365, 0.0, 0.0, 0.0])
    assert rest.tolist() == pytest.approx([6000.0 * 182 / 365, 400.0, 0.0, 0.0])
    small = book(contract(volume_t_per_year=1))
    assert [part.tolist() for _, part in small.taken_of_year("Hub", 2028, SALE)] == [[1000.0, 0.0, 0.0, 0.0]]
