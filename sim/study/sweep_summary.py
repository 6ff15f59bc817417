"""A finished sweep on one page: bands, what decides each outcome, what to measure next; as JSON and as text."""

from __future__ import annotations

import json
from typing import Any

import pandas as pd

from sim.study import parts
from sim.study.sweep_results import Sweep

SPACE_FILLING = frozenset({"latin_hypercube", "sobol", "saltelli", "draws"})
TOLD = 10  # dials in the page
SAID = 3  # dials in a line of the terminal


def summary(sweep: Sweep) -> dict[str, Any]:
    """Bands of every outcome, its indices where the design gives any, and the value of learning each input."""
    plan = sweep.plan
    kind, columns = plan["design"]["kind"], plan["columns"]
    indices = sweep.indices() if kind in {"saltelli", "morris"} else None
    return {
        "name": plan["name"],
        "question": plan["question"],
        "scenarios": plan["scenarios"],
        "set": plan["set"],
        "model": plan["model"],
        "design": {key: value for key, value in plan["design"].items() if value is not None},
        "points": plan["rows"],
        "runs": sweep.there(),
        "failed": len(sweep.failures()),
        "bands": _records(sweep.bands()),
        "indices": [] if indices is None else [_top(indices, outcome) for outcome in columns],
        "learn": [{"outcome": name, "inputs": _records(sweep.learn(name, TOLD))} for name in columns]
        if kind in SPACE_FILLING
        else [],
    }


def _top(indices: pd.DataFrame, outcome: str) -> dict[str, Any]:
    """The strongest dials of an outcome, by the first scenario."""
    mine = indices[indices["outcome"] == outcome]
    by = strength(mine)
    if by:
        mine = mine.sort_values([by, "dial"], ascending=[False, True]).groupby("scenario", sort=False).head(TOLD)
    return {"outcome": outcome, "dials": _records(mine.drop(columns="outcome"))}


