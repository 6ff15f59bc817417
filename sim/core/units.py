"""Factors between units; inside the program masses are kilograms, times days, distances kilometres, money US dollars."""

from __future__ import annotations

KG_PER_T = 1000.0
