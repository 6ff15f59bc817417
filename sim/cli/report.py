"""`urban-mine report`: the report of a run or sweep folder, or the gallery of a folder of runs."""

from __future__ import annotations

from pathlib import Path

import click

from sim.cli.common import Output, output_options
from sim.cli.messages import told


@click.command("report")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--lang", default="en,ja", show_default=True, help="Languages with commas between them: en, ja.")
@click.option("--figures", type=click.Path(path_type=Path), help="Folder for the charts as SVG and PNG (needs the extra [images]).")
@output_options
def command(folder: Path, lang: str, figures: Path | None, out: Output) -> None:
    """Write the report of the run or sweep in FOLDER again; of a folder of runs, its gallery index.html."""
    from sim.report.gallery import write_gallery  # noqa: PLC0415 - start-up time
    from sim.report.page import write_report  # noqa: PLC0415
    from sim.report.sweep_page import write_sweep  # noqa: PLC0415

    languages = [part.strip() for part in lang.split(",") if part.strip()]
    if (folder / "plan.json").exists():
        files = write_sweep(folder, languages)
    elif (folder / "manifest.json").exists() or not any(folder.glob("*/*/manifest.json")):
        files = write_report(folder, languages, figures)
    else:
        files = write_gallery(folder, languages)
    text = "\n".join(told("Wrote {file}", file=file) for file in files)
    out.result(text, {"folder": str(folder), "files": [str(file) for file in files]})
