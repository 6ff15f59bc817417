"""Standing texts of the report: method, limits and glossary."""

from __future__ import annotations

from sim.report.language import Language


def method(say: Language) -> tuple[str, ...]:
    """How the numbers came about."""
    return (
        say(
            "What people throw away is reconstructed from sales, stocks and lifetimes of products in each country, month by month."
        ),
        say(
            "Collection vehicles, depots, plants, permits, ships and refineries are then simulated event by event: "
            "material waits when something is full, closed or not allowed."
        ),
        say(
            "Every kilogram moves through a double-entry book, so nothing is made or lost on the way; "
            "metals are told in kilograms of the contained element."
        ),
        say(
            "A run is repeated: replications that share their inputs differ by chance only; "
            "draws of the uncertain inputs show what we do not know."
        ),
        say("Ranges are quantiles over replications: p10 to p90 holds eight in ten, p5 to p95 nine in ten."),
        say(
            "A figure told by itself is the median of the replications; parts that add up (bars, maps, flow pictures, most tables) "
            "and rates weighted by mass (USD per tonne, days of a kilogram) are means. Under each chart stands which; "
            "where a few replications are far above the rest, the mean is the larger."
        ),
    )


def limits(say: Language) -> tuple[str, ...]:
    """What the numbers do not say."""
    return (
        say(
            "It is a model, not a forecast: it tells what follows from its inputs, "
            "and many inputs are assumptions of low confidence."
        ),
        say("Prices are taken as given: metal recovered here does not move world prices."),
        say("Vehicles and industrial machines are counted only if the scenario switches them on, and then apart from electronics."),
        say("Many plants in Southeast Asia have no published capacity; they are national aggregates graded D."),
        say("Quantiles over few replications are rough; read the table of spreads before comparing small differences."),
        say("Mining, geological mapping and the blocking of asset sales are out of scope."),
    )


def glossary(say: Language) -> tuple[tuple[str, str], ...]:
    """Terms and what they mean."""
    return (
        (say("In waste"), say("Element contained in what leaves homes and firms in the year, exports for reuse apart.")),
        (say("Collected formally"), say("Element contained in what formal channels fetched; informal buyers do not count.")),
        (say("Gathered"), say("Devices that any channel took from homes and firms, informal buyers included.")),
        (
            say("Separated"),
            say("Element in fractions from which a process can recover it; a magnet shredded into iron does not count."),
        ),
        (
            say("Refined"),
            say("Element recovered as metal, alloy or salt by end-processing, wherever the plant stands; “recovered” is the same."),
        ),
        (say("Available to Japan"), say("Recovered metal that industry in Japan gets, of whatever origin.")),
        (say("Share of demand"), say("Available metal over the country's demand for it in the year.")),
        (say("p10, p50, p90"), say("One in ten replications lies below p10, half below p50 (the median), nine in ten below p90.")),
        (say("Pledged"), say("What a plant, scheme or contract announced: dates, capacity, coverage or volume.")),
        (say("Replication"), say("One run of the simulation with its own chance events.")),
        (say("Draw"), say("One set of values for the uncertain inputs, shared by several replications.")),
        (say("Grades A to D"), say("A measured or official, B published estimate, C derived, D assumption.")),
        (say("Channel"), say("A way devices leave homes: shop, box, delivery truck, post office, informal buyer.")),
        (say("Diverted"), say("Offers to a new channel that an older one would have got; the rest is added.")),
        (say("Consent"), say("Permission of the countries concerned that hazardous cargo needs before it crosses a border.")),
        (say("Leakage"), say("Scrap that leaves the region before its metals are recovered.")),
        (say("Import dependence"), say("Primary metal from other countries over all metal supplied.")),
    )
