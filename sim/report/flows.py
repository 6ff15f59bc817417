"""Flows between stages of the chain, as pictures and sentences need them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sim.report import theme
from sim.report.context import Context
from sim.report.drawing import capital, ratio

# Left to right; a link against this order is drawn from a second node of its source.
ORDER = (
    "opening",
    "discard",
    "manufacturing_scrap",
    "exported_for_reuse",
    "second_life",
    "reused",
    "waiting",
    "hoarded",
    "mixed_waste",
    "vehicle",
    "informal_residue",
    "informal_metal",
    "depot",
    "informal_yard",
    "informal_processing",
    "informal_store",
    "linehaul",
    "yard",
    "processing",
    "landfill",
    "other_recycling",
    "residue",
    "store",
    "leakage",
    "stockpile",
    "haul",
    "border",
    "refused",
    "port",
    "sea",
    "refinery_yard",
    "refining",
    "slag",
    "product_store",
    "metal",
)
RANK = {stage: place for place, stage in enumerate(ORDER)}
END_STAGE = "refining"  # of fractions; what comes after it (oxide to metal) would count the same metal again
# The picture puts places together that belong together; the table has them apart.
FOLDED = {
    "depot": "vehicle",
    "linehaul": "vehicle",
    "yard": "processing",
    "port": "border",
    "sea": "border",
    "refinery_yard": "refining",
    "product_store": "refining",
    "informal_yard": "informal_processing",
    "informal_store": "informal_processing",
}
GIVING = ("opening", "discard", "manufacturing_scrap")
LEFT = ("exported_for_reuse", "leakage", "other_recycling", "second_life", "reused")
WON, LOST, GONE, MOVING, STOCK = theme.GREEN, theme.VERMILION, theme.GREY, theme.BLUE, theme.SKY
CRUDE = theme.PURPLE  # metal that informal works win
Links = Mapping[tuple[str, str], float]


def outside(context: Context) -> frozenset[str]:
    """Stages beyond the boundary, as the run declares them; else those that only give or only take."""
    declared = context.run.manifest.get("outside_accounts")
    if declared:
        return frozenset(map(str, declared))
    pairs = [(str(a), str(b)) for _, a, b, _ in flows(context)]
    return frozenset({a for a, _ in pairs} ^ {b for _, b in pairs})


def fates(links: Links, beyond: frozenset[str]) -> tuple[float, dict[str, float], float]:
    """What came in, what went to each end `beyond` the boundary, and what stayed inside: in = ends + stayed."""
    came = sum(kg for (a, _), kg in links.items() if a in beyond)
    went: dict[str, float] = {}
    for (_, b), kg in links.items():
        if b in beyond:
            went[b] = went.get(b, 0.0) + kg
    return came, went, came - sum(went.values())


def links_by_metal(context: Context) -> dict[tuple[str, int], dict[tuple[str, str], float]]:
    """Mean flows [kg] between stages by metal and chosen year, all countries together."""
    found: dict[tuple[str, int], dict[tuple[str, str], float]] = {}
    for (metal, source, target, year), kg in flows(context).items():
        if source != target and kg > 0:
            found.setdefault((str(metal), int(year)), {})[str(source), str(target)] = kg
    return found


def flows(context: Context) -> dict[tuple[Any, ...], float]:
    """Mean flows [kg] by metal, source, target and chosen year."""
    where = {"substance": context.metals, "year": context.chosen}
    return context.run.mean("flows", ("substance", "source", "target", "year"), "mass_kg", where=where)


def fate_colour(node: str, beyond: frozenset[str]) -> str:
    """Colour of a stage by what becomes of the metal there."""
    if node in ("metal", "informal_metal"):
        return WON if node == "metal" else CRUDE
    if node not in beyond or node in GIVING:
        return MOVING
    return GONE if node in LEFT else LOST


def losses_of(context: Context, links: Links) -> list[tuple[str, float]]:
    """Where metal is lost, and which share of what came in, the largest first."""
    beyond = outside(context)
    came, went, _ = fates(links, beyond)
    lost = [(stage, ratio(kg, came)) for stage, kg in went.items() if fate_colour(stage, beyond) == LOST]
    return sorted(lost, key=lambda item: (-item[1], item[0]))


def fate_sentence(context: Context, metal: str, year: int, links: Links) -> str:
    """What part of the metal was recovered, and where most of the rest went."""
    say = context.say
    beyond = outside(context)
    came, went, _ = fates(links, beyond)
    won = went.get("metal", 0.0)
    lost = {stage: kg for stage, kg in went.items() if fate_colour(stage, beyond) == LOST}
    name = capital(context.names.metal(metal))
    if not lost:
        return say(
            "{metal}: on average {won} of {came} were recovered formally in {year}",
            metal=name,
            won=say.mass(won),
            came=say.mass(came),
            year=year,
        )
    worst = max(lost, key=lambda stage: lost[stage])
    return say(
        "{metal}: on average {won} of {came} were recovered formally in {year}; the largest loss is {stage} with {share}",
        metal=name,
        won=say.mass(won),
        came=say.mass(came),
        year=year,
        stage=context.names.stage(worst),
        share=say.share(ratio(lost[worst], came)),
    )
