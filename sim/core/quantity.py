"""Numbers as people write them: a constant, a path over years, a range, or a path of ranges."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from operator import itemgetter


@dataclass(frozen=True, slots=True)
class Spread:
    """A triangular distribution low <= mode <= high (Johnson 1997, The Statistician 46(3):387-398)."""

    low: float
    mode: float
    high: float

    def quantile(self, u: float) -> float:
        """Inverse of the distribution function at `u` in [0, 1]."""
        width = self.high - self.low
        if width == 0.0:
            return self.mode
        below = (self.mode - self.low) / width
        if u <= below:
            return float(self.low + (u * width * (self.mode - self.low)) ** 0.5)
        return float(self.high - ((1.0 - u) * width * (self.high - self.mode)) ** 0.5)


Value = float | Spread


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number over time; `points` are (year, value), linear between them, flat outside.

    A constant has one point at year 0. A year is a decimal calendar year: 2026.5 is 2 July 2026.
    """

    points: tuple[tuple[float, Value], ...]

    @classmethod
    def constant(cls, value: Value) -> Quantity:
        """A number that does not change over time."""
        return cls(((0.0, value),))

    @property
    def uncertain(self) -> bool:
        """Whether any point is a range."""
        return any(isinstance(value, Spread) for _, value in self.points)

    def at(self, year: float) -> float:
        """The value at a decimal year, ranges at their mode."""
        points = self.points
        if len(points) == 1:
            value = points[0][1]
            return value.mode if isinstance(value, Spread) else value  # every event asks for constants
        index = bisect_right(points, year, key=itemgetter(0))
        if index == 0:
            return _mode(points[0][1])
        if index == len(points):
            return _mode(points[-1][1])
        (y0, v0), (y1, v1) = points[index - 1], points[index]
        a, b = _mode(v0), _mode(v1)
        return a + (b - a) * (year - y0) / (y1 - y0)

    @property
    def value(self) -> float:
        """The only value of a constant; the first one of a path."""
        value = self.points[0][1]
        return value.mode if isinstance(value, Spread) else value

    @property
    def steady(self) -> bool:
        """Whether it is the same at all times."""
        return len(self.points) == 1

    def drawn(self, u: float) -> Quantity:
        """The same quantity with every range replaced by its `u` quantile (one `u`: the path moves as a whole)."""
        if not self.uncertain:
            return self
        return Quantity(tuple((y, v.quantile(u) if isinstance(v, Spread) else v) for y, v in self.points))


def _mode(value: Value) -> float:
    return value.mode if isinstance(value, Spread) else value
