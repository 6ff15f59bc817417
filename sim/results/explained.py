"""What a result or a warning means: formula, what goes into it, and where that comes from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from sim.results.schema import TABLES


class Formula(NamedTuple):
    """How a column comes about. inputs : tables (`flows`) and patterns of keys (`plants.*.capacity_t_per_year`)."""

    text: str
    inputs: tuple[str, ...]


class Meaning(NamedTuple):
    """What a warning means and what to do about it."""

    pattern: str
    means: str
    remedy: str


_TRANSFER = "processes.*.transfer.*.*.*"
_CONTENTS = ("products.*.contents_g_per_unit.*", "products.*.magnet")
FORMULAS: dict[str, Formula] = {
    "arisings.units": Formula(
        "sum over years of sale of (units put on the market x Weibull share that is discarded in the year)",
        ("countries.*.arisings", "products.*.weibull_shape", "products.*.weibull_scale_years"),
    ),
    "arisings.mass_kg": Formula("units x mass of a unit in its year of sale", ("arisings", "products.*.unit_mass_kg")),
    "signals.in_waste_kg": Formula(
        "sum of flows out of `discard` but to `exported_for_reuse`, folded with what devices of each year of sale hold",
        ("flows", *_CONTENTS, "countries.*.behaviour"),
    ),
    "signals.collected_kg": Formula(
        "sum of flows from vehicles to depots, less what buyers hand to crude yards",
        ("flows", "countries.*.channels.*.coverage_share", "countries.*.channels.*.participation_share"),
    ),
    "signals.separated_kg": Formula(
        "sum of what dismantling puts into fractions from which end-processing gives at least half of the metal",
        ("recovery", _TRANSFER),
    ),
    "signals.refined_kg": Formula(
        "sum of the element contained in products of end-processing: element fed x transfer share to products",
        ("recovery", _TRANSFER, "plants.*.capacity_t_per_year"),
    ),
    "signals.available_kg": Formula(
        "sum over months of recovered metal booked to the country whose industry has title to it",
        ("market", "plants.*.available_to", "countries.*.available_to"),
    ),
    "signals.demand_kg": Formula("demand a year, spread over its days", ("market.demand.*.*.t_per_year",)),
    "signals.collection_rate_share": Formula("collected_kg / in_waste_kg", ("signals",)),
    "signals.eol_rr_share": Formula("refined_kg / in_waste_kg (EoL-RR, Graedel et al. 2011)", ("signals",)),
    "signals.demand_met_share": Formula("available_kg / demand_kg", ("signals",)),
    "recovery.fed_kg": Formula("element in the batches a process was fed", ("recovery", *_CONTENTS)),
    "recovery.contained_kg": Formula("fed_kg x transfer share of the element to the form", (_TRANSFER,)),
    "recovery.recovered_kg": Formula(
        "contained_kg / element per mass of its oxide; metals as they are", ("substances.*.oxide_factor",)
    ),
    "collection.wait_days_mean": Formula("kilogram-days of waiting / collected_kg", ("collection",)),
    "collection.lost_kg": Formula(
        "offers older than people's patience, or beyond what boxes hold, less those offered again",
        ("countries.*.behaviour.patience_days", "countries.*.channels.*.point_capacity_kg"),
    ),
    "fleet.load_share": Formula("load_kg / (routes x payload)", ("vehicles.*.payload_kg",)),
    "fleet.cost_usd": Formula(
        "km x cost per km + hours x cost per hour", ("vehicles.*.cost_usd_per_km", "vehicles.*.cost_usd_per_hour")
    ),
    "plants.utilisation_share": Formula(
        "(throughput_kg + background_kg) / capacity of the month, time down taken off",
        ("plants.*.capacity_t_per_year", "plants.*.background_feed_t_per_year"),
    ),
    "plants.wait_days_mean": Formula("kilogram-days in the yard / throughput_kg", ("plants",)),
    "shipments.consent_days": Formula("kilogram-days before a consent / mass_kg", ("border_rules.*.consent_days",)),
    "shipments.sea_days": Formula("kilogram-days from the store to the plant / mass_kg", ("lanes.*.sea_days", "sea")),
    "lead_times.days_mean": Formula("mean over metal of (day it became a product - day of discard), bins of 30 days", ("lineage",)),
    "lineage.recovered_kg": Formula(
        "metal of a dismantling plant and year x share of that metal in what each zone, channel and year of discard brought",
        ("recovery", "arisings"),
    ),
    "market.price_usd_per_kg": Formula(
        "price path of the metal x shocks of price x scarcity of supply; inside China where the country buys there",
        ("market.prices.*.usd_per_kg", "market.prices.*.scarcity_exponent", "shocks.*.price_factor"),
    ),
    "market.recovered_kg": Formula("recovered metal the country's industry gets in the month", ("recovery", "contracts.*.buyer")),
    "market.shortfall_kg": Formula("demand less primary, recovered and released from stock, not below 0", ("market",)),
    "market.import_dependence_share": Formula(
        "primary from other countries / all metal supplied", ("market.demand.*.*.supply_share.*",)
    ),
    "market.hhi": Formula("sum of squared shares of suppliers, recovered metal as one more", ("market.demand.*.*.supply_share.*",)),
    "bottlenecks.gain_kg": Formula(
        "1 % of what a blocked place passes on x what becomes metal of it further down; 0 where it clears before the year ends",
        ("flows", "plants", "collection"),
    ),
    "bottlenecks.gain_kg_per_t": Formula("gain_kg at `place` alone / 1 % of the whole mass it passed on [t]", ("bottlenecks",)),
}

WARNINGS = (
    Meaning(
        "impossible result in table",
        "a table holds what no world could give: a fault of the model or of the data, never of chance",
        "do not use that figure; the rows are in manifest.json under `impossible`; report it with the scenario and the seed",
    ),
    Meaning(
        "is stated but changes nothing",
        "nothing the input is about happened, and no date, trigger or other luck would change that",
        "correct the key it names, or delete it; manifest.json lists all under `inputs_without_effect`, dormant ones too",
    ),
    Meaning(
        "was cut at the bounds of their fields",
        "a draw of an uncertain number passed what its field allows and was set to the bound: its range is too wide there",
        "write the range of the key (low, mode, high); the keys and counts are in manifest.json under `cut_inputs`",
    ),
    Meaning(
        "channels together want more than all arisings",
        "coverage x participation of the channels of a country sum to more than 1; all are scaled to fit",
        "lower a participation_share, or say with diverted_share which older channel it takes from",
    ),
    Meaning(
        "No route takes .* from",
        "material arises for which no route of its country exists, so it stays where it is and is not recovered",
        "add a [[routes]] entry for that origin and material",
    ),
    Meaning(
        "Route .* leaves it out",
        "no lane leads from a country to a plant of a route from `*`",
        "add a [[lanes]] entry, or ignore it",
    ),
    Meaning("no grid emissions known", "electricity there counts as 0 kgCO2e", "set market.grid_co2_kg_per_kwh for the country"),
    Meaning(
        "drawn transfer shares sum to",
        "drawn shares of one metal over the outputs of a process passed 1 and were scaled: its ranges are too wide together",
        "narrow the ranges of that process",
    ),
    Meaning(
        "informal buyers but no crude yard",
        "what buyers do not sell to formal plants has nowhere to go, so they sell everything",
        "add a plant of stage `crude` in that country",
    ),
    Meaning(
        "judged on the feed of .*, the last year of the run",
        "a project that must pay opens too late for a whole year in the run, so feed of the last year decides if it is built",
        "let time.end be at least a year after it opens",
    ),
    Meaning(
        "no vehicle can fetch",
        "people offer devices to a channel whose fleet can make no route there, so they wait and are given up",
        "give the channel vehicles_per_100k_households, or its vehicle hours, payload or a longer shift",
    ),
    Meaning(
        "the plant takes nothing in from",
        "no destination of a route has room in any year, so what it carries waits, back to collection",
        "raise the capacity of the plant, or give the route another destination or a fallback",
    ),
    Meaning(
        "which hides the shipped scenario",
        "a file of your folder has the name of a shipped scenario",
        "rename it if that is not meant",
    ),
    Meaning(
        "does not fall into the run", "a shock begins after the last year or ended before the first", "change its date or time.end"
    ),
)


@dataclass(frozen=True, slots=True)
class Result:
    """What is known of a column of a result table."""

    name: str
    meaning: str
    unit: str
    table: str
    rows: str
    formula: Formula | None

    def text(self) -> str:
        """Lines for people."""
        lines = [self.name, f"  meaning  {self.meaning}", f"  unit     {self.unit}"]
        lines.append(f"  table    {self.table}: one row per {self.rows}")
        if self.formula is not None:
            lines.append(f"  formula  {self.formula.text}")
            lines.append(f"  inputs   {', '.join(self.formula.inputs)}")
            keys = [name for name in self.formula.inputs if name.partition(".")[0] not in TABLES or "*" in name]
            if keys:
                lines.append(
                    f"  sources  urban-mine explain '{keys[0]}'; table assumptions of a run lists every number with its source"
                )
        return "\n".join(lines)

    def data(self) -> dict[str, Any]:
        """The same as a JSON object."""
        formula = self.formula
        return {
            "result": self.name, "meaning": self.meaning, "unit": self.unit, "table": self.table, "rows": self.rows,
            "formula": formula.text if formula else None, "inputs": list(formula.inputs) if formula else [],
        }  # fmt: skip


def results(name: str) -> Iterator[Result]:
    """Columns that are called so: `refined_kg` in every table, `signals.refined_kg` in one."""
    table_name, dot, column_name = name.rpartition(".")
    for table in TABLES.values():
        if dot and table.name != table_name:
            continue
        for column in table.measures:
            if column.name == column_name:
                key = f"{table.name}.{column.name}"
                rows = ", ".join(one.name for one in table.key)
                yield Result(key, column.en, column.unit or "text", table.name, rows, FORMULAS.get(key))


def names() -> list[str]:
    """Every name that `results` knows."""
    return sorted({column.name for table in TABLES.values() for column in table.measures})


def meanings(text: str) -> list[Meaning]:
    """What a warning means: a warning as written, or words of it."""
    found = [one for one in WARNINGS if re.search(one.pattern, text, re.IGNORECASE)]
    wanted = re.findall(r"[a-z]{4,}", text.lower())
    return found or [one for one in WARNINGS if wanted and all(word in f"{one.pattern} {one.means}".lower() for word in wanted)]
