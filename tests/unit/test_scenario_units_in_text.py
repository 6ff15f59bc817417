"""A number written with its unit is answered with the number the key needs."""

import pytest

from sim.core.errors import ScenarioError
from sim.scenario.load import load_scenario
from sim.scenario.units import factor_of
from tests.fixtures.tiny_tree import TinyLibrary

CASES = {
    "130 kt": "130000",
    "130 kt/y": "130000",
    "130,000 t/a": "130000",
    "500 kg per day": "182.625",
    "1.2 Mt a year": "1200000",
    "120 (nameplate)": "120",
}


@pytest.mark.parametrize("said", CASES)
def test_a_capacity_with_its_unit_is_converted(tmp_path, said):
    text = (
        f'name = "x"\n[time]\nstart = 2025\nend = 2026\n[[plants]]\nname = "Saganoseki Smelter"\ncapacity_t_per_year = "{said}"\n'
    )
    (tmp_path / "wrong.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as wrong:
        load_scenario(tmp_path / "wrong.toml", library=TinyLibrary())
    (fault,) = wrong.value.faults
    assert fault.line == 7
    assert fault.hint == f"Write capacity_t_per_year = {CASES[said]}"


@pytest.mark.parametrize(
    ("text", "key", "factor"),
    [
        ("", "capacity_t_per_year", 1.0),
        ("hours", "residence_days", 1 / 24),
        ("weeks", "consent_valid_days", 7.0),
        ("km", "capacity_t_per_year", None),
        ("kg", "quota_t", 0.001),
        ("EUR", "opex_usd_per_t", 1.0),
        ("yen per t", "opex_usd_per_t", 1 / 150),
    ],
)
def test_factors(text, key, factor):
    found = factor_of(text, key)
    assert found is None if factor is None else found == pytest.approx(factor)
