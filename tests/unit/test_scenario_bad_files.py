"""Every bad scenario file gets its one message, at the right line, with the remedy, and never a traceback."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from sim.cli import main
from sim.core.errors import ScenarioError
from sim.scenario.load import load_scenario
from tests.fixtures.tiny_tree import TinyLibrary

ROOT = Path(__file__).parents[2]
FOLDER = Path(__file__).parent / "bad_scenarios"
BAD = tomllib.loads((FOLDER / "index.toml").read_text(encoding="utf-8"))["bad"]


def faults_of(path, library=None):
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path, library=library or TinyLibrary())
    return caught.value.faults


@pytest.mark.parametrize("bad", BAD, ids=[bad["file"].removesuffix(".toml") for bad in BAD])
def test_one_message_at_the_right_line_with_the_remedy(bad):
    faults = faults_of(FOLDER / bad["file"])
    assert len(faults) == 1, "\n".join(map(str, faults))
    fault = faults[0]
    assert (Path(fault.file).name, fault.line) == (bad.get("in", bad["file"]), bad["line"])
    assert bad["says"] in fault.message
    assert bad["fix"] in fault.hint
    assert "Input should" not in str(fault)
    assert "{" not in fault.hint or "=" in fault.hint or "{ }" in fault.hint, "a brace of the wording was left unfilled"


def test_the_set_is_large_and_complete():
    assert len(BAD) >= 60
    assert len({bad["file"] for bad in BAD}) == len(BAD)
    assert sum(bool(bad["fix"]) for bad in BAD) >= 0.9 * len(BAD)
    assert {file.name for file in FOLDER.glob("*.toml")} - {bad["file"] for bad in BAD} == {
        "index.toml",
        "other_half_of_a_circle.toml",
    }


def test_files_that_are_none(tmp_path):
    assert "there is no such file" in faults_of(tmp_path / "missing.toml")[0].message
    (tmp_path / "mine.toml").write_text("", encoding="utf-8")
    assert "Did you mean mine.toml?" in faults_of(tmp_path / "mina.toml")[0].hint
    assert "a folder" in faults_of(tmp_path)[0].message
    assert "device" in faults_of("/dev/null")[0].message
    assert "no such file" in faults_of("a\0b.toml")[0].message


def test_a_file_of_eleven_megabytes_is_not_read(tmp_path):
    file = tmp_path / "big.toml"
    file.write_bytes(b"# " + b"x" * 11_000_000)
    assert "11 MB; a scenario has at most 10 MB" in faults_of(file)[0].message


def test_a_link_out_of_the_folder_is_not_followed(tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.toml").write_text('name = "Secret"', encoding="utf-8")
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "linked.toml").symlink_to(tmp_path / "outside" / "secret.toml")
    (folder / "mine.toml").write_text('extends = "linked"\nname = "Mine"', encoding="utf-8")
    assert "leads outside the folder" in faults_of(folder / "mine.toml")[0].message


def test_a_chain_of_nine_is_too_deep_and_named(tmp_path):
    for number in range(9):
        (tmp_path / f"s{number}.toml").write_text(f'extends = "s{number + 1}"\nname = "S"', encoding="utf-8")
    (tmp_path / "s9.toml").write_text('extends = "baseline"\nname = "S"', encoding="utf-8")
    fault = faults_of(tmp_path / "s0.toml")[0]
    assert "more than 8 scenarios extend each other: s0 -> s1" in fault.message


def test_a_fault_in_a_base_scenario_is_said_of_that_file(tmp_path):
    (tmp_path / "base.toml").write_text('extends = "baseline"\nname = "Base"\n[run]\nseed = "x"\n', encoding="utf-8")
    (tmp_path / "top.toml").write_text('extends = "base"\nname = "Top"\n', encoding="utf-8")
    fault = faults_of(tmp_path / "top.toml")[0]
    assert (Path(fault.file).name, fault.line, fault.path) == ("base.toml", 4, "run.seed")


def test_faults_of_every_kind_are_told_at_once(tmp_path):
    file = tmp_path / "many.toml"
    file.write_text(
        """extends = "baseline"
