"""`new NAME`: a commented scenario to start from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import click

from sim.cli.common import Output, output_options
from sim.core.errors import OutputError, UsageError
from sim.scenario import extends
from sim.scenario.keys import nearest

TEMPLATE = Path(__file__).with_name("new.template.toml")
SCHEMA = "scenario.schema.json"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_DEVICES = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)")


@click.command("new")
@click.argument("name")
@click.option("--from", "base", default="baseline", show_default=True, help="Scenario it extends.")
@output_options
def command(name: str, base: str, out: Output) -> None:
    """Write NAME.toml, a commented scenario that extends another.

    NAME may hold a folder: `urban-mine new scenarios/my_idea`.
    """
    target = Path(name if name.endswith(".toml") else f"{name}.toml")
    stem = target.stem
    if not _NAME.fullmatch(stem) or _DEVICES.fullmatch(stem):
        raise UsageError(f"'{stem}' cannot be the name of a scenario: use up to 64 letters A-Z, digits, _ and -, such as my_idea")
    _require_base(base, target.parent)
    text = TEMPLATE.read_text(encoding="utf-8")
    for mark, value in (("@BASE@", base), ("@TITLE@", stem.replace("_", " ").replace("-", " ").capitalize()), ("@SCHEMA@", SCHEMA)):
        text = text.replace(mark, value)
    written = [_create(target, text)]
    schema = target.parent / SCHEMA
    if not schema.exists():
        from sim.scenario.reference import schema_text  # noqa: PLC0415 - start-up time

        written.append(_create(schema, schema_text()))
    out.result(f"wrote {target}", {"file": str(target), "extends": base, "written": written})
    if len(written) > 1:
        out.say(f"wrote {schema}: with it, editors complete keys and mark faults while you type")
    out.say(f"next: edit it, then  urban-mine run {target}")


def _require_base(base: str, folder: Path) -> None:
    here = [file for file in folder.glob("*.toml") if _is_scenario(file)] if folder.is_dir() else []
    known = sorted({file.stem for file in (*here, *extends.shipped().glob("*.toml"))})
    if base not in known:
        near = nearest(base, known)
        raise UsageError(
            f"there is no scenario {base}." + (f" Did you mean {near}?" if near else f" There are: {', '.join(known)}.")
        )


def _is_scenario(file: Path) -> bool:
    """Whether a file extends a scenario or stands by itself; projects and sweeps, for example, do neither."""
    try:
        told = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return "extends" in told or {"name", "time"} <= told.keys()


def _create(file: Path, text: str) -> str:
    try:
        with file.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError:
        raise OutputError(f"{file} exists already and is not overwritten; choose another name") from None
    except OSError as error:
        raise OutputError(f"cannot write {file}: {error.strerror}") from None
    return str(file)
