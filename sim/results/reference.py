"""The reference page of result tables, written from their schema."""

from __future__ import annotations

from sim.results.schema import TABLES, TRIPS

_PAGE_HEAD = ("| column | type | unit | meaning | 意味 |", "|---|---|---|---|---|")


def reference_page() -> str:
    """Write `docs/reference/tables.md`."""
    lines = [
        "# Result tables",
        "",
        "Written from `sim/results/schema.py`; do not edit. Every run folder holds each of these as `tables/<name>.parquet`.",
        "Rows are sorted by the key columns (bold), numbers without meaning are missing. Years are calendar years.",
    ]
    for table in (*TABLES.values(), TRIPS):
        keys = {column.name for column in table.key}
        lines += ["", f"## {table.name}", "", table.en, "", table.ja, "", *_PAGE_HEAD]
        for column in table.columns:
            name = f"**`{column.name}`**" if column.name in keys else f"`{column.name}`"
            lines.append(f"| {name} | {column.kind} | {column.unit} | {column.en} | {column.ja} |")
    return "\n".join(lines) + "\n"
