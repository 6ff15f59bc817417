"""The periods plants work in: equal parts of each calendar year."""

import pytest

from sim.core.calendar import Calendar
from sim.nodes.schedule import MOMENT, Periods
from tests.fixtures.plants import DISMANTLING, Supplier, plant, process, rows, wire, world


@pytest.mark.parametrize("days", [7, 28, 92])
def test_every_year_has_as_many(days):
    calendar = Calendar.of(2025, 2045)
    periods = Periods(calendar, days)
    starts = [calendar.year_of(start) for start, _ in periods.spans]
    assert {starts.count(year) for year in calendar.years} == {round(365 / days)}
    assert periods.spans[0][0] == 0.0
    assert periods.spans[-1][1] == calendar.days
    assert all(one[1] == other[0] for one, other in zip(periods.spans, periods.spans[1:], strict=False))


def test_a_day_belongs_to_the_period_that_is_worked_next():
    periods = Periods(Calendar.of(2025, 2026), 73)
    assert [periods.number(day) for day in (0.0, 72.9, 73.0, 364.0, 365.0)] == [0, 0, 1, 4, 5]
    assert periods.number(73.0 - MOMENT / 2.0) == 1, "the first has been worked"
    assert periods.number(730.0) == periods.count == 10


@pytest.mark.parametrize("days", [28, 92])
def test_even_feed_is_even_work_in_every_year(days):
    here = world(2025, 2036, audit="month")
    site, supplier = wire(here, [plant(tonnes=36525)], {"dismantling": process(DISMANTLING)}, period_days=days), Supplier(here)
    for day in range(here.calendar.days):
        supplier.send_at(day + 0.5, site.plants["Works"], "phone", supplier.lot(1000.0))
    site.run()
    worked = [0.0] * 12
    for row in rows(here, "plants"):
        worked[row["month"] // 12] += row["throughput_kg"]
    assert worked == pytest.approx([1000.0 * (366 if year % 4 == 0 else 365) for year in range(2025, 2037)])
