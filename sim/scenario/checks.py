"""What does not fit together although every value is right by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from sim.core.errors import Fault
from sim.core.quantity import Quantity
from sim.nodes.channel_spec import oversubscribed
from sim.scenario.faults import Locator
from sim.scenario.keys import split
from sim.scenario.schema import ScenarioSpec
from sim.scenario.wording import CHECKS
from sim.trade import checks as trade

Names = Mapping[str, Sequence[str]]
Check = Callable[[ScenarioSpec, Locator], Iterator[Fault]]
TOLERANCE = 1e-6
# tables whose numbers are compared with others here; a number of another table is checked by its own spec alone
COMPARED = ("time", "plants", "products", "routes", "border_rules", "market", "shocks", "lanes")


def check(spec: ScenarioSpec, locator: Locator, known: Names) -> Iterator[Fault]:
    """Every fault of a specification whose values are right one by one.

    known : names that may be referred to; more than the specification has where faulty entries were taken out of it.
    """
    for look in CHECKS_MADE:
        yield from look(spec, locator)
    yield from _trade(spec, locator, known)


def _time(spec: ScenarioSpec, locator: Locator) -> Iterator[Fault]:
    if spec.time.end < spec.time.start:
        yield locator.fault(("time", "end"), CHECKS, "time_order", start=spec.time.start, end=spec.time.end)


def _dates(spec: ScenarioSpec, locator: Locator) -> Iterator[Fault]:
    for plant in spec.plants:
        if plant.start and plant.end and plant.end <= plant.start:
            yield locator.fault(("plants", plant.name, "end"), CHECKS, "dates_order", start=plant.start, end=plant.end)
        if plant.announced and plant.start and plant.status != "operating" and plant.start <= plant.announced:
            yield locator.fault(
                ("plants", plant.name, "start"), CHECKS, "announced_order", start=plant.start, announced=plant.announced
            )
    for lever in spec.levers:
        if lever.end is not None and lever.end < lever.start:
            yield locator.fault(("levers", lever.name, "end"), CHECKS, "dates_order", start=lever.start, end=lever.end)


def _plants(spec: ScenarioSpec, locator: Locator) -> Iterator[Fault]:
    for plant in spec.plants:
        path = ("plants", plant.name)
        if plant.status not in {"operating", "closed"} and not plant.announced and not plant.start:
            hint = f"Write announced = {spec.time.start}-01-01 with its day."
            yield locator.fault(path, CHECKS, "no_date", status=plant.status, hint=hint)
        if _above(plant.background_feed_t_per_year, plant.capacity_t_per_year):
            background, capacity = plant.background_feed_t_per_year.value, plant.capacity_t_per_year.value
            yield locator.fault(
                (*path, "background_feed_t_per_year"),
                CHECKS,
                "background_above",
                background=f"{background:g}",
                capacity=f"{capacity:g}",
            )
        if plant.finance is not None:
            parts = {name: share for name, share in plant.finance if share is not None}
            yield from _at_most_one(parts, (*path, "finance"), "this plant's finance", locator)


def _channels(spec: ScenarioSpec, locator: Locator) -> Iterator[Fault]:
    for key, country in spec.countries.items():
        found = oversubscribed(country.channels)
        if found is not None:
            group, year, share = found
            what = f"{group} that its channels take"
            yield locator.fault(
                ("countries", key, "channels"), CHECKS, "sum_above", what=what, total=f"{share:.4g}", when=_when(year)
            )


def _trade(spec: ScenarioSpec, locator: Locator, known: Names) -> Iterator[Fault]:
    """What routes, borders, lanes and markets say of themselves, at the line that said it."""
    processes = {plant.name: spec.processes[plant.process] for plant in spec.plants if plant.process in spec.processes}
    plants, countries, materials = known["plant"], known["country"], known["material"]

    def takes(plant: str, material: str) -> bool:
        return (
            material not in materials or plant not in processes or material in processes[plant].takes(tuple(known["product group"]))
        )

    unsold = {*known["product group"], *spec.fractions}

    def sold(material: str) -> bool:
        return material not in unsold

    lanes = {lane.name: (lane.origin, lane.destination, lane.sailings_per_week) for lane in spec.lanes}
    found = [
        *trade.route_faults(spec.routes, plants, known["outside account or market"], materials, countries, takes, sold),
        *trade.leak_faults(spec.routes, spec.market.prices),
        *trade.border_faults(spec.border_rules, plants, materials, countries),
        *trade.market_faults(spec.market, known["substance"], countries),
        *trade.shock_faults([(shock.name, shock.metal, shock.source or "*") for shock in spec.shocks if shock.metal], spec.market),
        *trade.lane_faults(lanes, known["port"], [port.country for port in spec.ports.values()], countries),
    ]
    for fault in found:
        file, line = locator.where(split(fault.path))
        yield fault._replace(file=file, line=line, message=f"{fault.message}.")


def _countries(spec: ScenarioSpec, locator: Locator) -> Iterator[Fault]:
    settled = {zone.country for zone in spec.zones.values()}
    for code, country in spec.countries.items():
        if country.role != "home":
            continue
        needed = ("population", "households", "gdp_per_capita_usd", "arisings", "behaviour", "depots")
        missing = [name for name in needed if getattr(country, name) is None]
        if missing:
            yield locator.fault(("countries", code), CHECKS, "home_needs", missing=", ".join(missing))
        if code not in settled:
            yield locator.fault(("countries", code), CHECKS, "no_zone", country=f'"{code}"')


def _products(spec: ScenarioSpec, locator: Locator) -> Iterator[Fault]:
    for key, product in spec.products.items():
        total = sum(content.value for content in product.contents_g_per_unit.values())
        if total > product.reference_mass_kg.value * 1000.0 * (1.0 + TOLERANCE):
            path = ("products", key, "contents_g_per_unit")
            yield locator.fault(path, CHECKS, "contents_above", total=f"{total:g}", mass=f"{product.reference_mass_kg.value:g}")


def _at_most_one(shares: Mapping[str, Quantity], path: tuple[str, ...], what: str, locator: Locator) -> Iterator[Fault]:
    for year, total in _sums(shares.values()):
        if total > 1.0 + TOLERANCE:
            yield locator.fault(path, CHECKS, "sum_above", what=what, total=f"{total:.4g}", when=_when(year))
            return


def _sums(quantities: Iterable[Quantity]) -> Iterator[tuple[float, float]]:
    """Sum of quantities at every year one of them has a point; year 0 where all are constant."""
    quantities = list(quantities)
    years = sorted({year for quantity in quantities for year, _ in quantity.points if year})
    for year in years or ([0.0] if quantities else []):
        yield year, sum(quantity.at(year) for quantity in quantities)


def _above(one: Quantity, other: Quantity) -> bool:
    years = {year for quantity in (one, other) for year, _ in quantity.points}
    return any(one.at(year) > other.at(year) * (1.0 + TOLERANCE) for year in years)


def _when(year: float) -> str:
    return f" in {year:.0f}" if year else ""


CHECKS_MADE: tuple[Check, ...] = (_time, _dates, _plants, _channels, _countries, _products)
