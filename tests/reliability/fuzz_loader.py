"""Fuzzing of the loader: whatever bytes a scenario file holds, loading it ends with a scenario or with faults in words.

python -m tests.reliability.fuzz_loader --seconds 3600

prints how many files were tried and every way of ending that is not allowed; ends with 1 if there was any.
"""

from __future__ import annotations

import argparse
import random
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from sim.core.errors import ScenarioError
from sim.scenario.load import load_scenario
from tests.fixtures.tiny_tree import TinyLibrary
from tests.unit.test_scenario_fuzz import GOOD, PIECES

ROOT = Path(__file__).parents[2]
BASES = [
    GOOD.encode(),
    *(file.read_bytes() for folder in ("scenarios", "tests/unit/bad_scenarios") for file in sorted((ROOT / folder).glob("*.toml"))),
]
NUMBERS = (
    "-1",
    "0",
    "1e308",
    "nan",
    "-inf",
    "9" * 30,
    "0x1F",
    "1_000",
    "85",
    "0.1e",
    "{ low = 3, mode = 2, high = 1 }",
    "{ 2026 = 1 }",
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp932", "euc_jp", "latin-1")
LONGEST_SECONDS, MOST_MB = 2.0, 500.0


@dataclass(slots=True)
class Outcome:
    """Files tried, how they ended, and every ending that is not allowed with the file that caused it."""

    tried: int = 0
    ended: Counter[str] = field(default_factory=Counter)
    faults: dict[str, bytes] = field(default_factory=dict)
    slowest_seconds: float = 0.0


def fuzz(seconds: float, seed: int) -> Outcome:
    """Load changed files for a time; the same seed tries the same files in the same order."""
    chance, outcome, library = random.Random(seed), Outcome(), TinyLibrary()
    until = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "mine.toml")
        while time.monotonic() < until:
            raw = changed(chance)
            file.write_bytes(raw)
            began = time.process_time()
            ended = _load(file, library)
            took = time.process_time() - began
            outcome.tried += 1
            outcome.ended[ended.splitlines()[-1] if ended.startswith("Traceback") else ended] += 1
            outcome.slowest_seconds = max(outcome.slowest_seconds, took)
            if ended.startswith("Traceback"):
                outcome.faults.setdefault(ended, raw)
            elif took > LONGEST_SECONDS:
                outcome.faults.setdefault(f"took {took:.1f} s of processor time", raw)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0
    if peak_mb > MOST_MB:
        outcome.faults.setdefault(f"took {peak_mb:.0f} MB", b"")
    return outcome


def _load(file: Path, library: TinyLibrary) -> str:
    try:
        load_scenario(file, library=library)
    except ScenarioError as error:
        if error.faults and all(fault.message for fault in error.faults):
            return "faults in words"
        return "Traceback of a fault without words"
    except (Exception, SystemExit):  # that nothing else ends the loader is what is tested
        return traceback.format_exc()
    return "a scenario"


def changed(chance: random.Random) -> bytes:
    """A file with one to six changes: the right one half of the time, so that faults deep inside are met too."""
    raw = chance.choice((BASES[0], chance.choice(BASES)))
    for _ in range(min(chance.randint(1, 6), chance.randint(1, 6))):
        raw = chance.choice(CHANGES)(chance, raw)
    return raw[:200_000]


def _piece(chance: random.Random, raw: bytes) -> bytes:
    at, cut = chance.randint(0, len(raw)), chance.randint(0, 12)
    return raw[:at] + chance.choice(PIECES).encode("utf-8", "surrogatepass") + raw[at + cut :]


def _number(chance: random.Random, raw: bytes) -> bytes:
    """Another value behind an equals sign."""
    places = [at for at, byte in enumerate(raw) if byte == ord("=")]
    if not places:
        return raw
    at = chance.choice(places)
    end = raw.find(b"\n", at)
    return raw[: at + 1] + b" " + chance.choice(NUMBERS).encode() + raw[end if end > 0 else len(raw) :]


def _bytes(chance: random.Random, raw: bytes) -> bytes:
    at = chance.randint(0, len(raw))
    return raw[:at] + chance.randbytes(chance.randint(1, 8)) + raw[at:]


def _lines(chance: random.Random, raw: bytes) -> bytes:
    """A line moved, doubled or left out."""
    lines = raw.splitlines(keepends=True) or [b"\n"]
    line = lines.pop(chance.randrange(len(lines)))
    for _ in range(chance.randint(0, 2)):
        lines.insert(chance.randint(0, len(lines)), line)
    return b"".join(lines)


def _splice(chance: random.Random, raw: bytes) -> bytes:
    other = chance.choice(BASES)
    return raw[: chance.randint(0, len(raw))] + other[chance.randint(0, len(other)) :]


def _encoded(chance: random.Random, raw: bytes) -> bytes:
    return raw.decode("utf-8", "replace").encode(chance.choice(ENCODINGS), "replace")


def _deep(chance: random.Random, raw: bytes) -> bytes:
    depth = chance.choice((8, 33, 2000))
    return raw + chance.choice((b"\nx = " + b"[" * depth, b"\nx" + b".a" * depth + b" = 1", b"\nx = " + b"{a=" * depth))


CHANGES = (_piece, _piece, _number, _number, _bytes, _lines, _lines, _splice, _encoded, _deep)


def main() -> int:
    """Fuzz as long as the command line says and print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=300.0)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    outcome = fuzz(given.seconds, given.seed)
    sys.stdout.write(f"{outcome.tried} files in {given.seconds:g} s, slowest {outcome.slowest_seconds:.2f} s\n")
    for ended, count in outcome.ended.most_common():
        sys.stdout.write(f"{count:8d} {ended}\n")
    for ended, raw in outcome.faults.items():
        sys.stdout.write(f"\n{ended}\n{raw[:2000]!r}\n")
    return 1 if outcome.faults else 0


if __name__ == "__main__":
    sys.exit(main())
