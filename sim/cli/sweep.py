"""`urban-mine sweep`: many points of a scenario, saved as they are done, resumed by the same command."""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sim.cli.common import Output, output_options
from sim.cli.messages import told
from sim.cli.progress import progress_of
from sim.core.errors import SweepFailedError

if TYPE_CHECKING:
    from sim.study.sweep_file import SweepFile
    from sim.study.sweep_results import Sweep

NAMED_FAILURES = 5


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
        with progress_of(out, "runs") as progress:
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
        pages, lines = _pages(done) if done.done and not no_report else ([], [])
        _tell(context, done, time.monotonic() - began, pages, lines, out)
    except (KeyboardInterrupt, SystemExit) as stop:
        code = stop.code if isinstance(stop, SystemExit) and isinstance(stop.code, int) else 130
        again = _again(file, root, shard, scheduler, insecure_cluster=insecure_cluster, no_report=no_report)
        click.echo("urban-mine: " + told("stopped; what is finished is kept. To go on: {again}", again=again), err=True)
        context.exit(code)


def _pages(done: Sweep) -> tuple[list[Path], list[str]]:
    """Write report and summary; returns the pages, and what the summary says in a few lines."""
    from sim.report.sweep_page import write_sweep  # noqa: PLC0415
    from sim.study import sweep_summary  # noqa: PLC0415

    saved = sweep_summary.save(done)
    return write_sweep(done.folder), sweep_summary.said(saved)


def _again(file: str, root: Path, shard: str | None, scheduler: str | None, **flags: bool) -> str:
    """The command that goes on, ready to be pasted; how many workers is left to whoever does."""
    said = {"--out": None if root == Path("results") else root, "--shard": shard, "--scheduler": scheduler}
    options = [part for option, value in said.items() if value is not None for part in (option, str(value))]
    return shlex.join(["urban-mine", "sweep", file, *options, *(f"--{flag.replace('_', '-')}" for flag, on in flags.items() if on)])


def _dry_run(source: SweepFile, workers: int | None, out: Output) -> None:
    from sim.study.sweep_guess import guess  # noqa: PLC0415

    guessed = guess(source, workers)
    text = (
        f"{source.spec.name}: {guessed.rows} points x {source.spec.replications} replications"
        f" = {guessed.runs} runs in {guessed.chunks} parts\n"
        f"One run took {guessed.run_s:.2g} s here, so about {_span(guessed.seconds)} with {guessed.workers} workers;"
        f" about {guessed.megabytes:.2g} MB."
    )
    out.result(
        text,
        {
            "points": guessed.rows,
            "runs": guessed.runs,
            "parts": guessed.chunks,
            "run_seconds": round(guessed.run_s, 3),
            "workers": guessed.workers,
            "seconds": round(guessed.seconds, 1),
            "megabytes": round(guessed.megabytes, 3),
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
    missing = told("{there} of {runs} runs are there; other shares are missing", there=there, runs=runs)
    state = told("complete") if done.done else missing
    for run, row, message in failures[["run", "row", "message"]].head(NAMED_FAILURES).itertuples(index=False):
        out.say(told("failed: run {run}, point {point}: {message}", run=run, point=row, message=message))
    if len(failures) > NAMED_FAILURES:
        more = "failed: {count} more; column message of outcomes.parquet names them all"
        out.say(told(more, count=len(failures) - NAMED_FAILURES))
    ended = "{folder}: {state} ({seconds} s, {failed} of {there} runs failed)"
    values = {"folder": done.folder, "state": state, "seconds": f"{seconds:.0f}", "failed": len(failures), "there": there}
    text = "\n".join([*lines, told(ended, **values)])
    if pages:
        text += "\n" + told("Next: {following}", following=told("open {page}", page=pages[0]))
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
