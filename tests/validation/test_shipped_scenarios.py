"""Every shipped scenario is valid, its lever is visible in a result table, and nothing differs before its first date."""

from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sim.core.quantity import Quantity
from sim.core.spec import Spec
from sim.scenario.load import load_scenario
from sim.simulate.run import run_replication

FOLDER = Path(__file__).parents[2] / "scenarios"
SHIPPED = sorted(file.stem for file in FOLDER.glob("*.toml"))
SEED, END = 1, 2031
FIRST_YEAR = {  # first calendar year in which anything may differ from the baseline
    "asean_formal_collection": 2027,
    "asean_legislation": 2027,
    "asean_postal_collection": 2027,
    "asean_refining": 2027,
    "export_control_shock": 2028,
    "export_control_shock_with_response": 2028,
    "gallium_germanium_graphite_shock": 2028,
    "india_partnership": 2028,
    "japan_delivery_trucks": 2027,
    "korea_australia_partnership": 2028,
    "magnet_recycling_hub": 2027,
    "quad_framework": 2027,
    "repurposing_first": 2027,
    "streamlined_exports": 2027,
    "us_metallization": 2027,
}
FAST = ("export_control_shock", "japan_delivery_trucks", "magnet_recycling_hub", "streamlined_exports")
PARTS_OF_QUAD = (
    "asean_formal_collection",
    "asean_postal_collection",
    "asean_refining",
    "india_partnership",
    "japan_delivery_trucks",
    "korea_australia_partnership",
    "magnet_recycling_hub",
    "streamlined_exports",
    "us_metallization",
)


BOOKED_BACK = ("throughput_kg", "utilisation_share", "wait_days_mean")
KEYS = ("year", "month", "discard_year")
FROM_ANNOUNCEMENT = ("payments", "costs", "gains", "key_signals")


@cache
def scenario(name):
    return load_scenario(FOLDER / f"{name}.toml").with_set(
        f"time.end={END}", "run.uncertain_inputs=false", "resolution.period_days=92"
    )


@cache
def tables(name):
    """Tables of one replication at modes, to 2031, on the coarsest grain."""
    made = run_replication(scenario(name).spec, SEED, 0)["tables"]
    return {table: pd.DataFrame({head: _plain(column) for head, column in columns.items()}) for table, columns in made.items()}


def _plain(column):
    return np.asarray(column.values, dtype=object)[column.codes] if hasattr(column, "codes") else column


def total(name, table, measure, **where):
    """Sum of a measure over the rows of a table that match."""
    frame = tables(name)[table]
    for column, wanted in where.items():
        frame = frame[frame[column].isin(wanted if isinstance(wanted, tuple) else (wanted,))]
    return float(frame[measure].sum())


def versus(name, table, measure, **where):
    """The sum in a scenario and in the baseline."""
    return total(name, table, measure, **where), total("baseline", table, measure, **where)


def differing(one, other):
    """Rows of two tables that differ, merged by their keys; rows of nothing may be missing on either side."""
    keys = [column for column in one.columns if column in KEYS or not pd.api.types.is_numeric_dtype(one[column])]
    both = one.merge(other, on=keys, how="outer", suffixes=("_one", "_other"), indicator=True)
    measures = [column for column in one.columns if column not in keys]
    differs = np.zeros(len(both), dtype=bool)
    for measure in measures:
        left, right = both[f"{measure}_one"].to_numpy(float), both[f"{measure}_other"].to_numpy(float)
        same = (left == right) | (np.isnan(left) & np.isnan(right))
        missing = (both["_merge"] != "both").to_numpy() & (np.nan_to_num(left) == 0.0) & (np.nan_to_num(right) == 0.0)
        differs |= ~(same | missing)
    return both[differs]


def quantities(spec, path=()):
    """Every number of a specification with its key path; entries of arrays by name."""
    if isinstance(spec, Quantity):
        yield path, spec
    elif isinstance(spec, Spec):
        for field in type(spec).model_fields:
            yield from quantities(getattr(spec, field), (*path, field))
    elif isinstance(spec, dict):
        for key, value in spec.items():
            yield from quantities(value, (*path, key))
    elif isinstance(spec, tuple | list):
        for each in spec:
            name = getattr(each, "name", None) or getattr(each, "to", None)
            if name is not None:
                yield from quantities(each, (*path, name))


