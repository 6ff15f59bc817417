"""`urban-mine doctor`: whether this installation can do its work, and what to do where it cannot."""

from __future__ import annotations

import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any, NamedTuple

import click

from sim.cli.common import Output, output_options

OLDEST_PYTHON = (3, 11)
BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    "msedge",
    "firefox",
    "safari",
    "open",
)
MB = 1024.0**2
SPACE_MB = 500.0
BUSY = "CPU time over a floor of the same round; other work on this machine raises every figure but the counts."


class Check(NamedTuple):
    """One thing looked at: `ok`, and what to do if it is not."""

    name: str
    found: str
    ok: bool
    remedy: str = ""


@click.command("doctor")
@click.option("--bench", is_flag=True, help="Also measure speed, each figure as a ratio to a floor; takes a few minutes.")
@click.option("--out", "root", default="results", show_default=True, type=click.Path(path_type=Path), help="Folder for results.")
@output_options
@click.pass_context
def command(context: click.Context, bench: bool, root: Path, out: Output) -> None:
    """Check versions, rights on the results folder, free space, processors and a browser for reports."""
    checks = [*_python(), *_packages(), *_folder(root), _processors(), _browser()]
    width = max(len(check.name) for check in checks)
    lines = [f"{'ok ' if c.ok else 'BAD'}  {c.name:<{width}}  {c.found}{'' if c.ok else f'  -> {c.remedy}'}" for c in checks]
    data: dict[str, Any] = {"ok": all(check.ok for check in checks), "checks": [check._asdict() for check in checks]}
    if bench:
        measured, told = _measured(out)
        data["figures"] = measured
        lines += ["", *told]
    out.result("\n".join(lines), data)
    if not all(check.ok for check in checks):
        context.exit(1)


def _measured(out: Output) -> tuple[list[dict[str, Any]], list[str]]:
    """Figures of speed as data and as a table; a goal that is missed is told, not an error: the machine may be busy."""
    from sim.study.bench import standard_figures  # noqa: PLC0415 - start-up time

    figures, rows = [], []
    for figure in standard_figures():
        out.say(f"measured: {figure.name}")
        goal = (f"<= {figure.goal:g}", "reached" if figure.reached else "MISSED") if figure.goal else ("", "")
        spread = "" if figure.least == figure.most else f"{_number(figure.least)} to {_number(figure.most)}"
        rows.append((figure.name, _number(figure.median), figure.unit, spread, *goal))
        figures.append(figure._asdict() | {"reached": figure.reached})
    return figures, [*_table(("figure", "median", "unit", "least to most", "goal", ""), rows), BUSY]


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000.0 else f"{value:.4g}"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Rows in columns under a head, numbers to the right."""
    widths = [max(len(row[place]) for row in (head, *rows)) for place in range(len(head))]
    ruled = [head, tuple("-" * width for width in widths), *rows]
    right = head.index("median")
    return [
        "  ".join(
            cell.rjust(width) if place == right else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in ruled
    ]


def _python() -> list[Check]:
    found = platform.python_version()
    enough = sys.version_info[:2] >= OLDEST_PYTHON
    return [
        Check("python", f"{found} at {sys.executable}", enough, f"install Python {'.'.join(map(str, OLDEST_PYTHON))} or newer"),
        Check("system", platform.platform(), True),
    ]


def _packages() -> list[Check]:
    try:
        needed = [entry for entry in requires("urban-mine") or [] if "extra ==" not in entry]
        own = version("urban-mine")
    except PackageNotFoundError:
        return [Check("urban-mine", "run from a clone, not installed", True)]
    checks = [Check("urban-mine", own, True)]
    for entry in needed:
        name = "".join(letter if letter.isalnum() or letter in "-_" else " " for letter in entry).split()[0]
        try:
            checks.append(Check(name, version(name), True))
        except PackageNotFoundError:
            checks.append(Check(name, "missing", False, f"pip install '{entry}'"))
    return checks


def _folder(root: Path) -> list[Check]:
    there = next(place for place in (root, *root.absolute().parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
        writable = Check("results folder", f"{there.resolve()} can be written", True)
    except OSError as error:
        writable = Check("results folder", f"{there.resolve()}: {error.strerror}", False, "choose another folder with --out")
    free = shutil.disk_usage(there).free / MB
    return [
        writable,
        Check("free space", f"{free:,.0f} MB", free > SPACE_MB, f"make room: a default run needs up to {SPACE_MB:.0f} MB"),
    ]


def _processors() -> Check:
    return Check("processors", str(os.cpu_count() or 1), True)


def _browser() -> Check:
    if sys.platform in {"win32", "darwin"}:
        return Check("browser", "of the system", True)
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    return Check("browser", found or "none found: open report.html on a machine that has one", True)
