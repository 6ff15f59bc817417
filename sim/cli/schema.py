"""`schema`: what editors need to complete and check scenario files while they are written."""

from __future__ import annotations

from pathlib import Path

import click

from sim.cli.common import Output, output_options
from sim.core.errors import OutputError


@click.command("schema")
@click.option("--out", "target", type=click.Path(path_type=Path), help="Write to a file instead of stdout.")
@output_options
def command(target: Path | None, out: Output) -> None:
    """Print the JSON Schema of scenario files.

    Editors find it by the first line of a scenario: #:schema scenario.schema.json
    """
    from sim.scenario.reference import schema_text  # noqa: PLC0415 - `--help` needs no specs

    text = schema_text()
    if target is None:
        click.echo(text, nl=False)
        return
    try:
        target.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise OutputError(f"cannot write {target}: {error.strerror}") from None
    out.result(f"wrote {target}", {"file": str(target)})
