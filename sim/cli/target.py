"""`urban-mine target`: what would it take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import click

from sim.cli.common import Output, output_options
from sim.cli.ladder import mass
from sim.cli.progress import progress_of

if TYPE_CHECKING:
    from sim.study.target import Answer, Binding

STEPS = {
    "in_waste": "in waste",
    "collected": "collected",
    "separated": "separated",
    "refined": "refined",
    "available": "available to industry",
}
# what one per cent more of a resource means, and a tonne of what passes it
RESOURCES = {
    "collection": ("devices handed over", "t handed over"),
    "trucks": ("fetching capacity", "t fetched"),
    "yard": ("room in yards", "t taken in"),
    "line": ("line capacity", "t worked"),
    "consent": ("quota of consents", "t let out"),
    "sailing": ("shipping capacity", "t sailed"),
    "refinery": ("refining capacity", "t refined"),
    "market": ("outlets", "t sold"),
}


@click.command("target")
@click.argument("file")
@click.option("--metal", required=True, help="Metal by symbol, such as Dy.")
@click.option("--kg", required=True, type=float, help="Kilograms of the element a year.")
@click.option("--in", "year", required=True, type=int, help="Year of the goal; runs end with it.")
@click.option(
    "--using",
    required=True,
    multiple=True,
    metavar="KEY[=LIMIT],...",
    help="Numbers of the scenario that may change, and how far; shares go to 1 unless said.",
)
@click.option("--step", type=click.Choice(list(STEPS)), default="refined", show_default=True, help="Step of the ladder.")
@click.option("--country", default="ALL", show_default=True, help="Country of the ladder, or ALL.")
@click.option(
    "--probability", type=float, default=0.5, show_default=True, help="Share of possible worlds in which the goal is met."
)
@click.option("--cheapest", is_flag=True, help="The change that costs least in that year, not the smallest.")
@click.option("--replications", type=click.IntRange(min=1), help="Replications of each scenario; 8 by default.")
@click.option("--seed", type=click.IntRange(min=0), help="Seed; the scenario's by default.")
@click.option("--workers", type=click.IntRange(min=0), help="Processes; one per processor by default.")
@click.option("--set", "assignments", multiple=True, metavar="PATH=VALUE", help="Set a value of the scenario; may be repeated.")
@output_options
def command(
    file: str,
    metal: str,
    kg: float,
    year: int,
    using: tuple[str, ...],
    step: str,
    country: str,
    probability: float,
    cheapest: bool,
    replications: int | None,
    seed: int | None,
    workers: int | None,
    assignments: tuple[str, ...],
    out: Output,
) -> None:
    """Find the smallest change of the named numbers of scenario FILE that brings so much of a METAL in a year.

    Says how surely, and if it cannot be done, what holds it back. Prints first how many runs it takes.
    """
    from sim.scenario.load import load_scenario  # noqa: PLC0415 - start-up time
    from sim.study.target import target  # noqa: PLC0415

    scenario = load_scenario(file)
    if assignments:
        scenario = scenario.with_set(*assignments)
    with progress_of(out) as progress:
        found = target(
            scenario, metal, kg, year, ",".join(using),
            step=f"{step}_kg", country=country, probability=probability, aim="cheapest" if cheapest else "smallest",
            replications=replications, seed=seed, workers=workers, progress=progress, say=out.say,
        )  # fmt: skip
    out.result("\n".join(_lines(found, file, assignments, seed)), found.data())


def _lines(found: Answer, file: str, assignments: Sequence[str], seed: int | None) -> Iterator[str]:
    goal = found.goal
    step = STEPS[goal.step.removesuffix("_kg")]
    where = "all countries" if goal.country == "ALL" else goal.country
    asked = f"{mass(goal.kg)} of {goal.metal} {step} in {goal.year}, {where}, in at least {goal.probability:.0%} of possible worlds"
    if found.status == "already":
        yield f"Already met: {asked}. As it is, {mass(found.promised_kg)} are reached."
        return
    if found.status == "infeasible":
        yield f"Not feasible with these dials: {asked}."
        yield f"Even at their limits {_promise(found)}; as it is, {mass(found.as_is_kg)}."
    else:
        yield f"Feasible: {asked}."
    yield ""
    yield "At the limits:" if found.status == "infeasible" else f"{found.aim.capitalize()} change:"
    for dial in found.dials:
        if dial.position == 0.0:
            yield f"  {dial.key}: unchanged at {_short(dial.before)}"
            continue
        way = f"{dial.position:.0%} of the way to {dial.limit:g}"
        yield f"  {dial.key}: {_short(dial.after)} instead of {_short(dial.before)} ({way})"
    yield f"  {_spent(found)}"
    if found.status == "found":
        yield ""
        yield f"Then {_promise(found)}; as it is, {mass(found.as_is_kg)}."
    yield from _holds(found)
    yield ""
    yield f"{found.scenarios_run} scenarios of {found.replications} replications were run. To run the answer:"
    # the world in which it was found: to the year of the goal, each replication with inputs of its own
    world = (*assignments, f"time.end={goal.year}", "run.repeats_per_draw=1", *found.assignments)
    sets = " ".join(f"--set '{assignment}'" for assignment in world)
    with_seed = "" if seed is None else f" --seed {seed}"
    yield f"  urban-mine run {file} --replications {found.replications}{with_seed} {sets}"


def _promise(found: Answer) -> str:
    """What is reached, in how many replications, and where another sample would fall."""
    low, high = found.data()["low"], found.data()["high"]
    again = f"; with another seed {mass(max(low, 0.0))} to {mass(high)} (90 %)" if low is not None else ""
    return f"{mass(found.promised_kg)} are reached ({found.met} of {found.replications} replications meet the goal{again})"


def _small(kg: float) -> str:
    """A mass that may be grams or less."""
    for unit, factor in (("g", 1e3), ("mg", 1e6)):
        if kg < 0.1 and kg * factor >= 1.0:
            return f"{kg * factor:.3g} {unit}"
    return mass(kg)


def _spent(found: Answer) -> str:
    more = "more" if found.usd >= 0.0 else "less"
    return f"{float(f'{abs(found.usd):.3g}'):,.0f} USD {more} are spent in that year on collection, haulage, shipping and treatment"


def _short(raw: object) -> str:
    """A value of a dial with three digits; a range that has shrunk to one number as that number."""
    if isinstance(raw, dict) and len(set(map(str, raw.values()))) == 1:
        return _short(next(iter(raw.values())))
    if isinstance(raw, dict):
        return "{ " + ", ".join(f"{key} = {_short(value)}" for key, value in raw.items()) + " }"
    assert isinstance(raw, float | int)
    return f"{raw:,.0f}" if abs(raw) >= 1000.0 else f"{raw:.3g}"


def _holds(found: Answer) -> Iterator[str]:
    if not found.binding:
        return
    yield ""
    yield f"What holds {found.goal.metal} back then, in {found.goal.year}:"
    for one in found.binding:
        yield f"  {_binding(one)}"


def _binding(one: Binding) -> str:
    what, unit = RESOURCES[one.resource]
    gain, each = _small(one.gain_kg), _small(one.gain_kg_per_t)
    return f"{one.resource} ({one.place}): 1 % more {what} would add {gain} in the year; each {unit} more, {each}"
