"""The wheel is whole: installed outside a clone it makes a scenario, runs it and writes the report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def call(*arguments: str, cwd: Path, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    if path is not None:
        environment["PYTHONPATH"] = str(path)
    done = subprocess.run([sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The wheel, built from this tree without reaching for anything, unpacked by pip into a folder of its own."""
    pytest.importorskip("hatchling")
    wheels, site = tmp_path_factory.mktemp("wheels"), tmp_path_factory.mktemp("site")
    call("-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", str(wheels), str(ROOT), cwd=wheels)
    (wheel,) = wheels.glob("*.whl")
    call("-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(site), str(wheel), cwd=wheels)
    return site


def test_new_and_run_work_outside_a_clone(installed, tmp_path):
    where = call("-c", "import sim; print(sim.__file__)", cwd=tmp_path, path=installed)
    assert str(installed) in where.stdout
    call("-m", "sim", "new", "my_plan", cwd=tmp_path, path=installed)
    assert (tmp_path / "my_plan.toml").read_text(encoding="utf-8").startswith("#:schema ")
    call("-m", "sim", "validate", "my_plan.toml", cwd=tmp_path, path=installed)
    done = call(
        "-m", "sim", "run", "my_plan.toml", "--set", "time.end=2025", "--replications", "2", "--json", cwd=tmp_path, path=installed
    )
    assert json.loads(done.stdout)
    (folder,) = (path for path in (tmp_path / "results" / "my_plan").iterdir() if path.is_dir())
    assert {"manifest.json", "summary.json", "scenario.toml", "scenario.resolved.toml", "report.html", "report.ja.html"} <= {
        file.name for file in folder.iterdir()
    }
