"""Who hands what to whom: pure functions on shares of arisings, arrays of shape (..., channels, groups).

A share is a share of the arisings in scope (the denominator a channel names). Three steps: `captured_shares` what each
channel would take by itself, `divert` what new channels take from older ones, `compete` how prices move people.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def captured_shares(coverage: Array, participation: Array, scope: Array) -> Array:
    """Return what each channel would take by itself: coverage x participation x scope.

    Parameters
    ----------
    coverage, participation
        Shape (..., channels); coverage is 0 while a channel is not in operation.
    scope
        1 where the law lets a channel take a group, less where people or carriers hold back, shape (channels, groups).
    """
    return (coverage * participation)[..., np.newaxis] * scope


class Diversion(NamedTuple):
    """Shares after new channels took from older ones.

    shares : what each channel takes. gained : of it, taken from older channels. given_up : what older ones lost.
    Gained and given up sum to the same over channels. scaled : whether all channels together wanted more than all.
    """

    shares: Array
    gained: Array
    given_up: Array
    scaled: bool


def divert(shares: Array, diverted: Array) -> Diversion:
    """Let channels with a diverted share take that part from the older ones, in proportion to what these have.

    Parameters
    ----------
    shares
        Shape (..., channels, groups).
    diverted
        Share of a new channel's intake that older ones would have had, 0 for older channels, shape (..., channels).

    Notes
    -----
    No more can be diverted than older channels have; no more than everything can be taken: beyond it all are scaled.
    """
    wanted = diverted[..., np.newaxis] * shares
    older = np.where(diverted[..., np.newaxis] > 0.0, 0.0, shares)
    older_total, wanted_total = older.sum(axis=-2, keepdims=True), wanted.sum(axis=-2, keepdims=True)
    taken = np.minimum(wanted_total, older_total)
    gained = wanted * _ratio(taken, wanted_total)
    given_up = older * _ratio(taken, older_total)
    after = shares - given_up
    total = after.sum(axis=-2, keepdims=True)
    fit = 1.0 / np.maximum(total, 1.0)
    return Diversion(after * fit, gained * fit, given_up * fit, bool((total > 1.0 + 1e-9).any()))


def compete(shares: Array, incentive_usd_per_kg: Array, sensitivity_per_usd: float) -> Array:
    """Move shares by what channels pay on top of the usual price: a multinomial logit around the observed shares.

    share_c' = s_c exp(b i_c) / (rest + sum_k s_k exp(b i_k)); what no channel gets is the alternative without a
    price. A channel that starts to pay draws from its rivals, formal or informal, and from drawers and bins alike.
    Reference: McFadden (1974), conditional logit with alternative-specific constants ln(s_c/rest).

    Parameters
    ----------
    shares
        Shape (..., channels, groups), summing to at most 1 over channels.
    incentive_usd_per_kg
        i, price paid less the price at which the shares were observed, shape (..., channels).
    sensitivity_per_usd
        b, change of log odds per USD/kg.
    """
    rest = np.maximum(1.0 - shares.sum(axis=-2, keepdims=True), 0.0)
    weights = shares * np.exp(sensitivity_per_usd * incentive_usd_per_kg)[..., np.newaxis]
    return _ratio(weights, np.broadcast_to(rest + weights.sum(axis=-2, keepdims=True), weights.shape))


def sold_share(share: float, premium_usd_per_kg: float, sensitivity_per_usd: float) -> float:
    """Return the share that buyers sell to formal plants when these pay a premium: odds times exp(b premium), as in `compete`."""
    if premium_usd_per_kg == 0.0 or not 0.0 < share < 1.0:
        return share
    return 1.0 / (1.0 + (1.0 / share - 1.0) * math.exp(-sensitivity_per_usd * premium_usd_per_kg))


def _ratio(part: Array, whole: Array) -> Array:
    """Return part / whole, 0 where whole is 0."""
    return np.divide(part, whole, out=np.zeros_like(whole), where=whole > 0.0)
