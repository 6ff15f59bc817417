"""`urban-mine sweep`: many points of a scenario, saved as they are done, resumed by the same command."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sim.cli.common import Output, output_options
from sim.core.errors import SweepFailedError

if TYPE_CHECKING:
    from sim.study.sweep_file import SweepFile
    from sim.study.sweep_results import Sweep

LINE_SECONDS = 30.0
NAMED_FAILURES = 5
Progress = Callable[[int, int, int], None]


@click.command("sweep")
@click.argument("file")
@click.option("--out", "root", default="results", show_default=True, type=click.Path(path_type=Path), help="Folder for results.")
@click.option("--workers", type=click.IntRange(min=0), help="Processes; one per processor by default.")
@click.option("--shard", metavar="I/N", help="Do only share I of N, for arrays of jobs on one file system.")
@click.option("--scheduler", metavar="ADDRESS", help="Let the workers of a Dask cluster do the runs: tls://host:port.")
@click.option("--insecure-cluster", is_flag=True, help="Allow tcp:// to another machine.")
@click.option("--no-report", is_flag=True, help="Write no report and no summary.")
@click.option("--dry-run", is_flag=True, help="Say how many runs, how long and how much disk; try one run, save nothing.")
@output_options
@click.pass_context
def command(
    context: click.Context,
    file: str,
    root: Path,
    workers: int | None,
    shard: str | None,
    scheduler: str | None,
    insecure_cluster: bool,
    no_report: bool,
    dry_run: bool,
    out: Output,
) -> None:
    """Run the sweep FILE (a path, or the name of a shipped one). The same command again goes on where it stopped.

    Exit code 5 if points failed; they are listed and kept, and the sweep goes on.
    """
    from sim.study.sweep import sweep  # noqa: PLC0415 - start-up time
    from sim.study.sweep_file import load_sweep_file  # noqa: PLC0415

    source = load_sweep_file(file)
    if dry_run:
        _dry_run(source, workers, out)
        return
    began = time.monotonic()
    try:
        with _progress(out) as progress:
            done = sweep(
                source,
                root,
                workers=workers,
                shard=shard,
                scheduler=scheduler,
                insecure_cluster=insecure_cluster,
                progress=progress,
                say=out.say,
            )
    except (KeyboardInterrupt, SystemExit) as stop:
        code = stop.code if isinstance(stop, SystemExit) and isinstance(stop.code, int) else 130
        click.echo(f"urban-mine: stopped; what is finished is kept. To go on: {_again(file, root, shard, scheduler)}", err=True)
        context.exit(code)
    pages, lines = _pages(done) if done.done and not no_report else ([], [])
    _tell(context, done, time.monotonic() - began, pages, lines, out)


def _pages(done: Sweep) -> tuple[list[Path], list[str]]:
    """Write report and summary; returns the pages, and what the summary says in a few lines."""
    from sim.report.sweep_page import write_sweep  # noqa: PLC0415
    from sim.study import sweep_summary  # noqa: PLC0415

    told = sweep_summary.save(done)
    return write_sweep(done.folder), sweep_summary.said(told)


def _again(file: str, root: Path, shard: str | None, scheduler: str | None) -> str:
    said = {"--out": None if root == Path("results") else root, "--shard": shard, "--scheduler": scheduler}
    return " ".join(["urban-mine sweep", file, *(f"{option} {value}" for option, value in said.items() if value is not None)])


def _dry_run(source: SweepFile, workers: int | None, out: Output) -> None:
    from sim.study.sweep_guess import guess  # noqa: PLC0415

    told = guess(source, workers)
    text = (
        f"{source.spec.name}: {told.rows} points x {source.spec.replications} replications"
        f" = {told.runs} runs in {told.chunks} parts\n"
        f"One run took {told.run_s:.2g} s here, so about {_span(told.seconds)} with {told.workers} workers;"
        f" about {told.megabytes:.2g} MB."
    )
    out.result(
        text,
        {
            "points": told.rows,
            "runs": told.runs,
            "parts": told.chunks,
            "run_seconds": round(told.run_s, 3),
            "workers": told.workers,
            "seconds": round(told.seconds, 1),
            "megabytes": round(told.megabytes, 3),
        },
    )


def _span(seconds: float) -> str:
    if seconds < 120.0:
        return f"{seconds:.0f} s"
    return f"{seconds / 60.0:.0f} min" if seconds < 7200.0 else f"{seconds / 3600.0:.1f} h"


def _tell(context: click.Context, done: Sweep, seconds: float, pages: list[Path], lines: list[str], out: Output) -> None:
    failures = done.failures()
    there = done.there()
    runs = done.plan["runs"]
    state = "complete" if done.done else f"{there} of {runs} runs are there; other shares are missing"
    for run, row, message in failures[["run", "row", "message"]].head(NAMED_FAILURES).itertuples(index=False):
        out.say(f"failed: run {run}, point {row}: {message}")
    if len(failures) > NAMED_FAILURES:
        out.say(f"failed: {len(failures) - NAMED_FAILURES} more; column message of outcomes.parquet names them all")
    text = "\n".join([*lines, f"{done.folder}: {state} ({seconds:.0f} s, {len(failures)} of {there} runs failed)"])
    if pages:
        text += f"\nNext: open {pages[0]}"
    out.result(
        text,
        {
            "folder": str(done.folder),
            "complete": done.done,
            "runs": runs,
            "there": there,
            "failed": len(failures),
            "seconds": round(seconds, 1),
            "reports": [str(page) for page in pages],
        },
    )
    if len(failures):
        context.exit(SweepFailedError.exit_code)


@contextmanager
def _progress(out: Output) -> Iterator[Progress]:
    """Give a bar with time left on a terminal, else a line every 30 s; nothing with `-q`."""
    if out.quiet:
        yield lambda done, count, failed: None
    elif sys.stderr.isatty():
        with _bar(out) as progress:
            yield progress
    else:
        yield Lines(out.say, time.monotonic)


@contextmanager
def _bar(out: Output) -> Iterator[Progress]:
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    columns: tuple[Any, ...] = (
        "runs",
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        "left",
        TimeRemainingColumn(),
    )
    began = time.monotonic()
    with Bar(*columns, console=Console(stderr=True, no_color=not out.color), transient=True) as bar:
        task = bar.add_task("sweep", total=None, rate="")
        yield lambda done, count, failed: bar.update(
            task, completed=done, total=count, rate=rate(done, failed, time.monotonic() - began)
        )


def rate(done: int, failed: int, seconds: float) -> str:
    """Runs per second and failures in words."""
    per_second = done / seconds if seconds > 0.0 else 0.0
    return f"{per_second:.2g} runs/s, {failed} failed"


class Lines:
    """Progress in a log: a line every 30 s."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float]) -> None:
        self._say, self._clock = say, clock
        self._began = self._last = clock()

    def __call__(self, done: int, count: int, failed: int) -> None:
        """Say how far the sweep is, if it is time to."""
        now = self._clock()
        if now - self._last < LINE_SECONDS or done == count:
            return
        self._last, passed = now, now - self._began
        left = f", about {passed * (count - done) / done:.0f} s left" if done else ""
        self._say(f"{done} of {count} runs after {passed:.0f} s ({rate(done, failed, passed)}){left}")
