"""Files, base scenarios and the library become one scenario that knows who said what."""

import pickle
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.core.errors import ScenarioError
from sim.core.quantity import Quantity, Spread
from sim.scenario import extends, toml
from sim.scenario.keys import join, split
from sim.scenario.load import load_scenario
from sim.scenario.merge import overlay
from tests.fixtures.tiny_tree import BASELINE, TinyLibrary, tiny_tree

LIBRARY = TinyLibrary()
CHANNEL = "countries.JPN.channels.delivery_truck"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "baseline.toml").write_text(BASELINE, encoding="utf-8")
    return tmp_path


def load(folder: Path, text: str, name: str = "mine"):
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return load_scenario(folder / f"{name}.toml", library=LIBRARY)


def test_a_file_overlays_what_it_extends_and_the_library(folder):
    scenario = load(
        folder,
        f"""extends = "baseline"
name = "Mine"
[time]
end = 2035
[{CHANNEL}]
coverage_share = {{ 2026 = 0.05, 2030 = 0.60 }}
[[plants]]
name = "Saganoseki Smelter"
capacity_t_per_year = 77
[[plants]]
name = "New smelter No. 2"
country = "THA"
process = "cu_smelter"
capacity_t_per_year = {{ low = 1, mode = 2, high = 3 }}
background_feed_t_per_year = 0
status = "operating"
yard_limit_days = 10
""",
    )
    spec = scenario.spec
    assert (spec.name, spec.question, spec.time.start, spec.time.end) == ("Mine", "What happens if nothing changes?", 2025, 2035)
    assert spec.countries["JPN"].channels["delivery_truck"].coverage_share == Quantity(((2026.0, 0.05), (2030.0, 0.6)))
    assert spec.countries["JPN"].channels["delivery_truck"].participation_share.value == 0.1
    assert [plant.name for plant in spec.plants][-1] == "New smelter No. 2"
    assert len(spec.plants) == len(tiny_tree()["plants"]) + 1
    smelter = next(plant for plant in spec.plants if plant.name == "Saganoseki Smelter")
    assert (smelter.capacity_t_per_year.value, smelter.country) == (77.0, "JPN")
    assert spec.plants[-1].capacity_t_per_year == Quantity.constant(Spread(1.0, 2.0, 3.0))


def test_a_number_is_replaced_whole():
    base = {"a": {"low": 1.0, "mode": 2.0, "high": 3.0}, "b": {"2026": 1.0}, "c": {"x": 1, "y": 2}}
    assert overlay(base, {"a": {"2026": 5.0}, "b": {"2030": 2.0}, "c": {"y": 3}}) == {
        "a": {"2026": 5.0},
        "b": {"2030": 2.0},
        "c": {"x": 1, "y": 3},
    }


def test_overlaying_changes_neither_side():
    base, over = {"t": {"a": 1}, "p": [{"name": "x", "v": 1}]}, {"t": {"b": 2}, "p": [{"name": "x", "v": 2}]}
    assert overlay(base, over) == {"t": {"a": 1, "b": 2}, "p": [{"name": "x", "v": 2}]}
    assert base == {"t": {"a": 1}, "p": [{"name": "x", "v": 1}]}
    assert over["t"] == {"b": 2}


def test_who_said_what(folder):
    load(folder, 'extends = "baseline"\nname = "Middle"\n[time]\nend = 2040\n', "middle")
    scenario = load(folder, f'extends = "middle"\nname = "Top"\n[{CHANNEL}]\ncoverage_share = 0.3\n', "top")
    said = {key: (Path(where.file).name, where.line) for key, where in scenario.written.items()}
    assert said["time.start"] == ("baseline.toml", 6)
    assert said["time.end"] == ("middle.toml", 4)
    assert said[f"{CHANNEL}.coverage_share"] == ("top.toml", 4)
    assert said["name"] == ("top.toml", 2)
    assert f"{CHANNEL}.participation_share" not in said


def test_evidence_is_the_comment_of_a_stated_number_else_the_library(folder):
    scenario = load(
        folder,
        f"""extends = "baseline"
name = "Mine"
[{CHANNEL}]
# Target of the ministry's pilot, press release
# of 2 July 2026 (grade B)
coverage_share = 0.6
participation_share = 0.2  # a guess
""",
    )
    stated = scenario.evidence_of(f"{CHANNEL}.coverage_share")
    assert stated.grade == "B"
    assert stated.derivation == "Target of the ministry's pilot, press release of 2 July 2026 (grade B)"
    assert stated.source.endswith("mine.toml")
    guess = scenario.evidence_of(f"{CHANNEL}.participation_share")
    assert (guess.grade, guess.derivation) == ("D", "a guess")
    assert scenario.evidence_of(f"{CHANNEL}.diverted_share").source == "a book"


def test_inputs_are_hashes_of_every_file(folder):
    scenario = load(folder, 'extends = "baseline"\nname = "Mine"\n')
    names = [Path(name).name for name in scenario.inputs]
    assert names == ["baseline.toml", "mine.toml", "tiny.csv"]
    assert all(len(digest) == 64 for digest in scenario.inputs.values())


def test_the_source_is_kept_byte_for_byte(folder):
    raw = b'\xef\xbb\xbfextends = "baseline"\r\nname = "Mine"\r\n'
    (folder / "mine.toml").write_bytes(raw)
    scenario = load_scenario(folder / "mine.toml", library=LIBRARY)
    assert scenario.name == "Mine"
    assert scenario.source_text.encode() == raw


