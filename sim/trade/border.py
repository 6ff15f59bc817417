"""The border before one plant abroad: free cargo passes, consent cargo waits, banned cargo goes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Protocol

from sim.core.lot import Lot
from sim.engine.clock import Clock
from sim.engine.stockpile import DUST
from sim.engine.world import World
from sim.trade.border_spec import BorderRuleSpec
from sim.trade.permit import Permit
from sim.trade.rules import Rule

SHIPMENTS = ("boxes", "mass_kg", "consent_kg_days", "sea_kg_days", "refused", "blocked_kg")


class Way(Protocol):
    """What lies behind the border, as the border needs it: road to the port, port, sea, gate of the plant."""

    plant: str
    country: str

    def room_kg(self, extra_days: float) -> float:
        """Mass worth sending if it first waits `extra_days` [kg]."""
        ...

    def reserve(self, kg: float) -> None:
        """Count `kg` more (or fewer) as on its way."""
        ...

    def drive_to_port(self, kg: float, source: int) -> float:
        """Book the drive to the port from the place of account `source`; return its days."""
        ...

    def load(self, lots: list[Lot], source: int, road_days: float) -> None:
        """Hand cargo in account `source` to the port, which it reaches in `road_days`."""
        ...


class RuleInForce:
    """The rule in force now for one cargo; looked for again only when a rule about it begins or ends."""

    __slots__ = ("_clock", "_rules", "_spec", "_until_day")

    def __init__(self, rules: Sequence[Rule], clock: Clock) -> None:
        """`rules` about the cargo, most specific first, one of which holds on every day (`RuleTable.about`)."""
        self._rules, self._clock = rules, clock
        self._spec, self._until_day = self._found()

    def __call__(self) -> BorderRuleSpec:
        """The rule."""
        if self._clock.now >= self._until_day:
            self._spec, self._until_day = self._found()
        return self._spec

    def _found(self) -> tuple[BorderRuleSpec, float]:
        now = self._clock.now
        changes = [day for rule in self._rules for day in (rule.start_day, rule.end_day) if day > now]
        return next(rule.spec for rule in self._rules if rule.holds(now)), min(changes, default=inf)


@dataclass(frozen=True, slots=True)
class Passage:
    """What a border is about: origin, material and the rules for it, most specific first, with a consent for each consent rule."""

    origin: str
    material: str
    rules: Sequence[Rule]
    permits: Mapping[str, Permit]


class Border:
    """A Receiver for one material from one country to one plant abroad.

    Cargo without consent waits in stage `border`. A ban holds for departures from its first day on: cargo still in port
    comes back here and is offered to other destinations; cargo at sea arrives.

    may_be_banned : whether any rule about it is a ban.
    """

    def __init__(
        self, world: World, passage: Passage, way: Way, value_usd: Callable[[list[Lot]], float], reroute: Callable[[Border], None]
    ) -> None:
        self.name, self.country = way.plant, way.country
        self.passage = passage
        self.may_be_banned = any(rule.spec.rule == "ban" for rule in passage.rules)
        self._rule = RuleInForce(passage.rules, world.clock)
        self._booked = world.recorder.yearly("shipments", passage.origin, way.country, passage.material)
        self._world, self._way, self._value_usd, self._reroute = world, way, value_usd, reroute
        route = f"{passage.material} from {passage.origin} to {way.plant}"
        self.pile = world.ledger.stockpile(f"{route}: border", "border", passage.origin)
        self._touched_day = 0.0
        self._peaks: dict[str, float] = {}
        self._peak_year = 0
        for permit in dict.fromkeys(passage.permits.values()):
            permit.subscribe(self.release)

    # as a place to send to

    def space_kg(self, material: str = "") -> float:
        """Mass worth sending now [kg]; nothing under a ban."""
        rule = self._rule()
        if rule.rule == "ban":
            return 0.0
        return self._way.room_kg(self._permit(rule).expected_days() if rule.rule == "consent" else 0.0)

    def receive(self, material: str, lots: list[Lot], source: int) -> None:
        """Take lots out of account `source`; they pass at once if they may."""
        kg = sum(lot.kg for lot in lots)
        self._way.reserve(kg)
        road_days = self._way.drive_to_port(kg, source)
        rule = self._rule()
        if not self.pile.lots and rule.rule != "ban" and (rule.rule == "free" or self._permit(rule).draw_all(kg)):
            self._way.load(lots, source, road_days)
            return
        self._touch()
        self._world.ledger.move(self._world.clock.now, lots, source, self.pile)
        self.release()

    def banned(self) -> bool:
        """Whether nothing may leave now."""
        return self._rule().rule == "ban"

    def note_blocked(self, what: str, standing_kg: float, turned_away_kg: float = 0.0) -> None:
        """Book mass a ban holds: what stands counts once a year, at its highest; what was sent elsewhere counts as it comes."""
        year = self._world.year
        if year != self._peak_year:
            self._peak_year, self._peaks = year, {}
        rise = max(standing_kg - self._peaks.get(what, 0.0), 0.0)
        if rise + turned_away_kg > 0.0:
            self._peaks[what] = self._peaks.get(what, 0.0) + rise
            self._cell()[5] += rise + turned_away_kg

    # as the border of a port

    def may_depart(self) -> bool:
        """Whether cargo may leave now: by the rule of today, and under a valid consent where one is needed."""
        rule = self._rule()
        return rule.rule == "free" or (rule.rule == "consent" and self._permit(rule).covers_now())

    def give_back(self, lots: list[Lot], source: int) -> None:
        """Take cargo back from port."""
        self._touch()
        self._world.ledger.move(self._world.clock.now, lots, source, self.pile)
        self._hold_or_apply()

    def departed(self, lots: list[Lot]) -> None:
        """Pay the duty on lots that have left."""
        duty = self._rule().duty_share
        if duty is not None:
            world = self._world
            usd = duty.at(world.decimal_year) * self._value_usd(lots)
            world.recorder.cell("payments", world.year, self.name, f"customs {self.country}", "duty")[0] += usd

    # waiting

    def release(self) -> None:
        """Let pass what may pass now."""
        if not self.pile.lots:
            return
        self._touch()
        rule = self._rule()
        kg = 0.0
        if rule.rule == "free":
            kg = self.pile.kg
        elif rule.rule == "consent":
            kg = self._permit(rule).draw(self.pile.kg)
        if kg > DUST * self.pile.kg:
            self._way.load(self.pile.take(kg), self.pile.account, 0.0)
        if self.pile.lots:
            self._hold_or_apply()

    def review(self) -> None:
        """Once a month: follow a rule that has changed; look for another way for what a ban holds."""
        self._touch()
        if self.pile.lots and self.banned():
            self._reroute(self)
        self.release()

    def hand_over(self, kg: float) -> list[Lot]:
        """Give up `kg` of what waits; the caller posts it out of `pile.account`."""
        self._touch()
        self._way.reserve(-kg)
        return self.pile.take(kg)

    def _hold_or_apply(self) -> None:
        rule = self._rule()
        if rule.rule == "ban":
            self.note_blocked("at the border", self.pile.kg)
        elif rule.rule == "consent":
            self._permit(rule).apply()

    def _touch(self) -> None:
        """Book the kg-days of waiting for consent since last time; call before the pile changes."""
        now = self._world.clock.now
        if self.pile.kg > 0.0 and self._rule().rule == "consent":
            self._cell()[2] += self.pile.kg * (now - self._touched_day)
        self._touched_day = now

    def _permit(self, rule: BorderRuleSpec) -> Permit:
        return self.passage.permits[rule.name]

    def _cell(self) -> list[float]:
        return self._booked.cell(self._world.year)
