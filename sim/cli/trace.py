"""`urban-mine trace`: where recovered metal came from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sim.cli.common import Output, output_options
from sim.cli.ladder import mass

if TYPE_CHECKING:
    from sim.results.store import Results
    from sim.study.trace import Trace

SHOWN = 10
WORTH_A_LINE = 1e-3  # of the whole
PARTS = {
    "country": "By country of discard",
    "zone": "By zone",
    "channel": "By channel",
    "product": "By product (estimate: what discards of that country and year held)",
    "discard_year": "By year of discard",
    "sale_year": "By year of sale (estimate, likewise)",
}
STAGES = {
    "waiting": "at home, waiting to be fetched",
    "depot": "in depots",
    "linehaul": "on the road to a dismantler",
    "yard": "in yards of dismantlers",
    "processing": "being dismantled",
    "haul": "as fractions on the road, or at the gate of a refinery",
    "consent": "waiting for consent, where a border is crossed",
    "sea": "from store to refinery by sea, where a border is crossed",
    "refinery_yard": "in yards of refineries",
    "refining": "being refined",
}
LOSSES = {
    "mixed_waste": "handed to no channel, or given up: mixed waste",
    "informal_residue": "left over by informal dismantlers",
    "informal_metal": "sold as metal outside formal plants",
    "landfill": "residue of dismantling",
    "other_recycling": "in fractions recycled for other materials",
    "leakage": "exported as mixed scrap",
    "slag": "slag and residue of refining there",
}


@click.command("trace")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--metal", required=True, help="Metal by symbol, such as Dy.")
@click.option("--year", required=True, type=int, help="Year in which it was recovered.")
@click.option("--plant", help="One plant by name; all by default.")
@output_options
def command(folder: Path, metal: str, year: int, plant: str | None, out: Output) -> None:
    """Follow METAL recovered in a YEAR of run folder FOLDER back to zone, channel, product, year of discard and year of sale."""
    from sim.results.store import load_results  # noqa: PLC0415 - start-up time
    from sim.study.trace import trace  # noqa: PLC0415

    results = load_results(folder)
    found = trace(results, metal, year, plant)
    out.result("\n".join(_lines(found, results)), found.data() if out.as_json else None)  # copying every parent takes time


def _lines(found: Trace, results: Results) -> Iterator[str]:
    where = found.plant or "all plants"
    what = f"{mass(found.recovered_kg)} of {found.metal} recovered in {found.year}"
    yield f"{what} by {where}, mean of {found.replications} replications."
    if found.days:
        mean, _, half, most = (round(days) for days in found.days.values())
        yield f"From discard to metal: {mean} days on average, half within {half}, 90 % within {most}."
    for stop in found.stops:
        lost = f"{1.0 - stop.contained_kg / stop.fed_kg:.0%} lost there" if stop.fed_kg > 0.0 else "nothing fed"
        yield f"  {stop.plant} ({stop.process}, {stop.country}): fed {mass(stop.fed_kg)}, made {mass(stop.contained_kg)}, {lost}"
    yield from _way(found)
    for part, title in PARTS.items():
        yield ""
        yield title
        yield from _part(found, part, results)
    yield ""
    yield f"{len(found.parents)} parents; --json lists each."


def _way(found: Trace) -> Iterator[str]:
    """Days in each stage and losses, in the countries the metal came from."""
    if found.stays:
        yield ""
        yield "Mean days in each stage, of what passes it (~ from what it held at the two year ends)"
        for stay in found.stays:
            yield f"  {'' if stay.recorded else '~'}{stay.days:,.1f}".rjust(10) + f"  {STAGES[stay.stage]}"
    if found.losses:
        yield ""
        yield f"{found.metal} lost in {found.year} in the countries it came from"
        for loss in found.losses:
            yield f"  {mass(loss.kg):>10}  {LOSSES[loss.target]}"


def _part(found: Trace, part: str, results: Results) -> Iterator[str]:
    sums = found.by(part)
    names = results.manifest.get("names", {}).get(
        {"country": "countries", "product": "products", "zone": "zones"}.get(part, ""), {}
    )
    if part == "sale_year":
        sums = _by_span(sums)
    for name, kg in list(sums.items())[:SHOWN]:
        title = names.get(name, {}).get("en", "")
        share = kg / found.recovered_kg if found.recovered_kg > 0.0 else 0.0
        yield f"  {mass(kg):>10}  {share:6.1%}  {name}{f' ({title})' if title else ''}"
    rest = list(sums.values())[SHOWN:]
    if rest:
        yield f"  {mass(sum(rest)):>10}  {sum(rest) / found.recovered_kg:6.1%}  {len(rest)} others"


def _by_span(sums: dict[str, float]) -> dict[str, float]:
    """Years of sale in spans of five, in order of time; the little that is older than all else is told with the oldest."""
    spans: dict[str, float] = {}
    total, older = sum(sums.values()), 0.0
    for name, kg in sorted(sums.items()):
        first = int(name) // 5 * 5 if name.isdigit() else None
        span = name if first is None else f"{first}-{first + 4}"
        spans[span] = spans.get(span, 0.0) + kg
    for span in list(spans):
        if spans[span] + older >= WORTH_A_LINE * total:
            break
        older += spans.pop(span)
    if older > 0.0:
        span = next(iter(spans))
        spans = {f"to {span[-4:]}": spans.pop(span) + older} | spans
    return spans
