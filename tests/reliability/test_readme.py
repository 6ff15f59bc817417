"""The README's two commands do what they say, as written, in a fresh copy of what git tracks."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
INSIDE = "URBAN_MINE_INSIDE_README_TEST"


def commands() -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines() if line]


def test_there_are_two_and_they_pin_what_they_install():
    main_job, tests = commands()
    for command in (main_job, tests):
        assert command.startswith("python3 -m venv .venv && .venv/bin/pip install -q --require-hashes -r .ci/")
    assert main_job.endswith("-m sim run scenarios/baseline.toml")
    assert "-m pytest" in tests
    for file in ("requirements.txt", "requirements-test.txt"):
        pins = (ROOT / ".ci" / file).read_text(encoding="utf-8")
        assert "://" not in pins
        entries = [block for block in re.split(r"\n(?=\S)", pins) if "==" in block]
        assert len(entries) > 20
        assert all("--hash=sha256:" in entry for entry in entries)


@pytest.mark.slow
@pytest.mark.skipif(
    bool(os.environ.get(INSIDE) or os.environ.get("URBAN_MINE_SLOW") == "bounded"), reason=".ci/run runs both commands itself"
)
@pytest.mark.parametrize("number", [0, 1])
def test_the_commands_run_as_written(number, tmp_path):
    subprocess.run(["git", "clone", "-q", str(ROOT), "clone"], cwd=tmp_path, check=True)
    clone = tmp_path / "clone"
    done = subprocess.run(
        ["bash", "-euc", commands()[number]],
        cwd=clone,
        env={**os.environ, INSIDE: "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    if number == 0:
        (folder,) = (path for path in (clone / "results" / "baseline").iterdir() if path.is_dir())
        assert (folder / "report.html").stat().st_size > 100_000
    else:
        assert re.search(r"\d+ passed", done.stdout)