@cache
def numbers(name):
    return dict(quantities(scenario(name).spec))


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_scenario_is_valid_and_says_what_it_asks(name):
    loaded = scenario(name)
    first = loaded.source_text.split("\n", 1)[0]
    assert first == "#:schema scenario.schema.json"
    assert loaded.spec.title_ja
    assert loaded.spec.question.endswith("?")
    assert not loaded.warnings
    assert name == "baseline" or name in FIRST_YEAR


@pytest.mark.parametrize("name", FIRST_YEAR)
def test_paths_leave_the_baseline_on_their_first_date(name):
    """Numbers that exist in the baseline are the same in every year before the first date of the scenario."""
    base, changed = numbers("baseline"), 0
    for path, quantity in numbers(name).items():
        before = base.get(path, Quantity.constant(0.0) if _new_destination(path) else None)
        if before is None or before == quantity:
            continue
        changed += 1
        if path[0] == "routes" and len(quantity.points) == 1:
            assert quantity.value == 0.0, path  # an overflow: open only once the plant is
            continue
        for year in np.arange(2025.0, FIRST_YEAR[name] + 0.01, 0.25):
            assert quantity.at(float(year)) == pytest.approx(before.at(float(year)), rel=1e-9, abs=1e-12), (path, year)
    lists = (scenario(name).spec.levers, scenario(name).spec.shocks, scenario(name).spec.responses)
    assert changed or any(lists) or len(scenario(name).spec.plants) > len(scenario("baseline").spec.plants)


def _new_destination(path):
    return path[0] == "routes" and path[-1] == "share" and path[1] in _routes()


@cache
def _routes():
    return frozenset(route.name for route in scenario("baseline").spec.routes)


@pytest.mark.parametrize("name", FIRST_YEAR)
def test_levers_shocks_and_rules_start_no_earlier_than_said(name):
    spec, known = scenario(name).spec, {rule.name for rule in scenario("baseline").spec.border_rules}
    assert all(each.start.year >= FIRST_YEAR[name] for each in (*spec.levers, *spec.shocks, *spec.contracts))
    new = [rule for rule in spec.border_rules if rule.name not in known]
    assert all(rule.rule == "ban" or rule.start.year >= FIRST_YEAR[name] for rule in new)


@pytest.mark.parametrize("part", PARTS_OF_QUAD)
def test_the_quad_says_what_its_parts_say(part):
    """Same plants, rules, levers and households; only routes, which partners share, may differ."""
    base, quad = numbers("baseline"), numbers("quad_framework")
    said = {path: quantity for path, quantity in numbers(part).items() if base.get(path) != quantity and path[0] != "routes"}
    missing = [path for path, quantity in said.items() if quad.get(path) != quantity and path[1] not in ONLY_ALONE]
    assert not missing


ONLY_ALONE = {"Magnets and boards to Korea under agreement"}  # boards to Onsan: the pre-consented plants of the quad


def differs_first(name):
    """Table -> rows that differ though their year ends before the first date of the scenario."""
    first = FIRST_YEAR[name]
    found = {}
    for table, base in tables("baseline").items():
        if "year" not in base.columns:
            continue
        one, other = (_before(frame, _first_of(name, table, first), table) for frame in (base, tables(name)[table]))
        rows = differing(one, other)
        if len(rows):
            found[table] = rows
    return found


def _first_of(name, table, first):
    """A new plant is pledged when it is announced, and its money may move in the same year."""
    known = {plant.name for plant in scenario("baseline").spec.plants}
    announced = [plant.announced.year for plant in scenario(name).spec.plants if plant.name not in known and plant.announced]
    return min([first, *announced]) if table in FROM_ANNOUNCEMENT else first


def _before(frame, first, table):
    """Rows of years before `first`; of plants, work is booked to the month its period began in, so the last quarter is left out."""
    before = frame[frame.year < first]
    if table != "plants":
        return before
    last_quarter = (before.year == first - 1) & (before.month > 9)
    return before.assign(**{column: before[column].mask(last_quarter) for column in BOOKED_BACK})


def check_trucks():
    channel = {"country": "JPN", "channel": "delivery_truck", "year": END}
    collected, pilot = versus("japan_delivery_trucks", "collection", "collected_kg", **channel)
    assert collected > 100 * pilot
    assert 0.0 < total("japan_delivery_trucks", "collection", "diverted_kg", **channel) < collected
    boxes, before = versus("japan_delivery_trucks", "collection", "collected_kg", country="JPN", channel="municipal_box", year=END)
    assert boxes < before
    assert refined("japan_delivery_trucks", "Au", END) > refined("baseline", "Au", END)


