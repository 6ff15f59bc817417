"""The same command under other conditions: hash seeds, locales, time zones, code pages, folders with Japanese names."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHORT = ["--set", "time.end=2025", "--replications", "2", "--no-report"]
CONDITIONS = {
    "plain": {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8"},
    "Tokyo": {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "LC_ALL": "ja_JP.UTF-8"},
    "New York": {"PYTHONHASHSEED": "2", "TZ": "America/New_York", "LC_ALL": "de_DE.UTF-8", "LC_NUMERIC": "de_DE.UTF-8"},
    "Apia": {"PYTHONHASHSEED": "3", "TZ": "Pacific/Apia", "LC_ALL": "C"},
    "Kiritimati": {"PYTHONHASHSEED": "4", "TZ": "Pacific/Kiritimati", "LANG": "en_US.UTF-8"},
}


def sim(*arguments, cwd=ROOT, **environment):
    command = [sys.executable, "-m", "sim", *map(str, arguments)]
    return subprocess.run(
        command, cwd=cwd, env={**os.environ, "PYTHONPATH": str(ROOT), **environment}, capture_output=True, check=False
    )


def digests(out: Path) -> dict[str, str]:
    files = sorted(out.glob("baseline/*/tables/*.parquet"))
    assert len(files) > 15
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def tables(tmp_path, name, workers):
    done = sim("run", "baseline", *SHORT, "--workers", workers, "--out", tmp_path / str(workers), **CONDITIONS[name])
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    assert b"Traceback" not in done.stderr
    return digests(tmp_path / str(workers))


def test_two_conditions_give_the_same_bytes(tmp_path):
    """Other hash seed, locale, time zone and number of workers."""
    assert tables(tmp_path, "plain", 0) == tables(tmp_path, "Tokyo", 2)


@pytest.mark.slow
def test_all_conditions_give_the_same_bytes(tmp_path):
    wanted = tables(tmp_path, "plain", 1)
    for workers, name in enumerate(("Tokyo", "New York", "Apia", "Kiritimati"), 2):
        assert tables(tmp_path, name, workers) == wanted, name


@pytest.mark.parametrize("page", ["cp932", "cp1252", "ascii"])
@pytest.mark.parametrize("language", ["C.UTF-8", "ja_JP.UTF-8"])
def test_consoles_of_other_code_pages_see_no_traceback(tmp_path, page, language):
    """Messages with letters the console cannot show are shown with others, in folders and files with Japanese names."""
    folder = tmp_path / "利用者" / "計画 1"
    folder.mkdir(parents=True)
    (folder / "悪い.toml").write_text('extends = "baseline"\nname = "計画"\n[time]\nend = 85 %\n', encoding="utf-8")
    console = {"PYTHONIOENCODING": page, "LC_ALL": language, "PYTHONUTF8": "0"}
    for arguments, codes in (
        (("validate", "悪い.toml"), {3}),
        (("new", "plan"), {0}),
        (("explain", "time.end"), {0}),
        (("run", "悪い.toml"), {3}),
        (("report", "無い"), {4}),
    ):
        done = sim(*arguments, cwd=folder, **console)
        assert b"Traceback" not in done.stderr, done.stderr.decode(page, "replace")
        assert done.returncode in codes, (arguments, done.returncode, done.stderr)


def test_a_results_folder_taken_away_during_the_run_leaves_no_half_run(tmp_path):
    out = tmp_path / "out"
    command = [sys.executable, "-m", "sim", "run", str(ROOT / "scenarios" / "baseline.toml"), *SHORT, "--out", str(out)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        for _ in range(600):
            if out.exists():
                break
            time.sleep(0.05)
        assert out.exists()
        shutil.rmtree(out)
        _, said = process.communicate()
    assert b"Traceback" not in said
    assert process.returncode in {0, 73, 74}, said
    runs = list(out.glob("baseline/*/manifest.json"))
    assert len(runs) == (1 if process.returncode == 0 else 0)
    assert not list(out.rglob(".unfinished-*"))
