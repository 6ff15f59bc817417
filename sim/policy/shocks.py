"""Shocks on chosen or random dates: supply of a metal cut or delayed, prices moved, ports closed, plants on fire.

The market feels shocks month by month, by the share of a month's days they cover; ports and plants by dials, on the day.
Nothing happens before the date.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.core.calendar import Calendar
from sim.core.errors import Fault, WiringError
from sim.engine.streams import Streams
from sim.engine.world import World
from sim.policy.dials import DialBoard
from sim.policy.lever_spec import ShockSpec

ALL_SOURCES = "*"
SHOCKS = ("start_day", "end_day")
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Struck:
    """A shock with its days: from `begin` on, before `end`."""

    spec: ShockSpec
    begin: float
    end: float

    @property
    def target(self) -> str:
        """What it strikes: metal and source, port or plant."""
        spec = self.spec
        return spec.port or spec.plant or " ".join(part for part in (spec.metal, spec.source) if part)

    @property
    def cause(self) -> str:
        """Under which name it turns its dial: a response may bear the name of a shock."""
        return f"shock {self.spec.name}"

    @property
    def dial(self) -> str:
        """The dial it turns to nothing; empty where the market feels it."""
        if self.spec.port:
            return f"ports.{self.spec.port}.open_factor"
        return f"plants.{self.spec.plant}.hours_factor" if self.spec.plant else ""


class Shocks:
    """All shocks of a scenario, their random dates drawn from a stream of each one's name."""

    def __init__(self, specs: Iterable[ShockSpec], calendar: Calendar, streams: Streams) -> None:
        self._starts = np.array(calendar.month_starts, dtype=np.float64)
        self.struck = tuple(_dated(spec, calendar, streams) for spec in specs)

    def supply_factor(self, metal: str, source: str, unpriced: bool = False) -> Array:
        """Share of normal supply of `metal` from `source` that arrives, by month; `unpriced`: by shocks without a price factor."""
        factor = np.ones(self._starts.size - 1)
        for each in self.struck:
            spec = each.spec
            if spec.metal == metal and spec.source in {source, ALL_SOURCES} and not (unpriced and spec.price_factor is not None):
                for begin, end, left in _cuts(each):
                    factor *= 1.0 + self._covered(begin, end) * (left - 1.0)
        return factor

    def price_factor(self, metal: str) -> Array:
        """Mean price outside China over its normal price in each month."""
        factor = np.ones(self._starts.size - 1)
        for each in self.struck:
            if each.spec.metal == metal and each.spec.price_factor is not None:
                factor *= 1.0 + self._covered(each.begin, each.end) * (each.spec.price_factor.value - 1.0)
        return factor

    def _covered(self, begin: float, end: float) -> Array:
        """Share of each month's days from `begin` to `end`."""
        first, after = self._starts[:-1], self._starts[1:]
        return np.asarray(np.maximum(np.minimum(end, after) - np.maximum(begin, first), 0.0) / (after - first))


def schedule(world: World, board: DialBoard, shocks: Shocks) -> None:
    """Record every shock that falls into the run, and turn the dials of ports and plants from its first day to its last.

    Raises
    ------
    WiringError
        If a port or plant has no dial.
    """
    faults = [
        Fault("", 0, f"shocks.{each.spec.name}", f"there is no dial '{each.dial}' to turn")
        for each in shocks.struck
        if each.dial and each.dial not in world.dials
    ]
    if faults:
        raise WiringError(faults)
    world.recorder.declare("shocks", ("name", "kind", "target"), SHOCKS)
    for each in shocks.struck:
        if each.end <= 0.0 or each.begin >= world.calendar.days:
            world.warnings.append(f"Shock '{each.spec.name}' does not fall into the run.")
            continue
        world.recorder.cell("shocks", each.spec.name, each.spec.kind, each.target)[:] = [each.begin, each.end]
        if each.dial:
            world.clock.at(each.begin, lambda one: board.put(one.cause, one.dial, 0.0), each)
            world.clock.at(each.end, lambda one: board.lift(one.cause, one.dial), each)


def _dated(spec: ShockSpec, calendar: Calendar, streams: Streams) -> Struck:
    """Place a shock in time; a random date is as likely on any day from `earliest` to `latest`."""
    if spec.start is not None:
        begin = calendar.day_of(spec.start)
    else:
        assert spec.earliest is not None
        assert spec.latest is not None
        first, days = calendar.day_of(spec.earliest), (spec.latest - spec.earliest).days + 1
        begin = first + int(streams.of(f"shock/{spec.name}").random() * days)
    return Struck(spec, float(begin), begin + spec.days.value)


def _cuts(each: Struck) -> Iterator[tuple[float, float, float]]:
    """Days from which to which supply is cut, and the share that is left."""
    spec = each.spec
    if spec.kind == "export_ban":
        yield each.begin, each.end, 0.0
    elif spec.kind == "licence_delay":
        assert spec.delay_days is not None
        yield each.begin, min(each.begin + spec.delay_days.value, each.end), 0.0
    elif spec.supply_factor is not None:
        yield each.begin, each.end, spec.supply_factor.value
