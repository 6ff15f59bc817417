"""Bands, chance apart from ignorance, and what decides an outcome."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from sim.study.uncertainty import STATISTICS, bands, deciding, draw_means, variance_shares


def test_bands_of_known_samples():
    samples = np.arange(21.0)
    found = bands(samples, 1)
    assert tuple(found) == STATISTICS
    assert [float(found[name]) for name in ("mean", "p5", "p10", "p50", "p90", "p95")] == pytest.approx([10, 1, 2, 10, 18, 19])


def test_bands_keep_the_shape_before_replications():
    assert all(value.shape == (2, 3) for value in bands(np.random.default_rng(1).normal(size=(2, 3, 8)), 2).values())


@pytest.mark.parametrize("between_sd", [0.0, 0.5, 2.0])
def test_variance_parts_recover_what_was_planted(between_sd):
    rng = np.random.default_rng(7)
    draws, repeats = 4000, 2
    samples = (rng.normal(0, between_sd, draws)[:, None] + rng.normal(0, 1, (draws, repeats))).ravel()
    chance, ignorance = variance_shares(samples, repeats)
    assert float(ignorance) == pytest.approx(between_sd**2 / (1 + between_sd**2), abs=0.04)
    assert float(chance + ignorance) == pytest.approx(1.0, abs=1e-12)


def test_variance_parts_equal_the_textbook_analysis_of_variance():
    groups = [np.array([3.0, 5.0, 4.0]), np.array([8.0, 9.0, 7.0]), np.array([1.0, 2.0])]
    samples = np.concatenate(groups)
    f_value = stats.f_oneway(*groups).statistic
    within = sum(((g - g.mean()) ** 2).sum() for g in groups) / (8 - 3)
    n0 = (8 - (9 + 9 + 4) / 8) / 2
    between = (f_value * within - within) / n0
    chance, ignorance = variance_shares(samples, 3)
    assert float(chance) == pytest.approx(within / (within + between))
    assert float(ignorance) == pytest.approx(between / (within + between))


@pytest.mark.parametrize(("samples", "repeats"), [(np.ones(8), 2), (np.arange(8.0), 8), (np.arange(8.0), 1), (np.zeros(0), 2)])
def test_parts_are_missing_where_they_cannot_be_told(samples, repeats):
    chance, ignorance = variance_shares(samples, repeats)
    assert np.isnan(chance)
    assert np.isnan(ignorance)


def test_missing_samples_stay_missing():
    found = bands(np.array([[1.0, np.nan, 2.0, 3.0], [1.0, 2.0, 3.0, 5.0]]), 2)
    assert np.isnan([found[name][0] for name in STATISTICS]).all()
    assert np.isfinite([found[name][1] for name in STATISTICS]).all()


def test_draw_means_with_a_short_last_draw():
    assert draw_means(np.array([1.0, 3.0, 5.0, 7.0, 9.0]), 2).tolist() == [2.0, 6.0, 9.0]


def test_rank_correlation_equals_scipy_with_ties():
    rng = np.random.default_rng(2)
    inputs, outcome = rng.integers(0, 5, (30, 4)).astype(float), rng.integers(0, 6, 30).astype(float)
    told = deciding(inputs, ("a", "b", "c", "d"), outcome)
    assert told is not None
    expected = {name: stats.spearmanr(inputs[:, i], outcome).statistic for i, name in enumerate("abcd")}
    assert dict(zip(told.keys, told.correlation, strict=True)) == pytest.approx(expected)
    assert list(np.abs(told.correlation)) == sorted(np.abs(told.correlation), reverse=True)
    assert all(low <= value <= high for low, value, high in zip(told.low, told.correlation, told.high, strict=True))


def test_a_planted_cause_stands_out_and_noise_does_not():
    rng = np.random.default_rng(3)
    inputs = rng.uniform(size=(40, 200))
    outcome = inputs[:, 17] + 0.1 * rng.normal(size=40)
    told = deciding(inputs, tuple(f"key{i:03d}" for i in range(200)), outcome)
    assert told is not None
    assert told.keys[0] == "key017"
    assert told.stands_out == (True, *[False] * 9)


def test_with_ten_draws_and_many_inputs_noise_does_not_stand_out():
    """Among 300 inputs and 10 draws the strongest looks like 0.85 by luck alone; about 5 % of cases pass the threshold."""
    rng = np.random.default_rng(4)
    passed, strongest = 0, []
    for _ in range(60):
        told = deciding(rng.uniform(size=(10, 300)), tuple(map(str, range(300))), rng.normal(size=10))
        assert told is not None
        passed += any(told.stands_out)
        strongest.append(abs(told.correlation[0]))
    assert np.mean(strongest) > 0.75
    assert passed <= 9  # 60 x 5 %, three standard errors above


def test_nothing_is_said_where_nothing_can_be():
    assert deciding(np.zeros((3, 1)), ("a",), np.arange(3.0)) is None
    assert deciding(np.zeros((8, 0)), (), np.arange(8.0)) is None
    assert deciding(np.random.default_rng(1).uniform(size=(8, 2)), ("a", "b"), np.ones(8)) is None


def test_an_input_that_does_not_vary_has_no_correlation():
    told = deciding(np.column_stack([np.ones(10), np.arange(10.0)]), ("same", "moves"), np.arange(10.0))
    assert told is not None
    assert dict(zip(told.keys, told.correlation, strict=True)) == pytest.approx({"moves": 1.0, "same": 0.0})
