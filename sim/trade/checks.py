"""What may be wrong with routes, borders, lanes and the market of a scenario; plain Python, for `validate` and the wiring."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

from sim.core.errors import Fault
from sim.core.quantity import Quantity
from sim.trade.border_spec import BorderRuleSpec
from sim.trade.market_spec import DemandSpec, MarketSpec
from sim.trade.routing_spec import RouteSpec
from sim.trade.rules import ANY, contradictions

WAIT = "wait"
OUTSIDE = ("landfill", "leakage", "mixed_waste", "other_recycling", "slag", "informal_residue", "informal_metal")
SUM_SLACK = 1e-6  # shares written with six digits
SUPPLY_SLACK = 0.01  # shares of supply as published, rounded to a per cent

MARKET = "market "  # before the country whose industry buys: a destination of product forms

Takes = Callable[[str, str], bool]


def key_path(*parts: str) -> str:
    """Dotted key path; a part with a dot in quotes."""
    return ".".join(f'"{part}"' if "." in part else part for part in parts)


def buyers_named(routes: Iterable[RouteSpec]) -> list[str]:
    """Countries whose market a route names as a destination, each once."""
    named = (destination.to for route in routes for destination in route.destinations)
    return list(dict.fromkeys(name.removeprefix(MARKET) for name in named if name.startswith(MARKET)))


def nearest(name: str, allowed: Iterable[str]) -> str:
    """A hint that names the nearest right name, or nothing."""
    from difflib import get_close_matches  # noqa: PLC0415 - only for a fault

    close = get_close_matches(name, sorted(allowed), n=1)
    return f"Did you mean '{close[0]}'?" if close else ""


def route_faults(
    routes: Sequence[RouteSpec],
    plants: Collection[str],
    outside: Collection[str],
    materials: Collection[str],
    countries: Collection[str],
    takes: Takes,
    sold: Callable[[str], bool] = lambda _: True,
) -> list[Fault]:
    """Faults of routes: unknown names, plants that cannot take the material, shares over 1, two routes for one material.

    `takes(plant, material)` says whether a plant's process has an input of that name, `sold(material)` whether it is a product
    form. `outside` names markets (`market JPN`) too.
    """
    faults: list[Fault] = []
    seen: dict[tuple[str, str], str] = {}
    for route in routes:
        other = seen.setdefault((route.origin, route.material), route.name)
        if other != route.name:
            message = f"'{other}' already says where {route.material} from {route.origin} goes"
            faults.append(_fault(message, "Merge the two routes.", "routes", route.name))
        if route.material not in materials:
            message = f"'{route.material}' is no group, fraction or product form"
            faults.append(_fault(message, nearest(route.material, materials), "routes", route.name, "material"))
        if route.origin != ANY and route.origin not in countries:
            message = f"'{route.origin}' is no country of the scenario"
            faults.append(_fault(message, nearest(route.origin, countries), "routes", route.name, "origin"))
        if route.fallback != WAIT and route.fallback not in outside:
            message = f"'{route.fallback}' is no outside account"
            hint = nearest(route.fallback, [WAIT, *outside]) or f"Use {WAIT} or one of: {', '.join(sorted(outside))}."
            faults.append(_fault(message, hint, "routes", route.name, "fallback"))
        faults += _destination_faults(route, plants, outside, takes, sold)
    return faults


def leak_faults(routes: Sequence[RouteSpec], priced: Collection[str]) -> list[Fault]:
    """Faults of routes that react to a price: metals without one in `market.prices`."""
    faults = []
    for route in routes:
        if route.leakage_metal is not None and route.leakage_metal not in priced:
            message = f"'{route.leakage_metal}' has no price in market.prices"
            hint = nearest(route.leakage_metal, priced) or "Give it a price."
            faults.append(_fault(message, hint, "routes", route.name, "leakage_metal"))
    return faults


def _destination_faults(
    route: RouteSpec, plants: Collection[str], outside: Collection[str], takes: Takes, sold: Callable[[str], bool]
) -> list[Fault]:
    faults = []
    for destination in route.destinations:
        where = ("routes", route.name, "destinations", destination.to)
        if destination.to in plants:
            if not takes(destination.to, route.material):
                message = f"'{destination.to}' cannot take {route.material}"
                faults.append(_fault(message, "Its process has no such input in `transfer`.", *where))
        elif destination.to.startswith(MARKET) and destination.to in outside:
            if not sold(route.material):
                message = f"{route.material} is no product form: only what end-processing makes is sold"
                faults.append(_fault(message, "Send it to a plant.", *where))
        elif destination.to not in outside:
            hint = nearest(destination.to, [*plants, *outside])
            faults.append(_fault(f"'{destination.to}' is no plant and no outside account", hint, *where))
    years = sorted({year for destination in route.destinations for year, _ in destination.share.points})
    for year in years:
        total = sum(destination.share.at(year) for destination in route.destinations)
        if total > 1.0 + SUM_SLACK:
            when = f" in {year:.0f}" if len(years) > 1 else ""
            message = f"the shares sum to {total:.4g}{when}"
            faults.append(_fault(message, "They may sum to 1 at most.", "routes", route.name, "destinations"))
            break
    return faults


def border_faults(
    rules: Sequence[BorderRuleSpec], plants: Collection[str], materials: Collection[str], countries: Collection[str]
) -> list[Fault]:
    """Faults of border rules: unknown names, consents that cover nothing, rules that contradict each other."""
    faults = [*contradictions(rules)]
    for rule in rules:
        for field, code in (("origin", rule.origin), ("destination", rule.destination)):
            if code != ANY and code not in countries:
                message = f"'{code}' is no country of the scenario"
                faults.append(_fault(message, nearest(code, countries), "border_rules", rule.name, field))
        for fraction in rule.fractions:
            if fraction != ANY and fraction not in materials:
                message = f"'{fraction}' is no group, fraction or product form"
                faults.append(_fault(message, nearest(fraction, materials), "border_rules", rule.name, "fractions"))
        for plant in rule.plants:
            if plant not in plants:
                message = f"'{plant}' is no plant of the scenario"
                faults.append(_fault(message, nearest(plant, plants), "border_rules", rule.name, "plants"))
        for field, quantity in (("quota_t", rule.quota_t), ("consent_valid_days", rule.consent_valid_days)):
            if quantity is not None and _lowest(quantity) <= 0.0:
                message = "must be above 0: such a consent would cover nothing"
                faults.append(_fault(message, "Write a ban instead.", "border_rules", rule.name, field))
    return faults


def market_faults(market: MarketSpec, metals: Collection[str], countries: Collection[str]) -> list[Fault]:
    """Faults of the market: unknown metals and countries, shares of supply that do not sum to 1."""
    faults = []
    for metal in market.prices:
        if metal not in metals:
            faults.append(_fault(f"'{metal}' is no substance of the scenario", nearest(metal, metals), "market", "prices", metal))
    for country, demands in market.demand.items():
        if country not in countries:
            message = f"'{country}' is no country of the scenario"
            faults.append(_fault(message, nearest(country, countries), "market", "demand", country))
        for metal, demand in demands.items():
            where = ("market", "demand", country, metal)
            if metal not in metals:
                faults.append(_fault(f"'{metal}' is no substance of the scenario", nearest(metal, metals), *where))
            faults += _supply_faults(demand, where)
    return faults


def _supply_faults(demand: DemandSpec, where: tuple[str, ...]) -> list[Fault]:
    if not demand.supply_share:
        return [_fault("no source of supply is named", "Use ROW = 1 if nothing is known.", *where, "supply_share")]
    years = sorted({year for share in demand.supply_share.values() for year, _ in share.points})
    for year in years:
        total = sum(share.at(year) for share in demand.supply_share.values())
        if abs(total - 1.0) > SUPPLY_SLACK:
            return [_fault(f"the shares of supply sum to {total:.4g}", "They must sum to 1.", *where, "supply_share")]
    return []


def shock_faults(shocks: Iterable[tuple[str, str, str]], market: MarketSpec) -> list[Fault]:
    """Faults of shocks, given as (name, metal, source): metals nobody demands, sources that supply none of it."""
    sources: dict[str, set[str]] = {}
    for demands in market.demand.values():
        for metal, demand in demands.items():
            sources.setdefault(metal, set()).update(demand.supply_share)
    faults = []
    for name, metal, source in shocks:
        if metal not in sources and metal not in market.prices:
            faults.append(_fault(f"no market for '{metal}' is known", nearest(metal, sources), "shocks", name, "metal"))
        elif source not in {ANY, *sources.get(metal, ())}:
            known = sources.get(metal, set())
            hint = f"Its sources are: {', '.join(sorted(known))}." if known else 'Nobody demands it: use source = "*".'
            faults.append(_fault(f"'{source}' supplies no {metal}", hint, "shocks", name, "source"))
    return faults


def lane_faults(
    lanes: Mapping[str, tuple[str, str, Quantity]],
    ports: Collection[str],
    port_countries: Iterable[str],
    countries: Collection[str],
) -> list[Fault]:
    """Faults of lanes, given as name -> (origin, destination, sailings per week), and of the countries of ports."""
    faults = []
    for name, (origin, destination, sailings) in lanes.items():
        for field, port in (("origin", origin), ("destination", destination)):
            if port not in ports:
                faults.append(_fault(f"'{port}' is no port of the scenario", nearest(port, ports), "lanes", name, field))
        if _lowest(sailings) <= 0.0:
            faults.append(_fault("must be above 0", "Take the lane out instead.", "lanes", name, "sailings_per_week"))
    for country in sorted(set(port_countries) - set(countries)):
        faults.append(_fault(f"'{country}' is no country of the scenario", nearest(country, countries), "ports"))
    return faults


def _lowest(quantity: Quantity) -> float:
    return min(value if isinstance(value, float) else value.low for _, value in quantity.points)


def _fault(message: str, hint: str, *path: str) -> Fault:
    return Fault("", 0, key_path(*path), message, hint)
