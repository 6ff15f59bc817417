"""The first page in sentences, made from the run's numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup

from sim.report.context import FOCUS_COUNTRY, Context
from sim.report.drawing import capital
from sim.report.evidence import Evidence
from sim.report.figures_bottlenecks import binding
from sim.report.figures_recovery import no_decision
from sim.report.flows import fate_sentence, links_by_metal
from sim.report.ladder import statistics

FEW_REPLICATIONS = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """One question of the first page and its answer."""

    question: str
    sentences: tuple[Markup, ...]


def linked(text: str, topic: str) -> Markup:
    """A number that leads to its assumptions."""
    return Markup('<a class="number" href="#topic-{}">{}</a>').format(topic, text)


def answers(context: Context) -> tuple[Answer, ...]:
    """How much, by when and how sure, what decides it, what holds it back."""
    say = context.say
    told = (
        Answer(say("How much?"), tuple(_how_much(context, metal) for metal in context.headline)),
        Answer(say("By when, and how sure?"), tuple(_by_when(context, metal) for metal in context.headline)),
        Answer(say("What decides it?"), _decides(context)),
        Answer(say("What holds it back?"), _holds(context)),
    )
    return tuple(Answer(answer.question, tuple(s for s in answer.sentences if s)) for answer in told)


def _mass(context: Context, told: Mapping[str, float], topic: str) -> Markup:
    return linked(context.say.mass(told["p50"]), topic)


def _how_much(context: Context, metal: str) -> Markup:
    say, year = context.say, context.year
    steps = {
        step: statistics(context, metal, step, year)
        for step in ("in_waste_kg", "collected_kg", "refined_kg", "available_kg", "demand_met_share")
    }
    waste, collected, refined, available, met = steps.values()
    if not (waste and collected and refined):
        return say.rich("{metal}: this run's summary does not tell the ladder.", metal=capital(context.names.metal(metal)))
    first = say.rich(
        "{metal} in {year}: {waste} in waste, {collected} collected, {refined} refined.",
        metal=capital(context.names.metal(metal)),
        year=year,
        waste=_mass(context, waste, "arisings"),
        collected=_mass(context, collected, "collection"),
        refined=_mass(context, refined, "plants"),
    )
    if not (available and met):
        return first
    last = say.rich(
        "{available} reach {country}: {share} ({interval}) of its demand.",
        available=_mass(context, available, "borders"),
        country=context.names.country(FOCUS_COUNTRY),
        share=linked(say.share(met["p50"]), "market"),
        interval=say.shares(met["p10"], met["p90"]),
    )
    return say.together(first, last)


def _by_when(context: Context, metal: str) -> Markup:
    say = context.say
    start, end = (statistics(context, metal, "refined_kg", year) for year in (context.years[0], context.years[-1]))
    if not (start and end):
        return Markup("")
    text = say.rich(
        "{metal}: refined {first} in {start} and {last} in {end}, with {interval} as the range of eight in ten replications.",
        metal=capital(context.names.metal(metal)),
        first=_mass(context, start, "plants"),
        start=context.years[0],
        last=_mass(context, end, "plants"),
        end=context.years[-1],
        interval=say.masses(end["p10"], end["p90"], end["p50"]),
    )
    chance, ignorance = end.get("chance_share"), end.get("ignorance_share")
    if chance is None or ignorance is None:
        return text
    why = say.rich("{share} of the variance comes from uncertain inputs, the rest from chance.", share=say.share(ignorance))
    return say.together(text, why)


def _decides(context: Context) -> tuple[Markup, ...]:
    say = context.say
    given = context.run.summary.get("decides") or {}
    sentences, quiet = [], []
    for metal in context.headline:
        inputs = (given.get(metal) or {}).get("inputs") or []
        standing = [str(row.get("key")) for row in inputs if row.get("stands_out")][:3]
        name = context.names.metal(metal)
        if standing:
            sentences.append(
                say.rich("{metal}: most of the spread follows {inputs}.", metal=capital(name), inputs=say.listed(standing))
            )
        elif inputs:
            quiet.append(name)
    if quiet:
        sentences.append(say.rich("No single input stands out of chance for {metals}.", metals=say.listed(quiet)))
    if not sentences:
        sentences.append(Markup("{}").format(no_decision(context)))
    return tuple(sentences)


def _holds(context: Context) -> tuple[Markup, ...]:
    say, sentences = context.say, []
    links = links_by_metal(context) if context.run.has("flows") else {}
    for metal in context.headline:
        parts = []
        if (metal, context.year) in links:
            parts.append(say.rich("{sentence}.", sentence=fate_sentence(context, metal, context.year, links[metal, context.year])))
        often = binding(context, metal)
        if often:
            resource, share = context.names.resource(often.resource), say.share(often.share)
            parts.append(
                say.rich(
                    "What a little more of would bring most: {resource} ({share} of months and replications).",
                    resource=resource,
                    share=share,
                )
            )
        if parts:
            sentences.append(say.together(*parts))
    return tuple(sentences) or (say.rich("This run does not tell what holds metals back."),)


def notices(context: Context, evidence: Evidence) -> tuple[str, ...]:
    """What a reader must know before trusting the numbers."""
    say, run = context.say, context.run
    told = []
    if run.replications < FEW_REPLICATIONS:
        told.append(
            say.many("Only {n} replication: intervals are rough.", "Only {n} replications: intervals are rough.", run.replications)
        )
    if evidence.inputs:
        told.append(
            say(
                "{low} of {all} inputs are of low confidence (grade D, assumptions of this project); "
                "{derived} are derived (grade C).",
                low=say.count(evidence.graded("D")),
                all=say.count(evidence.inputs),
                derived=say.count(evidence.graded("C")),
            )
        )
    else:
        told.append(say("The run folder does not tell the evidence of its inputs."))
    return tuple(told)


def warnings(context: Context) -> tuple[str, ...]:
    """Warnings of the run, as it wrote them."""
    given = context.run.manifest.get("warnings") or []
    return tuple(dict.fromkeys(str(row.get("message", row)) if isinstance(row, dict) else str(row) for row in given))
