"""Sweeps in other formats: what every file must hold, without the tools that read them (`tests/interop` has those)."""

import io
import json
import tarfile

import numpy as np
import pandas as pd
import pytest

from sim.cli import main
from sim.scenario.library import load_library
from sim.study import sweep as sweeps
from sim.study.sweep_file import load_sweep_file
from sim.study.sweep_results import load_sweep
from tests.fixtures import light_sweep
from tests.interop.test_sweep_exports import TEXT


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("export")
    (place / "try.toml").write_text(TEXT.replace("points = 64", "points = 4"), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sweeps, "Chunk", light_sweep.LightChunk)
        patch.setenv(light_sweep.FAILING_ROW, "2")
        return sweeps.sweep(load_sweep_file(place / "try.toml", load_library()), place / "out", workers=0).folder


def test_every_format_of_a_sweep_is_written(folder, tmp_path, capsys):
    out = tmp_path / "export"
    assert main(["export", str(folder), "--format", "csv,iamc,salib,ema", "--out", str(out), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["files"]) == 6
    sweep = load_sweep(folder)
    table = pd.read_csv(out / "sweep.csv", encoding="utf-8-sig")
    assert len(table) == 20
    np.testing.assert_allclose(table["collected_kg.Nd.ALL.2025"], sweep.outcomes()["collected_kg.Nd.ALL.2025"], rtol=1e-14)
    np.testing.assert_allclose(table["sea.customs_days"], sweep.design["sea.customs_days"], rtol=1e-14)
    problem = json.loads((out / "salib_problem.json").read_text(encoding="utf-8"))
    assert problem["num_vars"] == 3
    assert problem["dists"] == ["triang", "logunif", "unif"]
    assert problem["bounds"][0] == pytest.approx([0.02, 0.3, 0.08 / 0.28])
    iamc = pd.read_csv(out / "iamc.csv", encoding="utf-8-sig")
    assert set(iamc["variable"]) == {
        f"E-Waste|{m}|{s}{q}" for m in ("Nd", "Cu") for s in ("Collected", "Refined") for q in ("", "|P5", "|P95")
    }
    assert iamc["value"].notna().all()


def test_the_archive_leaves_out_what_failed_and_is_the_same_bytes_again(folder, tmp_path):
    from sim.study.sweep_export import to_ema

    (file,) = to_ema(load_sweep(folder), tmp_path)
    first = file.read_bytes()
    assert to_ema(load_sweep(folder), tmp_path)[0].read_bytes() == first
    with tarfile.open(fileobj=io.BytesIO(first)) as archive:
        metadata = json.loads(archive.extractfile("metadata.json").read())
        experiments = pd.read_csv(archive.extractfile("experiments.csv"))
        assert {name for _, name, _ in metadata["outcomes"]} == {
            name.removesuffix(".csv") for name in archive.getnames() if "_kg_" in name
        }
    assert len(experiments) == 19
    assert 2 not in set(experiments["scenario"])
    assert all(name.isidentifier() for name in experiments.columns)


def test_formats_that_do_not_fit_are_refused(folder, tmp_path, capsys):
    assert main(["export", str(folder), "--format", "xlsx", "--out", str(tmp_path / "no")]) == 2
    assert "a sweep is not written as xlsx; there are csv, iamc, salib, ema" in capsys.readouterr().err
