"""Consents (prior informed consent of the Basel Convention): applied for, waited for, refused, used up, renewed.

One consent covers like shipments of one fraction from one country to another for its validity and quota
(Basel Convention, article 6.6-6.8), so it is one object per pair and fraction, not one per box.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf

import numpy as np

from sim.core.calendar import DAYS_PER_YEAR
from sim.core.units import KG_PER_T
from sim.engine.world import World
from sim.trade.border_spec import BorderRuleSpec, ConsentDaysSpec

FACTOR_DIAL = "borders.consent_days_factor"
SOONEST_REAPPLICATION_DAYS = 1.0  # a new dossier takes a day at least; also keeps a certain refusal from stopping the clock


def pair_dial(origin: str, destination: str) -> str:
    """Name of the dial that multiplies consent days of one pair of countries."""
    return f"{FACTOR_DIAL}.{origin}-{destination}"


def pert(generator: np.random.Generator, days: ConsentDaysSpec) -> float:
    """Draw from a beta-PERT distribution [days] (Malcolm et al. 1959, Operations Research 7(5):646)."""
    width = days.high - days.low
    if width == 0.0:
        return days.mode
    a, b = 1.0 + 4.0 * (days.mode - days.low) / width, 1.0 + 4.0 * (days.high - days.mode) / width
    return days.low + width * float(generator.beta(a, b))


def pert_mean(days: ConsentDaysSpec) -> float:
    """Mean of a beta-PERT distribution [days]."""
    return (days.low + 4.0 * days.mode + days.high) / 6.0


class Permit:
    """Consent for one origin, destination and fraction; for one plant where the rule names it.

    Times are drawn per application by name and ordinal, so a longer wait elsewhere never changes them.
    """

    def __init__(self, world: World, key: tuple[str, str, str, str], rule: Callable[[], BorderRuleSpec]) -> None:
        """`key` is origin, destination, fraction and plant (empty: any); `rule` gives the rule in force now."""
        self.key = key
        self._pair_dial = pair_dial(key[0], key[1])
        self.name = "consent/" + "/".join(part for part in key if part)
        self.quota_kg = 0.0
        self.valid_until_day = -inf
        self.granted_days: list[float] = []
        self._world, self._rule = world, rule
        self._waiting: list[Callable[[], None]] = []
        self._applications = 0
        self._due_day: float | None = None
        self._refused = self._barred = self._used = False
        self._expected: tuple[BorderRuleSpec | None, int, float] = (None, 0, 0.0)  # mean days by a rule and turns of dials

    def subscribe(self, call: Callable[[], None]) -> None:
        """Call `call()` at every grant, in order of subscription."""
        self._waiting.append(call)

    def covers_now(self) -> bool:
        """Whether a consent is valid now."""
        return self._world.clock.now < self.valid_until_day

    def draw(self, kg: float) -> float:
        """Use up to `kg` of the quota; return how much of it the consent covers."""
        if not self.covers_now():
            return 0.0
        part = min(kg, self.quota_kg)
        self.quota_kg -= part
        self._used = self._used or part > 0.0
        return part

    def draw_all(self, kg: float) -> bool:
        """Use `kg` of the quota if the consent covers all of it; return whether it does."""
        if not self.covers_now() or self.quota_kg < kg:
            return False
        self.draw(kg)
        return True

    def expected_days(self) -> float:
        """Mean days from application to consent if applied for now."""
        rule, turns = self._rule(), len(self._world.dials.turns)
        known, at_turns, days = self._expected
        if rule is not known or turns != at_turns:
            days = pert_mean(rule.consent_days) * self._factor(rule) if rule.consent_days is not None else 0.0
            if rule.consent_days_factor is None or rule.consent_days_factor.steady:
                self._expected = rule, turns, days
        return days

    def apply(self) -> None:
        """File an application unless one is under way or a refusal still bars it."""
        rule = self._rule()
        if self._due_day is not None or self._barred or rule.consent_days is None:
            return
        self._applications += 1
        draws = self._world.streams.of(self.name, self._applications)
        share = rule.refusal_share.at(self._world.decimal_year) if rule.refusal_share is not None else 0.0
        self._refused = draws.random() < share
        self._wait_until(self._world.clock.now + pert(draws, rule.consent_days) * self._factor(rule))

    def hasten(self, factor: float) -> None:
        """Multiply what is left of the wait for an application under way: a lever turned after it was filed."""
        if self._due_day is not None:
            now = self._world.clock.now
            self._wait_until(now + (self._due_day - now) * factor)

    def _factor(self, rule: BorderRuleSpec) -> float:
        dials = self._world.dials
        own = rule.consent_days_factor.at(self._world.decimal_year) if rule.consent_days_factor is not None else 1.0
        return own * dials[FACTOR_DIAL] * dials[self._pair_dial]

    def _wait_until(self, day: float) -> None:
        self._due_day = day
        self._world.clock.at(day, self._decide, day)

    def _decide(self, day: float) -> None:
        if day != self._due_day:
            return  # the wait was shortened or lengthened meanwhile
        self._due_day = None
        rule, world = self._rule(), self._world
        if rule.consent_days is None:
            return  # free or banned by now
        if self._refused:
            origin, destination, fraction, _ = self.key
            world.recorder.cell("shipments", world.year, origin, destination, fraction)[4] += 1.0
            self._barred = True
            pause_days = rule.reapply_after_days.value if rule.reapply_after_days is not None else 0.0
            world.clock.after(max(pause_days, SOONEST_REAPPLICATION_DAYS), self._reapply)
            return
        self._grant(rule)

    def _reapply(self, _: object) -> None:
        self._barred = False
        self.apply()

    def _grant(self, rule: BorderRuleSpec) -> None:
        now, year = self._world.clock.now, self._world.decimal_year
        valid_days = rule.consent_valid_days.at(year) if rule.consent_valid_days is not None else DAYS_PER_YEAR
        self.valid_until_day = now + valid_days
        self.quota_kg = rule.quota_t.at(year) * KG_PER_T if rule.quota_t is not None else inf
        self.granted_days.append(now)
        self._used = False
        renewal_day = self.valid_until_day - self.expected_days()
        self._world.clock.at(renewal_day, self._renew, self.valid_until_day)
        for call in self._waiting:
            call()

    def _renew(self, valid_until_day: float) -> None:
        """Apply for the next consent before this one ends, if it was of use."""
        if valid_until_day == self.valid_until_day and self._used:
            self.apply()
