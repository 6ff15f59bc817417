"""What holds each metal back, month by month, and what one per cent more of it would add.

The chain is read as a fluid network whose shares are those the ledger saw in the year (shadow prices of a flow network,
Ahuja, Magnanti & Orlin 1993, Network Flows, chapter 9). A kilogram more that leaves a place is worth what of it becomes
metal further down; a place that is blocked until the end of the year passes nothing more on, so what comes before it is
worth nothing and the place itself gains. Blocked means: a line that works at capacity with feed in its yard; cargo that
did not turn over within the month at a border or a port; queues of homes that lose or gather offers; a depot, gate or
store that gathers a share of what comes in. Time on the way is left out. Told of headline metals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.calendar import MONTHS_PER_YEAR
from sim.core.units import KG_PER_T
from sim.engine.composition import Vector
from sim.engine.ledger import Account
from sim.results.tables import Columns, from_rows
from sim.scenario.schema import ScenarioSpec
from sim.simulate.movements import Movements, Year

Flags = NDArray[np.bool_]
Numbers = NDArray[np.int64]
Names = NDArray[np.object_]

PER_CENT = 0.01
FULL = 1.0 - 1e-6  # utilisation that counts as all
UNSERVED = 0.01  # a queue that loses or gathers more of its offers than this waits for vehicles
MATERIAL = 1e-3  # less of a year's flow than this holds nothing back
SETTLED = 1e-6  # kilograms of metal per kilogram
# what stands behind a stage in which mass waits
RESOURCES = {
    "waiting": "trucks",
    "depot": "yard",
    "linehaul": "yard",
    "haul": "yard",
    "yard": "line",
    "refinery_yard": "refinery",
    "border": "consent",
    "port": "sailing",
    "store": "market",
    "product_store": "market",
}
# the chain from its end, so that one pass settles all but loops
UPSTREAM = (
    "product_store", "refining", "refinery_yard", "linehaul", "haul", "sea", "port", "border", "store", "processing", "yard",
    "depot", "vehicle", "waiting",
)  # fmt: skip
LINES, SHIPS = ("yard", "refinery_yard"), ("border", "port")
GATHERING = ("depot", "linehaul", "haul", "store", "product_store")
COLLECTION = "collection"


@dataclass(frozen=True, slots=True)
class Gain:
    """What one per cent more of a resource at one place adds; every array has shape (months, metals).

    held : waits there at month end. through, through_t : passed on, metal [kg] and whole mass [t]. kg : gained.
    """

    resource: str
    place: str
    held: Vector
    through: Vector
    through_t: Vector
    kg: Vector


def bottlenecks(
    movements: Movements, accounts: Sequence[Account], recorded: Mapping[str, Mapping[str, Any]], spec: ScenarioSpec
) -> Columns:
    """Table `bottlenecks`; by month and metal the resources that one per cent more of adds anything, the most first."""
    network = _Network([accounts[number] for number in movements.accounts.tolist()], recorded, spec)
    metals = headline(spec)
    rows: list[tuple[object, ...]] = []
    for number, year in enumerate(range(spec.time.start, spec.time.end + 1)):
        rows += _rows(network.gains(movements.year(number), year), year, metals)
    return from_rows("bottlenecks", rows)


def headline(spec: ScenarioSpec) -> tuple[str, ...]:
    """Metals that bottlenecks are told of."""
    return tuple(name for name, substance in spec.substances.items() if substance.headline)


def _rows(gains: Sequence[Gain], year: int, metals: Sequence[str]) -> Iterator[tuple[object, ...]]:
    """Rows of a year: places of one resource summed, resources ranked within a month and metal.

    A tonne more is one through the place named, where it adds the most in all.
    """
    resources = sorted({gain.resource for gain in gains})
    parts = {resource: [gain for gain in gains if gain.resource == resource] for resource in resources}
    if not resources:
        return
    held, through, kg = (
        np.array([np.sum([getattr(part, name) for part in parts[resource]], axis=0) for resource in resources])
        for name in ("held", "through", "kg")
    )
    most = [np.argmax([part.kg for part in parts[resource]], axis=0) for resource in resources]
    rank = np.argsort(np.argsort(-kg, axis=0, kind="stable"), axis=0) + 1
    for index, month, metal in np.argwhere(kg > 0.0).tolist():
        cell = (index, month, metal)
        best = parts[resources[index]][most[index][month, metal]]
        per_t = best.kg[month, metal] / (PER_CENT * best.through_t[month, metal])
        told = (held[cell], through[cell], kg[cell], per_t, rank[cell])
        yield (year, month + 1, metals[metal], resources[index], best.place, *map(float, told))


class _Network:
    """Accounts as nodes of a network, and what the run recorded of them; remembers what is held from year to year."""

    def __init__(self, accounts: Sequence[Account], recorded: Mapping[str, Mapping[str, Any]], spec: ScenarioSpec) -> None:
        self.accounts = accounts
        self.stage: Names = np.array([account.stage for account in accounts], dtype=object)
        self.inside = np.array([not account.outside for account in accounts], dtype=bool)
        self._country: Names = np.array([account.country for account in accounts], dtype=object)
        self._plants = sorted((plant.name for plant in spec.plants), key=len, reverse=True)
        self._place: dict[int, str] = {}
        self._held: Vector | None = None
        self._start, months = spec.time.start, (spec.time.end - spec.time.start + 1) * MONTHS_PER_YEAR
        self._full = _full(recorded["plants"], months)
        self._unserved = _unserved(recorded["collection"])

    def gains(self, year: Year, calendar_year: int) -> list[Gain]:
        """What one per cent more of every resource adds in a year, place by place."""
        into, out = (self._by_account(ends, year.kg) for ends in (year.target, year.source))
        first = np.zeros_like(into[0]) if self._held is None else self._held
        held = np.maximum(first + np.cumsum(into - out, axis=0), 0.0)
        held[:, ~self.inside] = 0.0
        self._held = held[-1]
        before = np.concatenate([first[np.newaxis], held[:-1]])
        share = _shares(year, self.stage, len(self.accounts))
        blocked = self._blocked(calendar_year, before, into, out)
        worth, after = _worth(year, share, 1.0 - blocked[..., :-1], self.stage)
        found = list(self._collection(year, worth))
        for node in np.flatnonzero(blocked.any(axis=(0, 2))).tolist():
            passed = self._passed(node, year, out)
            metal, whole_t = passed[:, :-1], np.repeat(passed[:, -1:] / KG_PER_T, passed.shape[1] - 1, axis=1)
            kg = PER_CENT * metal * blocked[:, node, :-1] * after[:, node]
            found.append(Gain(RESOURCES[self.stage[node]], self._place_of(node), held[:, node, :-1], metal, whole_t, kg))
        return found

    def _place_of(self, node: int) -> str:
        """The plant whose name an account bears first, else its country."""
        if node not in self._place:
            account = self.accounts[node]
            self._place[node] = next((plant for plant in self._plants if account.name.startswith(plant)), account.country)
        return self._place[node]

    def _by_account(self, ends: Numbers, kg: Vector) -> Vector:
        """Sums by account, shape (months, accounts, metals + 1)."""
        sums = np.zeros((len(kg), len(self.accounts), kg.shape[2]))
        order = np.argsort(ends, kind="stable")
        nodes, firsts = np.unique(ends[order], return_index=True)
        if len(nodes):
            sums[:, nodes] = np.add.reduceat(kg[:, order], firsts, axis=1)
        return sums

    def _blocked(self, year: int, before: Vector, into: Vector, out: Vector) -> Vector:
        """Share of what comes to each account that more of the resource behind it would let pass, by month."""
        blocked = np.zeros_like(into)
        first = (year - self._start) * MONTHS_PER_YEAR
        came, went = into.sum(axis=0), out.sum(axis=0)
        moves = self.inside & (went[:, -1] > 0.0)
        ships, gathering = (np.flatnonzero(moves & np.isin(self.stage, stages)) for stages in (SHIPS, GATHERING))
        blocked[:, ships] = _lasting(before[:, ships] - out[:, ships] > MATERIAL * went[ships])
        kept = came[gathering] - went[gathering]
        gathers = np.divide(kept, came[gathering], out=np.zeros_like(kept), where=came[gathering] > 0.0)
        blocked[:, gathering] = np.where(gathers > UNSERVED, gathers, 0.0)
        for node in np.flatnonzero(moves & np.isin(self.stage, (*LINES, "waiting"))).tolist():
            if self.stage[node] == "waiting":
                blocked[:, node] = self._unserved.get((year, self.accounts[node].country), 0.0)
            elif self._place_of(node) in self._full:
                full = self._full[self._place_of(node)]
                blocked[:, node] = _lasting(full[first : first + MONTHS_PER_YEAR])[:, np.newaxis]
        return blocked

    def _passed(self, node: int, year: Year, out: Vector) -> Vector:
        """What a place passed on by month [kg]: homes to vehicles; at borders and ports, which pass in lumps, the mean."""
        if self.stage[node] == "waiting":
            fetched = (year.source == node) & (self.stage[year.target] == "vehicle")
            return np.asarray(year.kg[:, fetched].sum(axis=1))
        if self.stage[node] in SHIPS:
            return np.broadcast_to(out[:, node].mean(axis=0), out[:, node].shape)
        return np.asarray(out[:, node])

    def _collection(self, year: Year, worth: Vector) -> Iterator[Gain]:
        """What one per cent more handed over adds, by country; held is what is thrown away or kept instead."""
        to = self.stage[year.target]
        lost = (to == "mixed_waste") | (to == "hoarded")
        for node in np.flatnonzero(self.stage == "waiting").tolist():
            country = self.accounts[node].country
            offers = (year.target == node) & (self.stage[year.source] == "discard")
            kept = year.kg[:, lost & (self._country[year.source] == country), :-1].sum(axis=1)
            kg = year.kg[:, offers].sum(axis=1)
            whole_t = np.repeat(kg[:, -1:] / KG_PER_T, kg.shape[1] - 1, axis=1)
            yield Gain(COLLECTION, country, kept, kg[:, :-1], whole_t, PER_CENT * kg[:, :-1] * worth[:, node])


def _shares(year: Year, stage: Names, accounts: int) -> Vector:
    """Share of what leaves a pair's source that takes this pair, by metal; what people give up is left out."""
    kg = year.kg.sum(axis=0)[:, :-1]
    kg[(stage[year.source] == "waiting") & (stage[year.target] != "vehicle")] = 0.0
    left = np.zeros((accounts, kg.shape[1]))
    np.add.at(left, year.source, kg)
    whole = left[year.source]
    share: Vector = np.divide(kg, whole, out=np.zeros_like(kg), where=whole > 0.0)
    return share


