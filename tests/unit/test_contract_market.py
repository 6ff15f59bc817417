"""Contracts in a running market: who gets the metal from when, what they pay, and nothing before the first day."""

from datetime import date

import numpy as np
import pytest

from sim.core.errors import WiringError
from sim.core.lot import Lot
from sim.engine.tags import Origin
from sim.policy.shocks import Shocks
from sim.trade.checks import route_faults
from sim.trade.contract import Contracts
from sim.trade.contract_spec import ContractSpec
from sim.trade.market import Market
from sim.trade.market_spec import MarketSpec
from sim.trade.routing_spec import RouteSpec
from tests.fixtures.trade_world import SUBSTANCES, Maker, build, day, empty_world, plant, route, scenario

DEMAND = {"t_per_year": 365.0, "supply_share": {"CHN": 1.0}, "stockpile_days": 42.0, "industry_stock_days": 18.0}
PRICES = {"Nd": {"usd_per_kg": 80.0}, "Dy": {"usd_per_kg": 900.0}, "Cu": {"usd_per_kg": 9.0}}
MARKET = {"prices": PRICES, "demand": {"JPN": {"Nd": DEMAND}}, "grid_co2_kg_per_kwh": {}}


def contract(**said):
    plain = {"name": "Deal", "kind": "offtake", "sellers": ["Hub"], "metals": ["Nd"], "buyer": "JPN"}
    plain |= {"start": date(2026, 1, 1), "years": 1, "volume_t_per_year": 1000}
    return ContractSpec.model_validate(plain | said)


class Stall:
    """A hub in Malaysia that sells a ton of alloy on the 15th of every month (80 % Nd, 10 % Dy), and its market."""

    def __init__(self, *contracts):
        self.world = empty_world(2025, 2027)
        self.world.ledger.begin_year(0.0, 2025)
        deals = Contracts(contracts, SUBSTANCES, self.world.calendar) if contracts else None
        spec = MarketSpec.model_validate(MARKET)
        self.market = Market(
            self.world, spec, Shocks([], self.world.calendar, self.world.streams), lambda _: "Hub", ("JPN", "MYS", "THA"), deals
        )
        outside = self.world.ledger.account("Hub store", "product_store", "MYS", outside=True)
        ref = self.world.composition.add_rows(np.array([[0.8, 0.1, 0.0, 0.1]]))
        tags = [self.world.tags.of(Origin(country)) for country in ("MYS", "THA")]
        starts = self.world.calendar.month_starts

        def sell(_):
            lots = [Lot(600.0, ref, tags[0], 10.0), Lot(400.0, ref, tags[1], 20.0)]
            self.market.desk("MYS").receive("magnet_alloy", lots, outside)

        for month, first in enumerate(starts[:-1]):
            self.world.clock.at(first + 14.0, sell)
            self.world.clock.at(starts[month + 1] - 1e-6, self.market.close_month, month)
        self.world.clock.run(until=self.world.calendar.days)
        self.world.ledger.fold(self.world.clock.now)

    def sales(self, year, **where):
        names = (*self.world.recorder.columns["sales"][0], "kg", "usd", "spot_usd")
        rows = [dict(zip(names, (*key, *cell), strict=True)) for key, cell in self.world.recorder.rows("sales")]
        return [row for row in rows if row["year"] == year and all(row[key] == value for key, value in where.items())]

    def paid(self, year, payer=None, payee=None):
        return sum(
            cell[0]
            for key, cell in self.world.recorder.rows("payments")
            if key[0] == year and payer in {None, key[1]} and payee in {None, key[2]}
        )

    def stock_kg(self, month):
        names = self.world.recorder.columns["market"][1]
        cells = {key: cell for key, cell in self.world.recorder.rows("market") if key == (month, "JPN", "Nd")}
        return dict(zip(names, cells[month, "JPN", "Nd"], strict=True))


@pytest.fixture(scope="module")
def spot():
    return Stall()


def test_without_contracts_all_is_sold_spot_where_the_plant_sells(spot):
    rows = spot.sales(2026)
    assert {(row["country"], row["contract"]) for row in rows} == {("MYS", "")}
    assert spot.paid(2026, "industry MYS", "Hub") == pytest.approx(12 * (800 * 80.0 + 100 * 900.0))


def test_offtake_moves_its_metals_alone_and_only_between_its_dates(spot):
    made = Stall(contract())
    assert made.sales(2025) == spot.sales(2025)
    assert made.sales(2027) == spot.sales(2027)
    (deal,) = made.sales(2026, contract="Deal")
    assert (deal["country"], deal["metal"], deal["kg"], deal["usd"]) == (
        "JPN",
        "Nd",
        pytest.approx(9600.0),
        pytest.approx(768_000.0),
    )
    assert [row["metal"] for row in made.sales(2026, contract="")] == ["Dy"]
    assert made.paid(2026, payee="Hub") == pytest.approx(spot.paid(2026, payee="Hub"))
    assert made.stock_kg(12)["recovered_kg"] == pytest.approx(800.0)
    assert made.stock_kg(12)["primary_kg"] == pytest.approx(spot.stock_kg(12)["primary_kg"] - 800.0)


