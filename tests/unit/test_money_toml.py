"""Every money lever can be written in TOML alone, and a wrong one is told with its line."""

import pytest

from sim.core.errors import ScenarioError
from sim.scenario.load import load_scenario

LEVERS = """extends = "baseline"
name = "Money"

[capital]
hurdle_rate_share = { low = 0.06, mode = 0.1, high = 0.15 }

[[plants]]
name = "Lohum"
finance = { grant_share = 0.3, loan_share = 0.2, equity_share = 0.2 }

[plants.investment]
must_pay = true
awarded = 2026-06-01
guarantee_share = 0.5
subsidy_usd_per_t = { 2028 = 500, 2032 = 0 }
hurdle_rate_share = 0.08

[countries.JPN.channels.municipal_box]
producer_fee_usd_per_kg = 0.2
subsidy_usd_per_kg = { 2027 = 0.1, 2030 = 0.3 }
incentive_usd_per_kg = 0.1
incentive_refund_share = 0.5

[countries.JPN.behaviour.reused_share]
phone = { 2027 = 0.2, 2032 = 0.4 }

[[contracts]]
name = "Offtake"
kind = "offtake"
sellers = ["Lohum"]
metals = ["Nd", "Pr"]
buyer = "JPN"
start = 2028-01-01
years = 10
volume_t_per_year = { 2028 = 50, 2032 = 100 }
floor_usd_per_kg = 90
ceiling_usd_per_kg = 150
take_or_pay_share = 0.8
public_share = 0.5

[[contracts]]
name = "For the stockpile"
kind = "stockpile"
sellers = ["Naoshima Smelter"]
metals = ["In"]
buyer = "JPN"
start = 2027-01-01
years = 5
volume_t_per_year = 1

[[contracts]]
name = "Floor"
kind = "price_floor"
sellers = ["Lohum"]
metals = ["Dy"]
buyer = "IND"
start = 2028-01-01
years = 5
volume_t_per_year = 5
floor_usd_per_kg = 900
upside_share = 0.3

[[routes]]
name = "MYS ree_oxide"
origin = "MYS"
material = "ree_oxide"
fallback = "wait"
destinations = [{ to = "Exeter metallization", share = 0.75 }, { to = "market JPN", share = 0.25 }]
"""


def written(tmp_path, text):
    file = tmp_path / "money.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_all_levers_are_read_from_one_file(tmp_path):
    scenario = load_scenario(written(tmp_path, LEVERS))
    assert not scenario.warnings
    spec = scenario.spec
    lohum = next(plant for plant in spec.plants if plant.name == "Lohum")
    assert lohum.investment.must_pay
    assert lohum.investment.subsidy_usd_per_t.at(2030.0) == 250.0
    assert [contract.kind for contract in spec.contracts] == ["offtake", "stockpile", "price_floor"]
    assert spec.capital.hurdle_rate_share.uncertain
    assert spec.capital.life_years.at(2030.0) == 15.0


@pytest.mark.parametrize(
    ("right", "wrong", "message"),
    [
        ('sellers = ["Lohum"]\nmetals = ["Nd", "Pr"]', 'sellers = ["Lohun"]\nmetals = ["Nd", "Pr"]', "Lohum"),
        ('metals = ["In"]', 'metals = ["Indium"]', "Indium"),
        ('kind = "stockpile"', 'kind = "stock"', "stockpile"),
        ("floor_usd_per_kg = 900\n", "", "a price floor needs floor_usd_per_kg"),
        ("ceiling_usd_per_kg = 150", "ceiling_usd_per_kg = 50", "above ceiling_usd_per_kg"),
        ("guarantee_share = 0.5", "guarantee_share = 50", "guarantee_share"),
        ('to = "market JPN"', 'to = "market JPM"', "market JPN"),
        (
            '"MYS ree_oxide"\norigin = "MYS"\nmaterial = "ree_oxide"',
            '"MYS board"\norigin = "MYS"\nmaterial = "board"',
            "no product form",
        ),
    ],
)
def test_a_wrong_lever_is_told(tmp_path, right, wrong, message):
    assert right in LEVERS
    with pytest.raises(ScenarioError, match=message) as told:
        load_scenario(written(tmp_path, LEVERS.replace(right, wrong)))
    assert "money.toml" in str(told.value)
