"""Numbers that policy may turn while the world runs."""

from __future__ import annotations


class Dials:
    """Named numbers with every turn remembered; a dial not declared is an error, so no lever can miss silently."""

    __slots__ = ("_values", "turns")

    def __init__(self) -> None:
        self._values: dict[str, float] = {}
        self.turns: list[tuple[float, str, float]] = []

    def declare(self, name: str, value: float) -> None:
        """Create a dial with its first value.

        Raises
        ------
        ValueError
            If the dial exists with another value: two rooms would turn one dial without knowing.
        """
        if self._values.setdefault(name, value) != value:
            raise ValueError(f"dial {name} is declared as {self._values[name]} and as {value}")

    def __getitem__(self, name: str) -> float:
        """Current value."""
        return self._values[name]

    def __contains__(self, name: object) -> bool:
        """Whether a dial of this name exists."""
        return name in self._values

    def turn(self, day: float, name: str, value: float) -> None:
        """Set a dial from now on."""
        if name not in self._values:
            raise KeyError(name)
        self._values[name] = value
        self.turns.append((day, name, value))
