"""What became of a finished sweep in other hands: cut, flipped, its index torn. Exactly what is damaged is made again."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from sim.results.manifest import digest
from sim.study import sweep
from sim.study.sweep_file import load_sweep_file
from tests.fixtures import light_sweep

CHUNK_RUNS = 2


@pytest.fixture
def light(monkeypatch, tmp_path):
    """Made-up runs that leave a line each; returns how many there were since it was last asked."""
    log = tmp_path / "log"
    monkeypatch.setattr(sweep, "Chunk", light_sweep.LightChunk)
    monkeypatch.setenv(light_sweep.LOG, str(log))

    def runs():
        done = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return sorted(map(int, done))

    return runs


def files(folder):
    """SHA-256 of every file but locks and index lines, whose order is that of finishing."""
    paths = (path for path in folder.rglob("*") if path.is_file() and ".lock" not in path.name and path.suffix != ".jsonl")
    return {path.relative_to(folder).as_posix(): digest(path) for path in sorted(paths)}


def test_a_cut_part_a_flipped_bit_and_a_torn_index_cost_three_parts(light, tmp_path):
    source = load_sweep_file("ci_small")
    design = source.spec.design.model_copy(update={"points": 5})
    source = replace(source, spec=source.spec.model_copy(update={"design": design, "chunk_runs": CHUNK_RUNS}))
    folder = sweep.sweep(source, tmp_path / "out", workers=0).folder
    assert light() == list(range(10))
    wanted = files(folder)
    cut, flipped = folder / "parts" / "000000.parquet", folder / "parts" / "000002.parquet"
    cut.write_bytes(cut.read_bytes()[:-100])
    raw = bytearray(flipped.read_bytes())
    raw[len(raw) // 2] ^= 4
    flipped.write_bytes(raw)
    index = folder / "index" / "whole.jsonl"
    lines = index.read_text(encoding="utf-8").splitlines()
    index.write_text("\n".join(line[:20] if '"chunk": 4' in line else line for line in lines), encoding="utf-8")
    said = []
    sweep.sweep(source, tmp_path / "out", workers=0, say=said.append)
    assert light() == [0, 1, 4, 5, 8, 9]
    assert ["000000" in each or "000002" in each for each in said] == [True, True]
    assert files(folder) == wanted
    shutil.rmtree(folder / "parts")
    sweep.sweep(source, tmp_path / "out", workers=0)
    assert files(folder) == wanted
