"""Who pays whom for a year of collection, and what it emits: booked once a year from what the rooms counted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sim.core.units import KG_PER_T
from sim.engine.recorder import Recorder
from sim.nodes.channel_spec import ChannelSpec
from sim.nodes.depot import Depots
from sim.simulate.service import INFORMAL, Terms
from sim.transport.linehaul import LineHaul

Vector = NDArray[np.float64]
PAYERS = {
    "delivery_truck": "carriers",
    "municipal_pickup": "municipalities",
    "drop_box": "municipalities",
    "retailer": "retailers",
    "mail_in": "courier recyclers",
    "producer_scheme": "producer schemes",
    "postal": "postal operators",
    INFORMAL: "informal buyers",
}
SCHEMES = "collection schemes"
Pay = Callable[[str, str, str, float], None]


def declare(recorder: Recorder) -> None:
    """Create the tables this room shares with others."""
    recorder.declare("payments", ("year", "payer", "payee", "item"), ("usd",))
    recorder.declare("emissions", ("year", "country", "stage", "item"), ("kgco2e",))


def book_year(
    recorder: Recorder,
    terms: Terms,
    year: int,
    collected_kg: Vector,
    cost_usd: Vector,
    co2_kg: Vector,
    depots: Depots,
    line_haul: LineHaul,
    paid_factor: float = 1.0,
) -> None:
    """Book payments and emissions of `year`; vectors have an entry for each channel of each zone or place.

    `paid_factor`: what informal buyers paid over their stated price in the mean of the year.
    """
    country, channels = terms.country, len(terms.channels)

    def pay(payer: str, payee: str, item: str, usd: float) -> None:
        if usd:
            recorder.cell("payments", year, f"{country} {payer}", f"{country} {payee}", item)[0] += usd

    def emit(stage: str, item: str, kg: float) -> None:
        if kg:
            recorder.cell("emissions", year, country, stage, item)[0] += kg

    sums = (values.reshape(-1, channels).sum(axis=0).tolist() for values in (collected_kg, cost_usd, co2_kg))
    for channel, kg, cost, co2 in zip(terms.channels.values(), *sums, strict=True):
        _pay_for(channel, year + 0.5, kg, cost, pay, paid_factor)
        emit("collection", channel.vehicle, co2)
    handled = line_haul.moved_kg / KG_PER_T * terms.depots.handling_usd_per_t.at(year + 0.5)
    pay(SCHEMES, "depots", "depot handling", handled)
    pay(SCHEMES, "hauliers", "line-haul", line_haul.cost_usd)
    emit("linehaul", terms.depots.linehaul_vehicle, line_haul.co2_kg)
    _resell(terms, year + 0.5, depots, pay, paid_factor)


def _pay_for(channel: ChannelSpec, when: float, kg: float, cost: float, pay: Pay, paid_factor: float) -> None:
    payer = PAYERS[channel.kind]
    pay(payer, "informal workers" if channel.kind == INFORMAL else "fleets", "collection", cost)
    price = _price(channel, when, paid_factor)
    if price >= 0.0:
        pay(payer, "households", "purchase", price * kg)
    else:
        pay("households", payer, "fee", -price * kg)
    pay(payer, "handlers", "handling", channel.handling_usd_per_t.at(when) * kg / KG_PER_T)
    pay("producers", payer, "producer fee", channel.producer_fee_usd_per_kg.at(when) * kg)
    refund = max(channel.incentive_usd_per_kg.at(when), 0.0) * channel.incentive_refund_share.at(when)
    pay("government", payer, "subsidy", channel.subsidy_usd_per_kg.at(when) * kg)
    pay("government", payer, "incentive refund", refund * kg)


def _resell(terms: Terms, when: float, depots: Depots, pay: Pay, paid_factor: float) -> None:
    """Buyers sell on at their purchase price and a margin; formal plants may pay a premium on what they get."""
    buyers = [channel for channel in terms.channels.values() if channel.kind == INFORMAL]
    if not buyers or terms.informal is None:
        return
    price = _price(buyers[0], when, paid_factor) * (1.0 + terms.informal.margin_share.at(when))
    premium = terms.informal.formal_premium_usd_per_kg.at(when)
    pay("dismantlers", "informal buyers", "purchase", (price + premium) * depots.sold_to_formal_kg)
    pay("informal dismantlers", "informal buyers", "purchase", price * depots.crude_kg)


def _price(channel: ChannelSpec, when: float, paid_factor: float) -> float:
    paid = channel.paid_to_household_usd_per_kg.at(when) * (paid_factor if channel.kind == INFORMAL else 1.0)
    return paid + channel.incentive_usd_per_kg.at(when)
