"""A comparison in words: for a terminal, as Markdown, and as plain data for JSON."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate, pairwise
from typing import Any

from sim.core.units import KG_PER_T
from sim.results.summary import ALL, SHARE
from sim.scenario import toml
from sim.study.added import Added, Rate, clear_channels
from sim.study.attribution import INTERACTION, Attribution
from sim.study.changes import Cause, Change
from sim.study.compare import HOME, Comparison, Effect, Key, Row
from sim.study.shortage import Shortages, shortages

STEPS = {
    "in_waste_kg": "in waste",
    "collected_kg": "collected",
    "separated_kg": "separated",
    "refined_kg": "refined",
    "available_kg": "available to industry",
    SHARE: "share of demand met",
}
TOLD = ("collected_kg", "refined_kg")  # the other steps are in the data
WORTH_TELLING = 1e-3  # of the first run's figure; smaller differences are counted, not listed
SHOWN_CHANGES = 6  # of one cause
BAR, BLOCK, OPEN_BLOCK = 24, "█", "░"
SAME = "The two runs are the same: no input and no result differs."


@dataclass(frozen=True, slots=True)
class Story:
    """A comparison with everything said of it; what was not asked for is None."""

    found: Comparison
    added: Added
    attribution: Attribution | None = None
    estimate: str = ""

    def lines(self, metals: Sequence[str] = (), years: Sequence[int] = ()) -> list[tuple[str, list[str]]]:
        """Headed paragraphs; nothing but a sentence where nothing differs."""
        if self.found.same:
            return [("", [SAME])]
        return [(head, body) for head, body in self._parts(metals, years) if body]

    def _parts(self, metals: Sequence[str], years: Sequence[int]) -> Iterator[tuple[str, list[str]]]:
        one, other = (run.manifest["scenario"]["name"] for run in (self.found.first, self.found.second))
        count = self.found.first.manifest["replications"]
        yield "", [f"{other} against {one}: {count} replications, paired; in brackets 90 % intervals of the mean difference."]
        yield "Note", [f"{note[0].upper()}{note[1:]}." for note in self.found.notes]
        yield "What was changed", [line for cause in self.found.causes for line in cause_lines(cause)]
        rows = chosen(self.found, metals, years)
        yield "What it changes", list(row_lines(rows)) or ["No figure of the headline differs clearly."]
        yield f"Shortages of {HOME}, over all years", list(shortage_lines(shortages(self.found.first, self.found.second)))
        yield "In addition, over all years", list(added_lines(self.added))
        if self.attribution is not None:
            yield "What each change makes of it", list(attribution_lines(self.attribution, rows))
        yield "", [self.estimate] if self.estimate else []

    def text(self, metals: Sequence[str] = (), years: Sequence[int] = ()) -> str:
        """For a terminal."""
        parts = self.lines(metals, years)
        return "\n\n".join(
            "\n".join(filter(None, (head, *(f"  {line}" if head else line for line in body)))) for head, body in parts
        )

    def markdown(self, metals: Sequence[str] = (), years: Sequence[int] = ()) -> str:
        """For a document."""
        parts = self.lines(metals, years)
        return "\n\n".join(
            f"## {head}\n\n" + "\n".join(f"- {line.strip()}" for line in body) if head else "\n".join(body) for head, body in parts
        )

    def data(self) -> dict[str, Any]:
        """Every row and part, for programs; numbers that have no meaning are null."""
        if self.found.same:
            return {"same": True, "causes": [], "rows": []}
        told: dict[str, Any] = {
            "same": False,
            "notes": list(self.found.notes),
            "causes": [
                {"cause": cause.name, "changes": [_change(change) for change in cause.changes]} for cause in self.found.causes
            ],
            "rows": [asdict(row) for row in self.found.rows],
            "added": asdict(self.added),
            "shortages": asdict(shortages(self.found.first, self.found.second)),
            "estimate": self.estimate,
        }
        if self.attribution is not None:
            names = self.attribution.names
            levels = {
                (row.measure, row.metal, row.country, row.year): {"before": row.before, "after": row.after}
                for row in self.found.rows
            }
            told["attribution"] = [
                {
                    **dict(zip(("measure", "metal", "country", "year"), key, strict=True)),
                    **levels.get(key, {}),
                    "parts": dict(zip(names, map(asdict, parts), strict=True)),
                }
                for key, parts in self.attribution.parts.items()
                if any(part.mean for part in parts)
            ]
        return _plain(told)  # type: ignore[no-any-return]


def _plain(value: Any) -> Any:
    """The same without NaN, which JSON does not know."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _change(change: Change) -> dict[str, Any]:
    before, after = (None if side is None else toml.value(side) for side in (change.before, change.after))
    return {"key": change.key, "before": before, "after": after, "now_certain": change.certain}


