"""Who gains and at what cost: tables `costs`, `gains` and `reuse`, from the other tables of a replication.

Joint costs are shared by value: a kilogram of metal bears its price times cost over value of all that the same waste gave. Running
costs of plants count as spent in the country the plant stands in; which part of them is imported is not known.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.finance import annuity
from sim.core.units import KG_PER_T
from sim.nodes.arisings import Arisings
from sim.results.summary import ALL
from sim.results.tables import Columns, from_rows, numbers, texts, words
from sim.scenario.schema import ScenarioSpec
from sim.simulate.signals import ends
from sim.simulate.sums import Sums, is_one_of, sums

Vector = NDArray[np.float64]
Place = tuple[int, str]  # year, country
HOURS_PER_JOB = 1800.0  # of work a year
CHINA = "CHN"
TOTAL = "total"
UNTRACKED = "other"
LOCAL_COSTS = ("collection", "handling", "depot handling", "line-haul")  # paid in the country of the waste
GOVERNMENT, STOCKPILE = "government", "stockpile"
NOWHERE = ""  # of costs of plants that made nothing of value in the year: no country of waste bears them, all do
INFORMAL = "informal workers"  # what they earn is no cost of the formal chain
PLANT_COSTS = ("opex", "road haul", "sea freight")  # paid by plants, for waste of several countries
COST_ITEMS = (*LOCAL_COSTS, *PLANT_COSTS)  # spent on doing the work; sales, fees and duties move money from one hand to another
RESIDUES = ("landfill", "slag", "informal_residue", "mixed_waste")
Tables = Mapping[str, Columns]


def _rows(columns: Columns, *names: str) -> Iterator[tuple[Any, ...]]:
    given = (texts(columns, name) if hasattr(columns[name], "codes") else numbers(columns, name).tolist() for name in names)
    return zip(*given, strict=True)


def costs(tables: Tables, spec: ScenarioSpec) -> Columns:
    """Table `costs`."""
    prices = _prices(tables["market"])
    spent, capital = _spent(tables, spec, prices)
    refined = {
        (year, country, metal): kg
        for year, country, metal, kg in _rows(tables["signals"], "year", "country", "metal", "refined_kg")
        if kg > 0.0 and metal not in (TOTAL, UNTRACKED)
    }
    public, gas = _public(tables["payments"]), Sums(float)
    for year, kg in _rows(tables["emissions"], "year", "kgco2e"):
        gas[year, ALL] += kg
    for by_place in (spent, capital, public):
        for (year, _), usd in list(by_place.items()):
            by_place[year, ALL] += usd
    whole: Sums = Sums(float)
    for (year, _, metal), kg in list(refined.items()):
        whole[year, ALL, metal] += kg
    refined |= whole
    value: Sums = Sums(float)
    for (year, country, metal), kg in refined.items():
        value[year, country] += kg * prices.get((year, metal), 0.0)
    rows = []
    for (year, country, metal), kg in refined.items():
        price, place = prices.get((year, metal), 0.0), (year, country)
        if price <= 0.0:
            continue
        per_usd = price / value[place]
        gas_per_kg = gas[place] * per_usd if country == ALL else np.nan
        cost = (spent[place] + capital[place]) * per_usd
        rows.append((year, country, metal, kg, cost, capital[place] * per_usd, price, public[place] * per_usd, gas_per_kg))
    return from_rows("costs", rows)


def _prices(market: Columns) -> dict[tuple[int, str], float]:
    """Mean price of a year outside China by metal."""
    price = numbers(market, "price_usd_per_kg")
    told = (price > 0.0) & ~is_one_of(market, "country", {CHINA})
    total, count = (sums(market, "year metal", values, told) for values in (price, np.ones_like(price)))
    return {key: usd / count[key] for key, usd in total.items()}


def _spent(tables: Tables, spec: ScenarioSpec, prices: Mapping[tuple[int, str], float]) -> tuple[Sums, Sums]:
    """Cost and capital of the year by country of the waste; those of plants follow the value of what they make of it."""
    share = _origin_shares(tables["recovery"], prices)
    payments = tables["payments"]
    spent, capital = _local_costs(payments), Sums(float)
    by_plant = sums(payments, "year payer", "usd", is_one_of(payments, "item", PLANT_COSTS))
    for (year, plant), usd in by_plant.items():
        for country, part in share.get((year, plant), {NOWHERE: 1.0}).items():
            spent[year, country] += usd * part
    terms, plants = spec.capital, {plant.name: spec.processes[plant.process] for plant in spec.plants}
    for (year, plant), t in _fed_t(tables["plants"]).items():
        when = year + 0.5
        rate = annuity(terms.discount_rate_share.at(when), terms.life_years.at(when))
        usd = t * plants[plant].capex_usd_per_t_per_year.at(when) * rate
        for country, part in share.get((year, plant), {NOWHERE: 1.0}).items():
            capital[year, country] += usd * part
    return spent, capital


def _origin_shares(recovery: Columns, prices: Mapping[tuple[int, str], float]) -> dict[tuple[int, str], dict[str, float]]:
    """Share of each country of origin in the value of the metals a plant puts into its outputs, by year."""
    years, number = np.unique(numbers(recovery, "year"), return_inverse=True)
    metals = words(recovery, "metal")
    price = np.array([prices.get((year, metal), 0.0) for year in years.tolist() for metal in metals.values])
    usd_of_row = numbers(recovery, "contained_kg") * price[number * len(metals.values) + metals.codes]
    value: dict[tuple[int, str], Sums] = defaultdict(lambda: Sums(float))
    for (year, plant, origin), usd in sums(recovery, "year plant origin", usd_of_row).items():
        value[year, plant][origin] = usd
    whole = {key: sum(by_origin.values()) for key, by_origin in value.items()}
    return {
        key: {origin: usd / whole[key] for origin, usd in by_origin.items()} for key, by_origin in value.items() if whole[key] > 0.0
    }


def _fed_t(plants: Columns) -> Sums:
    """Tonnes each plant worked by year."""
    fed = numbers(plants, "throughput_kg")
    return sums(plants, "year plant", fed / KG_PER_T, fed > 0.0)


def _public(payments: Columns) -> Sums:
    """Money of governments by country, what flows back to them taken off; loans and metal in stock are not spent."""
    return _net_paid(payments, GOVERNMENT)


def _net_paid(payments: Columns, kind: str) -> Sums:
    """What parties of a kind (`<kind> JPN`, `JPN <kind>`) paid less what they got, by country."""
    net = Sums(float)
    for side, sign in (("payer", 1.0), ("payee", -1.0)):
        of_kind = {name for name in words(payments, side).values if name.startswith(f"{kind} ") or name.endswith(f" {kind}")}
        for (year, party), usd in sums(payments, f"year {side}", "usd", is_one_of(payments, side, of_kind)).items():
            net[year, party.replace(kind, "").strip()] += sign * usd
    return net


def gains(tables: Tables, spec: ScenarioSpec) -> Columns:
    """Table `gains`."""
    earned, public = _earned(tables["payments"], spec), _public(tables["payments"])
    stock = _net_paid(tables["payments"], STOCKPILE)
    jobs, flows = _jobs(tables, spec), tables["flows"]
    lost = is_one_of(flows, "target", RESIDUES) & is_one_of(flows, "substance", {TOTAL})
    residue = sums(flows, "year country", "mass_kg", lost)
    here, own_here, own_abroad = _refined(tables["recovery"], spec)
    available = {
        (year, country, metal): kg
        for year, country, metal, kg in _rows(tables["signals"], "year", "country", "metal", "available_kg")
        if kg > 0.0 and metal != TOTAL
    }
    gap = float("nan")
    money = sorted({place for found in (earned, public, stock, jobs, residue) for place in found if place[1]})
    rows: list[tuple[Any, ...]] = [
        (*place, TOTAL, earned[place], public[place], stock[place], jobs[place], residue[place], gap, gap, gap, gap)
        for place in money
    ]
    metals = sorted({key for found in (here, own_here, own_abroad, available) for key in found})
    rows += [(*key, *[gap] * 5, here[key], own_here[key], own_abroad[key], available.get(key, 0.0)) for key in metals]
    return from_rows("gains", rows)


def _refined(recovery: Columns, spec: ScenarioSpec) -> tuple[Sums, Sums, Sums]:
    """Refined in a country; from its own waste there; and abroad from its waste [kg]; a second step does not count again."""
    here, own_here, own_abroad = Sums(float), Sums(float), Sums(float)
    last = {name for name, process in spec.processes.items() if ends(process, spec)}
    refined = is_one_of(recovery, "process", last) & ~is_one_of(recovery, "form", spec.fractions)
    for (year, origin, place, metal), kg in sums(recovery, "year origin plant_country metal", "contained_kg", refined).items():
        here[year, place, metal] += kg
        (own_here if origin == place else own_abroad)[year, origin, metal] += kg
    return here, own_here, own_abroad


def _home_of(spec: ScenarioSpec) -> dict[str, str]:
    return {plant.name: plant.country for plant in spec.plants}


def _earned(payments: Columns, spec: ScenarioSpec) -> Sums:
    """What the chain of a country gets from buyers and other countries less what it pays to them."""
    home, countries = _home_of(spec), frozenset(spec.countries)

    def place(party: str) -> str:
        """Country whose chain a party belongs to; empty for buyers, outsiders and who is not of the chain."""
        if party in home:
            return home[party]
        if party in countries:
            return party
        if party[:3] in countries and party[3:4] == " ":
            return party[:3]
        return party[-3:] if party.startswith("road hauliers ") else ""

    earned = Sums(float)
    inside = {"operations", "builders"}
    chain_of = {name: place(name) for side in ("payer", "payee") for name in words(payments, side).values}
    for year, payer, payee, item, usd in _rows(payments, "year", "payer", "payee", "item", "usd"):
        source, target = chain_of[payer], chain_of[payee]
        if source == target or item in {"opex", "capital expenditure"} or payee in inside:
            continue
        bought = item.startswith(("sale of ", "contract "))
        if target and (bought or source):
            earned[year, target] += usd
        if source and (target or payee == "shipping lines"):
            earned[year, source] -= usd
    return earned


def _jobs(tables: Tables, spec: ScenarioSpec) -> Sums:
    """Full-time jobs of vehicles and plants by country."""
    home, hours = _home_of(spec), numbers(tables["fleet"], "hours")
    jobs = sums(tables["fleet"], "year country", hours / HOURS_PER_JOB)
    labour = {plant.name: spec.processes[plant.process].labour_hours_per_t for plant in spec.plants}
    for (year, plant), t in _fed_t(tables["plants"]).items():
        jobs[year, home[plant]] += t * labour[plant].at(year + 0.5) / HOURS_PER_JOB
    return jobs


def reuse(tables: Tables, spec: ScenarioSpec, arisings: Arisings) -> Columns:
    """Table `reuse`; metals of a stock are taken to be those of what the country discards in the year."""
    saved = _cost_per_kg(tables)
    resale = [spec.groups[group].resale_usd_per_kg for group in arisings.groups]
    rows: list[tuple[Any, ...]] = []
    gap = float("nan")
    for row, country in enumerate(arisings.countries):
        for at, year in enumerate(arisings.calendar.years):
            second, drawer, exported, resold = (
                stock[row, :, at]
                for stock in (arisings.second_life_kg, arisings.hoarded_kg, arisings.exported_for_reuse_kg, arisings.resold_kg)
            )
            reused = resold + exported
            price = np.array([usd.at(year + 0.5) if usd is not None else 0.0 for usd in resale])
            age = float(exported @ arisings.exported_age_years[row, :, at] / exported.sum()) if exported.sum() > 0.0 else gap
            kept = [float(stock.sum()) for stock in (second, drawer, exported)]
            value, cost = float(reused @ price), float(reused.sum()) * saved.get((year, country), 0.0)
            rows.append((year, country, TOTAL, *kept, float(resold.sum()), age, value, cost))
            metals = np.stack([second, drawer, exported]) @ arisings.composition[row, :, at]
            for metal, masses in zip(arisings.substances, metals.T.tolist(), strict=True):
                if metal != UNTRACKED and any(masses):
                    rows.append((year, country, metal, *masses, gap, gap, gap, gap))
    return from_rows("reuse", rows)


def _cost_per_kg(tables: Tables) -> dict[Place, float]:
    """Cost of formal collection per kg collected, by year and country."""
    spent, signals = _local_costs(tables["payments"]), tables["signals"]
    kg = sums(signals, "year country", "collected_kg", is_one_of(signals, "metal", {TOTAL}))
    return {place: usd / kg[place] for place, usd in spent.items() if kg[place] > 0.0}


def _local_costs(payments: Columns) -> Sums:
    """Costs of collection and depots by year and country."""
    earn = {payee for payee in words(payments, "payee").values if not payee.endswith(INFORMAL)}
    spent, paid = Sums(float), is_one_of(payments, "item", LOCAL_COSTS) & is_one_of(payments, "payee", earn)
    for (year, payee), usd in sums(payments, "year payee", "usd", paid).items():
        spent[year, payee[:3]] += usd
    return spent
