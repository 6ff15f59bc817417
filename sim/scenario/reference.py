"""The reference page and the JSON Schema of scenario files, made from the specs. `python -m sim.scenario.reference` renews both."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sim.scenario import toml
from sim.scenario.fields import Field, every
from sim.scenario.keys import KeyPath
from sim.scenario.schema import ScenarioSpec

SCHEMA_FILE = "scenario.schema.json"
PAGE = "docs/reference/scenario.md"

_HEAD = """# Keys of a scenario file

Made from the code by `python -m sim.scenario.reference`; do not edit. `*` stands for a name of your choice or of the reference
data: `countries.*.channels.*.coverage_share` is `coverage_share` under `[countries.JPN.channels.delivery_truck]`. Entries of lists,
such as `plants.*`, are written under `[[plants]]` with a `name`. `urban-mine explain KEY` shows the value of a key and its source.

Two keys are read by the loader only: `extends` names the scenario this one builds on; `stated` stands in resolved scenarios.

A number with a unit may be written in four ways:

```toml
coverage_share = 0.4                                      # a plain number: certain, a policy
coverage_share = { low = 0.2, mode = 0.4, high = 0.6 }    # a range: drawn for each set of replications
coverage_share = { 2026 = 0.1, 2030 = 0.6 }               # a path: linear between years, flat outside
coverage_share = { 2026 = 0.1, 2030 = { low = 0.3, mode = 0.6, high = 0.8 } }
```
"""

_WORDS = {
    "name": "Name; entries of a list are put together by it.",
    "name_en": "English name.",
    "name_ja": "Japanese name.",
    "lat": "Latitude [degrees].",
    "lon": "Longitude [degrees].",
}


def meaning(field: Field) -> str:
    """What a key means, in a sentence."""
    return field.description or _WORDS.get(field.name) or f"{field.name.replace('_', ' ').capitalize()}."


def page() -> str:
    """The reference page in Markdown."""
    sections: dict[str, list[tuple[KeyPath, Field]]] = {}
    for path, field in every(ScenarioSpec):
        sections.setdefault(path[0], []).append((path, field))
    top = [rows[0] for rows in sections.values() if len(rows) == 1]
    lines = [_HEAD, "## At the top of the file\n", *_table(top)]
    for name, rows in sections.items():
        if len(rows) > 1:
            lines += [f"## {name}\n", f"{meaning(rows[0][1])}\n", *_table(rows[1:])]
    return "\n".join(lines)


def _table(rows: list[tuple[KeyPath, Field]]) -> Iterator[str]:
    yield "| key | unit | allowed | default | meaning |\n|---|---|---|---|---|"
    for path, field in rows:
        cells = (f"`{'.'.join(path)}`", field.node.unit, _cell(field.node.allowed), _default(field), _cell(meaning(field)))
        yield f"| {' | '.join(cells)} |"
    yield ""


def _default(field: Field) -> str:
    if field.required:
        return "needed"
    return "none" if field.default is None else f"`{_cell(toml.short(field.default))}`"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def json_schema() -> dict[str, Any]:
    """JSON Schema of one scenario file; since a file extends another, next to nothing is required in it."""
    shapes: dict[str, Any] = {}
    schema: dict[str, Any] = _relaxed(ScenarioSpec.model_json_schema(), shapes)
    schema.pop("required", None)
    schema["$defs"] |= shapes
    stated = "In resolved scenarios only: the keys a scenario stated."
    loader = {
        "extends": {"type": "string", "description": "Scenario this one builds on, of the same folder or the library."},
        "stated": {"type": "array", "items": {"type": "string"}, "description": stated},
    }
    schema["properties"] = loader | schema["properties"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "urban-mine scenario"} | schema


def _relaxed(part: Any, shapes: dict[str, Any]) -> Any:
    """A schema without what is required of a whole scenario; the shapes of numbers are collected in `shapes`."""
    if isinstance(part, list):
        return [_relaxed(item, shapes) for item in part]
    if not isinstance(part, dict):
        return part
    if "x-unit" in part:
        shape = {key: part[key] for key in ("anyOf", "x-unit")}
        name = next((name for name, known in shapes.items() if known == shape), f"number{len(shapes) + 1}")
        shapes[name] = shape
        return {"$ref": f"#/$defs/{name}"} | {key: part[key] for key in ("description",) if key in part}
    kept = {key: _relaxed(value, shapes) for key, value in part.items() if key != "title" or not isinstance(value, str)}
    required = kept.get("required")
    if isinstance(required, list) and "properties" in kept and set(required) != {"low", "mode", "high"}:
        kept.pop("required")
        if "name" in required:
            kept["required"] = ["name"]
    return kept


def schema_text() -> str:
    """The JSON Schema as the file that is shipped."""
    return json.dumps(json_schema(), ensure_ascii=False, indent=1) + "\n"


def main() -> int:
    """Renew both files of a clone."""
    root = Path(__file__).resolve().parents[2]
    for file, text in ((root / PAGE, page()), (root / "scenarios" / SCHEMA_FILE, schema_text())):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
