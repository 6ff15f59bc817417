"""`urban-mine compare`: why runs differ."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sim.cli.common import Output, output_options
from sim.cli.messages import told
from sim.cli.progress import progress_of
from sim.core.errors import OutputError, ResultsError, UsageError

if TYPE_CHECKING:
    from sim.results.store import Results
    from sim.study.compare_words import Story


@click.command("compare")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="DIR DIR...")
@click.option("--metal", "metals", multiple=True, help="Metals told of; all headline metals by default. May be repeated.")
@click.option(
    "--year", "years", multiple=True, type=int, help="Years told of; the middle and the last by default. May be repeated."
)
@click.option(
    "--attribute", "attributes", is_flag=True, help="Run the first scenario with each change alone and divide the difference."
)
@click.option("--shapley", is_flag=True, help="With --attribute: share interactions out too; 2^k runs of at most 5 groups.")
@click.option("--workers", type=click.IntRange(min=0), help="Processes for --attribute; one per processor by default.")
@click.option("--out", "target", type=click.Path(path_type=Path), help="Folder for the comparison as a page: comparison.html.")
@click.option("--markdown", is_flag=True, help="Write Markdown.")
@output_options
def command(
    folders: tuple[Path, ...],
    metals: tuple[str, ...],
    years: tuple[int, ...],
    attributes: bool,
    shapley: bool,
    workers: int | None,
    target: Path | None,
    markdown: bool,
    out: Output,
) -> None:
    """Say what differs between the first run folder and each of the others, how surely, and which inputs differ."""
    from sim.results.store import load_results  # noqa: PLC0415 - start-up time
    from sim.study.added import added  # noqa: PLC0415
    from sim.study.attribution import attribute, estimate, plan  # noqa: PLC0415
    from sim.study.compare import compare  # noqa: PLC0415
    from sim.study.compare_words import Story  # noqa: PLC0415

    if len(folders) < 2:
        raise UsageError("compare needs at least two run folders")
    for folder in folders:
        if not folder.is_dir():
            raise ResultsError(f"{folder}: there is no such folder")
    first = load_results(folders[0])
    _require_told(first, metals, years)
    stories = []
    for folder in folders[1:]:
        found = compare(first, folder)
        divided, guess = None, ""
        if found.causes and (attributes or shapley):
            planned = plan(found, shapley=shapley)
            out.say(planned.text(workers))
            with progress_of(out) as progress:
                divided = attribute(found, planned, workers, progress)
        elif found.causes:
            guess = estimate(found, workers) + (" Add --attribute." if len(found.causes) > 1 else "")
        stories.append(Story(found, added(found.first, found.second), divided, guess))
    text = "\n\n".join(story.markdown(metals, years) if markdown else story.text(metals, years) for story in stories)
    data = [
        {"first": str(folders[0]), "second": str(folder), **story.data()}
        for folder, story in zip(folders[1:], stories, strict=True)
    ]
    pages = [] if target is None else _pages(stories, target)
    if pages:
        text += "\n\n" + told("Wrote {file}", file=pages[0])
    out.result(text, {"comparisons": data, "pages": [str(page) for page in pages]})


def _require_told(first: Results, metals: Sequence[str], years: Sequence[int]) -> None:
    """Raise `UsageError` for metals and years that a run does not tell of: no row of theirs is no answer."""
    for name, asked, there in (("metal", metals, first.summary["metals"]), ("year", years, first.summary["years"])):
        for one in asked:
            if one not in there:
                known = f"{there[0]} to {there[-1]}" if name == "year" else ", ".join(there)
                raise UsageError(f"the first run has no {name} {one}; it has {known}")


def _pages(stories: Sequence[Story], target: Path) -> list[Path]:
    from sim.report.comparison import write_comparison  # noqa: PLC0415

    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{target}: cannot be created ({error.strerror})") from error
    return write_comparison(stories, target)
