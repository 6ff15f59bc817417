"""`urban-mine run`: simulate a scenario, save the results, write the report."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from sim.cli.common import Output, output_options
from sim.cli.ladder import ladder_text

LINE_SECONDS = 30.0
SHOWN_WARNINGS = 10
Progress = Callable[[int, int], None]


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
    text = f"Wrote {folder} in {seconds:.0f} s. Next: {following}\n\n{ladder_text(results.summary)}"
    out.result(
        text,
        {
            "folder": str(folder),
            "reports": [str(path) for path in reports],
            "seconds": round(seconds, 1),
            "next": following,
            "balance": results.manifest["balance"],
            "warnings": results.manifest["warnings"],
            "headline": results.summary["headline"],
        },
    )


def _warn(out: Output, warnings: list[str]) -> None:
    for warning in warnings[:SHOWN_WARNINGS]:
        out.say(f"warning: {warning}")
    if len(warnings) > SHOWN_WARNINGS:
        out.say(f"warning: {len(warnings) - SHOWN_WARNINGS} more in manifest.json and on the first page of the report")


def _reports(folder: Path, root: Path) -> list[Path]:
    """Write the report of the run, and the gallery of all runs beside it."""
    from sim.report.gallery import write_gallery  # noqa: PLC0415
    from sim.report.page import write_report  # noqa: PLC0415

    reports = write_report(folder)
    write_gallery(root)
    return reports


@contextmanager
def progress_of(out: Output) -> Iterator[Progress]:
    """Give a bar with time left on a terminal, else a line every 30 s; nothing with `-q`."""
    if out.quiet:
        yield lambda done, count: None
    elif sys.stderr.isatty():
        with _bar(out) as progress:
            yield progress
    else:
        yield Lines(out.say, time.monotonic)


@contextmanager
def _bar(out: Output) -> Iterator[Progress]:
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, TimeElapsedColumn, TimeRemainingColumn  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    columns: tuple[Any, ...] = (
        "replications",
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        "left",
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True, no_color=not out.color), transient=True) as bar:
        task = bar.add_task("run", total=None)
        yield lambda done, count: bar.update(task, completed=done, total=count)


class Lines:
    """Progress in a log: a line every 30 s."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._say, self._clock = say, clock
        self._began = self._last = clock()

    def __call__(self, done: int, count: int) -> None:
        """Say how far the run is, if it is time to."""
        now = self._clock()
        if now - self._last < LINE_SECONDS or done == count:
            return
        self._last, passed = now, now - self._began
        left = f", about {passed * (count - done) / done:.0f} s left" if done else ""
        self._say(f"{done} of {count} replications after {passed:.0f} s{left}")
