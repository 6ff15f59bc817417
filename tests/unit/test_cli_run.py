"""`run`, `export`, `doctor` and the public face, as a user meets them."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from pathlib import Path

import pytest

import sim
from sim.cli import main
from sim.cli.common import Output
from sim.cli.ladder import ladder_text, mass
from sim.cli.progress import Lines, progress_of
from sim.cli.run import _warn
from sim.core.errors import ConservationError, StorageError
from sim.results.store import Results, load_results
from sim.scenario import load
from sim.study import replicate
from tests.fixtures.columns import made_results
from tests.fixtures.tasks import FailingReplicate, MadeReplicate
from tests.fixtures.tiny_tree import TinyLibrary, tiny_tree

ROOT = Path(__file__).parents[2]
HEAVY = {"numpy", "pandas", "scipy", "plotly", "pyarrow", "simpy"}


@pytest.fixture
def scenario(tmp_path, monkeypatch):
    tree = tiny_tree()
    tree["substances"]["Nd"]["headline"] = True
    monkeypatch.setattr(load, "_shipped_library", lambda: TinyLibrary(tree))
    monkeypatch.setattr(replicate, "Replicate", MadeReplicate)
    file = tmp_path / "tiny.toml"
    file.write_text('name = "Tiny"\n[time]\nstart = 2025\nend = 2026\n[run]\nreplications = 4\n', encoding="utf-8")
    return file


def run(scenario, tmp_path, *more):
    return main(["run", str(scenario), "--out", str(tmp_path / "results"), "--workers", "0", "--no-report", *more])


def test_run_says_what_it_wrote_and_shows_the_ladder(scenario, tmp_path, capsys):
    assert run(scenario, tmp_path) == 0
    out, err = capsys.readouterr()
    (folder,) = [p for p in (tmp_path / "results" / "tiny").iterdir() if not p.name.startswith(".")]
    assert out.startswith(f"Wrote {folder} in ")
    assert f"Next: urban-mine report {folder}" in out
    assert "median of 4 replications" in out
    lines = out.splitlines()
    assert lines[3].split()[:4] == ["metal", "year", "in", "waste"]
    assert lines[4].split()[:2] == ["Nd", "2025"]
    assert "warning: capacity is an assumption" in err
    load_results(folder)


def test_run_in_json_is_one_object(scenario, tmp_path, capsys):
    assert run(scenario, tmp_path, "--json", "-q", "--replications", "2", "--seed", "5") == 0
    out, err = capsys.readouterr()
    told = json.loads(out)
    manifest = load_results(told["folder"]).manifest
    assert (manifest["seed"], manifest["replications"]) == (5, 2)
    assert told["balance"]["account_relative"] < 1e-9
    assert err == ""


def test_what_programs_read_is_english_in_every_language(scenario, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8")
    monkeypatch.setattr("sim.cli.run._reports", lambda folder, _root: [folder / "report.html"])
    assert main(["run", str(scenario), "--out", str(tmp_path / "results"), "--workers", "0", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["next"] == f"open {told['reports'][0]}"
    assert main(["run", str(scenario), "--out", str(tmp_path / "results"), "--workers", "0"]) == 0
    assert "report.htmlを開く" in capsys.readouterr().out


def test_set_changes_the_scenario(scenario, tmp_path, capsys):
    assert run(scenario, tmp_path, "--json", "--set", "run.replications=3") == 0
    assert load_results(json.loads(capsys.readouterr().out)["folder"]).manifest["replications"] == 3


def test_a_scenario_that_is_not_valid_exits_3_before_anything_is_written(scenario, tmp_path, capsys):
    assert run(scenario, tmp_path, "--set", "time.end=1800") == 3
    assert not (tmp_path / "results").exists()


def test_a_failed_replication_exits_1_with_its_message(scenario, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(replicate, "Replicate", FailingReplicate)
    assert run(scenario, tmp_path) == ConservationError.exit_code == 1
    err = capsys.readouterr().err
    assert "replication 1: day 3.00: stage yard" in err
    assert "Traceback" not in err


def test_a_results_folder_that_cannot_be_made_exits_73_before_the_run(scenario, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(replicate, "Replicate", None)  # would fail if it were reached
    (tmp_path / "results").write_text("a file", encoding="utf-8")
    assert run(scenario, tmp_path) == 73
    assert "cannot be created" in capsys.readouterr().err


def test_a_full_disk_exits_74(scenario, tmp_path, capsys, monkeypatch):
    def full(self, root):
        raise StorageError("results: No space left on device; the run is not saved")

    monkeypatch.setattr(Results, "save", full)
    assert run(scenario, tmp_path) == 74
    assert "No space left" in capsys.readouterr().err


@pytest.mark.parametrize("wrong", [["--replications", "0"], ["--workers", "-1"], ["--seed", "x"], ["--nonsense"]])
def test_wrong_usage_exits_2(scenario, tmp_path, wrong):
    assert run(scenario, tmp_path, *wrong) == 2


def test_export_writes_beside_the_tables(tmp_path, capsys):
    folder = made_results().save(tmp_path)
    assert main(["export", str(folder), "--format", "csv,iamc,xlsx"]) == 0
    assert {p.name for p in (folder / "export").iterdir()} >= {"flows.csv", "iamc.csv", "tables.xlsx"}
    load_results(folder)  # an export does not damage the folder
    assert main(["export", str(folder), "--format", "parquet"]) == 2
    assert "there is no format 'parquet'" in capsys.readouterr().err


def test_export_of_a_damaged_folder_exits_4_and_names_the_file(tmp_path, capsys):
    folder = made_results().save(tmp_path)
    file = folder / "tables" / "signals.parquet"
    file.write_bytes(file.read_bytes()[:-1])
    assert main(["export", str(folder)]) == 4
    assert "signals.parquet" in capsys.readouterr().err


def test_doctor_finds_this_installation_fit(tmp_path, capsys):
    assert main(["doctor", "--json", "--out", str(tmp_path / "results")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ok"]
    assert {"python", "results folder", "free space", "processors", "browser"} <= {check["name"] for check in told["checks"]}
    assert not (tmp_path / "results").exists()


def test_lines_of_progress_every_half_minute():
    said, now = [], iter([0.0, 10.0, 31.0, 40.0, 62.0, 70.0])
    lines = Lines(said.append, lambda: next(now))
    for done in (0, 2, 3, 5, 8):
        lines(done, 8)
    assert said == ["2 of 8 replications after 31 s, about 93 s left", "5 of 8 replications after 62 s, about 37 s left"]


def test_lines_of_a_sweep_tell_how_fast_it_is_and_what_failed():
    said, now = [], iter([0.0, 40.0])
    Lines(said.append, lambda: next(now), "runs")(20, 30, 1)
    assert said == ["20 of 30 runs after 40 s (0.5 runs/s, 1 failed), about 20 s left"]


def test_a_bar_on_a_terminal_and_nothing_when_quiet(monkeypatch, capsys):
    with progress_of(Output(quiet=True)) as progress:
        progress(1, 2)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress_of(Output(color=False)) as progress:
        progress(1, 2)
    assert "\x1b[3" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("kg", "text"),
    [
        (None, "-"),
        (0.0, "0 kg"),
        (0.1234, "0.123 kg"),
        (345.6, "346 kg"),
        (1234.0, "1.23 t"),
        (123_456.0, "123 t"),
        (9.87e8, "987,000 t"),
    ],
)
def test_masses_as_people_read_them(kg, text):
    assert mass(kg) == text


def test_many_warnings_are_counted_not_listed():
    said = []

    class Said(Output):
        def say(self, message):
            said.append(message)

    _warn(Said(), [f"number {n}" for n in range(14)])
    assert len(said) == 11
    assert said[-1].startswith("warning: 4 more")


def test_ladder_without_japan_or_metals():
    summary = made_results().summary
    assert "Nd" in ladder_text(summary)
    del summary["ladder"]["Nd"]["JPN"]
    assert ladder_text(summary).splitlines()[-1].endswith("-")
    assert len(ladder_text(summary | {"headline": [], "years": []}).splitlines()) == 2


def test_public_face_is_lazy_and_complete():
    lower = {"compare", "load_results", "load_scenario", "load_sweep", "report", "run", "sweep", "target", "trace"}
    assert set(dir(sim)) == {"Results", "Scenario", "Sweep", *lower}
    assert all(callable(getattr(sim, name)) for name in lower)
    assert sim.load_results is load_results
    with pytest.raises(AttributeError, match="no attribute 'walk'"):
        _ = sim.walk
    loaded = subprocess.run(
        [sys.executable, "-c", "import sim, sys; print(' '.join(sys.modules))"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert not HEAVY & set(loaded.stdout.split())


def test_help_of_run_and_export_loads_nothing_heavy():
    for command in ("run", "export", "doctor"):
        code = f"import sys; from sim.cli import main; main(['{command}', '--help']); print(' '.join(sys.modules), file=sys.stderr)"
        loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
        assert "Usage" in loaded.stdout
        assert not HEAVY & set(loaded.stderr.split())


def test_doctor_puts_its_figures_into_a_table(monkeypatch, tmp_path, capsys):
    from sim.study import bench

    figures = [bench.figure("events of a run", [92_564.0] * 3, 0.0, "events"), bench.figure("writing", [1.5, 2.5, 3.0], 2.0, "x")]
    monkeypatch.setattr(bench, "standard_figures", lambda: iter(figures))
    assert main(["doctor", "--bench", "-q", "--out", str(tmp_path)]) == 0, "a missed goal is told, and is no fault of this machine"
    lines = capsys.readouterr().out.splitlines()
    head = next(place for place, line in enumerate(lines) if line.startswith("figure"))
    assert lines[head].split() == ["figure", "median", "unit", "least", "to", "most", "goal"]
    assert lines[head + 2].split() == ["events", "of", "a", "run", "92,564", "events"]
    assert lines[head + 3].split() == ["writing", "2.5", "x", "1.5", "to", "3", "<=", "2", "MISSED"]


def test_help_asks_no_package_for_its_version_and_a_run_needs_no_solver():
    code = "import sys; from sim.cli import main; main(['--help']); print(' '.join(sys.modules), file=sys.stderr)"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "importlib.metadata" not in told.stderr.split()
    code = "import sys, sim.simulate.run; print(' '.join(sys.modules))"
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not {"scipy", "pandas", "pyarrow"} & set(told.stdout.split())


def test_a_command_leaves_the_search_for_garbage_as_it_was(capsys):
    before = gc.get_threshold()
    assert main(["--help"]) == 0
    assert main(["no-such-command"]) == 2
    assert gc.get_threshold() == before
