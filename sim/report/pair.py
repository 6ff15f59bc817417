"""Two runs beside each other, told in one language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import isfinite

from sim.report.context import FOCUS_COUNTRY, MOST_HEADLINE, Context, unit_of
from sim.report.language import NARROW_SPACE, Language
from sim.results.summary import ALL, SHARE
from sim.study.compare import Effect
from sim.study.compare import Row as Point
from sim.study.compare_words import Story

NOTHING = Effect(0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Choice:
    """One figure of the headline: its key, measure, country and name."""

    key: str
    measure: str
    country: str
    label: str


@dataclass(frozen=True)
class Pair:
    """Two runs beside each other, told in one language."""

    story: Story
    context: Context
    number: int

    @property
    def say(self) -> Language:
        """The language."""
        return self.context.say

    @cached_property
    def points(self) -> Mapping[tuple[str, str, str, int], Point]:
        """Figures that differ, by measure, metal, country and year."""
        return {(row.measure, row.metal, row.country, row.year): row for row in self.story.found.rows}

    @cached_property
    def metals(self) -> tuple[str, ...]:
        """Metals told of: those both runs call headline, the best known first."""
        both = {metal for run in (self.story.found.first, self.story.found.second) for metal in run.summary["headline"]}
        return tuple(metal for metal in self.context.metals if metal in both)[:MOST_HEADLINE]

    @property
    def year(self) -> int:
        """Year told first: the last."""
        return self.context.years[-1]

    @property
    def tables_differ(self) -> bool:
        """Whether the runs read different reference tables."""
        one, other = (
            {file: digest for file, digest in run.manifest.get("inputs", {}).items() if file.startswith("sim/")}
            for run in (self.story.found.first, self.story.found.second)
        )
        return one != other

    def point(self, metal: str, choice: Choice, year: int) -> Point | None:
        """One figure in both runs; where nothing differs, what the second run's summary tells, none if it tells nothing.

        A difference that does not show in the digits told is none.
        """
        found = self.points.get((choice.measure, metal, choice.country, year))
        if found is not None and self.amount(choice, found.before) != self.amount(choice, found.after):
            return found
        if found is not None:
            return replace(found, effect=NOTHING)
        summary = self.story.found.second.summary
        told = summary["ladder"].get(metal, {}).get(choice.country, {}).get(choice.measure)
        value = told["mean"][summary["years"].index(year)] if told else None
        return None if value is None else Point(choice.measure, metal, choice.country, year, value, value, NOTHING)

    def amount(self, choice: Choice, value: float) -> str:
        """A mass, or a share."""
        return self.say.share(value) if choice.measure == SHARE else self.say.mass(value)

    def signed(self, choice: Choice, value: float) -> str:
        """A difference with its sign; of shares in percentage points."""
        if value == 0:
            return self.say("as before")
        factor, unit = self._unit(choice, [value])
        return f"{self._number(value / factor)}{NARROW_SPACE}{unit}"

    def interval(self, choice: Choice, effect: Effect) -> str:
        """The 90 % interval of a difference; nothing where there is none."""
        if not isfinite(effect.low) or effect.low == effect.high:
            return ""
        factor, unit = self._unit(choice, [effect.low, effect.high])
        low, high = (self._number(end / factor) for end in (effect.low, effect.high))
        return self.say("{low} to {high}", low=low, high=high) + NARROW_SPACE + unit

    def _unit(self, choice: Choice, values: Sequence[float]) -> tuple[float, str]:
        return (0.01, self.say("points")) if choice.measure == SHARE else unit_of(values)

    def _number(self, value: float) -> str:
        return ("+" if value > 0 else "") + self.say.number(value, 2)


def choices(pair: Pair) -> tuple[Choice, ...]:
    """What can be shown."""
    say = pair.say
    return (
        Choice("collected", "collected_kg", ALL, say("collected formally")),
        Choice("refined", "refined_kg", ALL, say("refined")),
        Choice("available", "available_kg", FOCUS_COUNTRY, say("available to Japan")),
        Choice("share", SHARE, FOCUS_COUNTRY, say("share of Japan's demand")),
    )


def telling(pair: Pair) -> str:
    """The first metal of which clearly more or less is refined at the end, else the first."""
    refined = choices(pair)[1]
    ends = {metal: pair.point(metal, refined, pair.year) for metal in pair.metals}
    return next((metal for metal, end in ends.items() if end is not None and end.effect.clear), pair.metals[0])


def triple(effect: Effect) -> tuple[float, float, float]:
    """Mean and both ends."""
    return effect.mean, effect.low, effect.high
