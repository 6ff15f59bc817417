"""Every assumption behind a run: value, unit, range, grade, source and derivation, by topic."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sim.report.context import Context
from sim.report.reading import Run

TOPICS = ("arisings", "collection", "processes", "plants", "borders", "market", "run")
LONGEST = 60  # rows of a topic told one by one; beyond, rows alike but for the place they are about become one
_ADDRESS = re.compile(r"https?://[^\s<>\"'`]+")
PART = re.compile(r'"[^"]*"|[^."]+')  # of a key path; a part with a dot is quoted
_BY_ROOT = {
    "products": "arisings",
    "country_products": "arisings",
    "groups": "arisings",
    "substances": "arisings",
    "vehicles": "collection",
    "zones": "collection",
    "processes": "processes",
    "fractions": "processes",
    "plants": "plants",
    "commissioning": "plants",
    "routes": "borders",
    "border_rules": "borders",
    "ports": "borders",
    "lanes": "borders",
    "sea": "borders",
    "market": "market",
    "shocks": "market",
    "responses": "market",
}
_COUNTRY_COLLECTION = {"channels", "behaviour", "informal", "depots"}
_COLUMNS = ("key", "value", "unit", "low", "high", "grade", "source", "address", "derivation")


@dataclass(frozen=True, slots=True)
class Source:
    """Where numbers come from: a text with its web addresses, and how they were derived."""

    text: str
    addresses: tuple[str, ...]
    derivation: str


@dataclass(frozen=True, slots=True)
class Assumption:
    """One input, or several alike: key or pattern, what was assumed, and the source's number from 1."""

    key: str
    value: str
    spread: str
    unit: str
    grade: str
    source: int
    members: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Topic:
    """Assumptions about one part of the chain."""

    name: str
    rows: list[Assumption] = field(default_factory=list)
    inputs: int = 0
    grades: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All topics and all sources."""

    topics: tuple[Topic, ...]
    sources: tuple[Source, ...]

    @property
    def inputs(self) -> int:
        """Number of inputs."""
        return sum(topic.inputs for topic in self.topics)

    def graded(self, grade: str) -> int:
        """Number of inputs with a grade."""
        return sum(topic.grades[grade] for topic in self.topics)

    def packed(self) -> dict[str, Any]:
        """Topics and sources for the page's script, which builds their tables when they are opened."""
        rows = {
            topic.name: [
                [
                    row.key,
                    row.value,
                    row.spread,
                    row.unit,
                    row.grade,
                    row.source,
                    [f"{key} = {value}" for key, value in row.members],
                ]
                for row in topic.rows
            ]
            for topic in self.topics
        }
        return {"topics": rows, "sources": [[source.text, source.addresses, source.derivation] for source in self.sources]}


def topic_of(key: str) -> str:
    """The topic that a key path of the scenario belongs to."""
    parts = PART.findall(key) or [""]
    if parts[0] == "countries":
        return "collection" if len(parts) > 2 and parts[2] in _COUNTRY_COLLECTION else "arisings"
    return _BY_ROOT.get(parts[0], "run")


def titles(context: Context) -> dict[str, str]:
    """Titles of the topics."""
    say = context.say
    return {
        "arisings": say("What is thrown away and what is in it"),
        "collection": say("Collection, people and vehicles"),
        "processes": say("What processes recover"),
        "plants": say("Plants and their commissioning"),
        "borders": say("Routes, borders and sea"),
        "market": say("Prices, demand and shocks"),
        "run": say("The run itself"),
    }


def gather(run: Run) -> Evidence:
    """Evidence of a run, from its table `assumptions`."""
    topics = {name: Topic(name) for name in TOPICS}
    numbers: dict[tuple[str, str, str], int] = {}
    table = run.table("assumptions") if run.has("assumptions") else None
    columns = [table.texts(name) for name in _COLUMNS] if table else []
    for key, value, unit, low, high, grade, source, address, derivation in zip(*columns, strict=True):
        number = numbers.setdefault((source, address, derivation), len(numbers) + 1)
        topic = topics[topic_of(key)]
        topic.rows.append(Assumption(key, value, f"{low} – {high}" if low and high and low != high else "", unit, grade, number))
        topic.inputs += 1
        topic.grades[grade] += 1
    for topic in topics.values():
        topic.rows.sort(key=lambda row: row.key)
        if len(topic.rows) > LONGEST:
            topic.rows = condensed(topic.rows)
    return Evidence(tuple(topics.values()), tuple(Source(text, web(address), derivation) for text, address, derivation in numbers))


def web(address: str) -> tuple[str, ...]:
    """The web addresses in an address field; anything else is no link."""
    return tuple(token for token in re.split(r"[\s;,]+", address) if _ADDRESS.fullmatch(token))


def condensed(rows: Sequence[Assumption]) -> list[Assumption]:
    """Rows that differ only in the place they are about, as one row with its members."""
    groups: dict[tuple[str, str, str, int], list[Assumption]] = {}
    for row in rows:
        parts = PART.findall(row.key)
        pattern = ".".join((parts[0], *("*" for _ in parts[1:-1]), parts[-1])) if len(parts) > 1 else row.key
        groups.setdefault((pattern, row.unit, row.grade, row.source), []).append(row)
    told = []
    for (pattern, unit, grade, source), members in groups.items():
        if len(members) == 1:
            told.append(members[0])
            continue
        listed = tuple((row.key, f"{row.value} ({row.spread})" if row.spread else row.value) for row in members)
        told.append(Assumption(pattern, _range([row.value for row in members]), "", unit, grade, source, listed))
    return sorted(told, key=lambda row: row.key)


def _range(values: Sequence[str]) -> str:
    """One value for all, or how far several reach and how many they are."""
    if len(set(values)) == 1:
        return values[0]
    try:
        numbers = sorted(float(value) for value in values)
    except ValueError:
        return f"… ({len(values)})"
    return f"{numbers[0]:.4g} … {numbers[-1]:.4g} ({len(values)})"
