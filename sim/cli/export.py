"""`urban-mine export`: the tables of a results folder in other formats."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from sim.cli.common import Output, output_options
from sim.core.errors import OutputError, StorageError, UsageError

FORMATS = ("csv", "xlsx", "iamc", "salib", "ema")
OF_RUNS, OF_SWEEPS = FORMATS[:3], ("csv", "iamc", "salib", "ema")


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
    "--format",
    "formats",
    type=FormatList(),
    default="csv",
    show_default=True,
    help="csv, xlsx, iamc; of a sweep csv, iamc, salib, ema; or several with commas.",
)
@click.option("--out", "target", type=click.Path(path_type=Path), help="Folder to write to; FOLDER/export by default.")
@output_options
def command(folder: Path, formats: tuple[str, ...], target: Path | None, out: Output) -> None:
    """Write the tables of results folder FOLDER as CSV, an Excel workbook, or IAMC CSV for policy databases.

    Of a sweep folder: CSV, IAMC, SALib's problem with points and outcomes, or an archive of the EMAworkbench.
    """
    place = target or folder / "export"
    write = _of_sweep if (folder / "plan.json").exists() else _of_run
    files, left_out = write(folder, formats, place)
    if left_out:
        out.say(f"not in the workbook, since they have more rows than a sheet holds: {', '.join(left_out)} (use --format csv)")
    text = f"Wrote {len(files)} files to {place}."
    out.result(text, {"folder": str(place), "files": [str(file) for file in files], "left_out": left_out})


def _of_run(folder: Path, formats: tuple[str, ...], place: Path) -> tuple[list[Path], list[str]]:
    """Files written of a run, and tables too long for a sheet."""
    from sim.results import export  # noqa: PLC0415 - start-up time
    from sim.results.store import load_results  # noqa: PLC0415

    _require(formats, OF_RUNS, "a run")
    results = load_results(folder)
    files: list[Path] = []
    left_out: list[str] = []
    with _writing(place) as unfinished:
        if "csv" in formats:
            files += export.to_csv(results, unfinished)
        if "xlsx" in formats:
            books, left_out = export.to_xlsx(results, unfinished)
            files += books
        if "iamc" in formats:
            files += export.to_iamc(results, unfinished)
    return [place / file.name for file in files], left_out


def _of_sweep(folder: Path, formats: tuple[str, ...], place: Path) -> tuple[list[Path], list[str]]:
    """Files written of a sweep."""
    from sim.study.sweep_export import FORMATS as WAYS  # noqa: PLC0415 - start-up time
    from sim.study.sweep_results import load_sweep  # noqa: PLC0415

    _require(formats, OF_SWEEPS, "a sweep")
    sweep = load_sweep(folder)
    with _writing(place) as unfinished:
        files = [file for name in formats for file in WAYS[name](sweep, unfinished)]
    return [place / file.name for file in files], []


def _require(formats: tuple[str, ...], known: tuple[str, ...], what: str) -> None:
    wrong = next((name for name in formats if name not in known), None)
    if wrong is not None:
        raise UsageError(f"{what} is not written as {wrong}; there are {', '.join(known)}")


@contextmanager
def _writing(place: Path) -> Iterator[Path]:
    """A folder to write into; its files get their place when all of them are whole."""
    try:
        place.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=place))
    except OSError as error:
        raise OutputError(f"{place}: cannot be created or written ({error.strerror})") from error
    try:
        yield unfinished
        for file in sorted(unfinished.iterdir()):
            file.replace(place / file.name)
    except OSError as error:
        raise StorageError(f"{place}: {error.strerror or error}") from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
