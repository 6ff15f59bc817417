"""What a comparison tells of money: additional kilograms share joint cost by value, and shortages are told with their remedy."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from sim.study.added import added
from sim.study.compare_words import added_lines, shortage_lines
from sim.study.shortage import shortages

NO_CHANNELS = pd.DataFrame({"replication": [], "country": [], "channel": [], "collected_kg": [], "diverted_kg": []})


def run(tables):
    """Results of three replications, each a draw of its own."""
    return SimpleNamespace(
        tables={"collection": NO_CHANNELS} | tables,
        manifest={"replications": 3, "repeats_per_draw": 1},
        summary={"years": [2028, 2029], "headline": ["Nd", "Cu"]},
    )


def costs(nd_kg, cu_kg, usd):
    """Joint cost shared by value: Nd at 100 USD/kg, Cu at 10; the parts add up to `usd` in each replication."""
    rows = []
    for replication, spent in enumerate(usd):
        per_usd = spent / (100.0 * nd_kg + 10.0 * cu_kg)
        rows += [
            (replication, 2028, "ALL", metal, kg, price * per_usd, price * per_usd / 2.0, price)
            for metal, kg, price in (("Nd", nd_kg, 100.0), ("Cu", cu_kg, 10.0))
        ]
        rows.append((replication, 2028, "JPN", "Nd", 1e9, 1.0, 1.0, 100.0))
    head = ["replication", "year", "country", "metal", "refined_kg", "cost_usd_per_kg", "kgco2e_per_kg", "price_usd_per_kg"]
    return pd.DataFrame(rows, columns=head)


def waste(kg):
    return pd.DataFrame({"replication": [0, 1, 2], "metal": ["total"] * 3, "collected_kg": [kg] * 3})


def test_an_additional_kilogram_bears_its_share_by_value():
    """10 kg Nd and 100 kg Cu more are worth 2,000 USD and took 6,000: 3 USD for each USD of value, so 300 a kg Nd, 30 a kg Cu."""
    before = run({"costs": costs(10.0, 500.0, [1000.0, 1100.0, 1200.0]), "signals": waste(1e5)})
    after = run({"costs": costs(20.0, 600.0, [7000.0, 7100.0, 7200.0]), "signals": waste(1.02e5)})
    found = added(before, after)
    told = {(rate.of, rate.per): rate.value for rate in found.rates}
    assert told == {
        ("usd", "t collected"): pytest.approx(3000.0),
        ("kgco2e", "t collected"): pytest.approx(1500.0),
        ("usd", "kg Nd refined"): pytest.approx(300.0),
        ("kgco2e", "kg Nd refined"): pytest.approx(150.0),
        ("usd", "kg Cu refined"): pytest.approx(30.0),
        ("kgco2e", "kg Cu refined"): pytest.approx(15.0),
    }
    # what metals bear adds up to what was spent: nothing is counted twice
    assert told["usd", "kg Nd refined"] * 10.0 + told["usd", "kg Cu refined"] * 100.0 == pytest.approx(found.usd.mean)
    assert (found.no_more, found.no_worth) == ((), ())


def test_nothing_is_told_per_kilogram_where_no_value_is_added():
    before = run({"costs": costs(10.0, 500.0, [1000.0] * 3), "signals": waste(1e5)})
    after = run({"costs": costs(20.0, 300.0, [2000.0] * 3), "signals": waste(1e5)})
    found = added(before, after)
    assert found.rates == ()
    # more Nd is refined, and that is not denied: what Cu lost outweighs it, so there is no value to share cost by
    assert (found.no_more, found.no_worth) == (("Cu",), ("Nd",))
    of_copper, of_neodymium = (line for line in added_lines(found) if line.startswith("nothing is told"))
    assert of_copper == "nothing is told per kg of Cu: no clear amount more is refined over all years"
    assert of_neodymium.startswith("nothing is told per kg of Nd: more is refined over all years, but all metals together")


def short(lost_days, refilled_kg, refill_usd, response_usd=0.0):
    """Two years in which Dy runs short for some days and 10 kg a day are used."""
    security = [(r, y, "JPN", "Dy", days) for r, lost in enumerate(lost_days) for y, days in ((2028, lost), (2029, 0.0))]
    security += [(r, 2028, "JPN", "Cu", 0.0) for r in range(3)]
    market = [(r, y, "JPN", "Dy", kg, 3652.5) for r in range(3) for y, kg in ((2028, 0.0), (2029, refilled_kg))]
    market += [(r, 2028, "JPN", "Cu", 0.0, 1.0) for r in range(3)]
    paid = [(r, "stockpile JPN", "stock refill of Dy", refill_usd * r) for r in range(3)]
    paid += [(r, "industry JPN", "stock refill of Dy", refill_usd) for r in range(3)]
    paid += [(r, "government JPN", "response", response_usd) for r in range(3)]
    # what others pay is no cost of Japan's shortage
    paid += [(r, "stockpile KOR", "stock refill of Dy", 7.0 * refill_usd) for r in range(3)]
    paid += [(r, "government KOR", "response", 9.0 * response_usd) for r in range(3)]
    return run(
        {
            "security": pd.DataFrame(security, columns=["replication", "year", "country", "metal", "loss_area_days"]),
            "market": pd.DataFrame(market, columns=["replication", "year", "country", "metal", "refilled_kg", "demand_kg"]),
            "payments": pd.DataFrame(paid, columns=["replication", "payer", "item", "usd"]),
        }
    )


def test_what_a_response_saves_is_told_with_what_it_leaves_to_pay():
    found = shortages(short([100.0, 120.0, 140.0], 100.0, 1e6), short([70.0, 91.0, 109.0], 400.0, 3e6, 5e5))
    (dysprosium,) = found.metals
    assert (dysprosium.before, dysprosium.after) == (120.0, 90.0)
    # differences of -30, -29, -31: standard error 1 / sqrt(3), Student's quantile 2.92 on two degrees
    assert dysprosium.lost_days.mean == pytest.approx(-30.0)
    assert dysprosium.lost_days.high - dysprosium.lost_days.mean == pytest.approx(2.919986 / np.sqrt(3.0), rel=1e-5)
    assert dysprosium.bought_days.mean == pytest.approx(30.0)
    assert found.refill_usd.mean == pytest.approx(4e6)
    assert found.response_usd.mean == 5e5
    first, refill, response = shortage_lines(found)
    assert first.startswith("Dy: 90 lost days of demand instead of 120, 30 less (-31.7 to -28.3)")
    assert "stocks buy back 30 days of demand more" in first
    assert refill.startswith("JPN buying stocks back: 4 million USD more")
    assert response.startswith("paid by JPN for responses: 0.5 million USD more")


def test_an_interval_that_holds_zero_is_no_clear_difference():
    """Refills of 0, 1 and 2 times the sum for the stockpile and of once for the industry: clear; draws that disagree are not."""
    before, after = short([100.0, 120.0, 140.0], 100.0, 0.0), short([70.0, 130.0, 170.0], 100.0, 1e6)
    lost, refill = shortage_lines(shortages(before, after))
    assert lost.endswith(", no clear difference)")
    assert refill == "JPN buying stocks back: 2 million USD more (0.314 to 3.69)"


def test_a_response_that_saves_nothing_is_told_to_save_nothing():
    same = [100.0, 120.0, 140.0]
    found = shortages(short(same, 0.0, 0.0), short(same, 0.0, 0.0, 5e5))
    first, response = shortage_lines(found)
    assert first == "Dy: 120 lost days of demand instead of 120, none saved"
    assert response.startswith("paid by JPN for responses: 0.5 million USD more")


def test_without_a_shortage_nothing_is_said():
    calm = [0.0, 0.0, 0.0]
    assert list(shortage_lines(shortages(short(calm, 0.0, 1e6), short(calm, 0.0, 2e6)))) == []