name = "Many"
[time]
start = 2040
end = 2030
[countries.JPN.channels.delivery_truck]
covrage_share = 0.5
participation_share = 85
vehicle = "truk_2t"
[[routes]]
name = "r"
origin = "Japan"
material = "bord"
destinations = [{ to = "Nowhere", share = 1.5 }]
fallback = "landfill"
""",
        encoding="utf-8",
    )
    assert [fault.line for fault in faults_of(file)] == [5, 7, 8, 9, 12, 13, 14, 14]


def test_a_metal_called_by_its_name_means_its_symbol(tmp_path):
    library = TinyLibrary()
    library.tree["substances"]["Nd"]["name_en"] = "Neodymium"
    file = tmp_path / "named.toml"
    shock = '[[shocks]]\nname = "{}"\nmetal = "{}"\nsource = "*"\nstart = 2027-01-01\ndays = 9\nsupply_factor = 0\n'
    text = "".join(map(shock.format, "ab", ("Neodymium", "neodymum")))
    file.write_text(f'extends = "baseline"\nname = "Named"\n{text}', encoding="utf-8")
    assert [fault.hint for fault in faults_of(file, library)] == ['Did you mean "Nd"?'] * 2


@pytest.mark.parametrize("name", ["trukcs", "japan_delivery_truck", "delivery"])
def test_the_name_of_no_scenario_is_answered_with_the_nearest_shipped_one(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (fault,) = faults_of(name)
    assert (fault.message, fault.hint) == ("there is no such file.", "Did you mean japan_delivery_trucks?")


def test_the_name_of_no_scenario_near_none_is_a_missing_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert faults_of("qqqqqq")[0].hint == "Check the path."


def test_line_local_syntax_faults_are_told_together(tmp_path):
    file = tmp_path / "many.toml"
    file.write_text('name = "Many"\n[time]\nstart = 2０25\nend = 2030;\n[run]\nseed = 007\n', encoding="utf-8")
    assert [fault.line for fault in faults_of(file)] == [3, 4, 6]


def test_text_of_users_is_never_a_template(tmp_path):
    file = tmp_path / "braces.toml"
    file.write_text('extends = "baseline"\nname = "x"\n[run]\nseed = "{hint} {0.__class__} {key}"\n', encoding="utf-8")
    assert "{hint} {0.__class__} {key}" in faults_of(file)[0].message


def test_a_library_fault_points_at_its_table():
    library = TinyLibrary()
    library.tree["sea"]["customs_days"] = -1.0
    fault = faults_of("baseline", library)[0]
    assert (fault.file, fault.line, fault.path) == ("sim/data/tiny.csv", 7, "sea.customs_days")


def test_what_refers_to_a_faulty_entry_is_not_blamed(tmp_path):
    library = TinyLibrary()
    del library.tree["countries"]["JPN"]["depots"]["handling_usd_per_t"]
    assert [fault.path for fault in faults_of("baseline", library)] == ["countries.JPN.depots.handling_usd_per_t"]
    file = tmp_path / "mine.toml"
    file.write_text(
        """extends = "baseline"
name = "Mine"
[[plants]]
name = "New line"
country = "JPN"
process = "cu_smelter"
capacity_t_per_year = -5
[[routes]]
name = "phones of America"
origin = "USA"
material = "board"
destinations = [{ to = "New line", share = 1.0 }]
fallback = "wait"
""",
        encoding="utf-8",
    )
    assert [fault.line for fault in faults_of(file)] == [3, 7]


def test_the_command_says_the_same_and_ends_with_three():
    files = [str(FOLDER / bad["file"]) for bad in BAD[:3]]
    done = subprocess.run(
        [sys.executable, "-m", "sim", "validate", *files], capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


def test_the_command_names_every_bad_file_and_ends_with_3(capfd):
    code = main(["validate", *(str(FOLDER / bad["file"]) for bad in BAD)])
    said = capfd.readouterr().err
    assert code == 3
    assert f"{len(BAD)} of {len(BAD)} files not valid" in said
    assert "fault of the program" not in said
    assert "Traceback" not in said
