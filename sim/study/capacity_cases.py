"""What patience and fleets do: the first draw of a run again with other patience and with half of the vehicles, pair by pair.

Same draw, same chance, so a difference between two cases is the effect of what was changed. The cases cover the first years
of the run only and are left out where they would cost more than a fifth of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.quantity import Quantity, Spread
from sim.results.tables import Columns, from_rows, numbers, texts
from sim.scenario.draw import draw_spec
from sim.scenario.scenario import Scenario
from sim.scenario.schema import ScenarioSpec
from sim.simulate.run import run_replication
from sim.study.workers import Failure, spread

YEARS = 3
LARGEST_SHARE = 0.2  # of the run's own time
METAL, ALL = "Nd", "all"
NAN = float("nan")
Change = Callable[[ScenarioSpec], ScenarioSpec]


def patience(days: float) -> Change:
    """People everywhere wait this long before they give up."""

    def change(spec: ScenarioSpec) -> ScenarioSpec:
        waits = {"patience_days": Quantity.constant(days)}
        return _countries(spec, lambda c: {"behaviour": c.behaviour and c.behaviour.model_copy(update=waits)})

    return change


def fleets(factor: float) -> Change:
    """Every channel has this many times its vehicles, whole ones in each zone."""

    def change(spec: ScenarioSpec) -> ScenarioSpec:
        def channels(country: Any) -> dict[str, Any]:
            return {
                "channels": {
                    key: each.model_copy(update={"vehicles_per_100k_households": _times(each.vehicles_per_100k_households, factor)})
                    for key, each in country.channels.items()
                }
            }

        return _countries(spec, channels)

    return change


CASES: dict[str, Change] = {
    "as_given": lambda spec: spec,
    "patience_3_days": patience(3.0),
    "patience_14_days": patience(14.0),
    "patience_90_days": patience(90.0),
    "half_the_vehicles": fleets(0.5),
}


@dataclass(frozen=True, slots=True)
class RunCase:
    """Run a case by its number on the first draw of a scenario."""

    scenario: Scenario
    seed: int
    draws: int

    def __call__(self, number: int) -> dict[str, Any]:
        """Result tables of the case over its years."""
        spec = draw_spec(self.scenario, 0, self.draws, self.seed).spec
        end = min(spec.time.start + YEARS - 1, spec.time.end)
        short = spec.model_copy(update={"time": spec.time.model_copy(update={"end": end})})
        tables = run_replication(list(CASES.values())[number](short), self.seed, 0)["tables"]
        return {name: tables[name] for name in ("collection", "signals", "unlimited")}


def worthwhile(spec: ScenarioSpec, replications: int) -> bool:
    """Whether the cases cost at most a fifth of a run."""
    years = spec.time.end - spec.time.start + 1
    return len(CASES) * min(YEARS, years) <= LARGEST_SHARE * replications * years


def capacity_cases(scenario: Scenario, seed: int, draws: int, replications: int, workers: int) -> Columns | Failure:
    """Return table `capacity_cases`, empty where it is not worth its time, or how a case failed."""
    rows: list[tuple[Any, ...]] = []
    if worthwhile(scenario.spec, replications):
        with closing(spread(RunCase(scenario, seed, draws), range(len(CASES)), workers, lambda: None)) as finished:
            for number, outcome in finished:
                if isinstance(outcome, Failure):
                    return outcome
                rows += _rows(list(CASES)[number], outcome)
    return from_rows("capacity_cases", rows)


def _rows(case: str, tables: Mapping[str, Columns]) -> list[tuple[Any, ...]]:
    table = tables["collection"]
    country, channel = (np.array(texts(table, name), dtype=object) for name in ("country", "channel"))
    rows = []
    for place in sorted(set(country.tolist())):
        here = country == place
        metal = [_sum(tables["signals"], place, name) for name in ("collected_kg", "available_kg")]
        rows.append((case, place, ALL, *_fetched(table, here), *metal))
        rows += [
            (case, place, each, *_fetched(table, here & (channel == each)), NAN, NAN)
            for each in sorted(set(channel[here].tolist()))
        ]
        if case == "as_given":
            metal = [_sum(tables["unlimited"], place, name) for name in ("collected_kg", "available_kg")]
            rows.append(("unlimited", place, ALL, *[NAN] * 5, *metal))
    return rows


def _fetched(table: Columns, rows: NDArray[np.bool_]) -> tuple[float, ...]:
    """Freshly offered, collected and lost mass, collected over offered, and the mean wait of what was collected."""
    offered, retried, collected, lost, wait = (
        np.nan_to_num(numbers(table, name)[rows])
        for name in ("offered_kg", "retried_kg", "collected_kg", "lost_kg", "wait_days_mean")
    )
    fresh, kg = float((offered - retried).sum()), float(collected.sum())
    return fresh, kg, float(lost.sum()), kg / fresh if fresh else NAN, float(wait @ collected) / kg if kg else NAN


def _sum(table: Columns, country: str, name: str) -> float:
    chosen = (np.array(texts(table, "country"), dtype=object) == country) & (np.array(texts(table, "metal"), dtype=object) == METAL)
    return float(np.nansum(numbers(table, name)[chosen]))


def _countries(spec: ScenarioSpec, update: Callable[[Any], dict[str, Any]]) -> ScenarioSpec:
    changed = {key: country.model_copy(update=update(country)) for key, country in spec.countries.items()}
    return spec.model_copy(update={"countries": changed})


def _times(quantity: Quantity, factor: float) -> Quantity:
    return Quantity(
        tuple(
            (
                year,
                Spread(*(factor * each for each in (value.low, value.mode, value.high)))
                if isinstance(value, Spread)
                else factor * value,
            )
            for year, value in quantity.points
        )
    )
