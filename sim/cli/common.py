"""What every command shares: the options for output, and how results and failures are written."""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import click

from sim.core.errors import Fault


class Output(NamedTuple):
    """Where a command writes: results to stdout, everything else to stderr.

    as_json : one JSON object on stdout instead of text. quiet : no messages, only results and failures.
    verbose : more messages. color : whether progress bars may be coloured.
    """

    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    color: bool = False

    def result(self, text: str, data: Any) -> None:
        """Write the result: `data` as JSON if asked for, else `text`."""
        click.echo(json.dumps(data, ensure_ascii=False, allow_nan=False, indent=2) if self.as_json else text)

    def say(self, message: str) -> None:
        """Write a message for people to stderr unless `-q`."""
        if not self.quiet:
            click.echo(message, err=True)

    def detail(self, message: str) -> None:
        """Write a message to stderr with `-v` only."""
        if self.verbose and not self.quiet:
            click.echo(message, err=True)


def output_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--json -q -v --no-color` to a command, which gets them as one `out: Output`."""

    @click.option("--json", "as_json", is_flag=True, help="Write one JSON object to stdout.")
    @click.option("-q", "--quiet", is_flag=True, help="No messages, only the result.")
    @click.option("-v", "--verbose", is_flag=True, help="More messages.")
    @click.option("--no-color", is_flag=True, help="No colours (also: NO_COLOR=1).")
    @functools.wraps(function)
    def wrapper(*args: Any, as_json: bool, quiet: bool, verbose: bool, no_color: bool, **kwargs: Any) -> Any:
        plain = no_color or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
        return function(*args, out=Output(as_json, quiet, verbose, not plain and sys.stderr.isatty()), **kwargs)

    return wrapper


def failure(out: Output, code: int, message: str, *, hint: str = "", faults: Sequence[Fault] = ()) -> int:
    """Write a failure (JSON to stdout if asked for, else text to stderr); returns the exit code."""
    if out.as_json:
        first = faults[0] if faults else Fault("", 0, "", message, hint)
        error = {"code": code, **fault_fields(first), "faults": [fault_fields(fault) for fault in faults]}
        click.echo(json.dumps({"error": error}, ensure_ascii=False, indent=2))
    elif faults:
        click.echo(message, err=True)
    else:
        click.echo(" ".join(filter(None, (f"urban-mine: {message}", hint))), err=True)
    return code


def fault_fields(fault: Fault) -> dict[str, Any]:
    """A fault as a JSON object."""
    return {"file": fault.file, "line": fault.line, "path": fault.path, "message": fault.message, "hint": fault.hint}
