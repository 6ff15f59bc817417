"""Where material goes: ordered destinations with shares and limits, overflow, fallback.

Shares hold over a calendar year, not for every load: a load goes to the destinations that are furthest behind their
share, so that small loads travel whole and do not multiply lots and journeys.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

from sim.core.quantity import Quantity
from sim.engine.stockpile import DUST
from sim.engine.world import Receiver, World
from sim.trade.border import Border

MIN_LOAD_KG = 2000.0  # a truck load; a share smaller than this waits for its turn
KG_PER_T = 1000.0


@dataclass(slots=True)
class Option:
    """One destination of a route, what it costs to send there, and what it was sent this year."""

    receiver: Receiver
    share: Quantity
    limit_t_per_year: Quantity | None = None
    usd_per_t: Callable[[], float] | None = None
    sent_kg: float = 0.0

    def room_kg(self, material: str, year: float) -> float:
        """Mass it would take now within its limit [kg]."""
        limit = self.limit_t_per_year
        left = limit.at(year) * KG_PER_T - self.sent_kg if limit is not None else inf
        return max(min(self.receiver.space_kg(material), left), 0.0)


class Route:
    """Where one material from one country goes. `shares`, where set, overrule the shares of the options."""

    __slots__ = ("_borders", "_constant", "_year", "fallback", "material", "offered_kg", "options", "origin", "shares")

    def __init__(self, origin: str, material: str, options: Sequence[Option], fallback: Receiver | None) -> None:
        self.origin, self.material, self.fallback = origin, material, fallback
        self.options = list(options)
        self.shares: list[float] | None = None
        self.offered_kg = 0.0  # since someone last set it to 0
        constant = all(len(option.share.points) == 1 for option in options)
        self._constant = [option.share.value for option in options] if constant else None
        self._borders = [(i, option.receiver) for i, option in enumerate(options) if isinstance(option.receiver, Border)]
        self._year = 0

    def split(self, kg: float, year: int, decimal_year: float, *, held: bool = False) -> list[tuple[Receiver, float]]:
        """Split `kg` over receivers with space and count it as sent; what is left out waits.

        `held`: the mass is held at a border already, so a ban on it has been booked.
        """
        if year != self._year:
            self._year = year
            for option in self.options:
                option.sent_kg = 0.0
        options = self.options
        shares = self.shares or self._constant or [option.share.at(decimal_year) for option in options]
        room = lambda i: options[i].room_kg(self.material, decimal_year)  # noqa: E731
        given = _allocate(kg, shares, [option.sent_kg for option in options], room)
        left = kg - sum(given)
        if self._borders and not held:
            self._note_blocked(kg, shares, 0.0 if self.fallback is not None else left)
        self.offered_kg += kg - (left if self.fallback is None else 0.0)
        plan = []
        for option, part in zip(options, given, strict=True):
            if part > 0.0:
                option.sent_kg += part
                plan.append((option.receiver, part))
        if self.fallback is not None and left > DUST * kg:
            plan.append((self.fallback, left))
        return plan

    def _note_blocked(self, kg: float, shares: Sequence[float], left: float) -> None:
        for i, border in self._borders:
            if shares[i] > 0.0 and border.banned():
                standing = min(shares[i] * kg, left)
                border.note_blocked("waiting to be sent", standing, shares[i] * kg - standing)


def _allocate(kg: float, shares: Sequence[float], sent: Sequence[float], room: Callable[[int], float]) -> list[float]:
    """Masses by destination: first those behind their share, then overflow in the order given; `room(i)` is asked when needed."""
    total = sum(sent) + kg
    behind = [share * total - done if share > 0.0 else 0.0 for share, done in zip(shares, sent, strict=True)]
    furthest = max(behind, default=0.0)
    if furthest >= kg * (1.0 - DUST) and room(behind.index(furthest)) >= kg:
        given = [0.0] * len(behind)
        given[behind.index(furthest)] = kg
        return given
    return _shared_out(kg, behind, room)


def _shared_out(kg: float, behind: Sequence[float], room: Callable[[int], float]) -> list[float]:
    """Masses of a load that does not go whole to the destination furthest behind."""
    order = sorted(range(len(behind)), key=lambda i: -behind[i])
    given, rooms = [0.0] * len(behind), [-1.0] * len(behind)
    left = kg

    def give(i: int, most: float) -> float:
        nonlocal left
        if left <= DUST * kg:
            return 0.0
        if rooms[i] < 0.0:
            rooms[i] = room(i)
        part = min(most, rooms[i] - given[i], left)
        if part <= DUST * kg:
            return 0.0
        given[i] += part
        left -= part
        return part

    for i in order:
        if behind[i] >= MIN_LOAD_KG:
            give(i, behind[i])
    small = sum(lag for lag in behind if 0.0 < lag < MIN_LOAD_KG)
    for i in order:
        if behind[i] > 0.0 and small > 0.0:
            small -= give(i, small)
    for i in range(len(behind)):
        give(i, left)
    return given


class SharesRouter:
    """A `Router` by table: a route from the very country wins over one from `*` (settled when it is built)."""

    def __init__(self, world: World, waste: frozenset[str]) -> None:
        """`waste`: groups and fractions, which need a route; a product form without one goes to the market."""
        self.routes: dict[tuple[str, str], Route] = {}
        self._world, self._waste = world, waste
        self._missed: set[tuple[str, str]] = set()

    def add(self, route: Route) -> None:
        """Take up a route."""
        self.routes[route.origin, route.material] = route

    def plan(self, country: str, material: str, kg: float) -> list[tuple[Receiver, float]]:
        """Split `kg` of material that is in `country` over receivers with space; what is left out waits.

        What is planned counts as sent: call it only with mass that is ready to go.
        """
        route = self.routes.get((country, material))
        if route is None:
            self._warn(country, material)
            return []
        return route.split(kg, self._world.year, self._world.decimal_year)

    def reroute(self, border: Border) -> None:
        """Offer what a ban holds at `border` to the other destinations of its route."""
        passage, world = border.passage, self._world
        route = self.routes[passage.origin, passage.material]
        for receiver, kg in route.split(border.pile.kg, world.year, world.decimal_year, held=True):
            receiver.receive(passage.material, border.hand_over(kg), border.pile.account)

    def _warn(self, country: str, material: str) -> None:
        if material in self._waste and (country, material) not in self._missed:
            self._missed.add((country, material))
            self._world.warnings.append(f"No route takes {material} from {country}: it stays where it is.")
