"""What a worker does: draw the uncertain inputs of one replication and run it. Loads neither pandas nor pyarrow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sim.results.tables import from_columns
from sim.scenario.draw import draw_spec
from sim.scenario.scenario import Scenario
from sim.simulate.run import run_replication


@dataclass(frozen=True, slots=True)
class Replicate:
    """Run replication `number` of a scenario; `repeats` replications in turn share one draw of `draws`."""

    scenario: Scenario
    seed: int
    draws: int
    repeats: int

    def __call__(self, number: int) -> dict[str, Any]:
        """Tables and facts of the replication, table `inputs` with those of its draw among them."""
        draw = number // self.repeats
        drawn = draw_spec(self.scenario, draw, self.draws, self.seed)
        outcome = run_replication(drawn.spec, self.seed, number)
        places = drawn.inputs.values()
        outcome["tables"]["inputs"] = from_columns(
            "inputs",
            {"draw": [draw] * len(places), "key": list(drawn.inputs), "u": [u for u, _ in places], "value": [v for _, v in places]},
        )
        outcome["facts"]["cut"] = drawn.cut
        return outcome