def _worth(year: Year, share: Vector, open_share: Vector, stage: Names) -> tuple[Vector, Vector]:
    """Metal that becomes of one kilogram more that enters each account, and of one that leaves it.

    Both of shape (months, accounts, metals); months that are blocked alike are reckoned once.
    """
    first: dict[bytes, int] = {}
    alike = np.array([first.setdefault(month.tobytes(), len(first)) for month in open_share])
    opened = open_share[[int(np.flatnonzero(alike == number)[0]) for number in range(len(first))]]
    opened = np.ascontiguousarray(opened.transpose(1, 0, 2))  # accounts first: rows are gathered whole
    worth, after = np.zeros_like(opened), np.zeros_like(opened)
    worth[stage == "metal"] = 1.0
    steps = [
        (sources, year.target[pairs], share[pairs][:, np.newaxis], firsts, opened[sources])
        for sources, pairs, firsts in _steps(year, stage)
    ]
    for _ in stage:  # no chain is longer; loops lose metal at every turn
        before = after.copy()
        for sources, targets, shares, firsts, passes in steps:
            after[sources] = new = np.add.reduceat(shares * worth[targets], firsts, axis=0)
            worth[sources] = new * passes
        if np.abs(after - before).max(initial=0.0) < SETTLED:
            break
    return worth[:, alike].transpose(1, 0, 2), after[:, alike].transpose(1, 0, 2)


