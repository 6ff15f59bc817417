"""`validate FILE...`: every fault of every file at once."""

from __future__ import annotations

import click

from sim.cli.common import Output, fault_fields, output_options
from sim.core.errors import ScenarioError
from sim.scenario.library import load_library
from sim.scenario.load import load_scenario


@click.command("validate")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@output_options
@click.pass_context
def command(context: click.Context, files: tuple[str, ...], out: Output) -> None:
    """Check scenario FILEs and say every fault with its line, what was written, what is allowed and the nearest right name.

    Exit code 3 if any file is not valid.
    """
    library = load_library()
    results = []
    lines = []
    for file in files:
        try:
            scenario = load_scenario(file, library=library)
        except ScenarioError as error:
            results.append(
                {"file": file, "valid": False, "faults": [fault_fields(fault) for fault in error.faults], "warnings": []}
            )
            if not out.as_json:
                click.echo(str(error), err=True)
        else:
            results.append({"file": file, "valid": True, "name": scenario.name, "faults": [], "warnings": list(scenario.warnings)})
            lines.append(f"{file}: valid ({scenario.name}; {len(scenario.stated_keys)} values stated)")
            for warning in scenario.warnings:
                out.say(f"warning: {warning}")
    faulty = sum(not result["valid"] for result in results)
    if faulty and not out.as_json:
        faults = sum(len(result["faults"]) for result in results)  # type: ignore[misc,arg-type]
        out.say(f"{faulty} of {len(files)} files not valid, {faults} faults")
    if lines or out.as_json:
        out.result("\n".join(lines), {"files": results})
    context.exit(ScenarioError.exit_code if faulty else 0)