def test_origins_survive_a_contract():
    made = Stall(contract())
    supplied = {key[1:4]: cell[0] for key, cell in made.world.recorder.rows("supply") if key[0] == 2026 and key[4] == "Nd"}
    assert supplied == {("MYS", "MYS", "JPN"): pytest.approx(5760.0), ("THA", "MYS", "JPN"): pytest.approx(3840.0)}


def test_a_volume_is_never_passed_and_the_rest_is_sold_spot():
    made = Stall(contract(volume_t_per_year=2.0, floor_usd_per_kg=60, ceiling_usd_per_kg=70))
    (deal,) = made.sales(2026, contract="Deal")
    assert deal["kg"] == pytest.approx(2000.0)
    assert deal["usd"] == pytest.approx(140_000.0)
    assert deal["spot_usd"] == pytest.approx(160_000.0)
    assert made.sales(2026, contract="", metal="Nd")[0]["kg"] == pytest.approx(7600.0)


def test_take_or_pay_binds_an_offtaker_to_its_floor():
    walks, bound = (
        Stall(contract(floor_usd_per_kg=110)),
        Stall(contract(floor_usd_per_kg=110, volume_t_per_year=5, take_or_pay_share=0.8)),
    )
    assert walks.sales(2026, contract="Deal") == []
    (deal,) = bound.sales(2026, contract="Deal")
    assert (deal["kg"], deal["usd"]) == (pytest.approx(4000.0), pytest.approx(440_000.0))


def test_a_government_that_holds_up_a_floor_pays_the_gap_and_moves_nothing(spot):
    made = Stall(contract(kind="price_floor", floor_usd_per_kg=110))
    assert made.sales(2026) == spot.sales(2026)
    assert made.paid(2026, "government JPN", "Hub") == pytest.approx(9600.0 * 30.0)
    assert made.paid(2025, "government JPN") == made.paid(2027, "government JPN") == 0.0


@pytest.mark.parametrize("first", [0, 1])
def test_a_floor_is_paid_once_where_an_offtake_pays_one_too(first):
    deal = contract(floor_usd_per_kg=110, take_or_pay_share=1.0, volume_t_per_year=4)
    floor = contract(name="Floor", kind="price_floor", buyer="MYS", floor_usd_per_kg=110)
    made = Stall(*((deal, floor) if first == 0 else (floor, deal)))
    assert made.paid(2026, "industry JPN", "Hub") == pytest.approx(4000.0 * 110.0)
    assert made.paid(2026, "government MYS", "Hub") == pytest.approx(5600.0 * 30.0)


def test_a_stockpile_fills_and_meets_no_demand(spot):
    made = Stall(contract(kind="stockpile"))
    assert made.paid(2026, "stockpile JPN", "Hub") == pytest.approx(768_000.0)
    assert made.stock_kg(23)["stockpile_kg"] - spot.stock_kg(23)["stockpile_kg"] == pytest.approx(9600.0)
    assert made.stock_kg(12)["primary_kg"] == pytest.approx(spot.stock_kg(12)["primary_kg"])


def test_an_oxide_can_go_to_a_plant_and_to_a_market():
    spec = scenario(
        plants=[plant("Refinery", "JPN", lat=35.9, lon=136.2, port="JPYOK")],
        routes=[route("ree_oxide", ("Refinery", 0.75), ("market JPN", 0.25), origin="JPN")],
        market=MARKET,
    )
    world, trade, eaters = build(spec)
    maker = Maker(world, trade, "Hub", "JPN", "ree_oxide")
    maker.make_on([10.0], 40_000.0)
    world.clock.run(until=day(world, 2025, 6, 1))
    assert eaters["Refinery"].pile.kg == pytest.approx(30_000.0)
    row = {key: cell for key, cell in world.recorder.rows("market") if key == (0, "JPN", "Nd")}
    assert row[0, "JPN", "Nd"][2] == pytest.approx(10_000.0 * 0.25)


def test_a_fraction_cannot_be_sold():
    sent = RouteSpec.model_validate(route("board", ("market JPN", 1.0)))
    faults = route_faults([sent], [], ["market JPN"], ["board"], ["JPN"], lambda *_: True, lambda material: material != "board")
    assert [fault.message for fault in faults] == ["board is no product form: only what end-processing makes is sold"]


def test_a_market_nobody_knows_is_a_fault():
    spec = scenario(routes=[route("magnet", ("marked JPN", 1.0), origin="JPN")])
    with pytest.raises(WiringError, match="no outside account 'marked JPN'"):
        build(spec)
