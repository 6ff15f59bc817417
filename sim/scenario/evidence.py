"""Where a number comes from and how far it can be trusted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

GRADES = {"A": "measured or official", "B": "published estimate", "C": "derived", "D": "assumption"}
DERIVED = ("C", "D")  # grades that must say in words how the number was made
COLUMNS = ("source", "source_address", "grade", "derivation")


class Evidence(NamedTuple):
    """What stands behind a number of the library.

    source, address : what was read, and where. grade : A to D (`GRADES`). derivation : how the number was made of it.
    table, row : table of the library and line of its file, counted from 1.
    """

    source: str
    address: str
    grade: str
    derivation: str
    table: str
    row: int


def weakest(evidence: Iterable[Evidence]) -> Evidence:
    """The one with the lowest grade, the first of equals."""
    return max(evidence, key=lambda one: one.grade)
