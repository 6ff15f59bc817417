"""Payments as a table: every one has a payer, a payee and a stage, and none is negative."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sim.results.tables import Columns, from_rows

STAGES: dict[str, tuple[str, ...]] = {
    "collection": ("collection", "purchase", "fee", "handling", "incentive"),
    "depots": ("depot handling", "line-haul"),
    "treatment": ("gate_fee", "opex"),
    "transport": ("road haul", "sea freight"),
    "border": ("duty",),
    "investment": ("capital expenditure", "equity", "bank loan", "public loan", "grant", "loan service", "guarantee"),
    "support": ("subsidy", "producer fee", "incentive refund"),
}
PREFIXES = {"sale of ": "metal", "stock ": "stockpile", "contract ": "contracts", "response": "responses"}
OTHER = "other"
_STAGE_OF = {item: stage for stage, items in STAGES.items() for item in items}


def stage_of(item: str) -> str:
    """Step of the chain, or kind of measure, that a payment is for."""
    found = _STAGE_OF.get(item)
    return found or next((stage for prefix, stage in PREFIXES.items() if item.startswith(prefix)), OTHER)


def payments(cells: Mapping[str, Any]) -> Columns:
    """Table `payments`: a negative payment is one the other way round; payments of nothing are left out."""
    sums: defaultdict[tuple[int, str, str, str], float] = defaultdict(float)
    rows = zip(cells["year"], cells["payer"], cells["payee"], cells["item"], cells["usd"].tolist(), strict=True)
    for year, payer, payee, item, usd in rows:
        if usd > 0.0:
            sums[year, payer, payee, item] += usd
        elif usd < 0.0:
            sums[year, payee, payer, item] -= usd
    return from_rows("payments", [(*key, stage_of(key[3]), usd) for key, usd in sums.items()])
