"""`urban-mine export`: the tables of a results folder in other formats."""

from __future__ import annotations

from pathlib import Path

import click

from sim.cli.common import Output, output_options
from sim.core.errors import OutputError, StorageError

FORMATS = ("csv", "xlsx", "iamc")


class FormatList(click.ParamType[tuple[str, ...]]):
    """Names of formats with commas between them."""

    name = "formats"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, ...]:
        """Split and check."""
        chosen = tuple(dict.fromkeys(part.strip() for part in str(value).split(",")))
        for name in chosen:
            if name not in FORMATS:
                self.fail(f"there is no format {name!r}; there are {', '.join(FORMATS)}", param, ctx)
        return chosen


@click.command("export")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--format", "formats", type=FormatList(), default="csv", show_default=True, help="csv, xlsx, iamc, or several with commas."
)
@click.option("--out", "target", type=click.Path(path_type=Path), help="Folder to write to; FOLDER/export by default.")
@output_options
def command(folder: Path, formats: tuple[str, ...], target: Path | None, out: Output) -> None:
    """Write the tables of results folder FOLDER as CSV, an Excel workbook, or IAMC CSV for policy databases."""
    from sim.results import export  # noqa: PLC0415 - start-up time
    from sim.results.store import load_results  # noqa: PLC0415

    results = load_results(folder)
    place = target or folder / "export"
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"{place}: cannot be created ({error.strerror})") from error
    files: list[Path] = []
    left_out: list[str] = []
    try:
        if "csv" in formats:
            files += export.to_csv(results, place)
        if "xlsx" in formats:
            books, left_out = export.to_xlsx(results, place)
            files += books
        if "iamc" in formats:
            files += export.to_iamc(results, place)
    except OSError as error:
        raise StorageError(f"{error.filename or place}: {error.strerror or error}") from error
    if left_out:
        out.say(f"not in the workbook, since they have more rows than a sheet holds: {', '.join(left_out)} (use --format csv)")
    text = f"Wrote {len(files)} files to {place}."
    out.result(text, {"folder": str(place), "files": [str(file) for file in files], "left_out": left_out})
