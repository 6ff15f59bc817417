"""From announcement to full rate: finance, permits, construction, ramp-up, with slip and cancellation.

A plant that is only announced recovers nothing. Where a first day of operation is announced, the time really taken is
the time announced times a slip factor; where none is, it is the sum of the class durations. Either way it is split over
the stages still ahead in proportion to the drawn durations. Stages then run at the speed the dials allow: a factor of
0.5 on permits makes a day of permitting count double from the day it is turned, for plants in the middle of it too.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sim.core.calendar import DAYS_PER_YEAR
from sim.core.quantity import Spread
from sim.engine.world import World
from sim.nodes.plant_spec import CommissioningSpec, PlantSpec
from sim.nodes.schedule import Schedule

DAYS_PER_MONTH = DAYS_PER_YEAR / 12.0
CHECK_DAYS = 30.0  # how often a stage under way looks at its dials
MOMENT_DAYS = 1e-6  # what rounding leaves of a stage may be too short to move the clock, and would be waited for for ever
STAGES = ("finance", "permit", "build")
AHEAD = {"announced": 0, "financed": 1, "permitted": 2, "building": 2}  # first stage still ahead by status
DRAWS = (*STAGES, "ramp", "slip", "cancelled")  # order of the uniforms of a plant's stream


@dataclass(slots=True)
class Project:
    """A plant that is not running yet: its schedule and days of work left in each stage still ahead."""

    name: str
    country: str
    schedule: Schedule
    stages: list[tuple[str, float]]
    since_day: float
    awarded_day: float = -math.inf  # financial close waits for public money to be awarded
    speed: float = 1.0


class Commissioning:
    """Takes announced plants through their stages and writes the dates into their schedules."""

    def __init__(
        self, world: World, classes: Mapping[str, CommissioningSpec], appraise: Callable[[str], bool] | None = None
    ) -> None:
        """`appraise(plant)` says at financial close whether its money is found; none: always."""
        self._world, self._classes, self._appraise = world, classes, appraise
        self._projects: list[Project] = []

    def declare_dials(self, countries: Sequence[str]) -> None:
        """Declare the dials that stretch or shorten the stages; all start at 1."""
        for stage in STAGES:
            self._world.dials.declare(f"commissioning.{stage}_factor", 1.0)
        for country in countries:
            self._world.dials.declare(f"commissioning.{country}.permit_factor", 1.0)

    def schedule_of(self, plant: PlantSpec) -> Schedule:
        """The schedule of a plant; one that is not running becomes a project, which `start` sets off."""
        calendar = self._world.calendar
        day = -math.inf if plant.start is None else float(calendar.day_of(plant.start))
        end = math.inf if plant.end is None else float(calendar.day_of(plant.end))
        if plant.status == "closed":
            return Schedule(start_day=day, planned_day=day, end_day=min(end, 0.0) if plant.end is None else end)
        if plant.status == "operating":
            ramp = self._draws(plant, self._classes[plant.commissioning])["ramp"] if plant.commissioning else 0.0
            return Schedule(planned_day=day, start_day=day, ramp_days=ramp if math.isfinite(day) else 0.0, end_day=end)
        return self._plan(plant, end)

    def start(self) -> None:
        """Set every project off on the day of its announcement, or today if that is past."""
        for project in self._projects:
            self._world.clock.at(project.since_day, self._go_on, project)

    def _draws(self, plant: PlantSpec, figures: CommissioningSpec) -> dict[str, float]:
        """Durations [days], slip factor, and a uniform for cancellation, from the plant's own stream."""
        uniform = dict(zip(DRAWS, self._world.streams.of(f"{plant.name}/commissioning").random(len(DRAWS)).tolist(), strict=True))
        drawn = {name: _months(getattr(figures, f"{name}_months"), uniform[name]) for name in (*STAGES, "ramp")}
        return {**drawn, "slip": figures.slip_factor.quantile(uniform["slip"]), "cancelled": uniform["cancelled"]}

    def _plan(self, plant: PlantSpec, end: float) -> Schedule:
        assert plant.commissioning is not None
        figures = self._classes[plant.commissioning]
        drawn = self._draws(plant, figures)
        ahead = STAGES[AHEAD[plant.status] :]
        announced = 0.0 if plant.announced is None else float(self._world.calendar.day_of(plant.announced))
        planned = sum(getattr(figures, f"{stage}_months").mode for stage in ahead) * DAYS_PER_MONTH + announced
        whole = sum(drawn[stage] for stage in ahead)
        if plant.start is not None:
            planned = float(self._world.calendar.day_of(plant.start))
            whole = max(planned - announced, 0.0) * drawn["slip"]
        public = _public_share(plant)
        split = sum(drawn[stage] for stage in ahead)
        days = {stage: whole * drawn[stage] / split if split > 0.0 else whole / len(ahead) for stage in ahead}
        if "finance" in days:
            days["finance"] *= 1.0 - public
        risk = figures.cancelled_share.value * (1.0 - public) * len(ahead) / len(STAGES)
        schedule = Schedule(announced, planned, ramp_days=drawn["ramp"], end_day=end, cancelled=drawn["cancelled"] < risk)
        for stage in STAGES[: AHEAD[plant.status]]:
            _mark(schedule, stage, announced)
        awarded = plant.investment.awarded if plant.investment is not None else None
        awarded_day = -math.inf if awarded is None else float(self._world.calendar.day_of(awarded))
        self._projects.append(Project(plant.name, plant.country, schedule, list(days.items()), announced, awarded_day))
        return schedule

    def _go_on(self, project: Project) -> None:
        """Count the work done since last time, note what was finished on its day, and come back."""
        now = self._world.clock.now
        while project.stages:
            stage, left = project.stages[0]
            done = (now - project.since_day) / project.speed if project.speed > 0.0 else math.inf
            if done < left * (1.0 - 1e-12):
                project.stages[0], project.since_day = (stage, left - done), now
                break
            finished = project.since_day + left * project.speed
            if stage == "finance" and now < project.awarded_day:
                project.stages[0], project.since_day = (stage, 0.0), now
                self._world.clock.at(project.awarded_day, self._go_on, project)
                return
            project.since_day = max(finished, project.awarded_day) if stage == "finance" else finished
            project.stages.pop(0)
            if stage == "finance" and self._appraise is not None and not self._appraise(project.name):
                project.schedule.cancelled = True
            if project.schedule.cancelled:  # what is given up is given up at the end of the first stage ahead
                return
            _mark(project.schedule, stage, project.since_day)
        if project.stages:
            project.speed = self._speed(project)
            left_days = project.stages[0][1] * project.speed
            self._world.clock.after(min(max(left_days, MOMENT_DAYS), CHECK_DAYS), self._go_on, project)

    def _speed(self, project: Project) -> float:
        """Calendar days a day of work takes in the stage under way."""
        dials, stage = self._world.dials, project.stages[0][0]
        factor = dials[f"commissioning.{stage}_factor"]
        own = f"commissioning.{project.country}.permit_factor"
        return factor * dials[own] if stage == "permit" and own in dials else factor


def _months(spread: Spread, u: float) -> float:
    return spread.quantile(u) * DAYS_PER_MONTH


def _public_share(plant: PlantSpec) -> float:
    """Grant and public loan over investment, at most 1."""
    money = plant.finance
    if money is None:
        return 0.0
    return min(sum(share.value for share in (money.grant_share, money.loan_share) if share is not None), 1.0)


def _mark(schedule: Schedule, stage: str, day: float) -> None:
    if stage == "finance":
        schedule.financed_day = day
    elif stage == "permit":
        schedule.permitted_day = day
    else:
        schedule.start_day = day