def test_setting_values_as_on_the_command_line(folder):
    scenario = load(folder, 'extends = "baseline"\nname = "Mine"\n')
    changed = scenario.with_set("time.end=2040", f"{CHANNEL}.coverage_share={{ 2026 = 0.1, 2030 = 0.2 }}", "resolution.zones=fine")
    changed = changed.with_set("plants.Saganoseki Smelter.capacity_t_per_year=5", 'question="a = sign"')
    assert (changed.spec.time.end, changed.spec.resolution.zones, changed.spec.question) == (2040, "fine", "a = sign")
    assert next(plant for plant in changed.spec.plants if plant.name == "Saganoseki Smelter").capacity_t_per_year.value == 5.0
    assert str(changed.written["time.end"]) == "--set"
    assert scenario.spec.time.end == 2030


@pytest.mark.parametrize(
    ("assignment", "says"),
    [
        ("time.end", "path=value"),
        ("=3", "path=value"),
        ("time.edn=2040", "unknown key. Did you mean end?"),
        ("time.end=2040,5", "decimal comma"),
        ("time.end=85 %", "percent sign"),
        ("countries.JPN.channels.delivery_truck.coverage_share=85", "Did you mean 0.85?"),
        ("resolution.zones=fin", 'Did you mean "fine"?'),
        ("plants..x=3", "path=value"),
    ],
)
def test_a_wrong_setting_is_told_like_a_wrong_line(folder, assignment, says):
    scenario = load(folder, 'extends = "baseline"\nname = "Mine"\n')
    with pytest.raises(ScenarioError) as caught:
        scenario.with_set(assignment)
    assert len(caught.value.faults) == 1
    assert says in str(caught.value)
    assert caught.value.faults[0].file == "--set"


def test_a_shipped_scenario_is_found_by_its_name_and_from_another_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_scenario("baseline", library=LIBRARY).path.name == "baseline.toml"
    (tmp_path / "mine.toml").write_text('extends = "baseline"\nname = "Mine"\n', encoding="utf-8")
    assert load_scenario("mine.toml", library=LIBRARY).spec.time.end == 2045


def test_a_base_of_the_own_folder_hides_the_shipped_one_with_a_warning(folder):
    warnings = load(folder, 'extends = "baseline"\nname = "Mine"\n').warnings
    assert len(warnings) == 1
    assert "hides the shipped scenario" in warnings[0]


def test_a_wheel_carries_the_scenarios_as_library(tmp_path, monkeypatch):
    package = tmp_path / "sim"
    (package / "library").mkdir(parents=True)
    (package / "scenario").mkdir()
    monkeypatch.setattr(extends, "__file__", str(package / "scenario" / "extends.py"))
    assert extends.shipped() == package / "library"


def test_a_scenario_can_be_sent_to_a_worker(folder):
    scenario = load(folder, f'extends = "baseline"\nname = "Mine"\n[{CHANNEL}]\ncoverage_share = 0.3\n')
    assert scenario.written
    sent = pickle.loads(pickle.dumps(scenario))
    assert sent.spec == scenario.spec
    assert sent.written == scenario.written


@pytest.mark.parametrize("stem", ["mine", "Mine-2_x", "..", "配送", "con text", "a" * 90])
def test_the_id_is_a_name_for_a_folder(folder, stem):
    (folder / f"{stem}.toml").write_text('extends = "baseline"\nname = "Mine"\n', encoding="utf-8")
    made = load_scenario(folder / f"{stem}.toml", library=LIBRARY).id
    assert made.replace("_", "").replace("-", "").isalnum()
    assert made.isascii()
    assert len(made) <= 64


@given(st.lists(st.text(st.characters(blacklist_characters='"', blacklist_categories=["Cs", "Cc"]), min_size=1), min_size=1))
def test_key_paths_are_read_as_written(parts):
    assert split(join(parts)) == tuple(parts)


shares = st.floats(0.0, 0.5).map(lambda x: round(x, 6))
ranges = st.tuples(shares, shares, shares).map(sorted).map(lambda v: f"{{ low = {v[0]}, mode = {v[1]}, high = {v[2]} }}")
values = st.one_of(shares.map(str), ranges)
paths = st.dictionaries(st.integers(1950, 2100), values, min_size=1, max_size=4).map(
    lambda points: "{ " + ", ".join(f"{year} = {value}" for year, value in points.items()) + " }"
)
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_ .,()&/+'-]{0,30}", fullmatch=True)
texts = st.text(st.characters(blacklist_categories=["Cs"]), max_size=50)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    coverage=st.one_of(values, paths),
    plants=st.lists(st.tuples(names, st.dates(), values), max_size=3, unique_by=lambda plant: plant[0]),
    question=texts,
)
def test_what_is_resolved_loads_to_the_same_scenario(folder, coverage, plants, question):
    text = f'extends = "baseline"\nname = "Mine"\nquestion = {toml.text(question)}\n[{CHANNEL}]\ncoverage_share = {coverage}\n'
    for name, day, share in plants:
        text += f'[[plants]]\nname = "{name}"\ncountry = "JPN"\nprocess = "cu_smelter"\ncapacity_t_per_year = 10\n'
        text += (
            f'background_feed_t_per_year = 0\nstatus = "announced"\nannounced = {day}\ncommissioning = "ree_recycling_separation"\n'
        )
        text += f"yard_limit_days = 3\nfinance = {{ grant_share = {share} }}\n"
    scenario = load(folder, text)
    resolved = load(folder, scenario.resolved_toml(), "resolved")
    assert resolved.spec == scenario.spec
    assert resolved.stated_keys == scenario.stated_keys
    assert load(folder, resolved.resolved_toml(), "again").resolved_toml() == resolved.resolved_toml()
