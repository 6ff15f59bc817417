"""Words and numbers of one language: the catalogue, and how quantities are written."""

from __future__ import annotations

import gettext
import math
from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources
from typing import Any

from markupsafe import Markup, escape

from sim.core.errors import UsageError

LANGUAGES = ("en", "ja")
NARROW_SPACE = "\u202f"
MASS_UNITS = ((1e6, "kt"), (1e3, "t"), (1.0, "kg"), (1e-3, "g"))


class Language:
    """Translates a sentence and fills in its named places; also writes numbers.

    Called with the English sentence: `say("{n} plants", n=3)`. Unknown sentences stay English.
    """

    def __init__(self, code: str, catalogue: gettext.NullTranslations) -> None:
        self.code = code
        self._catalogue = catalogue
        self.space = "" if code == "ja" else NARROW_SPACE

    def __call__(self, text: str, **places: object) -> str:
        """The sentence in this language, as plain text."""
        return self._catalogue.gettext(text).format(**places)

    def rich(self, text: str, **places: object) -> Markup:
        """The sentence in this language as safe HTML; places that are no `Markup` are escaped."""
        return Markup(escape(self._catalogue.gettext(text))).format(**places)  # noqa: S704  (escaped first)

    def many(self, one: str, more: str, n: int, **places: object) -> str:
        """The sentence in the form that number `n` asks for; `{n}` is filled in."""
        return self._catalogue.ngettext(one, more, n).format(n=self.count(n), **places)

    def together(self, *parts: Markup) -> Markup:
        """Whole sentences one after the other, as HTML."""
        return Markup("").join(parts) if self.code == "ja" else Markup(" ").join(parts)

    # numbers

    def count(self, n: int) -> str:
        """A whole number, every digit."""
        return f"{n:,}"

    def number(self, value: float, digits: int = 3) -> str:
        """`value` to `digits` significant digits, thousands grouped; a dash where it has no meaning."""
        if not math.isfinite(value):
            return "–"
        if value == 0:
            return "0"
        decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
        text = f"{_rounded(value, digits):,.{min(decimals, 9)}f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return text.replace("-", "\u2212")

    def mass(self, kg: float, like: float | None = None) -> str:
        """A mass in kg, t or kt: the unit that suits `like` (the mass itself by default)."""
        factor, unit = mass_unit(kg if like is None else like)
        return f"{self.number(kg / factor)}{NARROW_SPACE}{unit}"

    def share(self, value: float) -> str:
        """A share as a percentage: two digits, three where it is nearly all."""
        return f"{self._percent(value)}{self.space}%"

    def masses(self, low: float, high: float, like: float | None = None) -> str:
        """An interval of masses in one unit."""
        factor, unit = mass_unit(high if like is None else like)
        return self._between(low / factor, high / factor, lambda x, more: self.number(x, 3 + more)) + NARROW_SPACE + unit

    def shares(self, low: float, high: float) -> str:
        """An interval of shares."""
        return self._between(low, high, self._percent) + f"{self.space}%"

    def _percent(self, value: float, more: int = 0) -> str:
        return self.number(100 * value, (3 if abs(value) >= 0.945 else 2) + more)

    def _between(self, low: float, high: float, write: Callable[[float, int], str]) -> str:
        """Both ends, with up to two digits more where they would look alike; one number where they still do."""
        for more in range(3):
            ends = write(low, more), write(high, more)
            if ends[0] != ends[1]:
                return "～".join(ends) if self.code == "ja" else " to ".join(ends)
        return write(low, 0)

    def days(self, value: float) -> str:
        """A number of days."""
        say = self
        return say("{n} days", n=self.number(value))

    def listed(self, items: Sequence[str]) -> str:
        """Items as one phrase."""
        if self.code == "ja":
            return "、".join(items)
        return items[0] if len(items) == 1 else ", ".join(items[:-1]) + " and " + items[-1] if items else ""

    def sentences(self, *parts: str) -> str:
        """Sentences one after the other, each with its full stop."""
        stop = "。" if self.code == "ja" else "."
        return ("" if self.code == "ja" else " ").join(part if part.endswith(stop) else part + stop for part in parts if part)


def _rounded(value: float, digits: int) -> float:
    """`value` to significant digits."""
    return float(f"{value:.{digits - 1}e}")


def mass_unit(kg: float) -> tuple[float, str]:
    """Kilograms per unit, and the unit that suits a mass: kt from 10 kt, t from 1 t, g below 1 kg."""
    size = abs(kg)
    if size >= 1e7:
        return MASS_UNITS[0]
    if size >= 1e3:
        return MASS_UNITS[1]
    return MASS_UNITS[2] if size >= 1.0 or size == 0.0 else MASS_UNITS[3]


@cache
def language(code: str) -> Language:
    """The language with code `code`.

    Raises
    ------
    UsageError
        If there is no such language.
    """
    if code not in LANGUAGES:
        raise UsageError(f"no language '{code}'; there are: {', '.join(LANGUAGES)}")
    path = resources.files("sim.report").joinpath("locale", code, "LC_MESSAGES", "report.mo")
    with path.open("rb") as file:
        return Language(code, gettext.GNUTranslations(file))


def described(row: dict[str, Any], code: str) -> str | None:
    """The name in a row of `{en, ja}` or `{name_en, name_ja}`; none where it is empty."""
    for key in (code, f"name_{code}", "en", "name_en"):
        if row.get(key):
            return str(row[key])
    return None
