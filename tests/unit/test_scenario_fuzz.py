"""Whatever bytes a file holds, loading it ends with a scenario or with faults in words."""

import contextlib

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sim.core.errors import ScenarioError
from sim.scenario.load import load_scenario
from sim.scenario.reading import decode
from sim.scenario.syntax import parse
from tests.fixtures.tiny_tree import TinyLibrary

LIBRARY = TinyLibrary()
GOOD = """extends = "baseline"
name = "Mine"
question = 'What?'
[time]
end = 2040
[run]
uncertain_inputs = true
[countries.JPN.channels.delivery_truck]
start = 2026-10-01
coverage_share = { 2026 = 0.05, 2030 = { low = 0.4, mode = 0.6, high = 0.7 } }
groups = ["phone", "it_equipment"]
[[plants]]
name = "Line 2"
country = "JPN"
process = "cu_smelter"
capacity_t_per_year = { low = 1, mode = 2, high = 3 }
background_feed_t_per_year = 0
status = "announced"
announced = 2026-07-01
commissioning = "ree_recycling_separation"
yard_limit_days = 30
[[shocks]]
name = "Licences"
metal = "Nd"
source = "CHN"
start = 2028-01-01
days = 365
supply_factor = 0.4
"""
PIECES = [
    *'[]{}=,."\'#\n\t -0９％％＝　"”’\u200b\x00\r\ufeff',
    *(
        '"""',
        "'''",
        "[[",
        "]]",
        "nan",
        "inf",
        "1e999",
        "-1",
        "85 %",
        "0,5",
        "true",
        "yes",
        "{}",
        "[]",
        "name",
        "*",
        "low = 1",
        "2026",
    ),
    *(
        "9" * 400,
        "{ a = 1 }",
        "1979-05-27T07:32:00Z",
        "07:32:00",
        "\\u12",
        "日本",
        '"日本" = 1',
        "stated = [1]\n",
        'extends = "mine"\n',
    ),
    *("plants", "[plants]", "[[time]]", "[[countries]]", "a.b.c = 1\n", "[a.b]\n", "= 3", "[countries.JPN]\n", "countries = 3\n"),
]


def outcome(tmp_path, raw: bytes) -> None:
    file = tmp_path / "mine.toml"
    file.write_bytes(raw)
    try:
        load_scenario(file, library=LIBRARY)
    except ScenarioError as error:
        faults = error.faults
    else:
        return
    assert faults
    for fault in faults:
        assert fault.message
        assert fault.line >= 0
        assert len(str(fault).encode()) < 6000


FUZZ = settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FUZZ
@given(st.binary(max_size=400))
@example(b"\xff\xfe")
@example(b"\x80")
@example("a = '日'".encode("euc_jp"))
def test_random_bytes(tmp_path, raw):
    outcome(tmp_path, raw)


@FUZZ
@given(st.text(max_size=200))
@example('a = "\\ud800"')
@example("a = 1979-05-27T07:32:00.999999-25:00")
@example("\N{BYTE ORDER MARK}" * 3)
def test_random_text(tmp_path, text):
    outcome(tmp_path, text.encode("utf-8", "surrogatepass"))


@FUZZ
@given(st.lists(st.tuples(st.integers(0, len(GOOD)), st.integers(0, 12), st.sampled_from(PIECES)), min_size=1, max_size=4))
def test_mutations_of_a_right_file(tmp_path, edits):
    text = GOOD
    for at, cut, piece in edits:
        text = text[:at] + piece + text[at + cut :]
    outcome(tmp_path, text.encode())


tables = st.recursive(
    st.one_of(st.integers(), st.floats(), st.booleans(), st.text(max_size=8), st.dates(), st.none().map(lambda _: {})),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)),
    max_leaves=6,
)
TOP = [
    "time",
    "run",
    "plants",
    "routes",
    "countries",
    "zones",
    "market",
    "processes",
    "border_rules",
    "levers",
    "shocks",
    "sea",
    "products",
]


@FUZZ
@given(st.sampled_from(TOP), tables)
def test_anything_in_place_of_a_section(tmp_path, key, value):
    from sim.scenario.toml import key as written_key
    from sim.scenario.toml import value as written

    outcome(tmp_path, f'extends = "baseline"\nname = "Mine"\n{written_key(key)} = {written(value)}\n'.encode())


@pytest.mark.slow
@settings(max_examples=20_000, deadline=None)
@given(st.one_of(st.binary(max_size=2000), st.text(max_size=800).map(lambda text: text.encode("utf-8", "replace"))))
def test_reading_and_parsing_more_bytes(raw):
    with contextlib.suppress(ScenarioError):  # anything else is a failure
        parse(decode(raw, "x"), "x")
