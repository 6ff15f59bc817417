"""Sweep files: read whole, every fault with its line and the way out."""

import subprocess
import sys
from pathlib import Path

import pytest

from sim.cli import main
from sim.core.errors import ScenarioError
from sim.scenario.extends import shipped
from sim.scenario.library import load_library
from sim.study.sweep_file import load_sweep_file

ROOT = Path(__file__).parents[2]
DIAL = 'key = "countries.BRN.channels.drop_point.coverage_share"'
GOOD = f"""name = "Try"
scenarios = ["baseline"]
[[dials]]
{DIAL}
low = 0.05
high = 0.60
[design]
kind = "latin_hypercube"
points = 10
[outcomes]
metals = ["Cu"]
"""


@pytest.fixture(scope="module")
def library():
    return load_library()


def write(folder, text):
    path = folder / "try.toml"
    path.write_text(text, encoding="utf-8")
    return path


def faults(folder, library, *changes):
    text = GOOD
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    with pytest.raises(ScenarioError) as refused:
        load_sweep_file(write(folder, text), library)
    assert refused.value.exit_code == 3
    return [str(fault).split("try.toml:", 1)[-1] for fault in refused.value.faults]


def test_a_good_file_is_read(tmp_path, library):
    found = load_sweep_file(write(tmp_path, GOOD), library)
    assert (found.id, found.rows, found.runs, found.chunks) == ("try", 10, 10, 1)
    assert found.scenarios[0].id == "baseline"
    assert found.whole == (False,)


@pytest.mark.parametrize("path", sorted((shipped() / "sweeps").glob("*.toml")), ids=lambda path: path.stem)
def test_shipped_sweeps_are_right(path, library):
    if "[design]" in path.read_text(encoding="utf-8"):
        assert load_sweep_file(path, library).runs > 0
        assert load_sweep_file(path.stem, library).runs > 0


@pytest.mark.parametrize(
    ("changes", "line", "said"),
    [
        ([("drop_point", "dropoint")], 4, "has no countries.BRN.channels.dropoint.coverage_share"),
        ([("drop_point", "dropoint")], 4, "Did you mean countries.BRN.channels.drop_point.coverage_share?"),
        ([("drop_point.coverage_share", "drop_point.kind")], 4, "holds a choice, not a number"),
        ([("countries.BRN.channels.drop_point.coverage_share", "run.seed")], 4, "belongs to the sweep"),
        ([("high = 0.60", "high = 1.60")], 3, "1.6 is outside what coverage_share may be: 0 to 1"),
        ([("high = 0.60", "high = 0.01")], 3, "low < high"),
        ([("low = 0.05\n", ""), ("high = 0.60\n", "")], 3, "neither values nor a range"),
        ([("high = 0.60", "high = 0.60\nvalues = [0.1]")], 3, "both values and a range"),
        ([("low = 0.05", 'low = 0.0\nscale = "log"')], 3, "needs low above 0"),
        ([("latin_hypercube", "latin")], 8, '"latin" is not one of the choices'),
        ([("points = 10\n", "")], 7, "needs points"),
        ([("latin_hypercube", "saltelli")], 9, "Write points = 8 or 16"),
        ([("latin_hypercube", "morris")], 7, "needs trajectories"),
        ([("latin_hypercube", "grid")], 3, "Write levels = 5"),
        ([("latin_hypercube", "list")], 3, "a list design reads"),
        ([('["baseline"]', '["basline"]')], 2, "Did you mean baseline?"),
        ([('["Cu"]', '["Copper"]')], 11, "no element Copper"),
        ([('["Cu"]', '["Cu"]\ncountries = ["BRNN"]')], 12, "Did you mean BRN?"),
        ([('["Cu"]', '["Cu"]\nyears = [2050]')], 12, "runs from 2025 to 2045"),
        ([('["Cu"]', '["Cu"]\nsteps = ["demand_met_share"]')], 12, "no sum over years"),
        ([("name = ", "nam = ")], 1, "Did you mean name?"),
        ([("points = 10", "points = nan")], 9, "whole number"),
    ],
)
def test_each_mistake_is_told_with_its_line(tmp_path, library, changes, line, said):
    told = faults(tmp_path, library, *changes)
    assert any(fault.startswith(f"{line}:") and said in fault for fault in told), told


def test_all_mistakes_are_told_at_once(tmp_path, library):
    assert len(faults(tmp_path, library, ("drop_point", "dropoint"), ('["Cu"]', '["Copper"]'), ("latin_hypercube", "sobol"))) == 3


def test_the_command_answers_a_bad_file_with_code_3_and_no_traceback(tmp_path, capsys):
    path = write(tmp_path, GOOD.replace("drop_point", "dropoint"))
    assert main(["sweep", str(path), "--out", str(tmp_path / "out")]) == 3
    said = capsys.readouterr().err
    assert "Did you mean" in said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_a_missing_file_and_a_bad_shard_are_told(tmp_path, capsys):
    assert main(["sweep", str(tmp_path / "none.toml")]) == 3
    assert main(["sweep", str(write(tmp_path, GOOD)), "--out", str(tmp_path / "out"), "--shard", "4/3"]) == 2
    assert "for example 2/8" in capsys.readouterr().err


