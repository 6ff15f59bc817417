"""Bands from a cheap twin and a few full runs, on a made-up model whose answer is known."""

import math

import numpy as np
import pytest

from sim.study.bands_check import checked
from sim.study.multilevel import corrected

DRAWS, FULL, REPEATS, NOISE = 500, 32, 2, 0.1
KNOWN_MEAN = 1.3 * math.exp(0.125) + 0.2
# variance of 1.3 exp(t/2) + 0.2 t^2 for a standard normal t: E[t^2 exp(t/2)] = (1 + 1/4) exp(1/8)
IGNORANCE = 1.69 * math.exp(0.25) * (math.exp(0.25) - 1.0) + 0.08 + 2.0 * 0.26 * (1.25 * math.exp(0.125) - math.exp(0.125))


def model(t):
    return 1.3 * np.exp(0.5 * t) + 0.2 * t**2


def sampled(rng, twin=lambda t: np.exp(0.5 * t)):
    t = rng.normal(size=DRAWS)
    return model(t[:FULL])[:, np.newaxis] + NOISE * rng.normal(size=(FULL, REPEATS)), twin(t)


def trials(count, twin=lambda t: np.exp(0.5 * t)):
    rng = np.random.default_rng(11)
    cases = [sampled(rng, twin) for _ in range(count)]
    return [full.mean() for full, _ in cases], [corrected(*case) for case in cases]


def test_the_mean_has_no_bias_and_five_times_less_variance_than_the_runs_alone():
    plain, found = trials(600)
    means = np.array([one.mean for one in found])
    assert means.mean() == pytest.approx(KNOWN_MEAN, abs=3.3 * means.std() / math.sqrt(len(means)))
    reduction = np.var(plain) / means.var()
    assert reduction > 4.0  # 5.8 with many trials
    told = np.median([one.variance_ratio for one in found])
    assert 0.5 * reduction < told < 2.0 * reduction


def test_a_twin_that_knows_nothing_costs_next_to_nothing_and_adds_no_bias():
    rng = np.random.default_rng(5)
    plain, found = trials(400, lambda t: rng.normal(size=len(t)))
    means = np.array([one.mean for one in found])
    assert means.mean() == pytest.approx(KNOWN_MEAN, abs=3.3 * means.std() / math.sqrt(len(means)))
    assert means.var() < 1.15 * np.var(plain)


def test_standard_errors_are_as_large_as_errors_are():
    _, found = trials(400)
    errors = np.array([one.mean for one in found]) - KNOWN_MEAN
    told = math.sqrt(np.mean([one.standard_error**2 for one in found]))
    assert 0.75 < told / errors.std() < 1.35


def test_quantiles_vary_less_and_lie_where_many_runs_put_them():
    rng = np.random.default_rng(2)
    many = model(t := rng.normal(size=400_000)) + NOISE * rng.normal(size=len(t))
    plain = [np.quantile(full, [0.05, 0.5, 0.95]) for full, _ in (sampled(rng) for _ in range(150))]
    found = np.array([[one.quantiles[name] for name in ("p5", "p50", "p95")] for one in trials(150)[1]])
    known = np.quantile(many, [0.05, 0.5, 0.95])
    assert (np.abs(found.mean(axis=0) / known - 1.0) < 0.08).all()
    ratio = found.var(axis=0) / np.var(plain, axis=0)
    assert (ratio < [1.15, 0.6, 0.4]).all(), ratio  # at the low end this model is flat, and the twin of no use


def test_chance_is_told_apart_from_ignorance():
    _, found = trials(300)
    known = NOISE**2 / (NOISE**2 + IGNORANCE)
    assert np.median([one.chance_share for one in found]) == pytest.approx(known, rel=0.15)
    one = found[0]
    assert one.chance_share + one.ignorance_share == pytest.approx(1.0)
    assert one.ignorance["p95"] - one.ignorance["p5"] <= one.quantiles["p95"] - one.quantiles["p5"]


def test_luck_alone_leaves_no_ignorance():
    rng = np.random.default_rng(3)
    found = [corrected(rng.normal(size=(FULL, 4)), rng.normal(size=DRAWS)) for _ in range(100)]
    assert np.median([one.ignorance_share for one in found]) < 0.1
    widths = [one.ignorance["p95"] - one.ignorance["p5"] for one in found]
    assert np.median(widths) < 0.4 * (3.29)


@pytest.mark.parametrize("full", [np.full((10, 2), 7.0), np.full((3, 1), 7.0)])
def test_what_does_not_vary_is_told_as_it_is(full):
    found = corrected(full, np.linspace(0.0, 1.0, 50))
    assert found.mean == 7.0
    assert found.standard_error == 0.0
    assert set(found.quantiles.values()) == {7.0}
    assert math.isnan(found.chance_share)


def test_groups_with_the_twin_come_nearer_to_all_draws_than_groups_alone():
    rng = np.random.default_rng(8)
    t = rng.normal(size=DRAWS)
    full = model(t)[:, np.newaxis] + NOISE * rng.normal(size=(DRAWS, REPEATS))
    found = checked(full, np.exp(0.5 * t), FULL)
    assert found.groups == DRAWS // FULL
    assert found.every == pytest.approx([full.mean(), *np.quantile(full, [0.05, 0.5, 0.95])])
    assert (found.error[[0, 2, 3]] < found.error_alone[[0, 2, 3]]).all()  # the thin tail below is known well enough without
    assert found.error[0] < 0.6 * found.error_alone[0]
    assert (np.abs(found.bias) <= found.error).all()
    assert found.held >= 0.8
    blind = checked(full, rng.normal(size=DRAWS), FULL)
    assert blind.error[0] > 0.7 * found.error_alone[0]


def test_a_check_needs_two_groups():
    with pytest.raises(ValueError, match="no two groups"):
        checked(np.zeros((40, 2)), np.zeros(40), 32)
