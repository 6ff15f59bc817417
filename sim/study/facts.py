"""Facts of replications put together, and what the manifest tells of the program that made them."""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from sim.core.version import program_version

NAMED = 3  # keys in a warning
PACKAGES = ("numpy", "pandas", "pyarrow", "pydantic", "scipy", "simpy")


def merged(facts: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Counts and CPU summed, peaks and residuals at their worst, each warning once with how often it came.

    `cut_inputs` : key -> replications in which a bound of the field cut what was drawn. `unread` : stated numbers that no
    replication read. `acted` : responses that acted in any.
    """
    count = len(facts)
    worst = max(facts, key=lambda fact: fact["worst_account_residual"])
    warnings = Counter(warning for fact in facts for warning in dict.fromkeys(fact["warnings"]))
    cut = Counter(key for fact in facts for key in fact["cut"])
    return {
        "events": sum(fact["events"] for fact in facts),
        "postings": sum(fact["postings"] for fact in facts),
        "cpu_s": round(sum(fact["cpu_s"] for fact in facts), 3),
        "peak_memory_mb": round(max(fact["peak_memory_mb"] for fact in facts), 1),
        "balance": {
            "posting_relative": max(fact["worst_posting_residual"] for fact in facts),
            "account_relative": worst["worst_account_residual"],
            "where": worst["worst_account"],
        },
        "outside_accounts": sorted({name for fact in facts for name in fact["outside_accounts"]}),
        "warnings": [
            *(text if times == count else f"{text} (in {times} of {count} replications)" for text, times in warnings.items()),
            *_cut_warning(sorted(cut)),
        ],
        "cut_inputs": dict(sorted(cut.items())),
        "unread": sorted(set.intersection(*(set(fact["unread"]) for fact in facts))),
        "acted": sorted({name for fact in facts for name in fact["acted"]}),
    }


def _cut_warning(keys: Sequence[str]) -> list[str]:
    if not keys:
        return []
    named = ", ".join(keys[:NAMED]) + (", ..." if len(keys) > NAMED else "")
    return [f"what was drawn of {len(keys)} uncertain inputs was cut at the bounds of their fields (cut_inputs): {named}"]


def versions() -> dict[str, str]:
    """Versions of Python and of every package that can change a number."""
    found = {"python": platform.python_version(), "platform": f"{platform.system()} {platform.machine()}"}
    found["urban-mine"] = program_version()
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found