def test_paths_do_not_lead_out(tmp_path, library):
    assert faults(tmp_path, library, ('["baseline"]', '["../baseline"]'))[0].startswith("2:")


@pytest.mark.parametrize(
    ("changes", "line", "said"),
    [
        ([('["baseline"]', '["baseline"]\nset = ["time.ende = 2030"]')], 3, "Did you mean end?"),
        ([('["baseline"]', '["baseline"]\nset = ["time.end"]')], 3, "written path=value"),
        ([('["baseline"]', '["baseline"]\nset = ["time.end = 2020"]')], 3, "2020"),
        ([("latin_hypercube", "draws")], 3, "nothing but what is uncertain"),
        ([("points = 10", "points = 10\nfirst = 5")], 10, "belongs to a design of draws"),
        ([('["baseline"]', '["baseline"]\nmodel = "twin"\nreplications = 2')], 4, "knows no luck"),
        ([("points = 10", "points = 10\n[stop]\ninterval_below = 0.1")], 10, "needs a saltelli or morris design"),
    ],
)
def test_settings_draws_twins_and_stopping_are_checked(tmp_path, library, changes, line, said):
    told = faults(tmp_path, library, *changes)
    assert any(fault.startswith(f"{line}:") and said in fault for fault in told), told


AFTER = '[[dials]]\nkey = "{key}"\n{range}\n[design]'


@pytest.mark.parametrize(
    ("key", "range_", "said"),
    [
        (
            "countries.BRN.channels.drop_point.participation_share",
            'apply = "factor"\nlow = 0.5\nhigh = 100',
            "at 100 of countries.BRN",
        ),
        ("time.end", "low = 2020\nhigh = 2035", "at 2020 of time.end the scenario breaks a rule (time.end)"),
        ("time.end", "values = [2030, 2021, 2035]", "at 2021 of time.end"),
    ],
)
def test_an_end_of_a_dial_that_breaks_a_rule_is_refused_before_anything_runs(tmp_path, library, key, range_, said):
    told = faults(tmp_path, library, ("[design]", AFTER.format(key=key, range=range_)))
    assert len(told) == 1
    assert told[0].startswith("7:")
    assert said in told[0]


def test_an_end_is_tried_with_the_other_dials_where_the_scenario_has_them_or_next_to_that(tmp_path, library):
    """Start and end of the run may both be turned, as long as neither alone leaves nothing between them."""
    both = AFTER.format(key="time.start", range="low = 2025\nhigh = 2030").replace("[design]", "") + AFTER
    text = both.format(key="time.end", range="low = 2031\nhigh = 2035")
    found = load_sweep_file(write(tmp_path, GOOD.replace("[design]", text)), library)
    assert found.whole == (False, True, True)
    told = faults(tmp_path, library, ("[design]", text.replace("high = 2030", "high = 2040")))
    assert [fault.split(":")[0] for fault in told] == ["7"]
    never = text.replace("low = 2025", "low = 2036").replace("high = 2030", "high = 2040")
    told = faults(tmp_path, library, ("[design]", never))
    assert [fault.split(":")[0] for fault in told] == ["3"]
    assert "with every dial where the scenario has it, a rule is broken (time.end)" in told[0]


def test_what_is_set_holds_in_every_base(tmp_path, library):
    found = load_sweep_file(write(tmp_path, GOOD.replace('["baseline"]', '["baseline"]\nset = ["time.end = 2031"]')), library)
    assert found.scenarios[0].spec.time.end == 2031
    assert found.identity("1") != load_sweep_file(write(tmp_path, GOOD), library).identity("1")


def test_draws_need_no_dials(tmp_path, library):
    text = GOOD[: GOOD.index("[[dials]]")] + GOOD[GOOD.index("[design]") :].replace("latin_hypercube", "draws")
    found = load_sweep_file(write(tmp_path, text.replace("points = 10", "points = 500\nfirst = 40")), library)
    assert (found.rows, found.whole) == (40, ())
    told = faults(tmp_path, library, (GOOD[GOOD.index("[[dials]]") : GOOD.index("[design]")], ""))
    assert "there are none" in told[0]


def test_validate_checks_sweep_files_too(tmp_path, capsys):
    path = write(tmp_path, GOOD)
    assert main(["validate", str(path), str(shipped() / "baseline.toml")]) == 0
    assert "valid sweep (Try; 10 points, 10 runs)" in capsys.readouterr().out
    assert main(["validate", str(write(tmp_path, GOOD.replace("drop_point", "dropoint")))]) == 3
    assert "try.toml:4: dials.1.key: the scenario baseline has no" in capsys.readouterr().err


def test_validating_a_sweep_loads_nothing_heavy(tmp_path):
    path = write(tmp_path, GOOD)
    code = (
        "import sys; from sim.cli import main; code = main(['validate', sys.argv[1], '-q']);"
        "print(code, [m for m in ('numpy', 'pandas', 'scipy', 'pyarrow', 'simpy') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code, str(path)], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.splitlines()[-1] == "0 []"