def _steps(year: Year, stage: Names) -> Iterator[tuple[Numbers, Numbers, Numbers]]:
    """Accounts from the end of the chain to its start, stage by stage, with their pairs and the first pair of each."""
    place = {name: number for number, name in enumerate(UPSTREAM)}
    rank = np.array([place.get(name, len(place)) for name in stage.tolist()], dtype=np.int64)[year.source]
    for number in np.unique(rank).tolist():
        pairs = np.flatnonzero(rank == number)
        pairs = pairs[np.argsort(year.source[pairs], kind="stable")]
        sources, firsts = np.unique(year.source[pairs], return_index=True)
        yield sources, pairs, firsts


def _lasting(flags: Flags) -> Flags:
    """Where a flag holds from a month on to the end of the year."""
    return np.asarray(np.logical_and.accumulate(flags[::-1], axis=0)[::-1])


def _full(plants: Mapping[str, Any], months: int) -> dict[str, Flags]:
    """Months in which a plant worked at capacity with feed left in its yard."""
    flags: dict[str, Flags] = {}
    used = plants["throughput_kg"] + plants["background_kg"]
    full = (plants["throughput_kg"] > 0.0) & (used >= FULL * plants["capacity_kg"]) & (plants["yard_kg"] > 0.0)
    for plant, month in zip(np.asarray(plants["plant"], dtype=object)[full], np.asarray(plants["month"])[full], strict=True):
        flags.setdefault(plant, np.zeros(months, dtype=bool))[month] = True
    return flags


def _unserved(collection: Mapping[str, Any]) -> dict[tuple[int, str], float]:
    """Share of offers by year and country that lie in queues which lose or gather some of them."""
    gathered = np.maximum(collection["waiting_end_kg"] - collection["waiting_start_kg"], 0.0)
    offered = collection["offered_kg"]
    short = collection["lost_kg"] + collection["retried_kg"] + gathered > UNSERVED * offered
    sums: dict[tuple[int, str], Vector] = {}
    for year, country, kg, is_short in zip(
        collection["year"], collection["country"], offered.tolist(), short.tolist(), strict=True
    ):
        pair = sums.setdefault((year, country), np.zeros(2))
        pair += (kg, kg * is_short)
    return {key: float(short_kg / kg) for key, (kg, short_kg) in sums.items() if kg > 0.0}
