"""Where material goes: ordered destinations with shares and limits, overflow, fallback.

Shares hold over a calendar year, not for every load: a load goes to the destinations that are furthest behind their
share, so that small loads travel whole and do not multiply lots and journeys.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf

from sim.core.quantity import Quantity
from sim.core.units import KG_PER_T
from sim.engine.stockpile import DUST
from sim.engine.world import Plan, Receiver, World
from sim.trade.border import Border

MIN_LOAD_KG = 2000.0  # where nobody says otherwise (`sea.smallest_load_t`): a share smaller than this waits for its turn


@dataclass(slots=True)
class Option:
    """One destination of a route, what it costs to send there, and what it was sent this year."""

    receiver: Receiver
    share: Quantity
    limit_t_per_year: Quantity | None = None
    usd_per_t: Callable[[], float] | None = None
    sent_kg: float = 0.0
    name: str = ""

    def left_kg(self, year: float) -> float:
        """What its limit leaves of this year [kg]; infinite without a limit."""
        limit = self.limit_t_per_year
        return limit.at(year) * KG_PER_T - self.sent_kg if limit is not None else inf


class Route:
    """Where one material from one country goes. `shares`, where set, overrule the shares of the options.

    name : what the scenario calls it.
    only : the option of a route that has just one.
    expected : mass on its way to receivers by name, which takes up their room [kg].
    leak : number of the option whose odds move with a price, and the factor of its odds now.
    turned : cause -> name of the option that gets all it has room for; the first cause rules.
    """

    __slots__ = (
        "_borders",
        "_constant",
        "_year",
        "expected",
        "fallback",
        "leak",
        "material",
        "name",
        "offered_kg",
        "only",
        "options",
        "origin",
        "shares",
        "smallest_kg",
        "turned",
    )

    def __init__(self, origin: str, material: str, options: Sequence[Option], fallback: Receiver | None, name: str = "") -> None:
        self.origin, self.material, self.fallback, self.name = origin, material, fallback, name
        self.options = list(options)
        self.only = options[0] if len(options) == 1 else None
        self.turned: dict[str, str] = {}
        self.smallest_kg = MIN_LOAD_KG
        self.expected: dict[str, float] = {}
        self.leak: tuple[int, Callable[[], float]] | None = None
        self.shares: list[float] | None = None
        self.offered_kg = 0.0  # since someone last set it to 0
        constant = all(option.share.steady for option in options)
        self._constant = [option.share.value for option in options] if constant else None
        borders = [(i, option.receiver) for i, option in enumerate(options) if isinstance(option.receiver, Border)]
        self._borders = [(i, border) for i, border in borders if border.may_be_banned]
        self._year = 0

    def room_kg(self, option: Option, decimal_year: float) -> float:
        """Mass an option would take now within its limit, beyond what is on its way there [kg]."""
        receiver = option.receiver
        room = receiver.space_kg(self.material) - self.expected.get(receiver.name, 0.0)
        if option.limit_t_per_year is not None:
            room = min(room, option.left_kg(decimal_year))
        return room if room > 0.0 else 0.0

    def send_whole(self, kg: float, year: int) -> Plan:
        """Count `kg` as sent to the only option; the caller knows that it has room."""
        only = self.only
        assert only is not None
        if year != self._year:
            self._open(year)
        only.sent_kg += kg
        self.offered_kg += kg
        return [(only.receiver, kg)]

    def split(self, kg: float, year: int, decimal_year: float, *, held: bool = False) -> Plan:
        """Split `kg` over receivers with space and count it as sent; what is left out waits.

        `held`: the mass is held at a border already, so a ban on it has been booked.
        """
        if year != self._year:
            self._open(year)
        options = self.options
        if self.only is not None:  # nothing to weigh, which is most routes
            part = min(self.room_kg(self.only, decimal_year), kg)
            if part == kg > 0.0:
                return self.send_whole(kg, year)
            shares, given = self.shares_at(decimal_year), [part if part > DUST * kg else 0.0]
        else:
            shares = self.shares_at(decimal_year)
            room = lambda i: self.room_kg(options[i], decimal_year)  # noqa: E731
            given = _allocate(kg, shares, [option.sent_kg for option in options], room, self.smallest_kg)
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

    def shares_at(self, decimal_year: float) -> Sequence[float]:
        """Shares of the options now."""
        if self.turned:
            chosen = next(iter(self.turned.values()))
            return [1.0 if option.name == chosen else 0.0 for option in self.options]
        shares = self.shares or self._constant or [option.share.at(decimal_year) for option in self.options]
        return leaking(shares, self.leak[0], self.leak[1]()) if self.leak is not None else shares

    def _open(self, year: int) -> None:
        """Shares and limits hold over a calendar year."""
        self._year = year
        for option in self.options:
            option.sent_kg = 0.0

    def _note_blocked(self, kg: float, shares: Sequence[float], left: float) -> None:
        for i, border in self._borders:
            if shares[i] > 0.0 and border.banned():
                standing = min(shares[i] * kg, left)
                border.note_blocked("waiting to be sent", standing, shares[i] * kg - standing)


def leaking(shares: Sequence[float], leak: int, factor: float) -> list[float]:
    """Shares when the odds of option number `leak` against the others are multiplied by `factor`; their sum stays (logit)."""
    whole, pulled = sum(shares), shares[leak] * factor
    scale = whole / (whole - shares[leak] + pulled) if whole > 0.0 else 1.0
    return [(pulled if i == leak else share) * scale for i, share in enumerate(shares)]


def _allocate(
    kg: float, shares: Sequence[float], sent: Sequence[float], room: Callable[[int], float], smallest_kg: float = MIN_LOAD_KG
) -> list[float]:
    """Masses by destination: first those behind their share, then overflow in the order given; `room(i)` is asked when needed."""
    total = sum(sent) + kg
    behind = [share * total - done if share > 0.0 else 0.0 for share, done in zip(shares, sent, strict=True)]
    furthest = max(behind, default=0.0)
    if furthest >= kg * (1.0 - DUST) and room(behind.index(furthest)) >= kg:
        given = [0.0] * len(behind)
        given[behind.index(furthest)] = kg
        return given
    return _shared_out(kg, behind, room, smallest_kg)


def _shared_out(kg: float, behind: Sequence[float], room: Callable[[int], float], smallest_kg: float) -> list[float]:
    """Masses of a load that does not go whole to the destination furthest behind."""
    order = sorted(range(len(behind)), key=behind.__getitem__, reverse=True)
    given, rooms = [0.0] * len(behind), [-1.0] * len(behind)
    left = kg

    def give(i: int, most: float) -> float:
        nonlocal left
        if rooms[i] < 0.0:
            rooms[i] = room(i)
        part = min(most, rooms[i] - given[i], left)
        if part <= DUST * kg:
            return 0.0
        given[i] += part
        left -= part
        return part

    for i in order:
        if behind[i] < smallest_kg or left <= DUST * kg:
            break
        give(i, behind[i])
    small = sum(lag for lag in behind if 0.0 < lag < smallest_kg)
    for i in order:
        if behind[i] <= 0.0 or small <= 0.0 or left <= DUST * kg:
            break
        small -= give(i, small)
    for i in range(len(behind)):
        if left <= DUST * kg:
            break
        give(i, left)
    return given


class SharesRouter:
    """A `Router` by table: a route from the very country wins over one from `*` (settled when it is built)."""

    def __init__(self, world: World, waste: frozenset[str]) -> None:
        """`waste`: groups and fractions, which need a route; a product form without one goes to the market."""
        self.routes: dict[tuple[str, str], Route] = {}
        self._expected: dict[str, float] = {}
        self._world, self._waste = world, waste
        self._missed: set[tuple[str, str]] = set()

    def add(self, route: Route) -> None:
        """Take up a route."""
        self.routes[route.origin, route.material] = route
        route.expected = self._expected

    def plan(self, country: str, material: str, kg: float) -> Plan:
        """Split `kg` of material that is in `country` over receivers with space; what is left out waits.

        What is planned counts as sent: call it only with mass that is ready to go.
        """
        route = self.routes.get((country, material))
        if route is None:
            self._warn(country, material)
            return []
        when = self._world.decimal_year
        return route.split(kg, int(when), when)

    def plan_together(self, country: str, kg: Mapping[str, float]) -> list[tuple[str, float, Plan]]:
        """Plans for materials that leave `country` at once, each with its mass; what is planned is expected already.

        Those who want the same room get the same share of it first, so a material may come twice.
        """
        plans = self._all_whole(country, kg)
        if plans is None:
            plans, left = [], dict(kg)
            shares = self.contested(country, kg)
            first = [(material, mass * shares[material]) for material, mass in kg.items() if shares.get(material, 0.0) > DUST]
            for material, part in first:
                plan = self._expected_plan(country, material, part)
                plans.append((material, part, plan))
                left[material] -= sum(each for _, each in plan)
            rest = [(material, mass) for material, mass in left.items() if mass > 0.0]
            plans += [(material, mass, self._expected_plan(country, material, mass)) for material, mass in rest]
        return plans

    def _all_whole(self, country: str, kg: Mapping[str, float]) -> list[tuple[str, float, Plan]] | None:
        """Plans of materials that all have one place to go, with room for all of them; None if it is not so."""
        when = self._world.decimal_year
        ways: list[tuple[Route, Option]] = []
        wanted: dict[str, float] = {}
        for material, mass in kg.items():
            route = self.routes.get((country, material))
            if route is None or route.only is None:
                return None
            ways.append((route, route.only))
            name = route.only.receiver.name
            wanted[name] = wanted.get(name, 0.0) + mass
        for route, only in ways:
            if route.room_kg(only, when) < wanted[only.receiver.name]:
                return None
        for name, mass in wanted.items():
            self.expect(name, mass)
        year = int(when)
        return [(route.material, mass, route.send_whole(mass, year)) for (route, _), mass in zip(ways, kg.values(), strict=True)]

    def _expected_plan(self, country: str, material: str, kg: float) -> Plan:
        plan = self.plan(country, material, kg)
        for receiver, part in plan:
            self.expect(receiver.name, part)
        return plan

    def expect(self, receiver: str, kg: float) -> None:
        """Count `kg` more (or fewer) as on its way to the receiver of this name, so that plans leave it its room."""
        on_way_kg = self._expected.get(receiver, 0.0) + kg
        self._expected[receiver] = on_way_kg if on_way_kg > 0.0 else 0.0

    def contested(self, country: str, kg: Mapping[str, float]) -> dict[str, float]:
        """Materials in `country`, of masses `kg`, that together want more than there is room for: share that fits of each.

        Those who want the same receiver get the same share of what they want of it.
        """
        when = self._world.decimal_year
        wishes: dict[str, list[tuple[Route, Option, float]]] = {}
        for material, mass in kg.items():
            route = self.routes.get((country, material))
            if route is not None:
                for option, share in zip(route.options, route.shares_at(when), strict=True):
                    if share > 0.0:
                        wishes.setdefault(option.receiver.name, []).append((route, option, share * mass))
        fits: dict[str, float] = {}
        for those in wishes.values():
            if len(those) > 1:
                wanted, (route, option, _) = sum(kg_wished for *_, kg_wished in those), those[-1]
                room = route.room_kg(option, when)
                if wanted > room:
                    fits.update({each.material: min(fits.get(each.material, 1.0), room / wanted) for each, *_ in those})
        return fits

    def reroute(self, border: Border) -> None:
        """Offer what a ban holds at `border` to the other destinations of its route."""
        passage, world = border.passage, self._world
        route = self.routes[passage.origin, passage.material]
        for receiver, kg in route.split(border.pile.kg, world.year, world.decimal_year, held=True):
            receiver.receive(passage.material, border.hand_over(kg), border.pile.account)

    def leads(self, name: str, to: str) -> bool:
        """Whether a route of this name has a destination of this name, from any country."""
        return any(option.name == to for route in self.routes.values() if route.name == name for option in route.options)

    def turn(self, cause: str, name: str, to: str) -> None:
        """Send all material of a route to one of its destinations first, wherever the route has it, until `turn_back`."""
        for route in self.routes.values():
            if route.name == name and any(option.name == to for option in route.options):
                route.turned[cause] = to

    def turn_back(self, cause: str) -> None:
        """Let shares rule again on every route `cause` has turned."""
        for route in self.routes.values():
            route.turned.pop(cause, None)

    def _warn(self, country: str, material: str) -> None:
        if material in self._waste and (country, material) not in self._missed:
            self._missed.add((country, material))
            self._world.warnings.append(f"No route takes {material} from {country}: it stays where it is.")
