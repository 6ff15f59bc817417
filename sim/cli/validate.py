"""`validate FILE...`: every fault of every file at once."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import click

from sim.cli.common import Output, fault_fields, output_options
from sim.core.errors import ScenarioError
from sim.scenario import reading
from sim.scenario.library import Library, load_library
from sim.scenario.load import load_scenario

SWEEP_KEYS = frozenset({"design", "dials", "outcomes"})


@click.command("validate")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@output_options
@click.pass_context
def command(context: click.Context, files: tuple[str, ...], out: Output) -> None:
    """Check scenario and sweep FILEs; say every fault with its line, what was written, what is allowed, the nearest right name.

    Exit code 3 if any file is not valid.
    """
    library = load_library()
    results: list[dict[str, Any]] = []
    lines: list[str] = []
    for file in files:
        try:
            result, line = _checked(file, library)
        except ScenarioError as error:
            results.append(
                {"file": file, "valid": False, "faults": [fault_fields(fault) for fault in error.faults], "warnings": []}
            )
            if not out.as_json:
                click.echo(str(error), err=True)
        else:
            results.append({"file": file, "valid": True, **result})
            lines.append(line)
            for warning in result["warnings"]:
                out.say(f"warning: {warning}")
    faulty = sum(not result["valid"] for result in results)
    if faulty and not out.as_json:
        faults = sum(len(result["faults"]) for result in results)
        out.say(f"{faulty} of {len(files)} files not valid, {faults} faults")
    if lines or out.as_json:
        out.result("\n".join(lines), {"files": results})
    context.exit(ScenarioError.exit_code if faulty else 0)


def _checked(file: str, library: Library) -> tuple[dict[str, Any], str]:
    """What is told of a valid file, as JSON and in a line; raises ScenarioError."""
    if is_sweep(file):
        from sim.study.sweep_file import load_sweep_file  # noqa: PLC0415 - only for sweeps

        sweep = load_sweep_file(file, library)
        told = {"name": sweep.spec.name, "points": sweep.rows, "runs": sweep.runs, "faults": [], "warnings": []}
        return told, f"{file}: valid sweep ({sweep.spec.name}; {sweep.rows} points, {sweep.runs} runs)"
    scenario = load_scenario(file, library=library)
    told = {"name": scenario.name, "faults": [], "warnings": list(scenario.warnings)}
    return told, f"{file}: valid ({scenario.name}; {len(scenario.stated_keys)} values stated)"


def is_sweep(file: str) -> bool:
    """Whether a file speaks of a sweep rather than of a scenario; one that cannot be read is left to those who say why."""
    try:
        text = reading.decode(reading.read_bytes(Path(file), file), file)  # never a pipe or a device: they may have no end
        return bool(SWEEP_KEYS & tomllib.loads(text).keys())
    except (ScenarioError, ValueError, RecursionError):
        return False
