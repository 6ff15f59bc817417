"""Cost curves: what each further kilogram of devices costs to fetch, and of metal to bring back, cheapest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from sim.report import theme
from sim.report.chart import Chart, Column, Figure, Missing, Proof, Row, Selector, Table, View, as_row, joined, layout
from sim.report.context import Context, between, unit_of
from sim.report.drawing import capital, nothing, ratio
from sim.report.reading import Vector, Where

MOST_NAMED = 5  # countries with a colour of their own
WIDEST = 30.0  # dearest over cheapest block from which the axis is logarithmic
SLIVER = 0.01  # share of the width below which a block may leave the picture at its top
NARROWEST = 0.025  # share of the width below which a block carries no interval
Key = tuple[str, str]  # country, channel


@dataclass(frozen=True, slots=True)
class Block:
    """One step of the curve: a channel of a country, its amount and what a kilogram costs."""

    country: str
    channel: str
    kg: float
    usd: float
    told_kg: float
    low: float = float("nan")  # USD per kg, p10 and p90 of the replications
    high: float = float("nan")

    @property
    def usd_per_kg(self) -> float:
        """Unit cost."""
        return ratio(self.usd, self.told_kg)


def cost_curve(context: Context) -> Chart | Missing:
    """USD per kilogram against kilograms: of metal by country of the waste, and of devices by channel and country."""
    say, run = context.say, context.run
    question = say("What does each further kilogram cost?")
    if not (run.has("fleet") and run.has("collection")):
        return context.missing("cost-curve", question, "fleet" if not run.has("fleet") else "collection")
    years = {"year": context.chosen}
    usd = run.each("fleet", ("country", "channel", "year"), "cost_usd", where=years)
    kg = run.each("collection", ("country", "channel", "year"), "collected_kg", where=years)
    metals = _metals(context)
    views, rows, proven = {}, list[Row](), list[int]()
    for year in context.chosen:
        blocks = _blocks({key[:2]: mass for key, mass in kg.items() if key[2] == year}, usd, year)
        for metal in metals:
            told = _of_metal(context, metal, year)
            views[joined(metal, year)] = _view(context, year, context.names.metal(metal), told, _price(context, metal, year))
            rows += _rows(context, metal, year, told)
        views[joined("devices", year)] = _view(context, year, say("devices"), blocks, None)
        proven += range(len(rows), len(rows) + len(blocks))
        rows += _rows(context, say("devices"), year, blocks)
    heads = [Column(head) for head in (say("Kilograms of"), say("Country"), say("Channel"), say("Year"))]
    rates = [say("USD per kg"), *(say("USD per kg, {p}", p=p) for p in ("p10", "p90"))]
    columns = (*heads, *(Column(head, say.number) for head in ("kg", *rates)))
    shows = (*((metal, context.names.metal(metal)) for metal in metals), ("devices", say("devices, to fetch them")))
    notes = (
        say(
            "Metal: a block is a country; collection, depots, hauls, plants and capital, where metals that come together share "
            "their cost by value. The line is the price of primary metal."
        ),
        say("Devices: a block is a channel of a country, as high as what its vehicles cost."),
        say(
            "Thin lines: p10 to p90 of the replications. Blocks under 1 % of the width may leave the picture at its top and carry "
            "no line; the table has all."
        ),
    )
    proof = Proof("collection", "collected_kg", (4,), {"year": list(context.chosen)}, rows=tuple(proven))
    selectors = (Selector(say("Kilograms of"), shows), context.year_selector())
    table = Table(columns, tuple(rows), 4, proof)
    default = joined(shows[0][0], context.year)
    sources = ("fleet", "collection", *(("costs",) if metals else ()))
    return Chart("cost-curve", question, selectors, views, default, table, sources, notes, ("collection", "plants"))


def _rows(context: Context, what: str, year: int, blocks: Sequence[Block]) -> list[Row]:
    """Rows of the table."""
    country, channel = context.names.country, context.names.channel
    return [
        as_row(what, country(b.country), channel(b.channel) if b.channel else "–", str(year), b.kg, b.usd_per_kg, b.low, b.high)
        for b in blocks
    ]


def _metals(context: Context) -> tuple[str, ...]:
    """Headline metals whose cost is told."""
    if not context.run.has("costs"):
        return ()
    told = set(context.run.labels("costs", "metal"))
    return tuple(metal for metal in context.headline if metal in told)


def _of_metal(context: Context, metal: str, year: int) -> list[Block]:
    """What each country's waste gives of a metal, and what that cost."""
    where: Where = {"metal": [metal], "year": [year]}
    kg = context.run.each("costs", ("country",), "refined_kg", where=where)
    usd = context.run.each("costs", ("country",), "cost_usd_per_kg", weight="refined_kg", where=where)
    return [_block(str(c), "", mass, usd.get((c,))) for (c,), mass in kg.items() if mass.any() and c != "ALL"]


def _block(country: str, channel: str, kg: Vector, usd: Vector | None) -> Block:
    """A step from amounts and money by replication; its interval is of the replications that bring something."""
    if usd is None:
        return Block(country, channel, float(kg.mean()), 0.0, float(kg.mean()))
    some = kg > 0
    low, high = between((usd[some] / kg[some]).tolist(), (0.1, 0.9))
    return Block(country, channel, float(kg.mean()), float(usd.mean()), float(kg.mean()), low, high)


def _price(context: Context, metal: str, year: int) -> float:
    """Price of primary metal, mean over what is refined."""
    where: Where = {"metal": [metal], "year": [year], "country": ["ALL"]}
    kg = sum(context.run.mean("costs", ("metal",), "refined_kg", where=where).values())
    usd = sum(context.run.mean("costs", ("metal",), "price_usd_per_kg", weight="refined_kg", where=where).values())
    return ratio(float(usd), float(kg))


