"""`urban-mine data`: the reference tables, their rows and the sources behind them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import click

from sim.cli.common import Output, output_options
from sim.core.errors import UsageError

WIDTH = 48  # of a cell on a terminal


@click.group("data", invoke_without_command=True)
@click.pass_context
@output_options
def command(context: click.Context, out: Output) -> None:
    """List the reference tables; `show` one, or list all `sources`."""
    if context.invoked_subcommand is not None:
        return
    from sim.scenario.library import load_library  # noqa: PLC0415 - read only when asked

    rows = [
        {"table": table.name, "kind": table.kind, "rows": len(table.rows), "title": table.title, "description": table.description}
        for table in load_library().tables.values()
    ]
    out.result(aligned(("table", "kind", "rows", "title"), rows), {"tables": rows})


@command.command("show")
@click.argument("table")
@click.option("--rows", type=click.IntRange(min=0), default=20, show_default=True, help="Number of rows; 0: all.")
@output_options
def show(table: str, rows: int, out: Output) -> None:
    """Show the rows of TABLE with their sources."""
    from sim.scenario.keys import nearest  # noqa: PLC0415
    from sim.scenario.library import load_library  # noqa: PLC0415

    tables = load_library().tables
    found = tables.get(table)
    if found is None:
        near = nearest(table, tables)
        raise UsageError(f"there is no table {table!r}." + (f" Did you mean {near}?" if near else " See `urban-mine data`."))
    records = list(found.records())[: rows or None]
    rest = len(found.rows) - len(records)
    more = f"\n... and {rest} more rows: --rows 0 shows all" if rest else ""
    fields = [{"name": name, "type": kind} for name, kind in found.columns.items()]
    out.result(
        f"{found.title}\n{found.description}\n\n{aligned(tuple(found.columns), records)}{more}",
        {
            "table": found.name,
            "title": found.title,
            "description": found.description,
            "fields": fields,
            "rows_in_all": len(found.rows),
            "rows": records,
        },
    )


@dataclass(slots=True)
class _Source:
    """One source and the rows that rest on it."""

    rows: int = 0
    grades: set[str] = field(default_factory=set)
    tables: set[str] = field(default_factory=set)


@command.command("sources")
@output_options
def sources(out: Output) -> None:
    """List every source: where it is, grades, tables and number of rows that rest on it; assumptions of this project last."""
    from sim.scenario.library import load_library  # noqa: PLC0415

    found: dict[tuple[str, str], _Source] = {}
    for table in load_library().tables.values():
        for record in table.records():
            source = found.setdefault((record["source"], record["source_address"]), _Source())
            source.rows += 1
            source.grades.add(record["grade"])
            source.tables.add(table.name)
    rows: list[dict[str, Any]] = [
        {"source": name, "address": address, "grades": sorted(one.grades), "tables": sorted(one.tables), "rows": one.rows}
        for (name, address), one in sorted(found.items())
    ]
    own = [row for row in rows if not row["address"]]
    told = [_told(row) for row in rows if row["address"]]
    told += [f"\nWithout an address: assumptions and remarks of this project, {len(own)} of {len(rows)}"] if own else []
    out.result("\n".join([*told, *map(_told, own), f"{len(rows)} sources"]), {"sources": rows})


def _told(row: dict[str, Any]) -> str:
    where = f"    {row['address']}\n" if row["address"] else ""
    return f"{row['source']}\n{where}    grade {', '.join(row['grades'])}; {row['rows']} rows of {', '.join(row['tables'])}"


def aligned(columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> str:
    """Rows as text in columns; long cells are cut with `...`."""
    cells = [list(columns), *([_cut(str(row[name])) for name in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells)


def _cut(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= WIDTH else f"{flat[: WIDTH - 3]}..."
