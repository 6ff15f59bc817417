"""A sweep: many points of a scenario, run by processes or shards, saved as it goes, resumed by the same command."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.core.errors import OutputError, ResultsError, UrbanMineError, UsageError
from sim.core.version import program_version
from sim.results import manifest as manifests
from sim.results.store import prepared
from sim.scenario.draw import plan_of
from sim.scenario.scenario import Scenario
from sim.study import parts
from sim.study.cluster import cluster
from sim.study.design import Design, make_design
from sim.study.facts import versions
from sim.study.parts import Home
from sim.study.sweep_file import SweepFile, load_sweep_file
from sim.study.sweep_results import PLAN, Sweep, read_plan
from sim.study.sweep_stop import chunks_of, is_sure, stages
from sim.study.sweep_task import Chunk, Outcomes, Part, joined
from sim.study.workers import Executor, Failure, Task, default_workers, spread

FORMAT = 1
LIVES = 2  # workers that a chunk, and then each of its runs alone, may cost
Progress = Callable[[int, int, int], None]
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Shard:
    """One of `count` shares of the work, `number` from 1; chunks are dealt in turn."""

    number: int = 1
    count: int = 1

    @property
    def tag(self) -> str:
        """Name of its lock and index."""
        return parts.WHOLE if self.count == 1 else f"{self.number}-of-{self.count}"


def read_shard(text: str) -> Shard:
    """Read `i/n`; raises UsageError."""
    match = re.fullmatch(r"([1-9]\d{0,5})/([1-9]\d{0,5})", text)
    if match is None or int(match[1]) > int(match[2]):
        raise UsageError(f"a shard is written i/n with i from 1 to n, for example 2/8, not {text[:40]}")
    return Shard(int(match[1]), int(match[2]))


def sweep(
    file: str | Path | SweepFile,
    out: str | Path = "results",
    *,
    workers: int | None = None,
    shard: str | None = None,
    scheduler: str | None = None,
    insecure_cluster: bool = False,
    progress: Progress | None = None,
    say: Say | None = None,
) -> Sweep:
    """Run a sweep file, or what is still missing of it, and return a handle to its folder.

    The tables are the same bytes for any number of workers, any split into shards, and however often it was stopped.

    Parameters
    ----------
    file : a sweep file, or the name of a shipped one.
    out : the folder `out/<sweep>/sweep-<hash>/` is written.
    workers : processes; one per processor by default, 0 to stay in this process. Workers start afresh, so a script must
        call this under `if __name__ == "__main__":`.
    shard : `"2/8"`: only the second of eight shares, for arrays of jobs on one file system.
    scheduler : address of a Dask scheduler whose workers do the runs, `tls://host:port`; `tcp://` on this machine only, or
        with `insecure_cluster`.
    progress : called with runs done, runs to do, and runs that failed, at least every half second.
    say : told of parts found damaged and made again.

    Raises
    ------
    ScenarioError
        If the file is not valid.
    BusyError
        If another process is at work on the sweep.
    StorageError
        If the disk is full; what is finished is kept.
    """
    source = file if isinstance(file, SweepFile) else load_sweep_file(file)
    if scheduler is not None and (workers is not None or shard is not None):
        raise UsageError("a scheduler has its own workers: leave out --workers and --shard")
    staff = default_workers() if workers is None else workers
    if not 0 <= staff <= 1024:
        raise UsageError(f"workers must be from 0 to 1024, not {staff}")
    share = read_shard(shard) if shard is not None else Shard()
    home = Home(folder_of(source, out), share.tag)
    hands = nullcontext(_pool(staff)) if scheduler is None else cluster(scheduler, insecure=insecure_cluster)
    with hands as executor:
        _sweep(source, home, share, executor, progress or _no_progress, say or _silent)
    return Sweep(home.folder)


def _pool(workers: int) -> Executor:
    """Processes of this machine."""

    def executor(task: Task, numbers: Sequence[int], tick: Callable[[], None]) -> Generator[tuple[int, Any], None, None]:
        return spread(task, numbers, workers, tick, LIVES)

    return executor


def _sweep(source: SweepFile, home: Home, share: Shard, executor: Executor, progress: Progress, say: Say) -> None:
    """Do what is missing of a share, and put everything together if nothing is missing any more."""
    task = _opened(source, home)
    with home.locked():
        home.remove_unfinished()
        done, damaged = home.finished()
        for chunk in damaged:
            say(f"{home.part(chunk)}: damaged; it is made again")
        for needed in _stages(source):
            missing = [chunk for chunk in needed if chunk not in done and chunk % share.count == share.number - 1]
            if missing:
                _work(task, home, missing, executor, progress)
                done, _ = home.finished()
            if _settled(source, task, home, done) is not None:
                break
    _close(source, task, home, say)


def _stages(source: SweepFile) -> list[list[int]]:
    """Chunks needed at each look of the rule for ending early; one look at all without a rule."""
    spec, scenarios = source.spec, len(source.scenarios)
    if spec.stop is None:
        return [list(range(source.chunks))]
    return [chunks_of(spec, stage, source.rows, scenarios) for stage in stages(spec)]


def _settled(source: SweepFile, task: Chunk, home: Home, done: Mapping[int, str]) -> list[int] | None:
    """The chunks a finished sweep consists of: those of the first stage that is sure, or all; None if some are missing."""
    chosen = None
    for stage, needed in zip(stages(source.spec), _stages(source), strict=True):
        if any(chunk not in done for chunk in needed):
            return None
        chosen = needed
        if source.spec.stop is not None and is_sure(source.spec, task.design, stage, _outcomes(task, home, needed)):
            break
    return chosen


def _outcomes(task: Chunk, home: Home, chunks: Sequence[int]) -> NDArray[np.float64]:
    """Outcomes of some chunks, shape (runs of the sweep, columns), missing where a run is in none of them."""
    found = np.full((task.design.rows * task.replications, len(task.outcomes.columns)), np.nan)
    for chunk in chunks:
        table = parts.read_table(home.part(chunk))
        found[task.runs_of(chunk)] = np.stack([table.column(name).to_numpy() for name in task.outcomes.columns], axis=1)
    return found


def _silent(message: str) -> None:
    pass


def _no_progress(done: int, count: int, failed: int) -> None:
    pass


def folder_of(source: SweepFile, out: str | Path) -> Path:
    """Where a sweep is saved; made if it is not there."""
    home = prepared(out, source.id)
    folder = home / f"sweep-{source.identity(program_version())[:12]}"
    try:
        for inner in (folder, folder / "parts", folder / "index"):
            inner.mkdir(exist_ok=True)
    except OSError as error:
        raise OutputError(f"{folder}: cannot be created ({error.strerror})") from error
    return folder


def task_of(source: SweepFile, design: Design) -> Chunk:
    """What workers do for a sweep."""
    spec, kept = source.spec, source.spec.outcomes
    return Chunk(
        scenarios=source.scenarios,
        design=design,
        factors=tuple(dial.apply == "factor" for dial in spec.dials),
        whole=source.whole,
        seed=spec.seed,
        replications=spec.replications,
        chunk_runs=spec.chunk_runs,
        outcomes=Outcomes(kept.steps, kept.metals, kept.countries, kept.years),
        draws=(spec.design.points or 0) if spec.design.kind == "draws" else 0,
        twin=spec.model == "twin",
    )


def design_of(source: SweepFile) -> Design:
    """The points of a sweep file, newly placed."""
    return make_design(source.spec.design, source.spec.dials, source.whole, len(source.scenarios))


def _opened(source: SweepFile, home: Home) -> Chunk:
    """The work of a sweep, its design read from the folder if it is there, else made and stored."""
    folder, names = home.folder, tuple(scenario.id for scenario in source.scenarios)
    plan, table = folder / PLAN, folder / "design.parquet"
    with parts.setup_lock(folder):
        if not plan.exists():
            if any((folder / "parts").glob("*.parquet")):
                raise ResultsError(f"{folder}: holds parts but no {PLAN}, so this is not a folder of this program")
            parts.save_design(table, design_of(source), names)
            text = manifests.written(_plan(source, manifests.digest(table)))
            parts.replaced(plan, home.tag, lambda file: file.write(text.encode()))
        told = _read_plan(plan, source)
        if not table.exists() or manifests.digest(table) != told["design_sha256"]:
            parts.save_design(table, design_of(source), names)
        if manifests.digest(table) != told["design_sha256"]:
            raise ResultsError(f"{table}: damaged, and the libraries installed now make another design; delete {folder}")
    return task_of(source, parts.read_design(table, names))


def _plan(source: SweepFile, design_sha256: str) -> dict[str, Any]:
    spec = source.spec
    task = task_of(source, Design((), np.zeros(0, dtype=np.int32), np.zeros((0, 0))))
    return {
        "format": FORMAT,
        "sweep": source.identity(program_version()),
        "design_sha256": design_sha256,
        "name": spec.name,
        "question": spec.question,
        "file": source.path.name,
        "scenarios": [scenario.id for scenario in source.scenarios],
        "inputs": [scenario.inputs for scenario in source.scenarios],
        "model": spec.model,
        "set": list(spec.set),
        "design": spec.design.model_dump(),
        "stop": spec.stop.model_dump() if spec.stop else None,
        "uncertain": [_uncertain(scenario) for scenario in source.scenarios],
        "dials": [dial.model_dump(exclude_none=True) | _graded(source.scenarios[0], dial.key) for dial in spec.dials],
        "columns": list(task.outcomes.columns),
        "rows": source.rows,
        "replications": spec.replications,
        "runs": source.runs,
        "chunk_runs": spec.chunk_runs,
        "chunks": source.chunks,
        "seed": spec.seed,
    }


def _graded(scenario: Scenario, key: str) -> dict[str, str]:
    """Grade of the evidence for what a dial turns; nothing for what no table and no scenario file states."""
    evidence = scenario.evidence_of(key)
    return {} if evidence is None else {"grade": evidence.grade}


def _uncertain(scenario: Scenario) -> dict[str, str]:
    """Keys of what is drawn in a scenario, with the grade of its evidence; empty for a range a scenario states."""
    if not scenario.spec.run.uncertain_inputs:
        return {}
    found = {one.key: scenario.evidence_of(one.key) for one in plan_of(scenario).uncertain}
    return {key: "" if evidence is None else evidence.grade for key, evidence in found.items()}


def _read_plan(path: Path, source: SweepFile) -> dict[str, Any]:
    plan = read_plan(path)
    if plan.get("format") != FORMAT or plan.get("sweep") != source.identity(program_version()):
        raise ResultsError(f"{path}: belongs to another sweep; move or delete {path.parent}")
    return plan


def _work(task: Chunk, home: Home, missing: list[int], executor: Executor, progress: Progress) -> None:
    """Do the missing chunks, each saved as it is done.

    A worker that dies is replaced and its chunk tried again. A chunk that costs a second one is done run by run, and a run
    that even alone costs two is recorded as failed.
    """
    total = task.design.rows * task.replications
    count = sum(min(task.chunk_runs, total - chunk * task.chunk_runs) for chunk in missing)
    told, lost = [0, 0], []

    def tick() -> None:
        progress(told[0], count, told[1])

    def save(chunk: int, part: Part) -> None:
        home.save_part(chunk, parts.part_table(part, task.outcomes.columns))
        told[0] += len(part.message)
        told[1] += sum(bool(message) for message in part.message)
        tick()

    with closing(executor(task, missing, tick)) as finished:
        for chunk, part in finished:
            if isinstance(part, Part):
                save(chunk, part)
            elif part.lost:
                lost.append(chunk)
            else:
                raise UrbanMineError(f"chunk {chunk}: {part.message}")
    for chunk in lost:
        save(chunk, _run_by_run(task, chunk, executor, tick))


def _run_by_run(task: Chunk, chunk: int, executor: Executor, tick: Callable[[], None]) -> Part:
    """A chunk, each run of which is a chunk of its own."""
    with closing(executor(replace(task, chunk_runs=1), task.runs_of(chunk).tolist(), tick)) as finished:
        return joined(task, chunk, {run: part.message if isinstance(part, Failure) else part for run, part in finished})


def _close(source: SweepFile, task: Chunk, home: Home, say: Say) -> None:
    """Put the parts together once all are there, whoever made them; parts past an early end are taken away."""
    with parts.setup_lock(home.folder):
        found, _ = home.finished()
        needed = _settled(source, task, home, found)
        if needed is None:
            return
        done = {chunk: found[chunk] for chunk in needed}
        for chunk in sorted(set(found) - set(done)):
            home.part(chunk).unlink()
        if len(needed) < source.chunks:
            say(f"ended early: {len(needed)} of {source.chunks} parts were enough")
        if _is_closed(home.folder, done):
            return
        parts.compact(home, needed)
        parts.save_json(home.folder / "index.json", {"parts": {str(chunk): sha for chunk, sha in sorted(done.items())}})
        texts = manifests.written(_manifest(source, home.folder))
        parts.replaced(home.folder / manifests.NAME, home.tag, lambda file: file.write(texts.encode()))


def _is_closed(folder: Path, done: dict[int, str]) -> bool:
    """Whether the compacted table is there, undamaged, and made of these parts."""
    try:
        manifests.verify(folder, manifests.read(folder))
        index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    except (ResultsError, OSError, ValueError):
        return False
    return bool(index["parts"] == {str(chunk): sha for chunk, sha in sorted(done.items())})


def _manifest(source: SweepFile, folder: Path) -> dict[str, Any]:
    """What tells damage, and what the sweep stands on; no time, so that it is the same however the sweep went."""
    files = ("plan.json", "design.parquet", "outcomes.parquet", "index.json")
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "format": manifests.FORMAT,
        "name": f"urban-mine-sweep-{source.id.lower()}",
        "title": source.spec.name,
        "versions": versions(),
        "resources": [
            {
                "name": name.replace(".parquet", "").replace(".json", "-json"),
                "path": name,
                "format": name.rsplit(".", 1)[1],
                "bytes": (folder / name).stat().st_size,
                "hash": f"sha256:{manifests.digest(folder / name)}",
            }
            for name in files
        ],
    }