def refined(name, metal, *years, **where):
    """Element in what refineries and magnet plants make [kg]."""
    return total(name, "recovery", "contained_kg", metal=metal, stage=("refining", "magnet"), year=years, **where)


def check_postal():
    for country in ("IDN", "VNM", "PHL"):
        assert total("baseline", "collection", "collected_kg", country=country, channel="postal") == 0.0
        assert total("asean_postal_collection", "collection", "collected_kg", country=country, channel="postal", year=END) > 0.0
    thai = {"country": "THA", "channel": "postal", "year": END}
    collected, before = versus("asean_postal_collection", "collection", "collected_kg", **thai)
    assert collected > 2 * before


def check_formal():
    for country in ("IDN", "THA", "VNM"):
        assert refined("asean_formal_collection", "Cu", END, origin=country) > 1.5 * refined("baseline", "Cu", END, origin=country)
    crude = {"metal": "Au", "stage": "crude", "year": END, "origin": "VNM"}
    burnt, before = versus("asean_formal_collection", "recovery", "contained_kg", **crude)
    assert burnt < before
    assert total("asean_formal_collection", "plants", "intake_kg", plant="IDN new dismantlers", year=END) > 0.0


def check_legislation():
    def collected(name, country, year):
        return total(name, "collection", "collected_kg", country=country, channel="producer_scheme", year=year)

    assert collected("asean_legislation", "VNM", 2028) > collected("baseline", "VNM", 2028)
    assert [collected("asean_legislation", "THA", year) > 0.0 for year in (2027, 2029)] == [False, True]
    assert [collected("asean_legislation", "MYS", year) > 0.0 for year in (2028, 2030)] == [False, True]
    assert [collected("asean_legislation", "IDN", year) > 0.0 for year in (2029, 2031)] == [False, True]
    assert collected("asean_legislation", "LAO", END) == 0.0
    assert collected("asean_legislation", "KHM", END) == 0.0


def check_refining():
    assert refined("asean_refining", "Nd", 2027, 2028, plant="Kuantan magnet hub") == 0.0
    assert refined("asean_refining", "Nd", END, plant="Kuantan magnet hub") > 0.0
    assert refined("asean_refining", "Au", END, plant="Malaysia board smelter", origin=("IDN", "THA", "VNM")) > 0.0
    assert refined("asean_refining", "Nd", END) > 1.5 * refined("baseline", "Nd", END)


