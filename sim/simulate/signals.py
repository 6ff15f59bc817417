"""The headline ladder and the signals people watch, from the other tables of a replication."""

from __future__ import annotations

from collections.abc import Container, Mapping

import numpy as np

from sim.core import indicators
from sim.core.calendar import MONTHS_PER_YEAR
from sim.core.quantity import Quantity
from sim.nodes.plant_spec import ANY, END_STAGES, RESIDUE, ProcessSpec
from sim.results.tables import Columns, from_columns, numbers, words
from sim.scenario.schema import ScenarioSpec
from sim.simulate.sums import Flags, Sums, is_one_of, sums

BEFORE_DISMANTLING = frozenset({"sorting", "dismantling"})
COLLECTORS = frozenset({"waiting", "vehicle"})
PLACE = "year country metal"
# buyers bring what they fetch to depots too; what they do not sell goes on to crude yards
CRUDE_YARD = "informal_yard"
RIGHT_SHARE = 0.5
STEPS = ("in_waste_kg", "collected_kg", "separated_kg", "refined_kg", "available_kg", "demand_kg")


def signals(tables: Mapping[str, Columns], spec: ScenarioSpec) -> Columns:
    """Table `signals`.

    in waste : flows out of `discard`, exports for reuse apart. collected : brought to depots, what informal buyers take on
    to crude yards apart. separated : put by dismantling into right fractions (`recoverable`).
    refined : products of end-processing that takes fractions, by country of origin; a second step (oxide to metal) does
    not count again. available : what the market sink booked for the country.
    """
    in_waste, collected = _from_flows(tables["flows"])
    separated, refined = _from_recovery(tables["recovery"], spec)
    available, demand = (sums(tables["market"], PLACE, measure) for measure in ("recovered_kg", "demand_kg"))
    ladder = (in_waste, collected, separated, refined, available, demand)
    plants, boxes = _plants_operating(tables["plants"], spec), _boxes(tables["shipments"])
    places = sorted({place for rung in (*ladder, plants, boxes) for place, amount in rung.items() if amount > 0.0})
    columns = {step: np.array([rung.get(place, 0.0) for place in places]) for step, rung in zip(STEPS, ladder, strict=True)}
    total = np.array([metal == "total" for _, _, metal in places], dtype=bool)
    for step in STEPS[2:]:
        columns[step][total] = np.nan  # told of metals only
    return from_columns(
        "signals",
        {
            **dict(zip(("year", "country", "metal"), zip(*places, strict=True) if places else ((), (), ()), strict=True)),
            **columns,
            "collection_rate_share": indicators.collection_rate(columns["collected_kg"], columns["in_waste_kg"]),
            "eol_rr_share": indicators.eol_recycling_rate(columns["refined_kg"], columns["in_waste_kg"]),
            "demand_met_share": indicators.urban_mine_share(columns["available_kg"], columns["demand_kg"]),
            "plants_operating_units": [plants.get(place, 0.0) if place[2] == "total" else np.nan for place in places],
            "boxes_sailed_units": [boxes.get(place, 0.0) if place[2] == "total" else np.nan for place in places],
        },
    )


def recoverable(spec: ScenarioSpec) -> dict[str, frozenset[str]]:
    """Right fractions, each with its metals: end-processing of some plant recovers at least half of the metal from it.

    Of a metal that no fraction gives half of (indium, gallium), those it gives anything of, so that what is refined has been
    separated. What dismantling takes again (whole compressors, hard disks) is not separated yet, so no metal counts twice.
    """
    used = [spec.processes[name] for name in sorted({plant.process for plant in spec.plants})]
    again = {material for process in used if process.stage in BEFORE_DISMANTLING for material in process.transfer}
    shares: dict[str, dict[str, float]] = {}
    for process in used:
        if process.stage in END_STAGES:
            for fraction in spec.fractions.keys() & process.transfer.keys() - again:
                best = shares.setdefault(fraction, dict.fromkeys(spec.substances, 0.0))
                for metal, share in _recovered(process.transfer[fraction], spec).items():
                    best[metal] = max(best[metal], share)
    half = {metal for row in shares.values() for metal, share in row.items() if share >= RIGHT_SHARE}
    return {
        fraction: frozenset(
            metal for metal, share in shares[fraction].items() if share >= RIGHT_SHARE or (share > 0.0 and metal not in half)
        )
        for fraction in sorted(shares)
    }


def _recovered(outputs: Mapping[str, Mapping[str, Quantity]], spec: ScenarioSpec) -> dict[str, float]:
    """Share of each metal that products (neither residue nor another fraction) get at the end of the run."""
    products = [row for output, row in outputs.items() if output != RESIDUE and output not in spec.fractions]
    year = float(spec.time.end)

    def share(metal: str) -> float:
        stated = (row.get(metal, row.get(ANY)) for row in products)
        return sum(quantity.at(year) for quantity in stated if quantity is not None)

    return {metal: share(metal) for metal in spec.substances}


def ends(process: ProcessSpec, spec: ScenarioSpec) -> bool:
    """Whether a process is end-processing of fractions; one that takes oxide or metal only is a second step."""
    return process.stage in END_STAGES and not spec.fractions.keys().isdisjoint(process.transfer)


def _from_flows(flows: Columns) -> tuple[Sums, Sums]:
    def between(sources: Container[str], targets: Container[str]) -> Flags:
        return is_one_of(flows, "source", sources) & is_one_of(flows, "target", targets)

    left = is_one_of(flows, "source", {"discard"}) & ~is_one_of(flows, "target", {"exported_for_reuse"})
    in_waste = sums(flows, "year country substance", "mass_kg", left)
    collected = sums(flows, "year country substance", "mass_kg", between(COLLECTORS, {"depot"}))
    for place, kg in sums(flows, "year country substance", "mass_kg", between({"depot"}, {CRUDE_YARD})).items():
        collected[place] -= kg
    return in_waste, collected


def _from_recovery(recovery: Columns, spec: ScenarioSpec) -> tuple[Sums, Sums]:
    right, form, metal = recoverable(spec), words(recovery, "form"), words(recovery, "metal")
    is_right = np.array([[name in right.get(each, ()) for name in metal.values] for each in form.values], dtype=bool)
    is_right = is_right.reshape(len(form.values), len(metal.values))  # also where there are none
    separates = is_one_of(recovery, "stage", BEFORE_DISMANTLING) & is_right[form.codes, metal.codes]
    last = {name for name, process in spec.processes.items() if ends(process, spec)}
    refines = is_one_of(recovery, "process", last) & ~is_one_of(recovery, "form", spec.fractions) & ~separates
    separated, refined = (sums(recovery, "year origin metal", "contained_kg", rows) for rows in (separates, refines))
    return separated, refined


def _plants_operating(plants: Columns, spec: ScenarioSpec) -> Sums:
    """Plants operating in December by the country they stand in."""
    country = {plant.name: plant.country for plant in spec.plants}
    count = Sums(float)
    operating = is_one_of(plants, "status", {"operating"}) & (numbers(plants, "month") == MONTHS_PER_YEAR)
    for year, plant in sums(plants, "year plant", "throughput_kg", operating):
        count[year, country[plant], "total"] += 1.0
    return count


def _boxes(shipments: Columns) -> Sums:
    boxes = sums(shipments, "year origin", "boxes")
    return Sums(float, {(*place, "total"): count for place, count in boxes.items()})
