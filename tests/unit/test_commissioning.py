import math

import pytest

from tests.fixtures.plants import DISMANTLING, Supplier, commissioning, day, plant, process, wire, world

MONTH = 365.25 / 12
PROCESSES = {"dismantling": process(DISMANTLING)}


def build(here, classes=None, **fields):
    planned = plant(**{"status": "announced", "commissioning": "line", "announced": "2025-01-01", **fields})
    return wire(here, [planned], PROCESSES, classes=classes or {"line": commissioning()})


def milestones(site):
    return site.treatment.milestones()[0]


def test_without_an_announced_day_the_stages_take_their_class_times():
    here = world(2025, 2030)
    site = build(here)
    site.run()
    told = milestones(site)
    assert told["financed_day"] == pytest.approx(6 * MONTH)
    assert told["permitted_day"] == pytest.approx(14 * MONTH)
    assert told["built_day"] == pytest.approx(24 * MONTH)
    assert told["full_rate_day"] == pytest.approx(30 * MONTH)
    assert told["slip_days"] == pytest.approx(0.0, abs=1e-6)
    assert told["status"] == "operating"


def test_an_announced_day_slips_by_its_factor_and_later_statuses_have_less_ahead():
    here = world(2025, 2030)
    classes = {"line": commissioning(slip_factor=1.5)}
    announced = build(here, classes, start="2027-01-01")
    announced.run()
    whole = 1.5 * 730
    told = milestones(announced)
    assert told["built_day"] == pytest.approx(whole)
    assert told["slip_days"] == pytest.approx(0.5 * 730)
    assert told["financed_day"] == pytest.approx(whole * 6 / 24)
    permitted = build(world(2025, 2030), classes, status="permitted")
    permitted.run()
    assert milestones(permitted)["permitted_day"] == 0.0
    assert milestones(permitted)["built_day"] == pytest.approx(10 * MONTH)


@pytest.mark.parametrize("rest", [0.002, 0.004, 0.006, 0.008, 0.01, 0.012, 0.014, 0.016])
def test_a_rest_of_a_stage_too_short_to_move_the_clock_ends_it(rest):
    """Finance takes nine looks of 30 days and a rest, of which rounding leaves less than the clock can tell at day 663."""
    here = world(2025, 2030)

    def not_for_ever():
        assert here.clock.events < 10_000

    here.clock.watch(not_for_ever)
    classes = {"line": commissioning(slip_factor=(270.0 + rest) * 24 / 6 / 730)}
    site = build(here, classes, announced="2026-01-29", start="2028-01-29")
    site.run()
    assert milestones(site)["financed_day"] == pytest.approx(393.0 + 270.0 + rest)


def test_what_was_announced_before_the_run_has_gone_on_meanwhile():
    here = world(2026, 2030)
    site = build(here)
    site.run()
    told = milestones(site)
    assert told["announced_day"] == -365
    assert told["financed_day"] == pytest.approx(6 * MONTH - 365)
    assert told["built_day"] == pytest.approx(24 * MONTH - 365)


def test_a_plant_that_is_only_announced_recovers_nothing():
    here = world(2025, 2026)
    site, supplier = build(here), Supplier(here)
    for when in range(5, 700, 30):
        here.clock.at(when, lambda _: room.append(site.plants["Works"].space_kg("phone")))
    room = []
    site.run()
    assert room == [0.0] * len(room)
    assert supplier.sent_kg == 0.0
    told = milestones(site)
    assert (told["status"], told["built_day"], told["delivered_kg"]) == ("building", None, 0.0)
    assert told["pledged_kg"] == 0.0


def test_pledged_is_told_beside_delivered():
    here = world(2025, 2030)
    site, supplier = build(here, {"line": commissioning(slip_factor=1.5)}, start="2027-01-01"), Supplier(here)
    works = site.plants["Works"]
    supplier.send_at(1200.0, works, "phone", supplier.lot(40_000.0))
    site.run()
    told = milestones(site)
    assert told["pledged_kg"] == pytest.approx(10_000.0 * (here.calendar.days - 730))
    assert told["delivered_kg"] == 40_000.0


