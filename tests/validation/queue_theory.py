"""Queueing theory: what stations and plants are judged by, and the row of the page that tells it.

Every expected number is a closed form, and so is the standard error it is judged by: the asymptotic variance of the mean
over a long run of the very process simulated. It also gives the length of each run, so that the 95 % half-width is a
stated share of the mean. |z| <= 3.3 fails one correct station in a thousand; seeds are fixed, so every figure found stands
in the tables of docs/model-plants.md, and a test fails where one differs. `python -m tests.validation.queue_tables [slow]`
prints them.

References: Pollaczek-Khinchine; Takacs recursion for the moments of the wait; Erlang B and C; Jackson (1957). The asymptotic
variances follow from Poisson's equation (Whitt 1992, Prob. Eng. Inf. Sci. 6:107-126); for M/M/1 they give what Daley (1968,
J. Austral. Math. Soc. 8:683-699) found, which `test_variances_agree_with_daley` checks.
"""

import os
from dataclasses import dataclass
from math import factorial
from pathlib import Path

import numpy as np

Z_LIMIT = 3.3
Z_95 = 1.96
BOUNDED = os.environ.get("URBAN_MINE_SLOW") == "bounded"
PAGE = Path(__file__).parents[2] / "docs" / "model-plants.md"


@dataclass(frozen=True)
class Found:
    """One measure of one run against theory; `error` is the standard error it is judged by."""

    case: str
    measure: str
    theory: float
    found: float
    error: float
    length: str

    @property
    def z(self) -> float:
        return (self.found - self.theory) / self.error

    @property
    def half_width(self) -> float:
        """Of the 95 % interval, over the mean."""
        return Z_95 * self.error / self.theory

    def line(self) -> str:
        """Its row in the tables of the page."""
        numbers = f"{self.theory:.4g} | {self.found:.4g} | {self.z:.2f} | {100 * self.half_width:.1f} %"
        return f"| {self.case} | {self.measure} | {numbers} | {self.length} |"

    def check(self, half_width: float, *, told: bool = True) -> None:
        """Fail where it is off, not sure enough, or not what the page tells."""
        assert abs(self.z) <= Z_LIMIT, self
        assert self.half_width <= half_width * (1.0 + 1e-6), f"the run is too short: {self}"
        if told:
            assert self.line() in PAGE.read_text(encoding="utf-8"), f"{PAGE.name} tells something else than {self.line()}"


def check(cases, half_width, *, told=True):
    for found in cases:
        found.check(half_width, told=told)


@dataclass(frozen=True)
class Service:
    """A service time with mean 1 day: moments 0 to 4 and how to draw it."""

    moments: tuple[float, ...]
    draw: object

    @classmethod
    def exponential(cls):
        return cls(tuple(float(factorial(k)) for k in range(5)), lambda rng, n: rng.exponential(1.0, n))

    @classmethod
    def fixed(cls):
        return cls((1.0,) * 5, lambda rng, n: np.ones(n))

    @classmethod
    def lognormal(cls, cv):
        variance = np.log1p(cv**2)
        moments = tuple(float(np.exp(variance * (k * k - k) / 2)) for k in range(5))
        return cls(moments, lambda rng, n: rng.lognormal(-variance / 2, variance**0.5, n))


def single_server_wait(load, service):
    """Mean wait in M/G/1 and the asymptotic variance of its mean over customers.

    The wait V has moments by Takacs' recursion. h(v) = v^2 / (2 (1 - load)) solves Poisson's equation of the workload for
    f(v) = v - E V; the sum of waits less their mean is a martingale with jumps load (h(V + S) - h(V)) + V - E V at arrivals.
    """
    m = service.moments
    wait = load * m[2] / (2 * (1 - load))
    wait2 = 2 * wait**2 + load * m[3] / (3 * (1 - load))
    a = load / (1 - load)
    # jump = V (1 + a S) + (a S^2 / 2 - wait)
    slope2 = 1 + 2 * a * m[1] + a**2 * m[2]
    level2 = a**2 * m[4] / 4 - a * wait * m[2] + wait**2
    cross = (a * m[2] / 2 - wait) + a * (a * m[3] / 2 - wait * m[1])
    return wait, wait2 * slope2 + level2 + 2 * wait * cross


class BirthDeath:
    """M/M/c with room for `limit` customers; service takes a mean day."""

    def __init__(self, rate, servers, limit=None):
        self.rate, self.servers = rate, servers
        top = servers + int(np.ceil(45 / -np.log(rate / servers))) if limit is None else limit
        self.states = np.arange(top + 1)
        self.leave = np.minimum(self.states, servers).astype(float)
        weights = np.concatenate([[0.0], np.cumsum(np.log(rate) - np.log(self.leave[1:]))])
        weights = np.exp(weights - weights.max())
        self.share = weights / weights.sum()
        self.queue = np.maximum(self.states - servers, 0).astype(float)
        self.enter = np.where(self.states < top, rate, 0.0)

    @property
    def blocked_share(self):
        return self.share[-1]

    @property
    def queue_mean(self):
        return float(self.share @ self.queue)

    @property
    def wait(self):
        return self.queue_mean / float(self.share @ self.enter)

    def variance(self, over_time, at_arrival):
        """Asymptotic variance per day of the integral of `over_time` plus the sum of `at_arrival`, by state, with mean 0."""
        drift = self.share * (over_time + self.rate * at_arrival)
        beyond = np.cumsum(drift[::-1])[::-1][1:]  # sum over the states above i; the sum over all is 0
        step = beyond / (self.share[:-1] * self.enter[:-1])  # h(i + 1) - h(i) of Poisson's equation
        up = self.share[:-1] @ (self.enter[:-1] * (step + at_arrival[:-1]) ** 2)
        down = self.share[1:] @ (self.leave[1:] * step**2)
        turned_away = self.share[-1] * self.rate * at_arrival[-1] ** 2 if self.enter[-1] == 0.0 else 0.0
        return float(up + down + turned_away)

    @property
    def wait_variance(self):
        """Asymptotic variance of the mean wait over customers let in."""
        let_in = float(self.share @ self.enter)
        return self.variance(self.queue, np.where(self.enter > 0.0, -self.wait, 0.0)) / let_in

    @property
    def blocked_variance(self):
        """Asymptotic variance of the share refused over customers offered."""
        at_arrival = np.where(self.enter > 0.0, 0.0, 1.0) - self.blocked_share
        return self.variance(np.zeros_like(self.queue), at_arrival) / self.rate


def erlang_c_wait(rate, servers):
    """Mean wait in M/M/c by Erlang's C formula, written out."""
    load = rate / servers
    last = rate**servers / factorial(servers) / (1 - load)
    busy = last / (sum(rate**k / factorial(k) for k in range(servers)) + last)
    return busy / (servers - rate)


def erlang_b(rate, servers):
    """Share refused where no one can wait."""
    return rate**servers / factorial(servers) / sum(rate**k / factorial(k) for k in range(servers + 1))


def customers_for(mean, variance, half_width):
    return int(np.ceil(variance * (Z_95 / (half_width * mean)) ** 2))
