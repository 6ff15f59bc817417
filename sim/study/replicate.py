"""Many replications of one scenario over processes, gathered into results that do not depend on who finished first."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any

from sim.core.errors import UrbanMineError, UsageError
from sim.results.balance import balance
from sim.results.manifest import FORMAT
from sim.results.schema import TABLES
from sim.results.store import Results
from sim.results.tables import Columns, gathered
from sim.scenario.scenario import Scenario
from sim.scenario.schema import ScenarioSpec
from sim.study.assumptions import assumptions
from sim.study.capacity_cases import capacity_cases
from sim.study.dead_inputs import dead_warnings, idle_inputs
from sim.study.facts import merged, versions
from sim.study.plausibility import impossible, warnings_of
from sim.study.summarise import summarise
from sim.study.task import Replicate
from sim.study.workers import Failure, default_workers, spread

Progress = Callable[[int, int], None]
MOST_REPLICATIONS = 100_000


class ReplicationError(UrbanMineError):
    """A replication failed, and with it the run; ends with the exit code of its cause."""

    def __init__(self, number: int, failure: Failure) -> None:
        super().__init__(f"replication {number}: {failure.message}")
        self.exit_code = failure.exit_code
        self.trace = failure.trace


def run(
    scenario: Scenario,
    replications: int | None = None,
    seed: int | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    trips: Path | None = None,
) -> Results:
    """Simulate a scenario; same scenario, seed and locked versions give the same tables, whatever the number of workers.

    Parameters
    ----------
    scenario : as `load_scenario` returns it.
    replications, seed : those of the scenario by default.
    workers : processes; as many as there are processors by default, 0 to stay in this process (for debuggers). Workers
        start afresh, so a script must call this under `if __name__ == "__main__":`.
    progress : called with the number done and the number of all, at least every half second.
    trips : folder in which each replication writes a file of its trips while it runs; `Results.save` moves them into the
        run folder. None: trips are not traced.

    Raises
    ------
    ReplicationError
        If a replication fails.
    UsageError
        If a number is out of range.
    """
    settings = scenario.spec.run
    count = settings.replications if replications is None else replications
    chosen = settings.seed if seed is None else seed
    staff = default_workers() if workers is None else workers
    _require(1 <= count <= MOST_REPLICATIONS, f"replications must be from 1 to {MOST_REPLICATIONS}, not {count}")
    _require(0 <= chosen <= 2**53, f"the seed must be from 0 to 2^53, not {chosen}")
    _require(0 <= staff <= 1024, f"workers must be from 0 to 1024, not {staff}")
    began = datetime.now(UTC)
    repeats = settings.repeats_per_draw if settings.uncertain_inputs else count
    task = Replicate(scenario, chosen, -(-count // repeats), repeats, trips)
    outcomes = _gather(task, count, staff, progress or _silent)
    cases = capacity_cases(scenario, chosen, task.draws, count, staff)
    if isinstance(cases, Failure):
        raise ReplicationError(0, cases)
    return _results(scenario, began, task, outcomes, cases)


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise UsageError(message)


def _silent(done: int, count: int) -> None:
    pass


def _gather(task: Replicate, count: int, workers: int, progress: Progress) -> list[dict[str, Any]]:
    """Outcomes in order of replications."""
    outcomes: dict[int, dict[str, Any]] = {}
    with closing(spread(task, range(count), workers, lambda: progress(len(outcomes), count))) as finished:
        for number, outcome in finished:
            if isinstance(outcome, Failure):
                raise ReplicationError(number, outcome)
            outcomes[number] = outcome
    return [outcomes[number] for number in range(count)]


def _results(scenario: Scenario, began: datetime, task: Replicate, outcomes: Sequence[dict[str, Any]], cases: Columns) -> Results:
    spec, count, repeats = scenario.spec, len(outcomes), task.repeats
    columns = _columns([outcome["tables"] for outcome in outcomes], repeats)
    columns |= {"assumptions": assumptions(scenario), "capacity_cases": cases}
    facts = merged([outcome["facts"] for outcome in outcomes])
    facts["balance"]["substances"] = balance(columns["flows"], columns["stocks"], facts["outside_accounts"], count)
    facts["impossible"] = impossible(columns, count)
    idle = idle_inputs(scenario, columns, facts.pop("unread"), facts.pop("acted"))
    facts["inputs_without_effect"] = [one._asdict() for one in idle]
    facts["warnings"] = [*scenario.warnings, *facts["warnings"], *warnings_of(facts["impossible"]), *dead_warnings(idle)]
    headline = [name for name, substance in spec.substances.items() if substance.headline]
    resolved = scenario.resolved_toml().encode()
    manifest = {
        **_header(scenario, began, task, count, resolved),
        **facts,
        "versions": versions(),
        "inputs": {file if file.startswith("sim/") else PurePath(file).name: digest for file, digest in scenario.inputs.items()},
        **_labels(spec),
    }
    texts = {"scenario.toml": scenario.source_text.encode(), "scenario.resolved.toml": resolved}
    summary = summarise(columns["signals"], columns["inputs"], count, repeats, headline) | {"scenario": spec.name}
    results = Results.of(manifest, summary, columns, texts)
    results.traces = {f"traces/{path.name}": (path, rows) for path, rows in (each["trips"] for each in outcomes if "trips" in each)}
    return results


def _columns(outcomes: Sequence[dict[str, Columns]], repeats: int) -> dict[str, Columns]:
    """Every table, replications under each other; inputs once per draw."""
    names = [name for name in TABLES if name not in {"inputs", "assumptions", "capacity_cases"}]
    columns = {name: gathered(name, [tables[name] for tables in outcomes]) for name in names}
    return columns | {"inputs": gathered("inputs", [tables["inputs"] for tables in outcomes[::repeats]])}


def _header(scenario: Scenario, began: datetime, task: Replicate, count: int, resolved: bytes) -> dict[str, Any]:
    spec = scenario.spec
    identity = hashlib.sha256(resolved + f"seed {task.seed} replications {count}".encode()).hexdigest()
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "format": FORMAT,
        "name": f"urban-mine-{scenario.id.lower()}",
        "title": spec.name,
        "run_id": f"{began:%Y%m%dT%H%M%SZ}-{identity[:8]}",
        "created": f"{began:%Y-%m-%dT%H:%M:%SZ}",
        "wall_s": round((datetime.now(UTC) - began).total_seconds(), 1),
        "scenario": {"key": scenario.id} | {key: getattr(spec, key) for key in ("name", "title_ja", "question", "question_ja")},
        # the resolved scenario of the run folder, for it holds what `--set` changed
        "command": f"urban-mine run scenario.resolved.toml --seed {task.seed} --replications {count}",
        "replications": count,
        "draws": task.draws,
        "repeats_per_draw": task.repeats,
        "seed": task.seed,
        "input_hash": identity,
        "time": spec.time.model_dump(),
        "resolution": spec.resolution.model_dump(),
        "year_basis": "calendar",
    }


def _labels(spec: ScenarioSpec) -> dict[str, Any]:
    """Names in both languages and where zones are, so that a report needs nothing but the run folder."""
    named = ("countries", "substances", "groups", "fractions", "products", "vehicles", "zones")
    return {
        "names": {
            table: {key: {"en": entry.name_en, "ja": entry.name_ja} for key, entry in getattr(spec, table).items()}
            for table in named
        },
        "zones": {
            key: {"country": zone.country, "region": zone.region, "geo_id": zone.geo_id, "population": zone.population.value}
            for key, zone in spec.zones.items()
        },
        "product_groups": {key: product.group for key, product in spec.products.items()},
    }
