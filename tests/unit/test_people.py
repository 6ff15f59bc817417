"""People, buyers and what is paid to them: every lever of collection acts, and only where it should."""

from __future__ import annotations

from datetime import date

import pytest
from pydantic import ValidationError

from sim.nodes.channel_spec import ChannelSpec, oversubscribed
from sim.nodes.choice import sold_share
from sim.nodes.depot_spec import DepotSpec
from sim.results.tables import from_rows
from sim.scenario.load import load_scenario
from sim.simulate.key_signals import _crude
from tests.fixtures.collection_world import BOXES, DELIVERY, DEPOTS, INFORMAL, arisings, channel, town, zones

PLENTY = {"vehicles_per_100k_households": 40.0}
YEAR = {"offered": arisings(2025, 2025)}


@pytest.fixture(scope="module")
def shipped():
    return load_scenario("baseline").spec


def fresh(made, **where):
    """Offered for the first time [kg]."""
    return made.total("collection", "offered_kg", **where) - made.total("collection", "retried_kg", **where)


# homes


def test_who_does_not_know_does_not_hand_over_but_is_served():
    known, unknown = (town({"box": channel(**BOXES, awareness_share=share)}, **YEAR) for share in (0.8, 0.2))
    assert fresh(known.run()) == pytest.approx(4.0 * fresh(unknown.run()), rel=1e-9)
    assert (known.collection._year.planner.service.points == unknown.collection._year.planner.service.points).all()
    half = {"one": ChannelSpec(**channel(awareness_share=0.5)), "two": ChannelSpec(**channel(participation_share=0.9))}
    assert oversubscribed(half) is None
    assert oversubscribed({**half, "one": ChannelSpec(**channel())}) is not None


def test_reluctance_and_battery_limits_keep_a_group_back_and_no_other():
    open_, shy = (town({"pickup": channel(**PLENTY, group_factors={"phone": factor})}, **YEAR).run() for factor in (1.0, 0.4))
    assert shy.plant.kg["phone"] == pytest.approx(0.4 * open_.plant.kg["phone"], rel=0.01)
    assert shy.plant.kg["television"] == pytest.approx(open_.plant.kg["television"], rel=0.01)


def test_a_coupon_draws_far_more_than_vans_can_carry_until_it_is_stopped():
    """As in the trial of 2022: offers multiply, vans and boxes do not; after its last day nothing is offered."""
    boxes = channel(**{**BOXES, "participation_share": 0.02, "vehicles_per_100k_households": 0.3}, end=date(2025, 7, 1))
    far = {"places": zones(area_km2=3000.0), "behaviour": {"retry_share": 0.0}, **YEAR}
    plain = town({"box": boxes}, **far).run()
    coupon = town({"box": {**boxes, "incentive_usd_per_kg": 1.5}}, **far).run()
    assert fresh(coupon) > 8.0 * fresh(plain)
    assert plain.total("collection", "lost_kg") < 0.05 * fresh(plain)
    assert coupon.total("collection", "lost_kg") > 0.4 * fresh(coupon)
    more = coupon.total("collection", "collected_kg") / plain.total("collection", "collected_kg")
    assert more < 0.6 * fresh(coupon) / fresh(plain)
    assert coupon.total("payments", "usd", item="purchase") == pytest.approx(1.5 * coupon.total("collection", "collected_kg"))
    assert coupon.home.offers.of_year(2025).kg[8:].sum() == 0.0


# carriers


def test_tracking_is_paid_by_the_tonne():
    cheap, dear = (town({"truck": channel(**DELIVERY, handling_usd_per_t=cost)}, **YEAR).run() for cost in (0.0, 150.0))
    kg = dear.total("collection", "collected_kg")
    assert kg == cheap.total("collection", "collected_kg") > 0.0
    assert dear.total("payments", "usd", payer="JPN carriers", item="handling") == pytest.approx(0.15 * kg)
    assert cheap.total("payments", "usd", item="handling") == 0.0


