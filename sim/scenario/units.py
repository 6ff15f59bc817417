"""Units as they stand in key names, to say how a number in another unit must be written."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

# unit word -> (dimension, how many of the dimension's base unit)
UNITS: dict[str, tuple[str, float]] = {
    "g": ("mass", 0.001),
    "kg": ("mass", 1.0),
    "t": ("mass", 1000.0),
    "tonnes": ("mass", 1000.0),
    "tons": ("mass", 1000.0),
    "kt": ("mass", 1e6),
    "mt": ("mass", 1e9),
    "m": ("length", 0.001),
    "km": ("length", 1.0),
    "miles": ("length", 1.609344),
    "minutes": ("time", 1.0 / 1440.0),
    "min": ("time", 1.0 / 1440.0),
    "hours": ("time", 1.0 / 24.0),
    "hour": ("time", 1.0 / 24.0),
    "h": ("time", 1.0 / 24.0),
    "days": ("time", 1.0),
    "day": ("time", 1.0),
    "d": ("time", 1.0),
    "weeks": ("time", 7.0),
    "week": ("time", 7.0),
    "months": ("time", 365.25 / 12.0),
    "month": ("time", 365.25 / 12.0),
    "years": ("time", 365.25),
    "year": ("time", 365.25),
    "yr": ("time", 365.25),
    "y": ("time", 365.25),
    "a": ("time", 365.25),
    "share": ("share", 1.0),
    "rate": ("share", 1.0),
    "fraction": ("share", 1.0),
    "percent": ("share", 0.01),
    "pct": ("share", 0.01),
    "usd": ("money", 1.0),
    "dollars": ("money", 1.0),
    "jpy": ("money", 1.0 / 150.0),  # assumption of the data tables: 150 JPY = 1 USD
    "yen": ("money", 1.0 / 150.0),
    "kwh": ("energy", 1.0),
    "mwh": ("energy", 1000.0),
    "m3": ("volume", 1.0),
    "l": ("volume", 0.001),
    "litres": ("volume", 0.001),
    "kmh": ("speed", 1.0),
    "mph": ("speed", 1.609344),
}


class Reading(NamedTuple):
    """A key name read as words and units: words in order, dimensions (numerator, denominators), size of its unit."""

    words: tuple[str, ...]
    dimensions: tuple[tuple[str, int], ...]
    size: float


def read(key: str) -> Reading:
    """Split a key into what it says and the unit it is in; a word after `per` divides."""
    words: list[str] = []
    powers: dict[str, int] = {}
    size = 1.0
    below = False
    for word in key.casefold().replace("-", "_").split("_"):
        if word == "per":
            below = True
        elif word in UNITS and words:
            dimension, factor = UNITS[word]
            powers[dimension] = powers.get(dimension, 0) + (-1 if below else 1)
            size = size / factor if below else size * factor
            below = False
        else:
            words.append(("per_" if below else "") + word)
            below = False
    return Reading(tuple(words), tuple(sorted(powers.items())), size)


def other_unit(key: str, accepted: Iterable[str]) -> tuple[str, float | None] | None:
    """The accepted key that says the same in another unit, with the factor to multiply a number by.

    The factor is None where the key has no unit at all or one of another dimension (mass for volume, say).
    """
    mine = read(key)
    for name in accepted:
        theirs = read(name)
        if name == key or theirs.words != mine.words or not theirs.dimensions:
            continue
        if theirs.dimensions == mine.dimensions and theirs.size != mine.size:
            return name, mine.size / theirs.size
        if theirs.dimensions != mine.dimensions:
            return name, None
    return None


def factor_of(text: str, key: str) -> float | None:
    """What a number followed by `text` ("kt", "t/day", "tonnes a year") must be multiplied by to stand under a key.

    The unit may be that of the whole key or of what stands before its `per`. 1 where the text holds no unit; None
    where it holds one of another dimension.
    """
    words = ["per" if word in {"a", "an", "/"} else word for word in re.findall(r"[a-z0-9]+|/", text.casefold())]
    if not UNITS.keys() & set(words):
        return 1.0
    said = read("_".join(("x", *words)))
    for name in (key, key.partition("_per_")[0]):
        wanted = read(name)
        if said.words == ("x",) and said.dimensions == wanted.dimensions:
            return said.size / wanted.size
    return None