@pytest.mark.parametrize(
    ("dial", "built"), [("permit_factor", 20), ("JPN.permit_factor", 20), ("VNM.permit_factor", 24), ("build_factor", 19)]
)
def test_dials_shorten_their_stage(dial, built):
    here = world(2025, 2030)
    vietnamese = plant("Other", country="VNM", status="announced", commissioning="line", announced="2025-01-01")
    japanese = plant(status="announced", commissioning="line", announced="2025-01-01")
    site = wire(here, [japanese, vietnamese], PROCESSES, classes={"line": commissioning()})
    here.dials.turn(0.0, f"commissioning.{dial}", 0.5)
    site.run()
    assert milestones(site)["built_day"] == pytest.approx(built * MONTH)


def test_a_dial_turned_in_the_middle_counts_from_then_on():
    here = world(2025, 2030)
    site = build(here)
    here.clock.at(10 * MONTH, lambda _: here.dials.turn(here.clock.now, "commissioning.permit_factor", 0.5))
    site.run()
    assert milestones(site)["permitted_day"] == pytest.approx(12 * MONTH, abs=16.0)


def test_chance_is_the_plant_s_own():
    drawn = {"line": commissioning(permit_months={"low": 3, "mode": 8, "high": 18}, cancelled=0.1)}

    def built(names, seed=1):
        here = world(2025, 2034, seed=seed)
        plants = [plant(name, status="announced", commissioning="line", announced="2025-01-01") for name in names]
        site = wire(here, plants, PROCESSES, classes=drawn)
        site.run()
        return {row["plant"]: row["built_day"] for row in site.treatment.milestones()}

    alone, together = built(["B"]), built(["A", "B", "C"])
    assert alone["B"] == together["B"]
    assert len(set(together.values())) == 3
    assert built(["B"], seed=2) != alone


def test_cancelled_plants_stop_after_the_first_stage_and_public_money_lowers_the_risk():
    def cancelled(finance=None, status="announced"):
        here = world(2025, 2034, audit="month")
        names = [f"Plant {n}" for n in range(300)]
        fields = {"status": status, "commissioning": "line", "announced": "2025-01-01", "finance": finance}
        site = wire(here, [plant(name, **fields) for name in names], PROCESSES, classes={"line": commissioning(0.3)})
        site.run()
        given_up = [row for row in site.treatment.milestones() if row["status"] == "cancelled"]
        assert all(row["built_day"] is None and row["pledged_kg"] > 0.0 for row in given_up)
        return {row["plant"] for row in given_up}

    plain = cancelled()
    assert len(plain) / 300 == pytest.approx(0.3, abs=0.08)
    helped = cancelled({"grant_share": 0.5, "loan_share": 0.3})
    assert helped < plain
    assert len(helped) / 300 == pytest.approx(0.06, abs=0.05)
    assert cancelled(status="building") < plain


def test_public_money_shortens_the_way_to_finance():
    here = world(2025, 2030)
    site = build(here, finance={"grant_share": 0.5, "loan_share": 0.25})
    site.run()
    assert milestones(site)["financed_day"] == pytest.approx(0.25 * 6 * MONTH)
    assert milestones(site)["built_day"] == pytest.approx((0.25 * 6 + 18) * MONTH)


def test_an_operating_plant_with_a_first_day_ramps_up_and_a_closed_one_never_runs():
    here = world(2025, 2030)
    site = build(here, status="operating", start="2025-07-01")
    works = site.plants["Works"]
    assert works.schedule.start_day == day(here, 2025, 7)
    assert works.schedule.full_rate_day == pytest.approx(day(here, 2025, 7) + 6 * MONTH)
    gone = wire(world(2025, 2026), [plant(status="closed")], PROCESSES).plants["Works"]
    assert gone.schedule.status(5.0) == "closed"
    assert gone.space_kg("phone") == 0.0
    since_ever = wire(world(2025, 2026), [plant()], PROCESSES).plants["Works"]
    assert since_ever.schedule.start_day == -math.inf
    assert since_ever.space_kg("phone") > 0.0


def test_a_plant_to_be_built_needs_a_class():
    with pytest.raises(ValueError, match="needs a commissioning class"):
        plant(status="announced")