def _blocks(kg: Mapping[tuple[object, ...], Vector], usd: Mapping[tuple[object, ...], Vector], year: int) -> list[Block]:
    """What each channel of each country brings, and what its vehicles cost."""
    return [_block(str(c), str(h), mass, usd.get((c, h, year))) for (c, h), mass in kg.items() if mass.any()]


def _view(context: Context, year: int, what: str, blocks: Sequence[Block], price: float | None) -> View:
    say = context.say
    order = sorted(blocks, key=lambda block: (block.usd_per_kg, block.country, block.channel))
    total = sum(block.kg for block in order)
    if not total:
        return nothing(say("Nothing of it was brought in {year}", year=year))
    factor, unit = unit_of([total])
    amounts: dict[str, float] = {}
    for block in order:
        amounts[block.country] = amounts.get(block.country, 0.0) + block.kg
    named = sorted(amounts, key=lambda country: (-amounts[country], country))[:MOST_NAMED]
    placed, left = list[tuple[Block, float]](), 0.0
    for block in order:
        placed.append((block, left))
        left += block.kg / factor
    data = [
        _bars(context, context.names.country(country) if country else say("other countries"), mine, factor, fill)
        for place, country in enumerate([*named, ""])
        if (mine := [(b, x) for b, x in placed if b.country == country or (not country and b.country not in named)])
        for fill in (theme.fill(place if country else -1),)
    ]
    data.append(_spread(context, placed, factor, left))
    finding = _finding(context, year, what, order, price)
    dashes = {"dash": "dash", "width": 2, "color": theme.VERMILION}
    line = {"type": "line", "x0": 0, "x1": 1, "xref": "paper", "y0": price, "y1": price, "line": dashes}
    shapes = [line] if price else []
    ends = [b.high for b in order if b.high > b.low and b.kg >= NARROWEST * total]
    top = 1.1 * max([price or 0.0, *ends, *(b.usd_per_kg for b in order if b.kg >= SLIVER * total)])
    rates = [block.usd_per_kg for block in order if block.usd_per_kg > 0]
    logarithmic = bool(rates) and max(rates) > WIDEST * min(rates)
    listed = say.listed([f"{_named(context, b)} {say.number(b.usd_per_kg)}" for b in sorted(order, key=lambda b: -b.kg)[:8]])
    told = say("Blocks from the cheapest to the dearest, USD per kg of the largest: {values}.", values=listed)
    shape = layout(
        x=say("{what}, {unit} per year", what=capital(what), unit=unit),
        y=say("USD per kg, logarithmic") if logarithmic else say("USD per kg"),
        height=440,
        barmode="overlay",
        xaxis={"range": [0, left]},
        shapes=shapes,
        yaxis={"type": "log", "dtick": "D2", "tickformat": ",~g"} if logarithmic else {"range": [0, top]},
    )
    return View(finding, say.sentences(told, finding), data, shape)


def _spread(context: Context, placed: Sequence[tuple[Block, float]], factor: float, whole: float) -> Figure:
    """Lines from p10 to p90 on the blocks wide enough to carry one."""
    mine = [(b, x) for b, x in placed if b.high > b.low and b.kg / factor >= NARROWEST * whole]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": context.say("p10 to p90"),
        "x": [x + b.kg / factor / 2 for b, x in mine],
        "y": [b.usd_per_kg for b, _ in mine],
        "marker": {"color": theme.INK, "size": 5, "symbol": "diamond"},
        "hoverinfo": "skip",
        "error_y": {
            "type": "data",
            "symmetric": False,
            "array": [max(0.0, b.high - b.usd_per_kg) for b, _ in mine],
            "arrayminus": [max(0.0, b.usd_per_kg - b.low) for b, _ in mine],
            "color": theme.INK,
            "thickness": 1.5,
            "width": 4,
        },
    }


def _finding(context: Context, year: int, what: str, order: Sequence[Block], price: float | None) -> str:
    """How much costs no more than primary metal; without a price, what half of it costs."""
    say, total = context.say, sum(block.kg for block in order)
    told = {"what": capital(what), "year": year, "total": say.mass(total)}
    if price:
        worth = sum(b.kg for b in order if b.usd_per_kg <= price)
        return say(
            "{what}, {year}: {share} of {total} costs no more than primary metal ({price} USD per kg)",
            share=say.share(worth / total),
            price=say.number(price),
            **told,
        )
    reached = list(accumulate(block.kg for block in order))
    middle = next(block for block, kg in zip(order, reached, strict=True) if kg >= total / 2)
    return say(
        "{what}, {year}: half of {total} costs at most {middle} USD per kg, the dearest {most} ({dearest})",
        middle=say.number(middle.usd_per_kg),
        dearest=_named(context, order[-1]),
        most=say.number(order[-1].usd_per_kg),
        **told,
    )


def _named(context: Context, block: Block) -> str:
    """A block in words."""
    country = context.names.country(block.country)
    if not block.channel:
        return country
    return context.say("{channel}, {country}", channel=context.names.channel(block.channel), country=country)


def _bars(context: Context, name: str, mine: Sequence[tuple[Block, float]], factor: float, marker: Figure) -> Figure:
    return {
        "type": "bar",
        "name": name,
        "x": [x + b.kg / factor / 2 for b, x in mine],
        "width": [b.kg / factor for b, _ in mine],
        "y": [b.usd_per_kg for b, _ in mine],
        "text": [f"{_named(context, b)}: {context.say.number(b.usd_per_kg)}" for b, _ in mine],
        "textposition": "none",
        "hoverinfo": "text",
        "marker": marker,
    }