def test_a_van_takes_more_where_it_has_more_room():
    """Spare room is the mean over a round that begins full and ends empty; here it, not the minutes, is short."""
    tight = {**DELIVERY, "participation_share": 0.9, "vehicles_per_100k_households": 1.0, "spare_minutes_per_day": 600.0}
    few, more = (
        town({"truck": channel(**{**tight, "spare_load_share": share})}, vehicle={"payload_kg": 60.0}, **YEAR).run()
        for share in (0.2, 0.6)
    )
    limits = [made.collection._year.planner.rounds.most_stops[0] for made in (few, more)]
    assert limits == [60.0 * 0.8 * share // 5.0 for share in (0.2, 0.6)]
    assert more.total("collection", "collected_kg") > 1.5 * few.total("collection", "collected_kg")


def test_the_courier_box_keeps_its_limits(shipped):
    """140 cm of girth and 20 kg; small devices alone, phones and computers with a part withheld; it costs the sender."""
    box = shipped.countries["JPN"].channels["courier_box"]
    mass, density = (quantity.value for quantity in (box.pickup_kg, box.density_kg_per_m3))
    assert mass <= 20.0
    assert mass / density <= 0.47**3, "a cube of 140 cm of girth"
    assert set(box.groups) == {"small_appliance", "it_equipment", "phone"}
    assert all(0.0 < box.group_factors[group].value < 1.0 for group in ("phone", "it_equipment"))
    assert box.paid_to_household_usd_per_kg.value < 0.0


def test_drivers_of_japan_keep_to_the_overtime_cap(shipped):
    """Regular hours of 52 weeks of 40 h and at most 960 h on top."""
    for name in ("kei_van", "truck_2t", "truck_4t", "truck_10t"):
        assert shipped.vehicles[name].driver_hours_per_year.value <= 52 * 40 + 960, name


@pytest.mark.parametrize("changes", [{"vehicles_per_100k_households": 0.0}, {"pickup_kg": 700.0, "density_kg_per_m3": 120.0}])
def test_offers_that_nobody_can_fetch_are_said(changes):
    short = {"shift_hours": 1.0, "minutes_per_stop": 90.0} if "pickup_kg" in changes else {}
    made = town({"pickup": channel(**changes), "truck": channel(**DELIVERY)}, vehicle=short, **YEAR).run()
    assert made.total("collection", "collected_kg", channel="pickup") == 0.0
    (said,) = (warning for warning in made.world.warnings if "pickup" in warning)
    assert "from 2025 no vehicle can fetch 100% of what people offer" in said


@pytest.mark.parametrize(("field", "bad"), [("people_per_depot", 0.0), ("unload_bays", 0.0), ("storage_limit_days", -1.0)])
def test_depots_that_cannot_be_are_refused(field, bad):
    with pytest.raises(ValidationError, match="must be from"):
        DepotSpec(**{**DEPOTS, field: bad})


@pytest.mark.parametrize("field", ["people_per_base", "points_per_100k_households"])
def test_no_bases_and_no_boxes_are_refused(field):
    with pytest.raises(ValidationError, match="must be from"):
        ChannelSpec(**channel(**{**BOXES, field: 0.0}))


# buyers


def test_a_premium_moves_the_odds_of_selling_to_formal_plants_and_is_paid():
    base = {"informal": channel(**INFORMAL, **PLENTY)}
    plain, paid = (town(base, informal={"formal_premium_usd_per_kg": premium}, **YEAR).run() for premium in (0.0, 0.5))
    sold = [sum(made.plant.kg.values()) / (sum(made.plant.kg.values()) + sum(made.crude.kg.values())) for made in (plain, paid)]
    assert sold[0] == pytest.approx(0.1, rel=0.02)
    assert sold[1] == pytest.approx(sold_share(0.1, 0.5, 2.0), rel=0.02)  # odds times e
    assert sold[1] > 2.0 * sold[0]
    spent = [made.total("payments", "usd", payer="JPN dismantlers", item="purchase") for made in (plain, paid)]
    price = 0.2 * 1.2  # of crude yards: paid to homes, and the margin
    depots = paid.home.depots
    assert spent[1] == pytest.approx((price + 0.5) * depots.sold_to_formal_kg)
    assert spent[1] > spent[0]


def test_a_premium_changes_odds_alone():
    assert sold_share(0.3, 0.0, 2.0) == 0.3
    assert sold_share(0.0, 1.0, 2.0) == 0.0
    assert sold_share(1.0, 1.0, 2.0) == 1.0
    assert sold_share(0.5, 1.0, 2.0) / (1.0 - sold_share(0.5, 1.0, 2.0)) == pytest.approx(7.389, rel=1e-3)


def test_workers_earn_by_the_hour_on_the_road():
    poor, rich = (
        town({"informal": channel(**INFORMAL, **PLENTY)}, vehicle={"cost_usd_per_km": 0.0}, informal={"income_usd_per_day": income})
        for income in (5.0, 20.0)
    )
    earned = [made.run().total("payments", "usd", payee="JPN informal workers") for made in (poor, rich)]
    assert earned[1] == pytest.approx(4.0 * earned[0], rel=1e-9)
    assert earned[0] == pytest.approx(rich.total("fleet", "hours", channel="informal") * 5.0 / 9.0, rel=1e-9)


def test_crude_work_is_told_in_devices_gold_and_metals_of_the_residue():
    def flow(source, target, substance, kg):
        return 2026, "PHL", source, target, substance, kg

    flows = from_rows(
        "flows",
        [
            flow("depot", "informal_yard", "total", 500.0),
            flow("depot", "informal_yard", "Au", 0.3),
            flow("vehicle", "depot", "total", 900.0),
            flow("informal_processing", "informal_residue", "Au", 0.2),
            flow("informal_processing", "informal_residue", "Cu", 7.0),
            flow("informal_processing", "informal_residue", "Sn", 1.0),
            flow("informal_processing", "informal_residue", "Fe", 90.0),
            flow("informal_processing", "informal_metal", "Cu", 30.0),
        ],
    )
    told = {signal: kg for _, country, signal, unit, _, kg in _crude(flows) if (country, unit) == ("PHL", "kg")}
    assert told == {"treated crudely": 500.0, "gold lost to crude leaching": 0.2, "Cu, Ni, Co and Sn in crude residue": 8.0}


# countries


def test_every_country_has_its_own_mix_law_and_prices(shipped):
    homes = {key: country for key, country in shipped.countries.items() if country.role == "home"}
    assert len(homes) == 12
    for key, country in homes.items():
        kinds = {channel.kind for channel in country.channels.values()}
        assert "informal_buyer" in kinds, key
        assert len(kinds) >= 3, key
        assert all(channel.denominator for channel in country.channels.values())
    assert len({tuple(country.channels) for country in homes.values()}) >= 6
    law = {
        key: {group for channel in country.channels.values() if channel.kind != "informal_buyer" for group in channel.groups}
        for key, country in homes.items()
    }
    assert law["SGP"] != law["THA"] != law["JPN"]
    paid = {country.channels["informal"].paid_to_household_usd_per_kg.value for country in homes.values()}
    assert len(paid) >= 5
    assert shipped.countries["THA"].channels["postal"].kind == "postal"
