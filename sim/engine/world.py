"""The services every room of a running world shares."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from sim.core.calendar import Calendar
from sim.core.lot import Lot
from sim.engine.clock import Clock
from sim.engine.composition import Composition
from sim.engine.dials import Dials
from sim.engine.ledger import Ledger
from sim.engine.recorder import Recorder
from sim.engine.station import Station
from sim.engine.streams import Streams
from sim.engine.tags import Tags


@dataclass(slots=True)
class World:
    """Clock, book and streams of one replication; knows no e-waste."""

    calendar: Calendar
    composition: Composition
    ledger: Ledger
    streams: Streams
    clock: Clock = field(default_factory=Clock)
    tags: Tags = field(default_factory=Tags)
    recorder: Recorder = field(default_factory=Recorder)
    dials: Dials = field(default_factory=Dials)
    stations: list[Station] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    trips: Callable[[Any], None] | None = None
    _date: tuple[float, int, int, float] = field(default=(-1.0, 0, 0, 0.0), init=False, repr=False)  # as `_today` returns it

    def __post_init__(self) -> None:
        """Audit after every event if the ledger asks for it: only then is every lot in a place."""
        if self.ledger.every_event:
            self.clock.watch(lambda: self.ledger.audit(self.clock.now))

    @property
    def year(self) -> int:
        """Calendar year of now."""
        date = self._date
        return (date if date[0] == self.clock.now else self._today())[2]

    @property
    def month(self) -> int:
        """Index of the month of now."""
        date = self._date
        return (date if date[0] == self.clock.now else self._today())[1]

    @property
    def decimal_year(self) -> float:
        """Decimal calendar year of now."""
        date = self._date
        return (date if date[0] == self.clock.now else self._today())[3]

    def _today(self) -> tuple[float, int, int, float]:
        """Day, month, year and decimal year of now; kept, since many ask for them within one event."""
        now = self.clock.now
        self._date = (now, *self.calendar.date_of(now))
        return self._date


class Receiver(Protocol):
    """A place that material can be sent to: a plant's yard, a port store, a sink.

    `material` is a product group, a fraction or a product form: what the lots are, as routes name it.
    """

    name: str
    country: str

    def space_kg(self, material: str = "") -> float:
        """Mass it would take now [kg]; infinite for a sink."""
        ...

    def receive(self, material: str, lots: list[Lot], source: int) -> None:
        """Take lots out of account `source` now; the caller has checked `space_kg`."""
        ...


Plan = list[tuple[Receiver, float]]  # mass for each receiver [kg]


class Router(Protocol):
    """Decides where material goes."""

    def plan(self, country: str, material: str, kg: float) -> Plan:
        """Split `kg` of material that is in `country` over receivers with space; what is left out waits."""
        ...

    def expect(self, receiver: str, kg: float) -> None:
        """Count `kg` more (or fewer) as on its way to the receiver of this name, so that plans leave it its room."""
        ...

    def plan_together(self, country: str, kg: Mapping[str, float]) -> list[tuple[str, float, Plan]]:
        """Plans for materials that leave `country` at once, each with its mass; what is planned is expected already.

        Those who want the same room get the same share of it first, so a material may come twice.
        """
        ...
