"""Numbers and sentences as readers of each language write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from sim.core.errors import UsageError
from sim.report.language import language, mass_unit

EN, JA = language("en"), language("ja")
THIN = "\u202f"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0, "0"),
        (1234567, "1,230,000"),
        (12.345, "12.3"),
        (0.012345, "0.0123"),
        (-5.5, "\u22125.5"),
        (float("nan"), "–"),
        (float("inf"), "–"),
        (1000, "1,000"),
    ],
)
def test_numbers_have_three_significant_digits(value, written):
    assert EN.number(value) == written


@pytest.mark.parametrize(
    ("kg", "written"), [(0.0005, "0.5 g"), (0, "0 kg"), (12, "12 kg"), (1500, "1.5 t"), (2.5e7, "25 kt"), (999, "999 kg")]
)
def test_masses_have_the_unit_that_suits_them(kg, written):
    assert EN.mass(kg) == written.replace(" ", THIN)


def test_intervals_have_one_unit():
    assert EN.masses(567, 1070, 827) == f"567 to 1,070{THIN}kg"
    assert JA.masses(567, 1070, 827) == f"567～1,070{THIN}kg"
    assert EN.masses(2e3, 2e3) == f"2{THIN}t"


def test_percentages_follow_the_language():
    assert EN.share(0.123) == f"12{THIN}%"
    assert JA.share(0.123) == "12%"
    assert EN.share(0.9966) == f"99.7{THIN}%"
    assert EN.shares(0.01, 0.02) == f"1 to 2{THIN}%"
    assert EN.shares(0.0157, 0.0163) == f"1.57 to 1.63{THIN}%"
    assert EN.shares(0.016, 0.016) == f"1.6{THIN}%"


def test_lists_sentences_and_plurals():
    assert EN.listed(["a", "b", "c"]) == "a, b and c"
    assert JA.listed(["a", "b"]) == "a、b"
    assert EN.listed([]) == ""
    assert EN.sentences("One", "Two.", "") == "One. Two."
    assert JA.sentences("一", "二。") == "一。二。"
    assert EN.many("{n} row", "{n} rows", 1) == "1 row"
    assert EN.many("{n} row", "{n} rows", 2000) == "2,000 rows"


def test_texts_of_others_are_escaped_in_rich_sentences():
    told = EN.rich("{metal}: most of the spread follows {inputs}.", metal="<b>", inputs=Markup("<i>x</i>"))
    assert told == "&lt;b&gt;: most of the spread follows <i>x</i>."


def test_braces_in_texts_of_others_stay_as_they_are():
    assert EN("{n} days", n="{0.__class__}{n}") == "{0.__class__}{n} days"


def test_unknown_language_is_refused_by_name():
    with pytest.raises(UsageError, match="no language 'fr'"):
        language("fr")


@given(st.floats(min_value=1e-6, max_value=1e13))
def test_written_masses_are_within_half_a_percent(kg):
    factor, unit = mass_unit(kg)
    number, shown = EN.mass(kg).split(THIN)
    assert shown == unit
    assert float(number.replace(",", "")) * factor == pytest.approx(kg, rel=0.0051)
