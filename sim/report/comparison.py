"""The page of a comparison: what runs differ by, how surely, and which changed inputs make the difference."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from sim.report import shell
from sim.report.chart import Chart, Column, Table, as_row
from sim.report.context import Context
from sim.report.drawing import capital
from sim.report.figures_causes import by_cause, by_channel
from sim.report.figures_comparison import by_metal, over_time
from sim.report.language import Language, language
from sim.report.page import title_of
from sim.report.pair import Pair, choices
from sim.report.reading import Run
from sim.report.shell import Section, file_name, others, write_page
from sim.scenario import toml
from sim.study.added import Rate
from sim.study.changes import Change
from sim.study.compare import Effect
from sim.study.compare_words import Story
from sim.study.shortage import shortages

STEM = "comparison"
MOST_SENTENCES = 12
LONGEST_VALUE = 2000  # characters of a changed value in the table


@dataclass(frozen=True, slots=True)
class Side:
    """One rung of a card: before, after, the difference and its interval."""

    label: str
    before: str
    after: str
    change: str
    interval: str
    clear: bool


@dataclass(frozen=True, slots=True)
class Part:
    """All that the page tells of one pair of runs."""

    pair: Pair
    title: str
    cards: tuple[tuple[str, tuple[Side, ...]], ...]
    sentences: tuple[Markup, ...]
    notes: tuple[str, ...]
    changes: Table
    counted: str
    facts: tuple[tuple[str, str, str], ...]


def write_comparison(stories: Sequence[Story], folder: Path, languages: Sequence[str] = ("en", "ja")) -> list[Path]:
    """Write `comparison.html` for each language into `folder`; returns the files written.

    Raises
    ------
    OutputError
        If a page cannot be written.
    """
    written = []
    for code in languages:
        say = language(code)
        pairs = [Pair(story, _context(story, say), number) for number, story in enumerate(stories)]
        path = folder / file_name(STEM, code)
        write_page(path, _page(say, pairs, languages))
        written.append(path)
    return written


def _context(story: Story, say: Language) -> Context:
    """The second run told in a language; it knows what both runs know and what was added."""
    run = story.found.second
    return Context(Run(run.folder or Path(), run.manifest, run.summary), say)


def _page(say: Language, pairs: Sequence[Pair], languages: Sequence[str]) -> str:
    parts = tuple(_part(pair) for pair in pairs)
    story = tuple(Section(f"pair-{p.pair.number}", p.title, _charts(p.pair)) for p in parts)
    return shell.render(
        "comparison.html.j2",
        say,
        story,
        {},
        {f"changes-{p.pair.number}": p.changes for p in parts},
        title=parts[0].title if len(parts) == 1 else say("Comparison of {n} runs", n=len(parts) + 1),
        parts=parts,
        others=others(STEM, languages, say.code),
    )


def _charts(pair: Pair) -> tuple[Chart, ...]:
    """The charts of a pair, as far as there is something to draw."""
    return () if pair.story.found.same else (over_time(pair), by_metal(pair), *by_cause(pair), *by_channel(pair))


def _part(pair: Pair) -> Part:
    say = pair.say
    found = pair.story.found
    notes = [say("The runs were made by different versions of the program, of Python or of its packages.")] * (
        found.first.manifest.get("versions") != found.second.manifest.get("versions")
    )
    if pair.tables_differ:
        notes.append(say("The reference tables differ: grades and sources decide how widely a number is drawn."))
    return Part(
        pair,
        say("{second} against {first}", second=title_of(pair.context), first=_first_title(pair)),
        _cards(pair),
        tuple(_sentences(pair)),
        tuple(notes),
        _changes(pair),
        say.many("{n} input differs", "{n} inputs differ", sum(len(cause.changes) for cause in found.causes)),
        _facts(pair),
    )


def _first_title(pair: Pair) -> str:
    run = pair.story.found.first
    return title_of(Context(Run(run.folder or Path(), run.manifest, run.summary), pair.say))


def _cards(pair: Pair) -> tuple[tuple[str, tuple[Side, ...]], ...]:
    """For each metal, what changes on the way in the year told of."""
    say, cards = pair.say, []
    for metal in pair.metals:
        sides = []
        for choice in choices(pair):
            point = pair.point(metal, choice, pair.year)
            if point is not None:
                effect = point.effect
                sides.append(
                    Side(
                        say("of Japan's demand") if choice.key == "share" else choice.label,
                        pair.amount(choice, point.before),
                        pair.amount(choice, point.after),
                        pair.signed(choice, effect.mean),
                        pair.interval(choice, effect),
                        effect.clear,
                    )
                )
        cards.append((capital(pair.context.names.metal(metal)), tuple(sides)))
    return tuple(cards)


def _sentences(pair: Pair) -> list[Markup]:
    """What changes, what each change makes of it, and what a unit more takes."""
    say = pair.say
    if pair.story.found.same:
        return [say.rich("The two runs are the same: no input and no result differs.")]
    told = [*_shortages(pair), *_effects(pair), *_rates(pair)]
    if pair.story.attribution is None and len(pair.story.found.causes) > 1:
        told.append(say.rich("Which change makes how much of it is told by the command compare with --attribute."))
    return told[:MOST_SENTENCES]


def _effects(pair: Pair) -> list[Markup]:
    say, told, quiet = pair.say, [], []
    refined = next(choice for choice in choices(pair) if choice.key == "refined")
    for metal in pair.metals:
        point, name = pair.point(metal, refined, pair.year), pair.context.names.metal(metal)
        if point is None or not point.effect.clear:
            quiet.append(name)
            continue
        told.append(
            say.rich(
                "{metal} refined in {year}: {after} instead of {before}, a difference of {change}{interval}.",
                metal=capital(name),
                year=pair.year,
                after=_linked(pair, pair.amount(refined, point.after)),
                before=_linked(pair, pair.amount(refined, point.before)),
                change=_linked(pair, pair.signed(refined, point.effect.mean)),
                interval=say(" ({interval})", interval=i) if (i := pair.interval(refined, point.effect)) else "",
            )
        )
    if quiet:
        told.append(say.rich("No clear difference in refined {metals} in {year}.", metals=say.listed(quiet), year=pair.year))
    return told


def _shortages(pair: Pair) -> list[Markup]:
    """What a shortage costs in lost days, and what it takes to save some; a remedy that saves none is told too."""
    say, told = pair.say, []
    found = shortages(pair.story.found.first, pair.story.found.second)

    def millions(effect: Effect) -> str:
        return _linked(pair, say.number(effect.mean / 1e6)) + _bounds(pair, effect, 1e6)

    for one in found.metals:
        told.append(
            say.rich(
                "{metal}: {after} days of Japan's demand are lost instead of {before}, a difference of {change}; "
                "stocks buy back {rebound} days of demand more.",
                metal=capital(pair.context.names.metal(one.metal)),
                after=_linked(pair, say.number(one.after)),
                before=_linked(pair, say.number(one.before)),
                change=_linked(pair, say.number(one.lost_days.mean)) + _bounds(pair, one.lost_days),
                rebound=_linked(pair, say.number(one.bought_days.mean)) + _bounds(pair, one.bought_days),
            )
        )
    if found.metals:
        refill, response = millions(found.refill_usd), millions(found.response_usd)
        told.append(
            say.rich(
                "Refilling Japan's stocks takes {refill} million USD more, Japan's responses {response}.",
                refill=refill,
                response=response,
            )
        )
    return told


def _bounds(pair: Pair, effect: Effect, scale: float = 1.0) -> str:
    """The interval of an effect, in brackets; one that holds zero is no difference."""
    if effect.low != effect.low:
        return ""
    say = pair.say
    low, high = say.number(effect.low / scale), say.number(effect.high / scale)
    if effect.clear:
        return say(" ({low} to {high})", low=low, high=high)
    return say(" ({low} to {high}, no clear difference)", low=low, high=high)


def _rates(pair: Pair) -> list[Markup]:
    """What each additional unit takes, money and emissions in one sentence."""
    say, told = pair.say, []
    by_unit: dict[str, list[Rate]] = {}
    for rate in pair.story.added.rates:
        by_unit.setdefault(rate.per, []).append(rate)
    for per, rates in by_unit.items():
        values = [
            say.rich(
                "{value} {unit}{interval}",
                value=_linked(pair, say.number(rate.value)),
                unit=say("USD") if rate.of == "usd" else "kg CO₂e",
                interval=say(" ({low} to {high})", low=say.number(rate.low), high=say.number(rate.high))
                if rate.low == rate.low
                else "",
            )
            for rate in rates
        ]
        both = Markup(say.listed([str(value) for value in values]))  # noqa: S704  (joined from escaped parts)
        told.append(say.rich("Each additional {per} takes {values}, over all years.", per=_per(pair, per), values=both))
    return [*told, *_untold(pair)]


def _untold(pair: Pair) -> Iterator[Markup]:
    """Metals of which nothing is told per kilogram, and why."""
    say, added = pair.say, pair.story.added
    if names := [pair.context.names.metal(metal) for metal in added.no_more]:
        yield say.rich(
            "Nothing is told per kilogram of {metals}: no clear amount more is refined over all years.", metals=say.listed(names)
        )
    if names := [pair.context.names.metal(metal) for metal in added.no_worth]:
        yield say.rich(
            "Nothing is told per kilogram of {metals}: more is refined over all years, "
            "but all metals together are not clearly worth more.",
            metals=say.listed(names),
        )


def _per(pair: Pair, per: str) -> str:
    """`t collected` or `kg Nd refined` in words."""
    _, *metal, _ = per.split(" ")
    if not metal:
        return pair.say("tonne gathered")
    return pair.say("kilogram of {metal} refined", metal=pair.context.names.metal(metal[0]))


def _linked(pair: Pair, text: str) -> Markup:
    """A number that leads to the inputs that make it."""
    return Markup('<a class="number" href="#table-changes-{}">{}</a>').format(pair.number, text)


def _changes(pair: Pair) -> Table:
    """Every input that differs."""
    say = pair.say
    rows = tuple(
        as_row(cause.name, change.key, *_written(say, change)) for cause in pair.story.found.causes for change in cause.changes
    )
    heads = (say("Part"), say("Key"), say("First run"), say("Second run"))
    return Table(tuple(Column(head) for head in heads), rows, 2)


def _written(say: Language, change: Change) -> tuple[str, str]:
    if change.certain is not None:
        text = toml.short(change.after, LONGEST_VALUE)
        stated = say("{value} (stated, so certain)", value=text)
        return (text, stated) if change.certain else (stated, text)
    before, after = (say("nothing") if side is None else toml.short(side, LONGEST_VALUE) for side in (change.before, change.after))
    return before, after


def _facts(pair: Pair) -> tuple[tuple[str, str, str], ...]:
    """Lines for whoever wants to run both again: label, first, second."""
    say = pair.say
    runs = [run.manifest for run in (pair.story.found.first, pair.story.found.second)]
    lines: Sequence[tuple[str, str]] = (
        (say("Run"), "run_id"),
        (say("Command"), "command"),
        (say("Seed"), "seed"),
        (say("Replications"), "replications"),
    )
    return tuple((label, *(_told(manifest, key) for manifest in runs)) for label, key in lines)  # type: ignore[misc]


def _told(manifest: Mapping[str, Any], key: str) -> str:
    return str(manifest.get(key, "–"))
