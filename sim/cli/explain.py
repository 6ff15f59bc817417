"""`explain`: a key of a scenario, a result, or a warning."""

from __future__ import annotations

import click

from sim.cli.common import Output, output_options
from sim.core.errors import UsageError
from sim.results.explained import Meaning, Result, meanings, names, results
from sim.scenario.explaining import Explanation, explain, nearest_key
from sim.scenario.keys import nearest
from sim.scenario.load import load_scenario


@click.command("explain")
@click.argument("what", metavar="KEY|RESULT|WARNING")
@click.option("--in", "file", default="baseline", show_default=True, metavar="FILE", help="Scenario whose value is shown.")
@output_options
def command(what: str, file: str, out: Output) -> None:
    """Say what a key, a result or a warning means.

    A key is a path (market.prices.Nd.usd_per_kg), a pattern (plants.*.status) or a name (coverage_share): its meaning, unit,
    range, value and source. A result is a column of a table (refined_kg, signals.refined_kg): its formula and inputs. A
    warning is told as it was printed, or by some of its words.
    """
    scenario = load_scenario(file)
    keys = explain(scenario, what)
    columns = list(results(what))
    warnings = [] if keys or columns else meanings(what)
    if not (keys or columns or warnings):
        near = nearest_key(scenario, what) or nearest(what.rpartition(".")[2], names())
        raise UsageError(
            f"there is no key, result or warning {what[:200]}."
            + (f" Did you mean {near}?" if near else " See docs/reference/scenario.md and docs/reference/tables.md")
        )
    out.result(_text(keys, columns, warnings), _data(scenario.name, keys, columns, warnings))


def _text(keys: list[Explanation], columns: list[Result], warnings: list[Meaning]) -> str:
    told = [f"{one.pattern.replace('.*', '...')}\n  means    {one.means}\n  remedy   {one.remedy}" for one in warnings]
    return "\n".join([*(one.text() for one in keys), *(one.text() for one in columns), *told])


def _data(scenario: str, keys: list[Explanation], columns: list[Result], warnings: list[Meaning]) -> dict[str, object]:
    return {
        "scenario": scenario,
        "keys": [one.data() for one in keys],
        "results": [one.data() for one in columns],
        "warnings": [{"means": one.means, "remedy": one.remedy} for one in warnings],
    }
