"""What the ledger said at each year end, by stage and by the resources that can hold metal up."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from sim.engine.ledger import POSTING_TOLERANCE, Ledger
from sim.scenario.schema import ScenarioSpec

Vector = NDArray[np.float64]

HOLDING_STAGES = frozenset({"waiting", "depot", "yard", "refinery_yard", "store", "product_store", "border", "port"})
YARD_STAGES = frozenset({"yard", "refinery_yard"})


class YearBooks:
    """Balances of inside accounts at year ends.

    stocks : (year, country, stage) -> kg of each substance.
    held, left : (year, resource) -> kg of each substance held at year end, and gone from there during the year. A
        resource is a stage where things wait; yards are told apart by the process of their plant.
    """

    def __init__(self, ledger: Ledger, spec: ScenarioSpec) -> None:
        self._ledger = ledger
        self._process = {plant.name: plant.process for plant in spec.plants}
        self._left_before: dict[str, Vector] = {}
        self.stocks: defaultdict[tuple[int, str, str], Vector] = defaultdict(self._nothing)
        self.held: defaultdict[tuple[int, str], Vector] = defaultdict(self._nothing)
        self.left: dict[tuple[int, str], Vector] = {}

    def close(self, year: int) -> None:
        """Note the balances of `year`; the ledger is folded."""
        ever_in: dict[tuple[int, str, str], Vector] = defaultdict(self._nothing)
        ever_left: dict[str, Vector] = defaultdict(self._nothing)
        for account in self._ledger.accounts:
            if account.outside:
                continue
            balance, throughput = self._ledger.balance(account.number), self._ledger.throughput(account.number)
            self.stocks[year, account.country, account.stage] += balance
            ever_in[year, account.country, account.stage] += throughput
            if account.stage in HOLDING_STAGES:
                resource = self._resource(account.stage, account.name)
                self.held[year, resource] += balance
                ever_left[resource] += throughput - balance
        for place, throughput in ever_in.items():
            # float dust of sums is not a stock
            self.stocks[place][np.abs(self.stocks[place]) <= POSTING_TOLERANCE * throughput] = 0.0
        for resource, left in ever_left.items():
            self.left[year, resource] = left - self._left_before.get(resource, 0.0)
        self._left_before = ever_left

    def _nothing(self) -> Vector:
        return np.zeros(len(self._ledger.composition.substances))

    def _resource(self, stage: str, account: str) -> str:
        if stage not in YARD_STAGES:
            return stage
        plants = [plant for plant in self._process if plant in account]
        return f"yard: {self._process[max(plants, key=len)]}" if plants else stage
