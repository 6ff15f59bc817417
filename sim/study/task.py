"""What a worker does: draw the uncertain inputs of one replication and run it. Loads neither pandas nor pyarrow."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.results.tables import from_columns
from sim.scenario.draw import draw_spec
from sim.scenario.scenario import Scenario
from sim.simulate.run import run_replication
from sim.study.watched import watch

if TYPE_CHECKING:
    from sim.results.trips import TripFile


@dataclass(frozen=True, slots=True)
class Replicate:
    """Run replication `number` of a scenario; `repeats` replications in turn share one draw of `draws`.

    trips : folder for a file of trips of each replication; None: trips are not traced.
    """

    scenario: Scenario
    seed: int
    draws: int
    repeats: int
    trips: Path | None = None

    def __call__(self, number: int) -> dict[str, Any]:
        """Tables and facts of the replication, table `inputs` with those of its draw among them."""
        draw = number // self.repeats
        drawn = draw_spec(self.scenario, draw, self.draws, self.seed)
        spec, seen = watch(drawn.spec, self.scenario.stated_keys)
        with nullcontext() if self.trips is None else _trip_file(self.trips, number) as file:
            outcome = run_replication(spec, self.seed, number, **({"trips": file.add} if file else {}))
        if file is not None:
            outcome["trips"] = (file.path, file.rows)
        places = drawn.inputs.values()
        outcome["tables"]["inputs"] = from_columns(
            "inputs",
            {"draw": [draw] * len(places), "key": list(drawn.inputs), "u": [u for u, _ in places], "value": [v for _, v in places]},
        )
        outcome["facts"] |= {"cut": drawn.cut, "unread": [key for key, read in seen.items() if not read]}
        return outcome


def _trip_file(folder: Path, number: int) -> TripFile:
    from sim.results.trips import TripFile  # noqa: PLC0415 - pyarrow, needed by few runs

    return TripFile(folder / f"trips-{number:05d}.parquet", number)
