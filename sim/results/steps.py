"""Names of the headline ladder, for those who only check what is asked for; loads nothing."""

from __future__ import annotations

ALL = "ALL"  # the sum of all countries
STEPS = ("in_waste_kg", "collected_kg", "separated_kg", "refined_kg", "available_kg")
SHARE = "demand_met_share"
