"""docs/model.md shows what the model says now."""

from __future__ import annotations

import pytest

from tests.validation.comparisons import all_rows
from tests.validation.model_table import PAGE


def test_the_page_shows_every_comparison_as_it_is(back):
    shown = {}
    for text in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in text.strip("|").split("|")]
        if len(cells) == 7 and cells[4].replace(".", "").isdecimal():
            shown[cells[0], cells[1]] = float(cells[4])
    rows = all_rows(back)
    renew = "renew with: python -m tests.validation.model_table"
    assert set(shown) == {(row.subject, row.period) for row in rows}, renew
    for row in rows:
        assert shown[row.subject, row.period] == pytest.approx(row.ratio, rel=0.03, abs=0.01), (row.subject, row.period, renew)
