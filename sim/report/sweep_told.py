"""A sweep as its page tells it: what its folder holds, in the words of one language."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from sim.report.drawing import capital
from sim.report.language import Language
from sim.report.names import Names
from sim.report.reading import Run
from sim.study.sweep_results import Sweep


@dataclass
class Told:
    """A sweep told in one language; what is read from its folder is kept."""

    sweep: Sweep
    say: Language

    @cached_property
    def plan(self) -> dict[str, Any]:
        """What the sweep is."""
        return self.sweep.plan

    @cached_property
    def names(self) -> Names:
        """Names of metals and countries."""
        return Names(Run(self.sweep.folder, {"names": {}}, {}), self.say)

    @cached_property
    def outcomes(self) -> pd.DataFrame:
        """A row for every run that is there."""
        return self.sweep.outcomes()

    @cached_property
    def bands(self) -> pd.DataFrame:
        """Statistics of every outcome by scenario."""
        return self.sweep.bands()

    @cached_property
    def indices(self) -> pd.DataFrame:
        """Sobol or Morris indices; empty where the design gives none."""
        return self.sweep.indices() if self.kind in {"saltelli", "morris"} else pd.DataFrame()

    @cached_property
    def points(self) -> pd.DataFrame:
        """Every point with its dials and the mean outcomes of its replications; what failed is left out."""
        means = self.outcomes.groupby("row", sort=True)[self.columns].mean()
        return self.sweep.design.join(means, on="row", how="inner").dropna(subset=self.columns)

    @property
    def kind(self) -> str:
        """How points were placed."""
        return str(self.plan["design"]["kind"])

    @property
    def columns(self) -> list[str]:
        """Outcomes."""
        return list(self.plan["columns"])

    @property
    def dials(self) -> list[str]:
        """Key paths of what is turned."""
        return [str(dial["key"]) for dial in self.plan["dials"]]

    @property
    def scenarios(self) -> list[str]:
        """Scenarios swept."""
        return list(self.plan["scenarios"])

    @cached_property
    def varying(self) -> list[str]:
        """Outcomes that differ between runs; all where none does."""
        found = self.outcomes[self.columns]
        return [column for column in self.columns if found[column].nunique() > 1] or self.columns

    @property
    def first(self) -> str:
        """The outcome shown first: the furthest step of the first metal that differs between runs."""
        metal = self.varying[0].split(".")[1]
        return [column for column in self.varying if column.split(".")[1] == metal][-1]

    def outcome(self, column: str) -> str:
        """An outcome in words."""
        say = self.say
        step, metal, country, year = column.split(".")
        steps = {
            "in_waste_kg": say("in waste"),
            "collected_kg": say("collected formally"),
            "separated_kg": say("separated"),
            "refined_kg": say("refined"),
            "available_kg": say("available to industry"),
            "demand_met_share": say("share of demand met"),
        }
        when = year if year.isdigit() else say("all years")
        return say(
            "{metal} {step}, {country}, {year}",
            metal=capital(self.names.metal(metal)),
            step=steps[step],
            country=self.names.country(country),
            year=when,
        )

    def amount(self, column: str, value: float) -> str:
        """A mass, or a share."""
        return self.say.share(value) if is_share(column) else self.say.mass(value)

    def between(self, column: str, low: float, high: float) -> str:
        """An interval of masses or shares."""
        return self.say.shares(low, high) if is_share(column) else self.say.masses(low, high)


def is_share(column: str) -> bool:
    """Whether an outcome is a share."""
    return column.startswith("demand_met_share")
