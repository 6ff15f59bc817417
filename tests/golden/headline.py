"""The headline of a short baseline, as a table of rounded numbers; `python -m tests.golden.headline` renews the file."""

from __future__ import annotations

import json
from pathlib import Path

from sim.scenario.load import load_scenario
from sim.simulate.run import run_replication

ROOT = Path(__file__).parents[2]
FILE = Path(__file__).with_name("headline_2025_2026.json")
STEPS = ("in_waste_kg", "collected_kg", "separated_kg", "refined_kg", "available_kg")
DIGITS = 6


def headline() -> dict[str, dict[str, float]]:
    """Ladder of the headline metals by country in 2026, one replication at the modes of all inputs [kg], six digits."""
    spec = load_scenario(ROOT / "scenarios" / "baseline.toml").with_set("time.end=2026").spec
    signals = run_replication(spec, seed=1, replication=0)["tables"]["signals"]
    metals = {"total", *(key for key, substance in spec.substances.items() if substance.headline)}
    rows = zip(signals["year"], signals["country"].texts, signals["metal"].texts, *(signals[step] for step in STEPS), strict=True)
    return {
        f"{country} {metal}": {step: float(f"{kg:.{DIGITS}g}") for step, kg in zip(STEPS, kilograms, strict=True) if kg > 0.0}
        for year, country, metal, *kilograms in rows
        if year == 2026 and metal in metals and any(kg > 0.0 for kg in kilograms)
    }


if __name__ == "__main__":
    FILE.write_text(json.dumps(headline(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
