"""A scenario with its limits and delays taken out: what the simulation of it brings is what the twin says.

Not a policy. It exists so that simulation and twin (`simulate.twin`) can be compared kilogram by kilogram.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from sim.core.quantity import Quantity
from sim.nodes.channel_spec import POINT_FIELDS, ChannelSpec
from sim.nodes.country_spec import CountrySpec
from sim.scenario.schema import ScenarioSpec
from sim.simulate.twin_network import in_force

ENOUGH = 1e9  # of anything: kg, m3, km per day, vehicles
NOTHING, ALL, NO_TIME_MINUTES = Quantity.constant(0.0), Quantity.constant(1.0), Quantity.constant(1e-6)
MUCH = Quantity.constant(ENOUGH)
DAY_LONG = {"shift_hours": Quantity.constant(24.0), "driver_hours_per_year": Quantity.constant(8784.0)}


def unlimited(spec: ScenarioSpec) -> ScenarioSpec:
    """Return the scenario without capacity, waiting, travel, permits, slips, levers and answers to prices.

    Rules are those of mid-run; bans stay, consents are free. A year in which all channels are closed is added at the end:
    whatever is under way then comes through, so totals over the run can be compared. What has a date or a path over time
    keeps it in collection; routes and processes are compared as they are, so totals agree only where their shares do not
    change over the run.
    """
    last = spec.time.end + 1
    rules = in_force(spec.border_rules, date((spec.time.start + spec.time.end) // 2, 7, 1))
    update: dict[str, Any] = {
        "time": spec.time.model_copy(update={"end": last}),
        "countries": {key: _country(country, date(last, 1, 1)) for key, country in spec.countries.items()},
        "vehicles": {key: vehicle.model_copy(update=_VEHICLE) for key, vehicle in spec.vehicles.items()},
        "processes": {key: process.model_copy(update=_PROCESS) for key, process in spec.processes.items()},
        "plants": tuple(plant if plant.status == "closed" else plant.model_copy(update=_PLANT) for plant in spec.plants),
        "routes": tuple(route.model_copy(update=_route(route.destinations)) for route in spec.routes),
        "border_rules": tuple(
            rule.model_copy(update={"start": None, "end": None} | (_FREE if rule.rule == "consent" else {})) for rule in rules
        ),
        "ports": {key: port.model_copy(update={"dwell_days": NOTHING}) for key, port in spec.ports.items()},
        "lanes": tuple(lane.model_copy(update={"sea_days": NOTHING, "sailings_per_week": MUCH}) for lane in spec.lanes),
        "sea": spec.sea.model_copy(update=_SEA),
        **dict.fromkeys(("contracts", "reactions", "levers", "shocks", "responses"), ()),
    }
    return spec.model_copy(update=update)


_VEHICLE = {
    "payload_kg": MUCH,
    "volume_m3": MUCH,
    "speed_kmh": MUCH,
    "minutes_per_stop": NO_TIME_MINUTES,
    "breakdowns_per_100k_km": NOTHING,
    "load_factor_share": ALL,
    **DAY_LONG,
}
_PROCESS = {
    "residence_days": NOTHING,
    "batch_t": NOTHING,
    "batch_age_limit_days": NOTHING,
    "mean_days_between_breakdowns": NOTHING,
    "hours_per_day": Quantity.constant(24.0),
    "speed": {},
}
_PLANT = {
    "capacity_t_per_year": MUCH,
    "background_feed_t_per_year": NOTHING,
    "status": "operating",
    "start": None,
    "end": None,
    "commissioning": None,
    "yard_limit_days": Quantity.constant(36_525.0),
    "store_limit_days": None,
    "investment": None,
}
_FREE = {"rule": "free", "consent_days": None}
_SEA = {
    **dict.fromkeys(("fill_age_limit_days", "cut_off_days", "customs_days", "smallest_load_t"), NOTHING),
    "road_km_per_day": MUCH,
}
_CHANNEL = {
    "vehicles_per_100k_households": MUCH,
    "working_days_per_week": Quantity.constant(7.0),
    "gather_days": NOTHING,
}


def _country(country: CountrySpec, end: date) -> CountrySpec:
    depots = country.depots and country.depots.model_copy(
        update={"unload_minutes": NOTHING, "age_limit_days": NOTHING, "storage_limit_days": Quantity.constant(36_525.0)}
    )
    channels = {key: _channel(channel, end) for key, channel in country.channels.items()}
    return country.model_copy(update={"depots": depots, "channels": channels})


def _channel(channel: ChannelSpec, end: date) -> ChannelSpec:
    update: dict[str, Any] = {**_CHANNEL, "end": min(channel.end or end, end)}
    if channel.has_points:  # nothing fills up first: fetched as if at the door
        update |= dict.fromkeys(POINT_FIELDS)
    if channel.round == "on_delivery_round":
        update |= {"spare_minutes_per_day": Quantity.constant(1440.0), "spare_load_share": ALL}
    return channel.model_copy(update=update)


def _route(destinations: Any) -> dict[str, Any]:
    free = tuple(each.model_copy(update={"limit_t_per_year": None}) for each in destinations)
    return {"destinations": free, "allocation": "shares", "leakage_metal": None, "leakage_sensitivity": None}
