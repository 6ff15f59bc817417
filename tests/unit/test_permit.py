"""Border rules and consents."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import pytest

from sim.core.calendar import Calendar
from sim.core.errors import WiringError
from sim.trade.border import RuleInForce
from sim.trade.border_spec import BorderRuleSpec, ConsentDaysSpec
from sim.trade.permit import FACTOR_DIAL, Permit, pair_dial, pert, pert_mean
from sim.trade.rules import RuleTable, contradictions
from tests.fixtures.trade_world import CONSENT, FREE, Maker, build, empty_world, plant, route, rule, scenario, shipments

CALENDAR = Calendar.of(2025, 2030)


def in_force(table: RuleTable, fraction: str = "board", plant_name: str = "X", day: float = 0.0) -> str:
    rules = table.about("IDN", "JPN", fraction, plant_name)
    return next(each.spec.name for each in rules if each.holds(day))


def test_the_most_specific_rule_applies() -> None:
    rules = [
        rule(name="default", rule="free"),
        rule(name="boards", fractions=["board"], rule="ban"),
        rule(name="to Japan", destination="JPN", rule="free"),
        rule(name="pair", origin="IDN", destination="JPN", rule="ban"),
        rule(name="pair boards", origin="IDN", destination="JPN", fractions=["board"], rule="free"),
        rule(name="plant", destination="JPN", plants=["Good"], rule="ban"),
    ]
    assert in_force(RuleTable(rules, CALENDAR)) == "pair boards"
    assert in_force(RuleTable(rules, CALENDAR), "magnet") == "pair"
    assert in_force(RuleTable(rules, CALENDAR), "magnet", "Good") == "plant"
    assert in_force(RuleTable(rules[:3], CALENDAR)) == "to Japan"
    assert in_force(RuleTable(rules[:2], CALENDAR)) == "boards"


def test_rules_hold_from_their_first_to_their_last_day() -> None:
    dated = rule(name="dated", destination="JPN", rule="ban", start=date(2026, 3, 1), end=date(2026, 3, 31))
    table = RuleTable([rule(name="default", rule="free"), dated], CALENDAR)
    first = CALENDAR.day_of(date(2026, 3, 1))
    names = [in_force(table, day=first + offset) for offset in (-0.001, 0.0, 30.999, 31.0)]
    assert names == ["default", "dated", "dated", "default"]


def test_the_rule_in_force_follows_the_calendar() -> None:
    dated = rule(name="dated", destination="JPN", rule="ban", start=date(2026, 3, 1), end=date(2026, 3, 31))
    later = rule(name="later", origin="IDN", destination="JPN", rule="free", start=date(2026, 3, 15))
    world, seen = empty_world(2025, 2026), []
    table = RuleTable([rule(name="default", rule="free"), dated, later], world.calendar)
    asked = RuleInForce(table.about("IDN", "JPN", "board", "X"), world.clock)
    days = [world.calendar.day_of(date(2026, *when)) for when in ((2, 28), (3, 1), (3, 14), (3, 15), (4, 1))]
    for moment in days:
        world.clock.at(float(moment), lambda _: seen.append(asked().name))
    world.clock.run(world.calendar.days)
    assert seen == ["default", "dated", "dated", "later", "later"]


def test_equally_specific_rules_contradict_each_other() -> None:
    a = rule(name="export of IDN", origin="IDN", rule="ban")
    b = rule(name="import of JPN", destination="JPN", rule="free")
    faults = contradictions([a, b])
    assert len(faults) == 1
    assert "export of IDN" in faults[0].message
    assert faults[0].path == "border_rules.import of JPN"


@pytest.mark.parametrize(
    "other",
    [
        {"start": date(2026, 1, 1)},
        {"destination": "THA"},
        {"fractions": ["magnet"]},
        {"plants": ["X"]},
        {"origin": "IDN"},
    ],
)
def test_rules_that_never_meet_or_differ_in_rank_do_not(other: dict[str, object]) -> None:
    a = rule(name="a", destination="JPN", fractions=["board"], rule="ban", end=date(2025, 12, 31))
    b = rule(**({"name": "b", "destination": "JPN", "fractions": ["board"], "rule": "free"} | other))
    assert contradictions([a, b]) == []


def test_a_cargo_without_any_rule_is_an_error() -> None:
    table = RuleTable([rule(name="old", rule="free", end=date(2026, 6, 30))], CALENDAR)
    with pytest.raises(WiringError, match="no rule says how board goes from IDN to JPN on day 546"):
        table.about("IDN", "JPN", "board", "X")


def test_a_consent_rule_needs_its_days() -> None:
    with pytest.raises(ValueError, match="consent_days"):
        rule(name="x", rule="consent")
    with pytest.raises(ValueError, match="low <= mode <= high"):
        ConsentDaysSpec(low=1.0, mode=3.0, high=2.0)


def test_pert_has_its_mean_and_bounds() -> None:
    days = ConsentDaysSpec(low=60.0, mode=120.0, high=365.0)
    draws = np.array([pert(np.random.default_rng(i), days) for i in range(4000)])
    assert draws.min() >= 60.0
    assert draws.max() <= 365.0
    # mean (60 + 480 + 365)/6 = 150.83, sd about 53: 4 standard errors are 3.4 days
    assert draws.mean() == pytest.approx(pert_mean(days), abs=3.4)
    assert pert_mean(days) == pytest.approx(150.833, abs=1e-3)


def permit(**said: object) -> Permit:
    world = empty_world(2025, 2034)
    world.recorder.declare("shipments", ("year", "origin", "destination", "fraction"), ("a", "b", "c", "d", "refused", "f"))
    world.dials.declare(FACTOR_DIAL, 1.0)
    world.dials.declare(pair_dial("IDN", "JPN"), 1.0)
    spec: BorderRuleSpec = rule(**({"name": "c", "rule": "consent", "consent_days": CONSENT} | said))
    made = Permit(world, ("IDN", "JPN", "board", ""), lambda: spec)
    made.world = world  # type: ignore[attr-defined]
    return made


def test_one_application_at_a_time_and_consent_after_its_days() -> None:
    one = permit()
    one.apply()
    one.apply()
    world = one.world  # type: ignore[attr-defined]
    assert world.clock.events == 1
    world.clock.run(400.0)
    assert len(one.granted_days) == 1
    assert 60.0 <= one.granted_days[0] <= 365.0
    assert one.covers_now() == (one.valid_until_day > 400.0)


def test_a_consent_in_use_is_renewed_before_it_ends() -> None:
    one = permit(consent_days={"low": 50.0, "mode": 50.0, "high": 50.0})
    world = one.world  # type: ignore[attr-defined]
    one.subscribe(lambda: one.draw(1.0))
    one.apply()
    world.clock.run(3000.0)
    assert one.granted_days[0] == 50.0
    # applied for 50 days before the end of a year of validity: no day without consent
    assert np.diff(one.granted_days).tolist() == pytest.approx([365.25] * (len(one.granted_days) - 1))
    assert len(one.granted_days) == 9


def test_an_unused_consent_lapses() -> None:
    one = permit()
    one.apply()
    one.world.clock.run(3000.0)  # type: ignore[attr-defined]
    assert len(one.granted_days) == 1


def test_the_quota_is_used_up() -> None:
    one = permit(quota_t=0.3, consent_days={"low": 0.0, "mode": 0.0, "high": 0.0})
    assert one.draw(100.0) == 0.0
    one.apply()
    one.world.clock.run(1.0)  # type: ignore[attr-defined]
    assert [one.draw(200.0), one.draw(200.0), one.draw(200.0)] == [200.0, 100.0, 0.0]
    assert not one.draw_all(1.0)


def test_refusals_are_counted_and_tried_again() -> None:
    one = permit(refusal_share=1.0, reapply_after_days=30.0, consent_days={"low": 60.0, "mode": 60.0, "high": 60.0})
    one.apply()
    world = one.world  # type: ignore[attr-defined]
    world.clock.run(365.0)
    # decided on days 60, 150, 240, 330
    assert [cell[4] for _, cell in world.recorder.rows("shipments")] == [4.0]
    assert one.granted_days == []


def test_dials_and_the_rule_stretch_the_days() -> None:
    days = {}
    for name, factor in (("plain", 1.0), ("dial", 0.5), ("pair", 0.25)):
        one = permit(consent_days_factor=2.0)
        world = one.world  # type: ignore[attr-defined]
        if name != "plain":
            world.dials.turn(0.0, FACTOR_DIAL if name == "dial" else pair_dial("IDN", "JPN"), factor)
        one.apply()
        world.clock.run(800.0)
        days[name] = one.granted_days[0]
    assert days["dial"] == pytest.approx(days["plain"] / 2.0)
    assert days["pair"] == pytest.approx(days["plain"] / 4.0)


def test_an_application_under_way_can_be_hastened() -> None:
    one = permit(consent_days={"low": 100.0, "mode": 100.0, "high": 100.0})
    world = one.world  # type: ignore[attr-defined]
    one.apply()
    world.clock.at(40.0, lambda _: one.hasten(0.5))
    world.clock.run(300.0)
    assert one.granted_days == [70.0]


def test_days_depend_on_name_and_ordinal_only() -> None:
    lone, crowded = permit(), permit()
    other = Permit(crowded.world, ("IDN", "KOR", "board", ""), lambda: rule(name="o", rule="consent", consent_days=CONSENT))  # type: ignore[attr-defined]
    crowded.world.dials.declare(pair_dial("IDN", "KOR"), 1.0)  # type: ignore[attr-defined]
    other.apply()
    for one in (lone, crowded):
        one.apply()
        one.world.clock.run(400.0)  # type: ignore[attr-defined]
    assert lone.granted_days == crowded.granted_days


PAIR = {"name": "pair", "origin": "IDN", "destination": "JPN", "rule": "consent", "consent_days": CONSENT}


def test_cargo_waits_at_the_border_until_consent_then_flows() -> None:
    spec = scenario(border_rules=[FREE, PAIR], routes=[route("magnet", ("Refinery", 1.0))])
    world, trade, eaters = build(spec)
    Maker(world, trade, "Mine", "IDN", "magnet").make_on([10.0, 20.0, 500.0], 20_000.0)
    world.clock.run(world.calendar.days)
    granted = trade.permits["IDN", "JPN", "magnet", ""].granted_days
    came = [when for when, _ in eaters["Refinery"].came]
    assert came[0] > granted[0]
    booked = shipments(world, "IDN", "JPN", "magnet")
    assert booked["mass_kg"] == 60_000.0
    # the third load came while the consent was valid or was waiting for the next one; the first two waited from day 10 and 20
    waited = 20_000.0 * (2.0 * granted[0] - 30.0)
    assert booked["consent_kg_days"] >= waited * (1.0 - 1e-9)


def test_a_consent_covers_the_pair_whatever_the_plant() -> None:
    plants = [plant("Refinery", "JPN", port="JPYOK"), plant("Second", "JPN", port="JPYOK")]
    spec = scenario(plants=plants, border_rules=[FREE, PAIR], routes=[route("magnet", ("Refinery", 0.5), ("Second", 0.5))])
    world, trade, eaters = build(spec)
    Maker(world, trade, "Mine", "IDN", "magnet").make_on([0.0], 80_000.0)
    world.clock.run(world.calendar.days)
    assert list(trade.permits) == [("IDN", "JPN", "magnet", "")]
    assert [each.pile.kg for each in eaters.values()] == [40_000.0, 40_000.0]


def test_a_pre_consented_plant_has_a_consent_of_its_own() -> None:
    quick = {
        "name": "pre-consented",
        "plants": ["Second"],
        "rule": "consent",
        "consent_days": {"low": 7.0, "mode": 10.0, "high": 30.0},
    }
    plants = [plant("Refinery", "JPN", port="JPYOK"), plant("Second", "JPN", port="JPYOK")]
    spec = scenario(plants=plants, border_rules=[FREE, PAIR, quick], routes=[route("magnet", ("Refinery", 0.5), ("Second", 0.5))])
    world, trade, _ = build(spec)
    Maker(world, trade, "Mine", "IDN", "magnet").make_on([0.0], 80_000.0)
    world.clock.run(400.0)
    granted = {key[3]: permit.granted_days[0] for key, permit in trade.permits.items() if key[0] == "IDN"}
    assert granted["Second"] <= 30.0
    assert granted[""] >= 60.0


def test_a_ban_sends_cargo_in_port_back_and_lets_cargo_at_sea_arrive() -> None:
    ban = rule(name="ban", destination="JPN", rule="ban", start=date(2025, 6, 1))
    spec = scenario(border_rules=[FREE, ban], routes=[route("magnet", ("Refinery", 1.0))])
    world, trade, eaters = build(spec)
    begin = float(world.calendar.day_of(date(2025, 6, 1)))
    maker = Maker(world, trade, "Mine", "IDN", "magnet")
    maker.make_on([begin - 12.0, begin - 1.0, begin + 40.0], 20_000.0)
    world.clock.run(world.calendar.days)
    # the first load sailed before the ban and came after it; the second was in port, the third never left its store
    assert [kg for _, kg in eaters["Refinery"].came] == [20_000.0]
    assert eaters["Refinery"].came[0][0] > begin
    assert trade.borders[0].pile.kg == 20_000.0
    assert maker.store.kg == 20_000.0
    blocked = {key[0]: cell[5] for key, cell in world.recorder.rows("shipments")}
    assert blocked[2025] == 40_000.0
    assert blocked[2026] == 20_000.0  # what stands at the border still stands, once a year


def test_cargo_flows_again_when_a_ban_ends() -> None:
    ban = rule(name="ban", destination="JPN", rule="ban", start=date(2025, 2, 1), end=date(2025, 3, 31))
    spec = scenario(border_rules=[FREE, ban], routes=[route("magnet", ("Refinery", 1.0))])
    world, trade, eaters = build(spec)
    Maker(world, trade, "Mine", "IDN", "magnet").make_on([30.0], 20_000.0)
    world.clock.run(200.0)
    assert [kg for _, kg in eaters["Refinery"].came] == [20_000.0]
    assert eaters["Refinery"].came[0][0] > world.calendar.day_of(date(2025, 4, 1))


def test_what_a_ban_holds_is_offered_to_other_places() -> None:
    plants = [plant("Refinery", "JPN", port="JPYOK"), plant("Local", "IDN")]
    ban = rule(name="ban", destination="JPN", rule="ban", start=date(2025, 2, 1))
    spec = scenario(plants=plants, border_rules=[FREE, ban], routes=[route("magnet", ("Refinery", 1.0), ("Local", 0.0))])
    world, trade, eaters = build(spec)
    Maker(world, trade, "Mine", "IDN", "magnet").make_on([30.5, 50.0], 20_000.0)
    world.clock.run(200.0)
    assert eaters["Refinery"].came == []
    assert eaters["Local"].pile.kg == 40_000.0
    booked = shipments(world, "IDN", "JPN", "magnet")
    assert booked["blocked_kg"] == 40_000.0  # one load was turned away before it left, one at the port


def test_duty_is_paid_on_the_value_of_what_sails() -> None:
    market = {"prices": {"Nd": {"usd_per_kg": 100.0}}, "demand": {}, "grid_co2_kg_per_kwh": {}}
    taxed = rule(name="taxed", destination="JPN", rule="free", duty_share=0.1)
    spec = scenario(border_rules=[FREE, taxed], market=market, routes=[route("magnet", ("Refinery", 1.0))])
    world, trade, _ = build(spec)
    Maker(world, trade, "Mine", "IDN", "magnet").make_on([0.0], 20_000.0)
    world.clock.run(100.0)
    duties = [(key, cell[0]) for key, cell in world.recorder.rows("payments") if key[3] == "duty"]
    # 20 t x 25 % Nd x 100 USD/kg x 10 %
    assert duties == [((2025, "Refinery", "customs JPN", "duty"), pytest.approx(50_000.0))]


def test_quota_and_sailings_together() -> None:
    quota = PAIR | {"quota_t": 30.0, "consent_days": {"low": 10.0, "mode": 10.0, "high": 10.0}}
    spec = scenario(border_rules=[FREE, quota], routes=[route("magnet", ("Refinery", 1.0))])
    world, trade, eaters = build(spec)
    Maker(world, trade, "Mine", "IDN", "magnet").make_on([0.0], 100_000.0)
    world.clock.run(world.calendar.days)
    granted = trade.permits["IDN", "JPN", "magnet", ""].granted_days
    assert granted[:4] == [10.0, 20.0, 30.0, 40.0]
    assert eaters["Refinery"].pile.kg == pytest.approx(100_000.0)
    assert all(later > earlier for earlier, later in pairwise(when for when, _ in eaters["Refinery"].came))
