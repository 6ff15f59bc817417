"""What to measure next and when something fails, on made-up functions whose answers are known."""

import itertools
from dataclasses import replace

import numpy as np
import pytest

from sim.study import learning as learnings
from sim.study.prim import chosen, prim


def learning(inputs, outcomes):
    """All inputs in their own order."""
    found = learnings.learning(inputs, outcomes, top=inputs.shape[1])
    if found is None:
        return None
    back = np.argsort(found.place)
    names = ("share", "share_low", "share_high", "worth", "worth_low", "worth_high")
    return replace(found, place=found.place[back], **{name: getattr(found, name)[back] for name in names})


def sample(points=600, inputs=6, seed=1):
    return np.random.default_rng(seed).random((points, inputs))


def test_shares_are_first_order_indices():
    x = sample(3000)
    y = 3.0 * x[:, 0] + 2.0 * np.sin(np.pi * x[:, 1]) + x[:, 2] * x[:, 3]
    found = learning(x, y[np.newaxis])
    parts = np.array([9 / 12, 4 * (0.5 - 4 / np.pi**2), 1 / 48, 1 / 48, 0.0, 0.0])
    known = parts / (parts.sum() + 1 / 144)  # 1/144: what the two last act together
    assert found.share == pytest.approx(known, abs=0.03)
    assert ((found.share_low - 0.01 <= known) & (known <= found.share_high + 0.01)).all()
    assert found.luck < 0.02
    assert (found.worth == 0.0).all()


def test_inputs_that_do_nothing_stay_below_luck_most_of_the_time():
    rng = np.random.default_rng(4)
    above = 0
    for _ in range(40):
        found = learning(rng.random((80, 30)), rng.normal(size=(1, 80)))
        above += found.share.max() > found.luck
    assert above <= 8  # 5 %, and three standard errors


def test_worth_is_the_expected_value_of_knowing():
    """One choice is better by x - 0.3: taken blindly it brings 0.2, knowing x E[max(0, x - 0.3)] = 0.245."""
    x = sample(2000)
    noise = np.random.default_rng(3).normal(size=2000)
    found = learning(x, np.stack([np.full(2000, 7.0) + 0.1 * noise, 7.0 + x[:, 0] - 0.3 + 0.1 * noise]))
    assert found.worth[0] == pytest.approx(0.045, abs=0.005)
    assert found.worth_low[0] < 0.045 < found.worth_high[0]
    assert found.worth[1:].max() < 0.002
    assert found.share[0] == pytest.approx(1.0, abs=0.01)


def test_where_one_choice_is_always_better_nothing_is_worth_measuring():
    x = sample()
    found = learning(x, np.stack([x[:, 0], x[:, 0] + 2.0 + 0.1 * x[:, 1]]))
    assert found.worth.max() < 1e-3


def test_inputs_of_few_values_and_ones_that_never_change_are_taken_as_they_are():
    x = sample()
    x[:, 1] = np.round(x[:, 1])
    x[:, 2] = 4.0
    found = learning(x, (x[:, 0] + x[:, 1])[np.newaxis])
    assert found.share[:3] == pytest.approx([0.25, 0.75, 0.0], abs=0.05)


def test_nothing_is_said_where_nothing_can_be():
    assert learning(sample(5), np.zeros((1, 5))) is None
    assert learning(sample(), np.ones((1, 600))) is None
    missing = np.where(np.arange(600) % 2, np.nan, sample()[:, 0])[np.newaxis]
    assert learning(sample(), missing).share[0] == pytest.approx(1.0, abs=0.02)


def test_only_the_largest_are_told_largest_first():
    x = sample(inputs=40)
    found = learnings.learning(x, (x[:, 7] + 2.0 * x[:, 30])[np.newaxis], top=3)
    assert found.place[:2].tolist() == [30, 7]
    assert len(found.share) == len(found.worth_high) == 3


# scenario discovery


def test_a_planted_box_is_found_with_its_dials_and_ends():
    x = sample(2000, 8, seed=6)
    cases = (x[:, 2] > 0.6) & (x[:, 5] < 0.4)
    box = chosen(prim(x, cases), density=0.95)
    assert box.density > 0.95
    assert box.coverage > 0.8
    limits = {limit.dial: limit for limit in box.limits if limit.by_luck < 0.01}
    assert set(limits) == {2, 5}
    assert limits[2].low == pytest.approx(0.6, abs=0.08)
    assert limits[5].high == pytest.approx(0.4, abs=0.08)


def test_the_trajectory_trades_coverage_for_density():
    x = sample(1000, 4, seed=7)
    trajectory = prim(x, x[:, 0] + 0.3 * np.random.default_rng(8).normal(size=1000) > 0.8)
    density = [box.density for box in trajectory]
    assert trajectory[0].coverage == 1.0
    assert trajectory[0].limits == ()
    assert density[-1] > 2.0 * density[0]
    assert all(after > before for before, after in itertools.pairwise(density[:-1]))


def test_limits_of_dials_that_have_nothing_to_do_with_it_look_like_luck():
    x = sample(500, 5, seed=9)
    box = chosen(prim(x, x[:, 0] > 0.7), density=0.95)
    assert next(limit.by_luck for limit in box.limits if limit.dial == 0) < 1e-6
    assert all(limit.by_luck > 0.05 for limit in box.limits if limit.dial != 0)


def test_dials_of_two_values_can_be_cut():
    x = sample(400, 3, seed=10)
    x[:, 1] = np.round(x[:, 1])
    box = chosen(prim(x, x[:, 1] == 1.0))
    assert box.density == 1.0
    assert box.coverage == 1.0
    assert [limit.dial for limit in box.limits] == [1]
