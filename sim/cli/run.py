"""`urban-mine run`: simulate a scenario, save the results, write the report."""

from __future__ import annotations

import time
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from sim.cli.common import Output, output_options
from sim.cli.ladder import ladder_text
from sim.cli.messages import told
from sim.cli.progress import progress_of

SHOWN_WARNINGS = 10


@click.command("run")
@click.argument("file")
@click.option("--out", "root", default="results", show_default=True, type=click.Path(path_type=Path), help="Folder for results.")
@click.option("--replications", type=click.IntRange(min=1), help="Number of replications; the scenario's by default.")
@click.option("--seed", type=click.IntRange(min=0), help="Seed; the scenario's by default.")
@click.option("--workers", type=click.IntRange(min=0), help="Processes; one per processor by default.")
@click.option("--set", "assignments", multiple=True, metavar="PATH=VALUE", help="Set a value of the scenario; may be repeated.")
@click.option("--trace", type=click.Choice(["trips"]), help="Also write a table of every trip, in traces/ of the run folder.")
@click.option("--no-report", is_flag=True, help="Write no report.")
@output_options
def command(
    file: str,
    root: Path,
    replications: int | None,
    seed: int | None,
    workers: int | None,
    assignments: tuple[str, ...],
    trace: str | None,
    no_report: bool,
    out: Output,
) -> None:
    """Simulate the scenario FILE (a path, or the name of a shipped one), save the results and write the report."""
    import sim  # noqa: PLC0415 - start-up time
    from sim.results.store import prepared  # noqa: PLC0415

    began = time.monotonic()
    scenario = sim.load_scenario(file)
    if assignments:
        scenario = scenario.with_set(*assignments)
    home = prepared(root, scenario.id)
    with TemporaryDirectory(prefix=".tracing-", dir=home) if trace else nullcontext() as traces:
        with progress_of(out) as progress:
            results = sim.run(scenario, replications, seed, workers, progress, Path(traces) if traces else None)
        folder = results.save(root)
    out.detail(f"tables written after {time.monotonic() - began:.0f} s")
    reports = [] if no_report else _reports(folder, root)
    _warn(out, results.manifest["warnings"])
    seconds = time.monotonic() - began
    following = f"open {reports[0]}" if reports else f"urban-mine report {folder}"
    told_following = told("open {page}", page=reports[0]) if reports else following
    wrote = told(
        "Wrote {folder} in {seconds} s. Next: {following}", folder=folder, seconds=f"{seconds:.0f}", following=told_following
    )
    trips = told("Trips: {folder}, a file for each replication", folder=folder / "traces") + "\n" if trace else ""
    text = f"{wrote}\n{trips}\n{ladder_text(results.summary)}"
    out.result(
        text,
        {
            "folder": str(folder),
            "reports": [str(path) for path in reports],
            "traces": str(folder / "traces") if trace else None,
            "seconds": round(seconds, 1),
            "next": following,
            "balance": results.manifest["balance"],
            "warnings": results.manifest["warnings"],
            "headline": results.summary["headline"],
        },
    )


def _warn(out: Output, warnings: list[str]) -> None:
    for warning in warnings[:SHOWN_WARNINGS]:
        out.say(told("warning: {text}", text=warning))
    if len(warnings) > SHOWN_WARNINGS:
        more = "warning: {count} more in manifest.json and on the first page of the report"
        out.say(told(more, count=len(warnings) - SHOWN_WARNINGS))


def _reports(folder: Path, root: Path) -> list[Path]:
    """Write the report of the run, and the gallery of all runs beside it."""
    from sim.report.gallery import write_gallery  # noqa: PLC0415
    from sim.report.page import write_report  # noqa: PLC0415

    reports = write_report(folder)
    write_gallery(root)
    return reports
