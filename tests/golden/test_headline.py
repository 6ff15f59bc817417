"""Did a number change by accident? A change on purpose renews the file and is told in the changelog."""

from __future__ import annotations

import json

import pytest

from tests.golden.headline import DIGITS, FILE, headline


def test_the_headline_of_a_short_baseline_is_as_it_was():
    kept = json.loads(FILE.read_text(encoding="utf-8"))
    now = headline()
    assert list(now) == list(kept)
    for row, steps in kept.items():
        assert now[row] == pytest.approx(steps, rel=10.0 ** (1 - DIGITS)), row
