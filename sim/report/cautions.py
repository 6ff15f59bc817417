"""Warnings of a run in the reader's language: the sentences the model writes are known here; any other stays as it was written."""

from __future__ import annotations

import re
from collections.abc import Callable

from sim.report.context import Context
from sim.report.drawing import capital
from sim.report.language import Language

Found = re.Match[str]
_SOME = re.compile(r"(?P<text>.+) \(in (?P<times>\d+) of (?P<count>\d+) replications\)", re.DOTALL)


def told(context: Context) -> tuple[tuple[str, str], ...]:
    """Every warning once, and the code of the language it is told in."""
    given = context.run.manifest.get("warnings") or []
    texts = dict.fromkeys(str(row.get("message", row)) if isinstance(row, dict) else str(row) for row in given)
    return tuple(_told(context, text) for text in texts)


def _told(context: Context, text: str) -> tuple[str, str]:
    say = context.say
    some = _SOME.fullmatch(text)
    sentence = _known(context, some["text"] if some else text)
    if sentence is None:
        return text, "en"
    if some:
        sentence = say(
            "{sentence} (in {times} of {count} replications)", sentence=sentence, times=some["times"], count=some["count"]
        )
    return sentence, say.code


def _known(context: Context, text: str) -> str | None:
    for pattern, sentence in (*_of_inputs(context.say), *_of_collection(context), *_of_routes(context), *_of_plants(context)):
        found = re.fullmatch(pattern, text, re.DOTALL)
        if found:
            return sentence(found)
    return None


def _of_inputs(say: Language) -> tuple[tuple[str, Callable[[Found], str]], ...]:
    return (
        (
            r"what was drawn of (\d+) uncertain inputs was cut at the bounds of their fields \(cut_inputs\): (.+)",
            lambda m: say("Draws of {n} uncertain inputs were cut at the bounds of their fields: {keys}", n=m[1], keys=m[2]),
        ),
        (r"(.+) is stated but changes nothing: .+", lambda m: say("{key} is stated but changes nothing.", key=m[1])),
        (
            r"(\d+) more stated inputs change nothing \(inputs_without_effect\)",
            lambda m: say("{n} more stated inputs change nothing; they are listed under Evidence.", n=m[1]),
        ),
        (
            r"process (.+): drawn transfer shares sum to ([\d.]+); scaled to 1",
            lambda m: say("Process {name}: drawn transfer shares sum to {total} and are scaled to 1.", name=m[1], total=m[2]),
        ),
        (
            r"impossible result in table (\w+): (\w+) (.+?) \((\d+) rows, first: (.+)\)",
            lambda m: say("Impossible result in the table {table}: column {column}, {n} rows.", table=m[1], column=m[2], n=m[4]),
        ),
    )


def _of_collection(context: Context) -> tuple[tuple[str, Callable[[Found], str]], ...]:
    say, country = context.say, context.names.country
    return (
        (
            r"Response '(.+)': an extra shift is cut to 24 hours a day at (\d+) plants \((.+)\)\.",
            lambda m: say(
                "Response “{name}”: {n} plants cannot work the whole extra shift, since a day has 24 hours.", name=m[1], n=m[2]
            ),
        ),
        (
            r"([A-Z]{3}) (\w+): from (\d+) no vehicle can fetch (\S+) of what people offer: .+",
            lambda m: say(
                "{channel}, {country}: from {year} on no vehicle can fetch {share} of what is offered.",
                channel=capital(context.names.channel(m[2])),
                country=country(m[1]),
                year=m[3],
                share=m[4],
            ),
        ),
        (
            r"([A-Z]{3}) (\d+): channels together want more than all arisings; all are scaled to fit",
            lambda m: say(
                "{country}, {year}: channels together want more than all arisings; all are scaled to fit.",
                country=country(m[1]),
                year=m[2],
            ),
        ),
    )


def _of_routes(context: Context) -> tuple[tuple[str, Callable[[Found], str]], ...]:
    say, names = context.say, context.names
    shut = r".+: plants\.(.+)\.\w+: the plant takes nothing in from (\d+) to (\d+), as {why}\. All that comes by (.+) waits, .+"
    return (
        (
            r"No route takes (.+) from ([A-Z]{3}): it stays where it is\.",
            lambda m: say(
                "No route takes {material} from {country}: it stays where it is.",
                material=names.fraction(m[1]),
                country=names.country(m[2]),
            ),
        ),
        (
            shut.format(why="it is closed"),
            lambda m: say(
                "{name} takes nothing in from {start} to {end}, as it is closed. All that comes by {routes} waits, "
                "and when yards are full its collection stops.",
                name=names.party(m[1]),
                start=m[2],
                end=m[3],
                routes=m[4],
            ),
        ),
        (
            shut.format(why="its capacity is not above its background feed"),
            lambda m: say(
                "{name} takes nothing in from {start} to {end}, as its capacity is not above its other feed. "
                "All that comes by {routes} waits, and when yards are full its collection stops.",
                name=names.party(m[1]),
                start=m[2],
                end=m[3],
                routes=m[4],
            ),
        ),
    )


def _of_plants(context: Context) -> tuple[tuple[str, Callable[[Found], str]], ...]:
    say, country = context.say, context.names.country
    return (
        (
            r"no grid emissions known for (.+): electricity of plants there counts as 0",
            lambda m: say("No grid emissions are known for {places}: electricity of plants there counts as 0.", places=m[1]),
        ),
        (
            r"(.+): judged on the feed of (\d+), the last year of the run; it would open in (\d+)\.",
            lambda m: say(
                "{name}: whether it pays was judged on the feed of {year}, the last year of the run; it would open in {opens}.",
                name=context.names.party(m[1]),
                year=m[2],
                opens=m[3],
            ),
        ),
        (r"Shock '(.+)' does not fall into the run\.", lambda m: say("Shock “{name}” does not fall into the run.", name=m[1])),
        (
            r"Plant '(.+)': .+ asked for more than 24 hours a day and was cut\.",
            lambda m: say("Plant “{name}”: more than 24 hours a day were asked for; this was cut.", name=context.names.party(m[1])),
        ),
        (
            r"price of (\w+): less than (\S+) of supply arrives; the price law is not known there and is held at .+",
            lambda m: say(
                "Price of {metal}: less than {share} of supply arrives; the price law is not known there and is held.",
                metal=context.names.metal(m[1]),
                share=m[2],
            ),
        ),
        (
            r"([A-Z]{3}): sold_to_formal_factor \S+ asks for more than all that buyers collect; they sell all of it\.",
            lambda m: say(
                "{country}: informal buyers are asked to sell more than they have; they sell all of it.", country=country(m[1])
            ),
        ),
        (
            r"([A-Z]{3}) has informal buyers but no crude yard: all they bring goes to formal plants\.",
            lambda m: say(
                "{country}: informal buyers have no crude yard; all they bring goes to formal plants.", country=country(m[1])
            ),
        ),
    )