def chosen(found: Comparison, metals: Sequence[str] = (), years: Sequence[int] = ()) -> list[Row]:
    """Rows that differ clearly and by something, of the metals and years asked for; by default of the middle and last year."""
    known = found.first.summary["years"]
    wanted = set(years) or {known[len(known) // 2], known[-1]}
    return [
        row
        for row in found.rows
        if row.year in wanted
        and (row.measure in TOLD or (row.measure == SHARE and row.country == HOME))
        and (not metals or row.metal in metals)
        and row.effect.clear
        and abs(row.effect.mean) > WORTH_TELLING * abs(row.before)
    ]


def cause_lines(cause: Cause) -> list[str]:
    """What was changed under one cause."""
    depth = min(len(part) for part in cause.parts)
    lines = [cause.name]
    for change in cause.changes[:SHOWN_CHANGES]:
        name = ".".join(change.path[depth:]) or "the whole entry"
        if change.certain is not None:
            lines.append(f"  {name}: the same value, {'now' if change.certain else 'no longer'} stated and so certain")
        else:
            lines.append(f"  {name}: {_turned(change)}")
    if len(cause.changes) > SHOWN_CHANGES:
        lines.append(f"  and {len(cause.changes) - SHOWN_CHANGES} more")
    return lines


def _turned(change: Change) -> str:
    """What one value was and is."""
    if change.before is None:
        return f"new, {toml.short(change.after)}"
    if change.after is None:
        return f"taken out, was {toml.short(change.before)}"
    return f"{toml.short(change.before)} -> {toml.short(change.after)}"


def row_lines(rows: Iterable[Row]) -> Iterator[str]:
    """A sentence for each row, by metal, place and year."""
    for row in sorted(rows, key=lambda row: (row.metal, row.country == ALL, row.country, row.year)):
        more = "more" if row.effect.mean > 0.0 else "less"
        size, interval = difference(row.measure, abs(row.effect.mean)), _interval(row.measure, row.effect)
        before, after = amount(row.measure, row.before), amount(row.measure, row.after)
        what = f"{row.metal} {STEPS[row.measure]}, {_place(row.country)}, {row.year}"
        yield f"{what}: {after} instead of {before}, {size} {more}{interval}"


def _place(country: str) -> str:
    return "all countries" if country == ALL else country


def _interval(measure: str, effect: Effect) -> str:
    if not math.isfinite(effect.low):
        return ""
    return f" ({signed(measure, effect.low)} to {signed(measure, effect.high)})"


def amount(measure: str, value: float) -> str:
    """A mass in kg or t, a share in %, with three digits."""
    if measure == SHARE:
        return f"{100.0 * value:.3g} %"
    size = abs(value)
    number, unit = (value / KG_PER_T, "t") if size >= KG_PER_T else (value, "kg")
    return f"{number:,.0f} {unit}" if abs(number) >= 100.0 else f"{number:.3g} {unit}"


def difference(measure: str, value: float) -> str:
    """A difference of masses, or of shares in percentage points."""
    return amount(measure, value).replace("%", "points")


def signed(measure: str, value: float) -> str:
    """As `difference`, with its sign."""
    return f"{'+' if value > 0.0 else ''}{difference(measure, value)}"


def added_lines(found: Added) -> Iterator[str]:
    """Channels, and what a tonne or kilogram more took."""
    for one in sorted(clear_channels(found), key=lambda one: -abs(one.collected.mean))[:10]:
        whose = "taken from older channels" if one.diverted.mean > 0.0 else "lost to newer channels"
        diverted = f"; {amount('kg', abs(one.diverted.mean))} {whose}" if abs(one.diverted.mean) >= 1.0 else ""
        line = (
            f"{one.country} {one.channel}: {signed('kg', one.collected.mean)} collected{_interval('kg', one.collected)}{diverted}"
        )
        yield line
    for name, effect in (("collected in all", found.collected_kg),):
        if effect.clear and abs(effect.mean) >= 1.0:
            yield f"{name}: {signed('kg', effect.mean)}{_interval('kg', effect)}"
    yield from (rate_line(rate) for rate in found.rates)
    if found.no_more:
        yield f"nothing is told per kg of {', '.join(found.no_more)}: no clear amount more is refined over all years"
    if found.no_worth:
        why = "more is refined over all years, but all metals together are not clearly worth more"
        yield f"nothing is told per kg of {', '.join(found.no_worth)}: {why}"


def shortage_lines(found: Shortages) -> Iterator[str]:
    """What a shortage costs in both runs: lost days, the rebound of stocks, and money; a remedy that saves nothing is told too."""
    for one in found.metals:
        size, rebound = one.lost_days, one.bought_days
        change = f"{_number(abs(size.mean))} {'more' if size.mean > 0.0 else 'less'}{_span(size)}" if size.mean else "none saved"
        told = f"{one.metal}: {_number(one.after)} lost days of demand instead of {_number(one.before)}, {change}"
        yield f"{told}; stocks buy back {_number(rebound.mean)} days of demand more{_span(rebound)}" if rebound.mean else told
    for name, effect in ((f"{HOME} buying stocks back", found.refill_usd), (f"paid by {HOME} for responses", found.response_usd)):
        if found.metals and effect.mean:
            yield f"{name}: {_millions(effect.mean)} million USD more{_span(effect, 1e6)}"


def _number(value: float) -> str:
    return f"{value:,.3g}"


def _millions(usd: float) -> str:
    return _number(usd / 1e6)


def _span(effect: Effect, scale: float = 1.0) -> str:
    """The interval of an effect, in brackets; one that holds zero is no difference."""
    if not math.isfinite(effect.low):
        return ""
    unclear = "" if effect.clear else ", no clear difference"
    return f" ({_number(effect.low / scale)} to {_number(effect.high / scale)}{unclear})"


def rate_line(rate: Rate) -> str:
    """What one additional unit took."""
    unit = "USD" if rate.of == "usd" else "kgCO2e"
    interval = f" ({rate.low:,.3g} to {rate.high:,.3g})" if math.isfinite(rate.low) else ""
    return f"{rate.value:,.4g} {unit} per additional {rate.per}{interval}"


def attribution_lines(found: Attribution, rows: Iterable[Row]) -> Iterator[str]:
    """How each listed difference divides over causes, as a waterfall: what each adds, its share, and a bar from level to level."""
    for row in rows:
        key: Key = (row.measure, row.metal, row.country, row.year)
        before, after = amount(row.measure, row.before), amount(row.measure, row.after)
        yield f"{row.metal} {STEPS[row.measure]}, {_place(row.country)}, {row.year}: from {before} to {after}"
        parts = [part for part in zip(found.names, found.parts[key], strict=True) if part[0] != INTERACTION or len(found.names) > 2]
        levels = list(accumulate((part.mean for _, part in parts), initial=0.0))
        for (name, part), (start, end) in zip(parts, pairwise(levels), strict=True):
            share = f"{part.mean / row.effect.mean:.1%}"
            bar = _bar(start, end, min(levels), max(levels))
            yield f"  {bar}  {name}: {signed(row.measure, part.mean)}{_interval(row.measure, part)}, {share}"


def _bar(start: float, end: float, low: float, high: float) -> str:
    """A bar from one level to another on a line from `low` to `high`; falls are drawn open."""
    if high <= low:
        return " " * BAR
    first, last = (round(BAR * (level - low) / (high - low)) for level in sorted((start, end)))
    mark = BLOCK if end >= start else OPEN_BLOCK
    return (" " * first + mark * max(last - first, 1))[:BAR].ljust(BAR)