def check_hub():
    hub = "Kitakyushu magnet line"
    built = tables("magnet_recycling_hub")["milestones"].set_index("plant").built_day[hub]
    first = 2025 + int(built // 365.25)
    assert refined("magnet_recycling_hub", "Nd", *range(2025, first), plant=hub) == 0.0
    assert refined("magnet_recycling_hub", "Nd", *range(first, END + 1), plant=hub) > 0.0
    assert refined("magnet_recycling_hub", "Dy", END) > 3 * refined("baseline", "Dy", END)
    scrap = {"country": "JPN", "target": "leakage", "substance": "Nd", "year": END}
    leaked, before = versus("magnet_recycling_hub", "flows", "mass_kg", **scrap)
    assert leaked < before


def check_metallization():
    metal = {"plant": "Exeter metallization", "metal": "Nd"}
    assert total("baseline", "recovery", "contained_kg", **metal) == 0.0
    sold = {"plant": "Exeter metallization", "metal": "Nd", "year": END}
    assert total("us_metallization", "sales", "contained_kg", **sold, country="JPN", contract="Japan's offtake from Exeter") > 0.0
    floor = {"item": "contract United States floor for Exeter", "payer": "government USA"}
    assert total("us_metallization", "payments", "usd", **floor, year=END) > 0.0
    oxide = {"origin": "MYS", "destination": "USA", "fraction": "ree_oxide", "year": END}
    assert total("us_metallization", "shipments", "mass_kg", **oxide) > 0.0


def check_india():
    sold = {"contract": "Japan's offtake from India", "country": "JPN", "metal": "Nd"}
    assert total("india_partnership", "sales", "contained_kg", **sold, year=tuple(range(2028, END + 1))) > 0.0
    assert refined("baseline", "Nd", *range(2025, END + 1), plant_country="IND") == 0.0


def check_korea():
    years = range(2028, END + 1)
    assert refined("korea_australia_partnership", "Nd", *years, plant_country=("KOR", "AUS")) > 0.0
    boards = {"origin": "IDN", "destination": "KOR", "fraction": "board", "year": (2030, END)}
    sent, before = versus("korea_australia_partnership", "shipments", "mass_kg", **boards)
    assert sent > before


def check_streamlined():
    def days(name):
        frame = tables(name)["shipments"]
        frame = frame[frame.fraction.isin(("board", "magnet", "battery")) & (frame.year >= 2027) & (frame.mass_kg > 0.0)]
        return float((frame.consent_days.fillna(0.0) * frame.mass_kg).sum() / frame.mass_kg.sum())

    assert days("streamlined_exports") < 0.7 * days("baseline")


def check_shock():
    lost = {"country": "JPN", "metal": "Dy", "year": 2028}
    assert total("export_control_shock", "market", "shortfall_kg", **lost) > 0.0
    assert total("baseline", "market", "shortfall_kg", **lost) == 0.0
    price = {"country": "JPN", "metal": "Dy"}
    struck, before = versus("export_control_shock", "market", "price_usd_per_kg", **price, year=2028)
    assert struck > 2 * before
    spared, before = versus("export_control_shock", "market", "shortfall_kg", country="JPN", metal="Cu")
    assert spared == before


def check_response():
    for metal in ("Dy", "Nd"):
        lost = {"country": "JPN", "metal": metal, "year": (2028, 2029)}
        with_response = total("export_control_shock_with_response", "market", "shortfall_kg", **lost)
        assert with_response < total("export_control_shock", "market", "shortfall_kg", **lost)
    stock = tables("export_control_shock_with_response")["market"]
    stock = stock[(stock.country == "JPN") & (stock.metal == "Dy")].set_index(["year", "month"]).stockpile_kg
    assert stock.loc[2028].min() < stock.loc[2027].min()


def check_gallium():
    for metal in ("Ga", "Ge"):
        assert total("gallium_germanium_graphite_shock", "market", "shortfall_kg", country="JPN", metal=metal, year=2029) > 0.0
    price = {"metal": "graphite", "year": 2029}
    struck, before = versus("gallium_germanium_graphite_shock", "market", "price_usd_per_kg", **price)
    assert struck > before
    assert refined("gallium_germanium_graphite_shock", "Ga", END) == refined("baseline", "Ga", END)


def check_repurposing():
    def offered(name, country):
        return total(name, "collection", "offered_kg", country=country, year=END)

    assert offered("repurposing_first", "JPN") < offered("baseline", "JPN")
    assert refined("repurposing_first", "Cu", END, origin="JPN") < refined("baseline", "Cu", END, origin="JPN")
    kept = {"metal": "Nd", "year": END}
    for measure in ("second_life_kg", "exported_kg"):
        later, before = versus("repurposing_first", "reuse", measure, country="JPN", **kept)
        assert later > before
    value, before = versus("repurposing_first", "reuse", "value_kept_usd", country="IDN", metal="total", year=END)
    assert value > before


def check_quad():
    for metal in ("Nd", "Dy", "Au", "Cu"):
        assert refined("quad_framework", metal, END) > refined("baseline", metal, END)
    assert refined("quad_framework", "Nd", END) > 10 * refined("baseline", "Nd", END)


CHECKS = {
    "asean_formal_collection": check_formal,
    "asean_legislation": check_legislation,
    "asean_postal_collection": check_postal,
    "asean_refining": check_refining,
    "export_control_shock": check_shock,
    "export_control_shock_with_response": check_response,
    "gallium_germanium_graphite_shock": check_gallium,
    "india_partnership": check_india,
    "japan_delivery_trucks": check_trucks,
    "korea_australia_partnership": check_korea,
    "magnet_recycling_hub": check_hub,
    "quad_framework": check_quad,
    "repurposing_first": check_repurposing,
    "streamlined_exports": check_streamlined,
    "us_metallization": check_metallization,
}


@pytest.mark.parametrize("name", [pytest.param(name, marks=() if name in FAST else pytest.mark.slow) for name in CHECKS])
def test_the_lever_is_visible_and_nothing_differs_before_it(name):
    assert not differs_first(name)
    CHECKS[name]()


@pytest.mark.slow
def test_paths_of_reuse_shares_are_obeyed_over_time():
    """More second owners from 2027 on mean fewer first discards handed over in a country that exports nothing for reuse."""
    reuse = total("repurposing_first", "collection", "offered_kg", country="IDN", year=END)
    assert reuse < total("baseline", "collection", "offered_kg", country="IDN", year=END)
