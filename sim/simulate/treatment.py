"""Wires plants: processes to transfer tables, schedules to commissioning, outputs to router and market."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sim.core.errors import Fault, WiringError
from sim.core.transfer import TransferTable
from sim.engine.world import Receiver, Router, World
from sim.nodes.country_spec import CountrySpec
from sim.nodes.plant import Plant, Process, Setting, Ways
from sim.nodes.plant_record import Records
from sim.nodes.plant_spec import END_STAGES, CommissioningSpec, PlantSpec, ProcessSpec
from sim.nodes.product_spec import SubstanceSpec
from sim.nodes.schedule import Periods
from sim.nodes.sink import Sink
from sim.nodes.works import Works
from sim.policy.commissioning import Commissioning

SINKS = ("landfill", "leakage", "other_recycling", "slag", "informal_residue", "informal_metal")
RESIDUE_TO = {"crude": "informal_residue", **dict.fromkeys(END_STAGES, "slag")}  # every other stage: landfill
SUM_WORTH_A_WARNING = 1.05  # drawn shares that pass 1 by less are rounding of ignorance, not of data


@dataclass(frozen=True, slots=True)
class Treatment:
    """All plants of a world, and the outside places that routes may name."""

    world: World
    plants: dict[str, Plant]
    sinks: dict[str, Sink]
    records: Records

    @property
    def receivers(self) -> dict[str, Receiver]:
        """Every place a route may name, by name."""
        return {**self.sinks, **self.plants}

    def close(self) -> None:
        """Write what is known only when the run is over."""
        for plant in self.plants.values():
            plant.close()
        self.records.close()

    def milestones(self) -> list[dict[str, Any]]:
        """One row per plant with a commissioning class, after `close`: dates [days of simulation], slip, pledged and delivered.

        Dates are None where it never happened in the run. Pledged is the nameplate from the first day announced; delivered
        is what was worked, background feed included.
        """
        last = float(self.world.calendar.days)
        return [_milestone(plant, last) for plant in self.plants.values() if plant.spec.commissioning is not None]


def wire_plants(
    world: World,
    plants: Sequence[PlantSpec],
    processes: Mapping[str, ProcessSpec],
    commissioning: Mapping[str, CommissioningSpec],
    groups: Sequence[str],
    fractions: Sequence[str],
    countries: Mapping[str, CountrySpec],
    substances: Mapping[str, SubstanceSpec],
    router: Router,
    market: Callable[[str], Receiver],
    period_days: int,
    grid_co2_kg_per_kwh: Mapping[str, float],
    appraise: Callable[[str], bool] | None = None,
) -> Treatment:
    """Build every plant with its process, schedule and outlets, and set commissioning off.

    Parameters
    ----------
    market
        Gives the buyer for the country whose industry gets the metal.
    grid_co2_kg_per_kwh
        By country; a country that is not named counts as 0 and is warned of.
    appraise
        Says of a plant, on the day its finance closes, whether its money is found; none: always.

    Raises
    ------
    WiringError
        For a plant of an unknown process, country or commissioning class, and for transfer tables that do not fit.
    """
    _require_names(plants, processes, commissioning, countries)
    records = Records(world, [substance.oxide_factor.value for substance in substances.values()])
    sinks = {name: Sink(world, name) for name in SINKS}
    used = {plant.process for plant in plants}
    built = {name: _process(world, name, spec, groups, fractions) for name, spec in processes.items() if name in used}
    projects = Commissioning(world, commissioning, appraise)
    projects.declare_dials(list(dict.fromkeys(plant.country for plant in plants)))
    treatment = Treatment(world, {}, sinks, records)
    works = Works(world, Periods(world.calendar, period_days))
    for spec in plants:
        process = built[spec.process]
        crude = process.spec.stage == "crude"
        buyer = spec.available_to or countries[spec.country].available_to
        outlet: Receiver = sinks["informal_metal"] if crude else market(buyer)
        ways = Ways(router, outlet, sinks[RESIDUE_TO.get(process.spec.stage, "landfill")].account)
        setting = Setting(works, grid_co2_kg_per_kwh.get(spec.country, 0.0))
        named = spec.model_copy(update={"available_to": buyer})
        treatment.plants[spec.name] = Plant(world, named, process, projects.schedule_of(spec), records, ways, setting)
    unknown = sorted({plant.country for plant in plants} - set(grid_co2_kg_per_kwh))
    if unknown:
        world.warnings.append(f"no grid emissions known for {', '.join(unknown)}: electricity of plants there counts as 0")
    projects.start()
    return treatment


def _require_names(
    plants: Sequence[PlantSpec],
    processes: Mapping[str, ProcessSpec],
    commissioning: Mapping[str, CommissioningSpec],
    countries: Mapping[str, CountrySpec],
) -> None:
    faults = []
    for plant in plants:
        for field, name, known in (
            ("process", plant.process, processes),
            ("country", plant.country, countries),
            ("commissioning", plant.commissioning, commissioning),
        ):
            if name is not None and name not in known:
                faults.append(Fault("", 0, f"plants.{plant.name}.{field}", f"there is no {field} '{name}'"))
    if faults:
        raise WiringError(faults)


def _process(world: World, name: str, spec: ProcessSpec, groups: Sequence[str], fractions: Sequence[str]) -> Process:
    """A process with its transfer table for every calendar year of the run; equal years share one."""
    inputs = spec.takes(list(groups))
    tables: dict[int, TransferTable] = {}
    before: dict[str, dict[str, dict[str, float]]] = {}
    for year in world.calendar.years:
        shares = {
            source: {output: {s: share.at(year + 0.5) for s, share in row.items()} for output, row in outputs.items()}
            for source, outputs in spec.transfer.items()
        }
        try:
            tables[year] = (
                tables[year - 1] if shares == before else TransferTable.of(shares, inputs, world.composition.substances, scale=True)
            )
        except ValueError as fault:
            raise WiringError([Fault("", 0, f"processes.{name}.transfer", f"{fault}")]) from fault
        before = shares
    highest = max(table.highest_sum for table in tables.values())
    if highest > SUM_WORTH_A_WARNING:
        world.warnings.append(f"process {name}: drawn transfer shares sum to {highest:.3f}; scaled to 1")
    sold = frozenset(spec.outputs) - set(fractions) if spec.stage in {*END_STAGES, "crude"} else frozenset()
    return Process(name, spec, tables, sold)


def _milestone(plant: Plant, last: float) -> dict[str, Any]:
    schedule = plant.schedule

    def reached(day: float) -> float | None:
        return day if math.isfinite(day) and day <= last else None

    started = reached(schedule.start_day)
    slip = None if started is None or not math.isfinite(schedule.planned_day) else started - schedule.planned_day
    return {
        "plant": plant.name,
        "country": plant.country,
        "status": schedule.status(last),
        "announced_day": reached(schedule.announced_day),
        "financed_day": reached(schedule.financed_day),
        "permitted_day": reached(schedule.permitted_day),
        "built_day": started,
        "full_rate_day": None if started is None else reached(schedule.full_rate_day),
        "slip_days": slip,
        "pledged_kg": plant.pledged_kg(),
        "delivered_kg": plant.worked_kg + plant.background_kg,
    }
