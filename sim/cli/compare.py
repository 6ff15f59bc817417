"""`urban-mine compare`: why runs differ."""

from __future__ import annotations

from pathlib import Path

import click

from sim.cli.common import Output, output_options
from sim.cli.run import progress_of
from sim.core.errors import UsageError


@click.command("compare")
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="DIR DIR...")
@click.option("--metal", "metals", multiple=True, help="Metals told of; all headline metals by default. May be repeated.")
@click.option(
    "--year", "years", multiple=True, type=int, help="Years told of; the middle and the last by default. May be repeated."
)
@click.option(
    "--attribute", "attributes", is_flag=True, help="Run the first scenario with each change alone and divide the difference."
)
@click.option("--workers", type=click.IntRange(min=0), help="Processes for --attribute; one per processor by default.")
@click.option("--markdown", is_flag=True, help="Write Markdown.")
@output_options
def command(
    folders: tuple[Path, ...],
    metals: tuple[str, ...],
    years: tuple[int, ...],
    attributes: bool,
    workers: int | None,
    markdown: bool,
    out: Output,
) -> None:
    """Say what differs between the first run folder and each of the others, how surely, and which inputs differ."""
    from sim.results.store import load_results  # noqa: PLC0415 - start-up time
    from sim.study.added import added  # noqa: PLC0415
    from sim.study.attribution import attribute, plan  # noqa: PLC0415
    from sim.study.compare import compare  # noqa: PLC0415
    from sim.study.compare_words import Story  # noqa: PLC0415

    if len(folders) < 2:
        raise UsageError("compare needs at least two run folders")
    first = load_results(folders[0])
    stories = []
    for folder in folders[1:]:
        found = compare(first, folder)
        divided, estimate = None, ""
        if found.causes:
            planned = plan(found)
            estimate = planned.text(workers)
            if attributes:
                out.say(estimate)
                with progress_of(out) as progress:
                    divided = attribute(found, planned, workers, progress)
            else:
                estimate += " Add --attribute." if len(planned.causes) > 1 else ""
        stories.append(Story(found, added(found.first, found.second), divided, "" if attributes else estimate))
    text = "\n\n".join(story.markdown(metals, years) if markdown else story.text(metals, years) for story in stories)
    data = [
        {"first": str(folders[0]), "second": str(folder), **story.data()}
        for folder, story in zip(folders[1:], stories, strict=True)
    ]
    out.result(text, {"comparisons": data})