def strength(indices: pd.DataFrame) -> str:
    """The column dials are ordered by: total index or mean size of effects; empty where there is none."""
    return next((name for name in ("total", "mean_absolute") if name in indices), "")


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows with plain values of five digits; what is missing is None."""
    return [
        {str(key): _plain(value) for key, value in row.items()}
        for row in frame.astype(object).where(frame.notna(), None).to_dict("records")
    ]


def _plain(value: Any) -> Any:
    return float(f"{value:.5g}") if isinstance(value, float) else value


def save(sweep: Sweep) -> dict[str, Any]:
    """Write `summary.json` and `summary.md` into the folder of a sweep; returns what they say."""
    told = summary(sweep)
    files = {"summary.json": json.dumps(told, ensure_ascii=False, indent=1, allow_nan=False) + "\n", "summary.md": page(told)}
    for name, text in files.items():
        parts.replaced(sweep.folder / name, "summary", lambda file, text=text: file.write(text.encode()))  # type: ignore[misc]
    return told


def page(told: dict[str, Any]) -> str:
    """The summary as Markdown."""
    head = [
        f"# {told['name']}",
        told["question"],
        f"{told['points']} points of {', '.join(told['scenarios'])} ({told['design']['kind']}, model {told['model']}),"
        f" {told['runs']} runs, {told['failed']} failed." + (f" Set: {'; '.join(told['set'])}." if told["set"] else ""),
        "## Bands",
        _table(told["bands"], ("scenario", "outcome", "mean", "p5", "p50", "p95", "chance_share", "ignorance_share")),
    ]
    varying = {band["outcome"] for band in told["bands"] if _varies(band)}
    for one in told["indices"]:
        if one["outcome"] not in varying:
            continue
        columns = (
            "scenario",
            "dial",
            *(c for c in ("first", "total", "mean", "mean_absolute", "spread") if one["dials"] and c in one["dials"][0]),
        )
        head += [f"## What decides {one['outcome']}", _table(one["dials"], columns, intervals=True)]
    chosen = ("worth",) if len(told["scenarios"]) > 1 else ()  # one scenario leaves nothing to choose
    for one in told["learn"]:
        if not any(row["above_luck"] for row in one["inputs"]):
            continue
        head += [
            f"## What to measure next for {one['outcome']}",
            _table(one["inputs"], ("dial", "grade", "share", *chosen, "above_luck"), True),
        ]
    return "\n\n".join(part for part in head if part) + "\n"


def _varies(band: dict[str, Any]) -> bool:
    """Whether the runs of a band differ at all, as far as its five digits tell."""
    return len({band["mean"], band["p5"], band["p50"], band["p95"]}) > 1


def check_page(full: Sweep, twin: Sweep, draws: int) -> str:
    """The check of corrected bands against every draw run in full, as Markdown."""
    checked, plan = full.checked(twin, draws), full.plan
    first = checked.iloc[0]
    near = [_nearness(_records(rows)) for _, rows in checked.groupby(["scenario", "outcome"], sort=False)]
    told = ("mean", "p5", "p50", "p95", "chance_share", "ignorance_share", "twin_correlation")
    parts_ = (
        f"# {plan['name']}",
        plan["question"],
        f"{first['draws']} draws of {', '.join(plan['scenarios'])}, {plan['replications']} full runs each,"
        f" dealt into {first['groups']} groups of {draws}. Set: {'; '.join(plan['set'])}.",
        f"## {draws} draws with the twin, against every draw run in full",
        "Root mean square error of a group with the twin, and in brackets of the group alone, in percent of the mean of all draws."
        " `held`: share of groups whose 95 % interval of the mean holds the mean of all.",
        _table(near, tuple(near[0])),
        "## Bands of all draws",
        _table(_records(full.bands(twin)), ("scenario", "outcome", *told)),
    )
    return "\n\n".join(parts_) + "\n"


def _nearness(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """One line of the check: how near groups come to every statistic of an outcome, the mean first, in percent of the mean."""
    mean = rows[0]
    size = abs(mean["every"]) / 100.0
    errors = {row["statistic"]: f"{row['error'] / size:.2g} ({row['error_alone'] / size:.2g})" for row in rows}
    told = {"scenario": mean["scenario"], "outcome": mean["outcome"]} | errors
    return told | {"bias of the mean": f"{mean['bias'] / size:.2g}", "held": mean["held"]}


def _table(rows: list[dict[str, Any]], columns: tuple[str, ...], intervals: bool = False) -> str:
    if not rows:
        return "Nothing varies."
    shown = [column for column in columns if column in rows[0]]

    def cell(row: dict[str, Any], column: str) -> str:
        value = row[column]
        text = f"{value:.4g}" if isinstance(value, float) else "" if value is None else str(value)
        low, high = row.get(f"{column}_low"), row.get(f"{column}_high")
        return f"{text} ({low:.3g} to {high:.3g})" if intervals and low is not None and high is not None else text

    lines = [" | ".join(shown), " | ".join("---" for _ in shown), *(" | ".join(cell(row, c) for c in shown) for row in rows)]
    return "\n".join(f"| {line} |" for line in lines)


def said(told: dict[str, Any], outcomes: int = 4) -> list[str]:
    """A few lines for a terminal: band, strongest dials and what to measure next of the first outcomes that vary."""
    lines = []
    deciding = {one["outcome"]: one["dials"] for one in told["indices"]}
    learning = {one["outcome"]: [row for row in one["inputs"] if row["above_luck"]] for one in told["learn"]}
    for band in [band for band in told["bands"] if band["scenario"] == told["scenarios"][0] and _varies(band)][:outcomes]:
        name = band["outcome"]
        lines.append(f"{name}: {band['mean']:.4g} on average, {band['p5']:.4g} to {band['p95']:.4g} in nine cases of ten")
        for label, rows, key in (
            ("decided by", deciding.get(name), ("total", "mean_absolute")),
            ("measure next", learning.get(name), ("share",)),
        ):
            by = next((column for column in key if rows and column in rows[0]), "")
            worth = [
                f"{row['dial']} {row[by]:.2g} ({row[by + '_low']:.2g} to {row[by + '_high']:.2g})"
                for row in (rows or [])[:SAID]
                if by
            ]
            if worth:
                lines.append(f"  {label}: {', '.join(worth)}")
    return lines
