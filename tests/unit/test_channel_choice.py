"""Choice of channel: shares, diversion and prices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from sim.nodes.choice import captured_shares, compete, divert

shares_of_three = arrays(np.float64, (3, 2), elements=st.floats(0.0, 0.33))


def test_captured_share_is_coverage_times_participation_in_scope():
    scope = np.array([[1.0, 0.0], [0.5, 1.0]])
    assert captured_shares(np.array([0.8, 1.0]), np.array([0.5, 0.2]), scope) == pytest.approx(np.array([[0.4, 0.0], [0.1, 0.2]]))


def test_a_new_channel_takes_its_diverted_part_from_older_ones_in_proportion():
    after = divert(np.array([[0.3], [0.1], [0.2]]), np.array([0.0, 0.0, 0.5]))
    assert after.shares == pytest.approx(np.array([[0.225], [0.075], [0.2]]))
    assert after.gained == pytest.approx(np.array([[0.0], [0.0], [0.1]]))
    assert after.given_up == pytest.approx(np.array([[0.075], [0.025], [0.0]]))
    assert not after.scaled


def test_no_more_is_diverted_than_older_channels_have():
    after = divert(np.array([[0.05], [0.4]]), np.array([0.0, 0.9]))
    assert after.shares == pytest.approx(np.array([[0.0], [0.4]]))
    assert after.gained.sum() == pytest.approx(0.05)


def test_more_than_everything_is_scaled_and_told():
    after = divert(np.array([[0.8], [0.6]]), np.zeros(2))
    assert after.scaled
    assert after.shares.sum() == pytest.approx(1.0)


@given(shares=shares_of_three, diverted=arrays(np.float64, 3, elements=st.floats(0.0, 1.0)))
def test_diversion_keeps_its_sums(shares, diverted):
    after = divert(shares, diverted)
    assert (after.shares >= -1e-15).all()
    assert after.shares.sum(axis=0).max() <= 1.0 + 1e-12
    assert after.gained.sum() == pytest.approx(after.given_up.sum(), abs=1e-12)
    assert (after.shares <= shares + 1e-12).all()


@given(shares=shares_of_three, incentive=arrays(np.float64, 3, elements=st.floats(-1.0, 1.0)), sensitivity=st.floats(0.0, 5.0))
def test_prices_move_odds_and_nothing_else(shares, incentive, sensitivity):
    moved = compete(shares, incentive, sensitivity)
    rest, left = 1.0 - shares.sum(axis=0), 1.0 - moved.sum(axis=0)
    for channel in range(3):
        for group in range(2):
            if shares[channel, group] > 1e-9 and rest[group] > 1e-9:
                odds = moved[channel, group] / left[group] / (shares[channel, group] / rest[group])
                assert odds == pytest.approx(np.exp(sensitivity * incentive[channel]), rel=1e-6)


def test_without_incentive_or_sensitivity_nothing_moves():
    shares = np.array([[0.3], [0.5]])
    assert compete(shares, np.zeros(2), 3.0) == pytest.approx(shares)
    assert compete(shares, np.array([0.5, 0.0]), 0.0) == pytest.approx(shares)
    assert compete(shares, np.array([0.5, 0.0]), 2.0)[0, 0] > 0.3
    assert compete(shares, np.array([0.5, 0.0]), 2.0)[1, 0] < 0.5
