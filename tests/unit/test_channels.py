"""Channels at work: offers, waiting, boxes, drawers, informal buyers, additionality."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from pydantic import ValidationError

from sim.core.calendar import Calendar
from sim.core.errors import WiringError
from sim.nodes.channel_spec import ChannelSpec, oversubscribed
from sim.nodes.offers import overlap
from sim.nodes.zones import gather
from tests.fixtures.collection_world import BOXES, DELIVERY, INFORMAL, arisings, channel, town, zones

OFFERED = 12 * 400_000.0 * 1.25  # kg a year, both groups


def test_periods_cut_the_year_in_equal_parts():
    calendar = Calendar.of(2024, 2025)
    edges = np.array(calendar.period_edges(2024, 28))
    assert len(edges) == 14
    assert edges[0] == 0.0
    assert edges[-1] == 366.0
    assert overlap(np.array(calendar.month_starts[:13], dtype=float), edges).sum(axis=1) == pytest.approx(np.ones(12))


def test_offers_are_arisings_times_share_whatever_chance_does():
    for seed in (1, 2):
        made = town({"pickup": channel(vehicles_per_100k_households=20.0)}, seed=seed).run()
        for year in (2025, 2026):
            fresh = made.total("collection", "offered_kg", year=year) - made.total("collection", "retried_kg", year=year)
            assert fresh == pytest.approx(OFFERED * 0.4, rel=1e-9)


def test_what_no_channel_gets_is_mixed_waste():
    made = town({"pickup": channel(vehicles_per_100k_households=20.0)}).run()
    flows = {key[2:]: vector.sum() for key, vector in made.world.ledger.flows.items() if key[0] == 2025}
    assert flows["discard", "mixed_waste"] == pytest.approx(OFFERED * 0.6, rel=1e-9)
    assert flows["discard", "waiting"] == pytest.approx(OFFERED * 0.4, rel=1e-9)


def test_a_channel_starts_on_its_day():
    made = town({"pickup": channel(start=date(2026, 7, 1), vehicles_per_100k_households=20.0)}).run()
    assert made.total("collection", "offered_kg", year=2025) == 0.0
    assert made.total("collection", "collected_kg", year=2026) == pytest.approx(OFFERED * 0.4 * 184 / 365, rel=0.03)


def test_july_is_busy_and_the_year_stays_the_same():
    made = town({"pickup": channel(vehicles_per_100k_households=40.0, july_factor=2.0, weekly_cv=0.0)}, period_days=31).run()
    offers = made.home.offers.of_year(2026)
    by_period = offers.kg.sum(axis=(1, 2))
    assert by_period.sum() == pytest.approx(OFFERED * 0.4)
    assert by_period[6] / np.delete(by_period, 6).mean() == pytest.approx(2.2, rel=0.15)


def test_places_of_merged_zones_are_offered_what_they_are_by_themselves():
    fine = town({"pickup": channel()}).home.offers.of_year(2025)
    coarse = town({"pickup": channel()}, zones="coarse").home.offers.of_year(2025)
    np.testing.assert_array_equal(coarse.kg, fine.kg)


def test_regions_carry_what_their_places_can_and_no_more():
    """One place has too few vehicles, its neighbour in the region too many: a region must not lend them."""
    few = {"pickup": channel(vehicles_per_100k_households=0.2)}
    sound, places = {"breakdowns_per_100k_km": 0.0}, zones((900_000.0, 10_000.0, 50_000.0), area_km2=4000.0)
    fine, coarse = (town(few, vehicle=sound, places=places, zones=grain).run() for grain in ("fine", "coarse"))
    for table, measure in (("collection", "collected_kg"), ("collection", "lost_kg"), ("fleet", "km"), ("fleet", "cost_usd")):
        assert coarse.total(table, measure, channel="pickup") == pytest.approx(
            fine.total(table, measure, channel="pickup"), rel=1e-3
        )
    assert fine.total("collection", "lost_kg") > 0.1 * fine.total("collection", "offered_kg"), "queues form"


def test_a_channel_of_some_zones_stays_there():
    made = town({"pickup": channel(zones=["Z-1"], coverage_share=0.1, vehicles_per_100k_households=50.0)}).run()
    assert made.total("collection", "collected_kg", zone="Z-0") == 0.0
    assert made.total("collection", "collected_kg", zone="Z-1") > 0.0


def test_too_few_vehicles_let_offers_expire():
    enough = town({"pickup": channel(vehicles_per_100k_households=20.0)}, places=zones(area_km2=4000.0)).run()
    few = town({"pickup": channel(vehicles_per_100k_households=0.2)}, places=zones(area_km2=4000.0)).run()
    assert few.total("collection", "collected_kg") < 0.9 * enough.total("collection", "collected_kg")
    assert few.total("collection", "lost_kg") > 0.0
    assert few.total("collection", "retried_kg") > 0.0
    assert enough.total("collection", "lost_kg") == 0.0
    wait = few.total("collection", "wait_kg_days") / few.total("collection", "collected_kg")
    assert wait > 2.0 * enough.total("collection", "wait_kg_days") / enough.total("collection", "collected_kg")


def test_more_patience_loses_less():
    patient, hasty = (
        town(
            {"pickup": channel(vehicles_per_100k_households=0.2)}, places=zones(area_km2=4000.0), behaviour={"patience_days": d}
        ).run()
        for d in (90.0, 3.0)
    )
    assert patient.total("collection", "collected_kg") >= hasty.total("collection", "collected_kg")
    assert patient.total("collection", "lost_kg") < hasty.total("collection", "lost_kg")


def test_drawers_open_again():
    made = town({"pickup": channel(vehicles_per_100k_households=0.2)}, places=zones(area_km2=4000.0)).run()
    flows = {key: vector.sum() for key, vector in made.world.ledger.flows.items()}
    assert flows[2025, "JPN", "waiting", "hoarded"] > 0.0
    assert flows[2026, "JPN", "hoarded", "waiting"] == pytest.approx(
        flows[2025, "JPN", "waiting", "hoarded"] * (1.0 - np.exp(-0.5)), rel=1e-9
    )


def test_boxes_call_when_three_quarters_full_and_turn_away_what_does_not_fit():
    made = town({"box": channel(**BOXES, vehicles_per_100k_households=5.0)}).run()
    stop = made.total("fleet", "load_kg", channel="box") / made.total("fleet", "stops", channel="box")
    assert stop == pytest.approx(75.0, rel=0.01)
    empty = channel(**{**BOXES, "vehicles_per_100k_households": 0.0})
    none = town({"box": empty}, behaviour={"retry_share": 0.0}, offered=arisings(2025, 2025), period_days=1).run()
    points = 600_000 * 0.8 * 20.0 / 100_000
    left = none.total("collection", "waiting_end_kg")
    assert none.total("collection", "collected_kg") == 0.0
    assert left == pytest.approx(points * 100.0, rel=0.2)  # full, and the offers of the last day on top


def test_nothing_is_left_in_the_boxes_of_a_channel_that_has_ended():
    made = town({"box": channel(**BOXES, end=date(2025, 7, 1))}, offered=arisings(2025, 2026)).run()
    assert made.total("collection", "collected_kg", channel="box", year=2025) > 0.0
    left = made.total("collection", "waiting_start_kg", channel="box", year=2026)
    assert left > 1000.0
    # some try again at a door that is closed, fewer each time; the rest goes to drawers and mixed waste
    assert made.total("collection", "waiting_end_kg", channel="box", year=2026) < 0.01 * left


def test_additionality_adds_up():
    pickup = channel(vehicles_per_100k_households=20.0)
    before = town({"pickup": pickup}).run()
    after = town({"pickup": pickup, "truck": channel(**DELIVERY)}).run()
    gained = after.total("collection", "diverted_kg", channel="truck")
    truck = after.total("collection", "offered_kg", channel="truck")
    lost = before.total("collection", "offered_kg") - after.total("collection", "offered_kg", channel="pickup")
    assert gained == pytest.approx(0.4 * truck, rel=1e-9)
    assert gained == pytest.approx(lost, rel=1e-9)
    assert after.total("collection", "diverted_kg") == pytest.approx(0.0, abs=1e-6)


def test_one_for_one_take_back_follows_what_is_sold():
    """Units sold per unit discarded double from the first year to the second; arisings stay."""
    shop = channel(kind="retailer", denominator="sales_in_scope", participation_share=0.2, vehicles_per_100k_households=40.0)
    made = town({"shop": shop}).run()
    first, second = (made.total("collection", "offered_kg", year=year) for year in (2025, 2026))
    assert first == pytest.approx(OFFERED * 0.16, rel=1e-9)
    assert second == pytest.approx(2.0 * first, rel=1e-9)


def test_an_incentive_draws_people_from_informal_buyers():
    base = {
        "pickup": channel(vehicles_per_100k_households=40.0),
        "informal": channel(**INFORMAL, vehicles_per_100k_households=40.0),
    }
    plain = town(base).run()
    paid = town({**base, "pickup": {**base["pickup"], "incentive_usd_per_kg": 0.5}}).run()
    assert paid.total("collection", "offered_kg", channel="pickup") > plain.total("collection", "offered_kg", channel="pickup")
    assert paid.total("collection", "offered_kg", channel="informal") < plain.total("collection", "offered_kg", channel="informal")
    assert paid.total("payments", "usd", payer="JPN municipalities", item="purchase") > 0.0


def test_informal_buyers_who_pay_more_from_a_month_on_get_more_from_then_on_and_pay_for_it():
    """Scrap prices double in the second year: what buyers pay follows, and people with them."""
    base = {
        "pickup": channel(vehicles_per_100k_households=40.0),
        "informal": channel(**INFORMAL, vehicles_per_100k_households=40.0),
    }
    factor = np.repeat([1.0, 2.0], 12)
    plain, dear = town(base).run(), town(base, paid_factor=factor).run()
    for made in ("offered_kg", "collected_kg"):
        of_2025 = [each.total("collection", made, channel="informal", year=2025) for each in (plain, dear)]
        assert of_2025[0] == of_2025[1]
    more = [each.total("collection", "offered_kg", channel="informal", year=2026) for each in (plain, dear)]
    assert more[1] > 1.05 * more[0]
    kg = dear.total("collection", "collected_kg", channel="informal", year=2026)
    paid = dear.total("payments", "usd", payer="JPN informal buyers", payee="JPN households", year=2026)
    assert paid == pytest.approx(2.0 * INFORMAL["paid_to_household_usd_per_kg"] * kg)


def test_fees_subsidies_and_refunds_are_paid_per_kg_fetched_and_move_nothing_else():
    incentive = {"vehicles_per_100k_households": 40.0, "incentive_usd_per_kg": 0.2}
    plain = town({"pickup": channel(**incentive)}).run()
    money = {"producer_fee_usd_per_kg": 0.3, "subsidy_usd_per_kg": 0.1, "incentive_refund_share": 0.5}
    paid = town({"pickup": channel(**incentive, **money)}).run()
    kg = paid.total("collection", "collected_kg")
    assert kg == plain.total("collection", "collected_kg")
    for payer, item, rate in (
        ("JPN producers", "producer fee", 0.3),
        ("JPN government", "subsidy", 0.1),
        ("JPN government", "incentive refund", 0.1),
    ):
        assert paid.total("payments", "usd", payer=payer, payee="JPN municipalities", item=item) == pytest.approx(rate * kg)
        assert plain.total("payments", "usd", payer=payer, item=item) == 0.0


def test_informal_buyers_sell_a_share_and_take_the_rest_apart():
    made = town({"informal": channel(**INFORMAL, vehicles_per_100k_households=40.0)}).run()
    sold, crude = sum(made.plant.kg.values()), sum(made.crude.kg.values())
    assert sold / (sold + crude) == pytest.approx(0.1, rel=0.02)
    assert made.total("payments", "usd", payee="JPN informal workers") > 0.0
    assert made.total("payments", "usd", payer="JPN informal buyers", payee="JPN households") == pytest.approx(
        0.2 * made.total("collection", "collected_kg"), rel=1e-9
    )


def test_fleets_can_be_turned_up_by_a_dial():
    few = town({"pickup": channel(vehicles_per_100k_households=0.2)}, places=zones(area_km2=4000.0))
    more = town({"pickup": channel(vehicles_per_100k_households=0.2)}, places=zones(area_km2=4000.0))
    more.world.dials.turn(0.0, "collection.JPN.pickup.fleet_factor", 3.0)
    assert more.run().total("collection", "collected_kg") > 1.2 * few.run().total("collection", "collected_kg")


def test_regions_keep_people_fleet_and_route_lengths():
    own = zones()
    fine, coarse = gather(own, "JPN", "fine"), gather(own, "JPN", "coarse")
    everywhere = np.ones(3)
    assert [zone.key for zone in coarse.zones] == ["R-1", "R-2"]
    assert coarse.share(everywhere) == pytest.approx([550 / 600, 50 / 600])
    assert coarse.vehicles(2.0, everywhere).sum() == fine.vehicles(2.0, everywhere).sum()
    stops = 1000.0 * fine.share(everywhere)
    long = np.sqrt(stops * fine.effective_area_km2(everywhere))
    assert np.sqrt(1000.0 * coarse.share(everywhere) * coarse.effective_area_km2(everywhere)).sum() == pytest.approx(long.sum())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"start": date(2027, 1, 1), "end": date(2026, 1, 1)}, "start must be before end"),
        ({"round": "on_delivery_round"}, "also needs delivery_address_share"),
        ({"point_capacity_kg": 50.0}, "also needs points_per_100k_households"),
        ({"coverage_share": 1.2}, "must be from 0.0 to 1.0"),
        ({"denominator": "everything"}, "Input should be 'arisings_in_scope' or 'sales_in_scope'"),
        ({"groups": []}, "at least 1 item"),
        ({"working_days_per_week": 8.0}, "days a week"),
    ],
)
def test_a_channel_that_makes_no_sense_is_refused(changes, said):
    with pytest.raises(ValidationError, match=said):
        ChannelSpec(**channel(**changes))


def test_shares_that_sum_to_more_than_all_are_found():
    greedy = {"one": ChannelSpec(**channel(participation_share=0.8)), "two": ChannelSpec(**channel(participation_share=0.6))}
    assert oversubscribed(greedy) == ("phone", 2022.0, pytest.approx(1.12))
    assert oversubscribed({"one": greedy["one"]}) is None


def test_names_are_resolved_before_the_run():
    with pytest.raises(WiringError, match="no vehicle lorry"):
        town({"pickup": channel(vehicle="lorry")})
    with pytest.raises(WiringError, match="does not fit"):
        town({"pickup": channel(pickup_kg=5000.0)})


def test_oversubscribed_draws_are_scaled_and_told():
    made = town(
        {"one": channel(participation_share=0.9), "two": channel(participation_share=0.9)}, offered=arisings(2025, 2025)
    ).run()
    assert "channels together want more than all" in made.world.warnings[0]
    assert made.total("collection", "offered_kg") - made.total("collection", "retried_kg") == pytest.approx(OFFERED, rel=1e-9)
