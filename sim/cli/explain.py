"""`explain KEY`: meaning, unit, range, value, source, evidence."""

from __future__ import annotations

import click

from sim.cli.common import Output, output_options
from sim.core.errors import UsageError
from sim.scenario.explaining import explain, nearest_key
from sim.scenario.load import load_scenario


@click.command("explain")
@click.argument("key")
@click.option("--in", "file", default="baseline", show_default=True, metavar="FILE", help="Scenario whose value is shown.")
@output_options
def command(key: str, file: str, out: Output) -> None:
    """Say what KEY means, its unit and range, its value, and where the value comes from.

    KEY is a path (market.prices.Nd.usd_per_kg), a pattern (plants.*.status) or a name (coverage_share).
    """
    scenario = load_scenario(file)
    found = explain(scenario, key)
    if not found:
        near = nearest_key(scenario, key)
        raise UsageError(
            f"there is no key {key[:200]}." + (f" Did you mean {near}?" if near else " See docs/reference/scenario.md")
        )
    out.result("\n".join(one.text() for one in found), {"scenario": scenario.name, "keys": [one.data() for one in found]})
