"""The queue-free twin of a scenario: the same chain as a yearly stock-flow model in numpy, without clock, queue or chance.

A second implementation beside the simulation. Whatever homes offer is fetched, worked and sent on in the year it is
discarded; plants have no limit, borders no waiting time. What the simulation recovers less is what capacity, queues,
permits, voyages and slips of construction cost. With these taken out of the simulation too (`simulate.unlimited`) both
agree within rounding, which `tests/validation/test_twin.py` shows.

Shared with the simulation: arisings, the choice of people (`nodes.choice`) and which fraction is the right one for a
metal. Written anew: offers without zones and timing, sorting, routing, borders, transfer tables, origins, the ladder.

In the twin a border rule holds for a year if it is in force on 1 July, and a plant works from the year in which it is
planned to be open by then: no slip, no cancellation. Levers are followed where they move mass rather than capacity or
time (`sold_to_formal_factor`). Buyers under contract take what they agreed to in a year, as if output came evenly and
no offtaker walked away. Limits of destinations and least-cost allocation are capacity, so left out; so are shocks,
responses and answers to prices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from sim.core.calendar import Calendar
from sim.core.series import by_year
from sim.core.units import KG_PER_T
from sim.nodes.arisings import Arisings, build_arisings
from sim.nodes.channel_spec import ChannelSpec
from sim.nodes.choice import captured_shares, compete, divert
from sim.nodes.country_spec import CountrySpec
from sim.nodes.offers import overlap
from sim.results.summary import ALL, SHARE
from sim.results.summary import Ladder as SummaryLadder
from sim.results.tables import Columns, from_columns
from sim.scenario.schema import ScenarioSpec
from sim.simulate.service import INFORMAL, sold_share_of
from sim.simulate.signals import recoverable
from sim.simulate.twin_network import Network, Plant
from sim.trade.contract import Contracts

Vector = NDArray[np.float64]
Pools = dict[tuple[str, str], Vector]
"""(country it is in, material) -> kg of each substance by country of origin, shape (countries, substances)."""
RUNGS = ("in_waste_kg", "collected_kg", "separated_kg", "refined_kg", "available_kg")
UNTRACKED = "other"
MARKET = "market "  # before the country whose industry buys: a destination of product forms
BEFORE_DISMANTLING = frozenset({"sorting", "dismantling"})


@dataclass(frozen=True, slots=True)
class Ladder:
    """The headline ladder of the twin [kg of each substance], arrays of shape (countries, years, substances).

    The year is that of discard. `available_kg` is by the country whose industry gets the metal, all others by origin.
    `waiting_kg` : by origin, what no destination takes at the end of the run.
    """

    countries: tuple[str, ...]
    years: tuple[int, ...]
    substances: tuple[str, ...]
    in_waste_kg: Vector
    collected_kg: Vector
    separated_kg: Vector
    refined_kg: Vector
    available_kg: Vector
    waiting_kg: Vector


def run_twin(spec: ScenarioSpec, arisings: Arisings | None = None) -> Ladder:
    """Run the twin of a drawn scenario; `arisings` are built from it unless given."""
    calendar = Calendar.of(spec.time.start, spec.time.end)
    if arisings is None:
        arisings = build_arisings(
            spec.countries, spec.products, spec.country_products, spec.groups, spec.substances, spec.scope, calendar
        )
    return _Twin(spec, arisings).run()


def table(ladder: Ladder) -> Columns:
    """Table `unlimited` of one replication: every place and year with anything on the ladder."""
    rungs = [np.moveaxis(getattr(ladder, rung), 0, 1) for rung in RUNGS]
    year, country, metal = np.nonzero(np.any([rung > 0.0 for rung in rungs], axis=0))
    return from_columns(
        "unlimited",
        {
            "year": ladder.years[0] + year,
            "country": [ladder.countries[number] for number in country.tolist()],
            "metal": [ladder.substances[number] for number in metal.tolist()],
            **{name: rung[year, country, metal] for name, rung in zip(RUNGS, rungs, strict=True)},
        },
    )


def twin_ladder(spec: ScenarioSpec) -> SummaryLadder:
    """The twin of a drawn scenario in the shape of `results.summary.Ladder`, to be paired with a run cell by cell (by name)."""
    ladder = run_twin(spec)
    metals = [name for name in ladder.substances if name != UNTRACKED]
    columns = [ladder.substances.index(name) for name in metals]

    def shaped(kg: Vector) -> Vector:
        by_metal = kg.transpose(2, 0, 1)[columns, :, :, np.newaxis]
        return np.concatenate([by_metal, by_metal.sum(axis=1, keepdims=True)], axis=1)

    demand = np.zeros_like(ladder.available_kg)
    for country, wanted in spec.market.demand.items():
        for metal, figure in wanted.items():
            place = ladder.countries.index(country), slice(None), ladder.substances.index(metal)
            demand[place] = [figure.t_per_year.at(year + 0.5) * KG_PER_T for year in ladder.years]
    values = {rung: shaped(getattr(ladder, rung)) for rung in RUNGS}
    wanted_kg = shaped(demand)
    nowhere = np.full(wanted_kg.shape, np.nan)
    values[SHARE] = np.divide(values["available_kg"], wanted_kg, out=nowhere, where=wanted_kg > 0.0)
    return SummaryLadder(tuple(metals), (*ladder.countries, ALL), ladder.years, values)


class _Twin:
    """One pass over the years; what waits for a destination is carried from year to year."""

    def __init__(self, spec: ScenarioSpec, arisings: Arisings) -> None:
        self._spec, self._arisings = spec, arisings
        self._substances = tuple(spec.substances)
        self._place = {country: number for number, country in enumerate(spec.countries)}
        self._network = Network(spec)
        self._contracts = Contracts(spec.contracts, self._substances, arisings.calendar)
        self._right = {
            fraction: np.array([metal in metals for metal in self._substances], dtype=float)
            for fraction, metals in recoverable(spec).items()
        }
        shape = (len(spec.countries), len(arisings.calendar.years), len(self._substances))
        self._rungs = {rung: np.zeros(shape) for rung in RUNGS}
        self._waiting: Pools = {}

    def run(self) -> Ladder:
        """Take the years one by one."""
        for number, year in enumerate(self._arisings.calendar.years):
            self._network.open_year(year)
            pools, self._waiting = self._waiting, {}
            for key, country in self._spec.countries.items():
                if country.role == "home" and country.channels:
                    self._collect(key, country, number, pools)
            self._treat(pools, number)
        waiting = sum(self._waiting.values(), np.zeros((len(self._place), len(self._substances))))
        years, names = tuple(self._arisings.calendar.years), tuple(self._spec.countries)
        return Ladder(names, years, self._substances, **self._rungs, waiting_kg=waiting)

    def _add(self, pools: Pools, country: str, material: str, kg: Vector) -> None:
        there = pools.get((country, material))
        pools[country, material] = kg if there is None else there + kg

    # collection

    def _collect(self, key: str, country: CountrySpec, number: int, pools: Pools) -> None:
        """Put what a country hands over in a year where it waits for a plant; buyers keep what they do not sell."""
        place, year = self._place[key], self._arisings.calendar.start + number
        offered, handed = self._handed_over(key, country, year)
        made_of = self._arisings.composition[self._arisings.countries.index(key), :, number, :]
        crude = self._network.crude.get(key)
        buyers = np.array([channel.kind == INFORMAL and crude is not None for channel in country.channels.values()], dtype=bool)
        by_scheme, by_buyer = handed[~buyers].sum(axis=0), handed[buyers].sum(axis=0)
        sold = by_buyer * self._sold_share(key, country, year)
        for group, material in enumerate(self._arisings.groups):
            if by_buyer[group] > 0.0 and not self._network.destinations(key, material):
                sold[group] = 0.0
            self._enter(pools, key, material, (by_scheme[group] + sold[group]) * made_of[group])
            if crude is not None:
                self._enter(pools, key, f"{crude.name}/{material}", (by_buyer[group] - sold[group]) * made_of[group])
        self._rungs["in_waste_kg"][place, number] = offered @ made_of
        self._rungs["collected_kg"][place, number] = (by_scheme + sold) @ made_of

    def _enter(self, pools: Pools, country: str, material: str, kg: Vector) -> None:
        if kg.any():
            by_origin = np.zeros((len(self._place), len(self._substances)))
            by_origin[self._place[country]] = kg
            self._add(pools, country, material, by_origin)

    def _handed_over(self, key: str, country: CountrySpec, year: int) -> tuple[Vector, Vector]:
        """Offers of a year by group, and of them what each channel gets, shapes (groups,) and (channels, groups) [kg]."""
        calendar, channels = self._arisings.calendar, list(country.channels.values())
        first = (year - calendar.start) * 12
        months = np.array(calendar.month_starts[first : first + 13], dtype=float)
        edges = np.array(calendar.period_edges(year, self._spec.resolution.period_days))
        by_month = self._arisings.offered_kg[self._arisings.countries.index(key), :, first : first + 12]
        by_period = (by_month @ overlap(months, edges)).T
        middles = year + 0.5 * (edges[1:] + edges[:-1] - 2.0 * edges[0]) / (edges[-1] - edges[0])

        def over(name: str) -> Vector:
            return np.stack([by_year(getattr(channel, name), middles) for channel in channels], axis=1)

        open_share = np.array([_open_share(channel, calendar, edges) for channel in channels]).T
        scope = np.array([[_scope(channel, group, year + 0.5) for group in self._arisings.groups] for channel in channels])
        by_sales = np.array([[channel.denominator == "sales_in_scope"] for channel in channels])
        sold = self._arisings.sold_per_discarded[self._arisings.countries.index(key), :, year - calendar.start]
        scope = np.where(by_sales, scope * sold, scope)
        participation = over("awareness_share") * over("participation_share")
        plain = captured_shares(over("coverage_share") * open_share, participation, scope)
        sensitivity = country.informal.price_sensitivity.value if country.informal else 0.0
        shares = compete(divert(plain, over("diverted_share")).shares, over("incentive_usd_per_kg"), sensitivity)
        return by_month.sum(axis=1), np.einsum("pg,pcg->cg", by_period, shares)

    def _sold_share(self, key: str, country: CountrySpec, year: int) -> float:
        """Share of what buyers fetch that they sell to formal plants, levers included."""
        share = sold_share_of(country.informal, year + 0.5)
        middle = date(year, 7, 1)
        for lever in self._spec.levers:
            if lever.dial == f"collection.{key}.sold_to_formal_factor" and lever.start <= middle <= (lever.end or middle):
                share *= lever.factor.at(year + 0.5)
        return min(share, 1.0)

    # treatment

    def _treat(self, pools: Pools, number: int) -> None:
        """Send and work everything until nothing moves; what has no destination is kept for next year."""
        while pools:
            fed: dict[str, dict[str, Vector]] = {}
            for (country, material), kg in pools.items():
                self._send(country, material, kg, fed, number)
            pools = {}
            for name, inputs in fed.items():
                self._work(self._network.plants[name], inputs, number, pools)

    def _send(self, country: str, material: str, kg: Vector, fed: dict[str, dict[str, Vector]], number: int) -> None:
        yard, _, group = material.partition("/")
        if group:
            fed.setdefault(yard, {})[group] = fed.get(yard, {}).get(group, 0.0) + kg
            return
        destinations = self._network.destinations(country, material)
        if not destinations:
            self._add(self._waiting, country, material, kg)
        for name, share in destinations:
            if name in self._network.plants:
                inputs = fed.setdefault(name, {})
                inputs[material] = inputs.get(material, 0.0) + share * kg
            elif name.startswith(MARKET):
                self._rungs["available_kg"][self._place[name.removeprefix(MARKET)], number] += share * kg.sum(axis=0)

    def _work(self, plant: Plant, inputs: Mapping[str, Vector], number: int, pools: Pools) -> None:
        """Divide what a plant is fed; forms nobody takes further go to the market of the country they are meant for."""
        kg = np.stack([inputs[name] for name in inputs])
        shares = self._network.transfer(plant, tuple(inputs))
        outputs = np.einsum("iks,ios->oks", kg, shares)
        for output, made in zip(plant.outputs, outputs, strict=True):
            if not made.any():
                continue
            if plant.stage in BEFORE_DISMANTLING and output in self._right:
                self._rungs["separated_kg"][:, number] += made * self._right[output]
            elif plant.ends and output not in self._spec.fractions:
                self._rungs["refined_kg"][:, number] += made
            if output in plant.forms and not self._network.destinations(plant.country, output):
                if plant.stage != "crude":
                    self._sell(plant, made.sum(axis=0), number)
            else:
                self._add(pools, plant.country, output, made)

    def _sell(self, plant: Plant, kg: Vector, number: int) -> None:
        """Give buyers under contract what they agreed to take in the year, and the rest to the industry the plant sells to."""
        rest = kg.copy()
        for buyer, part in self._contracts.taken_of_year(plant.name, self._spec.time.start + number, kg):
            self._rungs["available_kg"][self._place[buyer], number] += part
            rest -= part
        self._rungs["available_kg"][self._place[plant.available_to], number] += np.maximum(rest, 0.0)


def _open_share(channel: ChannelSpec, calendar: Calendar, edges: Vector) -> Vector:
    """Share of each period in which a channel works."""
    first = -np.inf if channel.start is None else calendar.day_of(channel.start)
    last = np.inf if channel.end is None else calendar.day_of(channel.end)
    open_days = np.minimum(edges[1:], last) - np.maximum(edges[:-1], first)
    return np.asarray(np.maximum(open_days, 0.0) / np.diff(edges))


def _scope(channel: ChannelSpec, group: str, when: float) -> float:
    """Share of its participation a channel gets of a group; 0 where the law keeps it out."""
    if group not in channel.groups:
        return 0.0
    factor = channel.group_factors.get(group)
    return 1.0 if factor is None else factor.at(when)
