"""The past run with the real chain, and every published figure it is compared with.

Two runs at the modes of all inputs: the shipped data over 2011-2023, and a hold-out over 2015-2021 in which hand-in to the small
appliance channels of Japan is fitted to FY2015-FY2017 alone. Japanese fiscal years run from April to March; tables by calendar
year are weighted three to one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from sim.core.calendar import Calendar
from sim.nodes.arisings import Arisings, build_arisings
from sim.scenario.library import load_library
from sim.scenario.load import load_scenario
from sim.scenario.schema import ScenarioSpec
from sim.simulate.run import run_replication

BASELINE = Path(__file__).parents[2] / "scenarios" / "baseline.toml"
START, END = 2011, 2023
ARISINGS_START = 2000
MUNICIPAL = ("municipal_pickup", "municipal_station", "municipal_box")
DIRECT = ("retailer_small", "courier_box")
ACT = (*MUNICIPAL, *DIRECT)
LEGAL = ("retailer_appliances", "designated_site")
FOUR = ("air_conditioner", "refrigerator", "washing_machine", "television")
SMALL = ("phone", "it_equipment", "small_appliance")
TRACED = ("Ag", "Fe", "Al", "Ni", "Sn")  # followed to their channel besides the headline metals
FIT_YEARS, CHECK_YEARS = (2015, 2016, 2017), (2018, 2019, 2020)
KT, TONNE = 1e6, 1e3

Tables = dict[str, pd.DataFrame]


def run(spec: ScenarioSpec) -> Tables:
    """Tables of one replication as data frames."""
    tables = run_replication(spec, seed=1, replication=0)["tables"]
    return {name: pd.DataFrame({key: getattr(column, "texts", column) for key, column in t.items()}) for name, t in tables.items()}


def fiscal(by_year: Mapping[int, float] | pd.Series, year: int) -> float:
    """April to March: three quarters of one calendar year and one of the next."""
    return float(0.75 * by_year[year] + 0.25 * by_year[year + 1])


class Backcast:
    """Both runs and the published tables; everything is computed once."""

    def __init__(self) -> None:
        self.library = load_library()
        scenario = load_scenario(BASELINE).with_set(*(f"substances.{metal}.headline=true" for metal in TRACED))
        self.scenario = scenario.with_set(f"time.start={START}", f"time.end={END}")
        self.spec = self.scenario.spec
        self.tables = run(self.spec)

    @cached_property
    def flows(self) -> list[dict[str, str]]:
        return list(self.library.tables["japan-flows"].records())

    @cached_property
    def made(self) -> Arisings:
        spec = self.spec
        calendar = Calendar.of(ARISINGS_START, END)
        return build_arisings(
            spec.countries, spec.products, spec.country_products, spec.groups, spec.substances, spec.scope, calendar
        )

    def published(self, year: int, item: str, metric: str, law: str = "") -> float:
        """One figure of the table japan_flows; raises KeyError when it is not there or not alone."""
        found = [float(row["value"]) for row in self._rows(year, item, metric, law)]
        if len(found) != 1:
            raise KeyError(f"{len(found)} rows for {item}, {metric}, FY{year}")
        return found[0]

    def source(self, year: int, item: str, metric: str, law: str = "") -> str:
        return self._rows(year, item, metric, law)[0]["source"]

    def _rows(self, year: int, item: str, metric: str, law: str) -> list[dict[str, str]]:
        return [
            row
            for row in self.flows
            if (row["fiscal_year"], row["item"], row["metric"]) == (str(year), item, metric) and law in row["law"]
        ]

    def collected(self, country: str, channels: Sequence[str], tables: Tables | None = None) -> pd.Series:
        """Kilograms collected by calendar year."""
        table = (tables or self.tables)["collection"]
        chosen = table[(table.country == country) & table.channel.isin(channels)]
        return chosen.groupby("year").collected_kg.sum()

    def formal(self, country: str) -> pd.Series:
        """Kilograms collected by channels other than informal buyers, by calendar year."""
        channels = self.spec.countries[country].channels
        keys = [key for key, channel in channels.items() if channel.kind != "informal_buyer"]
        return self.collected(country, keys).reindex(range(START, END + 1), fill_value=0.0)

    def from_act(self, metal: str) -> pd.Series:
        """Kilograms of metal that reached industry by calendar year out of what the channels of the Act brought in Japan."""
        table = self.tables["lineage"]
        chosen = table[table.channel.isin(ACT) & table.zone.str.startswith("JP") & (table.metal == metal)]
        return chosen.groupby("year").recovered_kg.sum().reindex(range(START, END + 1), fill_value=0.0)

    def separated(self, metal: str, form: str) -> pd.Series:
        """Kilograms of metal in a fraction of the Japanese appliance plants by calendar year."""
        table = self.tables["recovery"]
        chosen = table[(table.origin == "JPN") & (table.process == "appliance_recycling")]
        chosen = chosen[(chosen.metal == metal) & (chosen.form == form)]
        return chosen.groupby("year").contained_kg.sum()

    def appliance_units(self) -> pd.Series:
        """Units of the four appliances in the legal route: kilograms collected over the mean mass of what is handed in there."""
        factor = dict.fromkeys(FOUR, 1.0)
        for group, share in self.spec.countries["JPN"].channels["retailer_appliances"].group_factors.items():
            factor[group] = share.value
        table = self.tables["arisings"]
        table = table[table.country == "JPN"]
        weight = table["product"].map(lambda key: factor.get(self.spec.products[key].group, 0.0))
        units, kg = ((table[column] * weight).groupby(table.year).sum() for column in ("units", "mass_kg"))
        return self.collected("JPN", LEGAL) * units / kg

    def contained_t(self, countries: Sequence[str], metal: str, year: int, groups: Sequence[str] | None = None) -> float:
        """Tonnes of a metal in what is discarded."""
        made = self.made
        where = np.ix_(
            [made.countries.index(country) for country in countries],
            [made.groups.index(group) for group in groups or made.groups],
            [year - ARISINGS_START],
            [made.substances.index(metal)],
        )
        return float(made.discarded_substances_kg[where].sum()) / TONNE

    @cached_property
    def held_out(self) -> HeldOut:
        return HeldOut.of(self)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Small appliances of Japan predicted from FY2015-FY2017: totals [kg], municipal share, and what persistence would say."""

    total_kg: dict[int, float]
    municipal_share: dict[int, float]
    persistence_kg: float

    @classmethod
    def of(cls, back: Backcast) -> HeldOut:
        """Prediction of FY2018-FY2020.

        Hand-in (share of what homes discard) follows the straight line through FY2015-FY2017. The split over municipal and
        direct collection is that of FY2018, the earliest one published; inside both it is the shipped one.
        """
        channels = back.spec.countries["JPN"].channels
        weights = _weights(back)
        reach = {}  # kilograms collected per unit of hand-in, with the weights: arisings in scope, coverage, fleets
        for year in FIT_YEARS:
            reach[year] = sum(
                weights[key] * fiscal(back.collected("JPN", (key,)), year) / channels[key].participation_share.at(year + 0.75)
                for key in ACT
            )
        law = "Small Home"
        level = [back.published(year, "all", "collected", law) * TONNE / reach[year] for year in FIT_YEARS]
        slope, middle = np.polyfit(np.array(FIT_YEARS) - 2016.0, level, 1)
        paths = []
        for key in ACT:
            points = ", ".join(f"{y} = {weights[key] * (middle + slope * (y - 0.75 - 2016.0)):.8f}" for y in range(2015, 2023))
            paths.append(f"countries.JPN.channels.{key}.participation_share={{ {points} }}")
        tables = run(back.scenario.with_set("time.start=2015", "time.end=2021", *paths).spec)
        total, municipal = (back.collected("JPN", chosen, tables) for chosen in (ACT, MUNICIPAL))
        return cls(
            {year: fiscal(total, year) for year in (*FIT_YEARS, *CHECK_YEARS)},
            {year: fiscal(municipal, year) / fiscal(total, year) for year in CHECK_YEARS},
            back.published(2017, "all", "collected", law) * TONNE,
        )


def _weights(back: Backcast) -> dict[str, float]:
    """Relative hand-in of channels: inside municipal and direct as shipped, between them as collected in FY2018."""
    channels = back.spec.countries["JPN"].channels
    law = "Small Home"
    goal = {keys: back.published(2018, item, "collected", law) for keys, item in _SPLIT.items()}
    out = {}
    for keys, tonnes in goal.items():
        shipped = sum(fiscal(back.collected("JPN", (key,)), 2018) for key in keys)
        for key in keys:
            out[key] = channels[key].participation_share.at(2018.75) * tonnes * TONNE / shipped
    return out


_SPLIT = {MUNICIPAL: "municipal", DIRECT: "certified operators direct"}
