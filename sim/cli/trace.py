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
PARTS = {
    "country": "By country of discard",
    "zone": "By zone",
    "channel": "By channel",
    "product": "By product (shared out by what arisings held)",
    "discard_year": "By year of discard",
}


@click.command("trace")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--metal", required=True, help="Metal by symbol, such as Dy.")
@click.option("--year", required=True, type=int, help="Year in which it was recovered.")
@click.option("--plant", help="One plant by name; all by default.")
@output_options
def command(folder: Path, metal: str, year: int, plant: str | None, out: Output) -> None:
    """Follow METAL recovered in a YEAR of run folder FOLDER back to zone, channel, product and year of discard."""
    from sim.results.store import load_results  # noqa: PLC0415 - start-up time
    from sim.study.trace import trace  # noqa: PLC0415

    results = load_results(folder)
    found = trace(results, metal, year, plant)
    out.result("\n".join(_lines(found, results)), found.data())


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
    for part, title in PARTS.items():
        yield ""
        yield title
        yield from _part(found, part, results)
    yield ""
    yield f"{len(found.parents)} parents; --json lists each."


def _part(found: Trace, part: str, results: Results) -> Iterator[str]:
    sums = found.by(part)
    names = results.manifest.get("names", {}).get(
        {"country": "countries", "product": "products", "zone": "zones"}.get(part, ""), {}
    )
    for name, kg in list(sums.items())[:SHOWN]:
        title = names.get(name, {}).get("en", "")
        share = kg / found.recovered_kg if found.recovered_kg > 0.0 else 0.0
        yield f"  {mass(kg):>10}  {share:6.1%}  {name}{f' ({title})' if title else ''}"
    rest = list(sums.values())[SHOWN:]
    if rest:
        yield f"  {mass(sum(rest)):>10}  {sum(rest) / found.recovered_kg:6.1%}  {len(rest)} others"
