"""The first page in sentences, made from the run's numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sim.report.context import FOCUS_COUNTRY, Context
from sim.report.drawing import capital, ratio
from sim.report.evidence import Evidence
from sim.report.figures_bottlenecks import binding
from sim.report.figures_recovery import no_decision
from sim.report.flows import links_by_metal, losses_of
from sim.report.ladder import statistics

FEW_REPLICATIONS = 20
MOST_WARNINGS = 3  # told at once; the others fold


@dataclass(frozen=True, slots=True)
class Answer:
    """One question of the first page and its answer."""

    question: str
    sentences: tuple[Markup, ...]


@dataclass(frozen=True, slots=True)
class Course:
    """How much of a metal is refined in a few years, how far that is known at the end, and why no better."""

    metal: str
    masses: tuple[Markup, ...]
    interval: str
    ignorance: str


def linked(text: str, topic: str) -> Markup:
    """A number that leads to its assumptions."""
    return Markup('<a class="number" href="#topic-{}">{}</a>').format(topic, text)


def bottom_line(context: Context) -> tuple[Markup, ...]:
    """The answer in two or three sentences: what it gives Japan, what becomes of 100 kg in waste, where most of the rest ends."""
    say, year = context.say, context.year
    told = {
        metal: {step: statistics(context, metal, step, year) for step in ("in_waste_kg", "refined_kg", "demand_met_share")}
        for metal in context.headline
    }
    met = [
        say.rich("{metal} {amount}", metal=_plain(context, m), amount=linked(say.share(steps["demand_met_share"]["p50"]), "market"))
        for m, steps in told.items()
        if steps["demand_met_share"]
    ]
    won = [
        say.rich("{metal} {amount}", metal=_plain(context, m), amount=linked(say.mass(100 * part, 1.0), "plants"))
        for m, steps in told.items()
        if (part := _part(steps)) is not None
    ]
    sentences = []
    if met:
        place, values = context.names.country(FOCUS_COUNTRY), _listed(context, met)
        sentences.append(
            say.rich(
                "In {year}, recovered metal covers this part of the demand of {country}: {values}.",
                year=year,
                country=place,
                values=values,
            )
        )
    if won:
        sentences.append(say.rich("Of every 100 kg in waste, this much is refined: {values}.", values=_listed(context, won)))
    return (*sentences, *_lost(context))


def _plain(context: Context, metal: str) -> str:
    """The name of a metal without its symbol."""
    return context.names.metal_name(metal)


def _listed(context: Context, parts: Sequence[Markup]) -> Markup:
    """Parts as one phrase."""
    return Markup(context.say.listed([str(part) for part in parts]))  # noqa: S704  (joined from escaped parts)


def _part(steps: Mapping[str, Mapping[str, float] | None]) -> float | None:
    """Refined over in waste, medians."""
    waste, refined = steps["in_waste_kg"], steps["refined_kg"]
    return ratio(refined["p50"], waste["p50"]) if waste and refined else None


def _lost(context: Context) -> tuple[Markup, ...]:
    """Where most of the first metal is lost."""
    say, metal = context.say, context.headline[0]
    links = links_by_metal(context).get((metal, context.year)) if context.run.has("flows") else None
    worst = losses_of(context, links)[:2] if links else ()
    if not worst:
        return ()
    ends = [say("{stage} ({share})", stage=context.names.stage(stage), share=say.share(part)) for stage, part in worst]
    return (say.rich("Most of the {metal} is lost in {ends}.", metal=_plain(context, metal), ends=say.listed(ends)),)


def answers(context: Context) -> tuple[Answer, ...]:
    """What decides it, what holds it back."""
    say = context.say
    told = (Answer(say("What decides it?"), _decides(context)), Answer(say("What holds it back?"), _holds(context)))
    return tuple(Answer(answer.question, tuple(s for s in answer.sentences if s)) for answer in told)


def course_years(context: Context) -> tuple[int, ...]:
    """First year, the year shown first, last year."""
    return tuple(dict.fromkeys((context.years[0], context.year, context.years[-1])))


def course(context: Context) -> tuple[Course, ...]:
    """Refined metal in a few years, by headline metal."""
    say, years, found = context.say, course_years(context), []
    for metal in context.headline:
        told = [statistics(context, metal, "refined_kg", year) for year in years]
        end = told[-1]
        if end is None:
            continue
        masses = tuple(linked(say.mass(each["p50"]), "plants") if each else Markup("–") for each in told)
        ignorance = end.get("ignorance_share")
        share = "–" if ignorance is None else say.share(ignorance)
        found.append(Course(capital(context.names.metal(metal)), masses, say.masses(end["p10"], end["p90"], end["p50"]), share))
    return tuple(found)


def _decides(context: Context) -> tuple[Markup, ...]:
    say = context.say
    given = context.run.summary.get("decides") or {}
    sentences, quiet = [], []
    for metal in context.headline:
        inputs = (given.get(metal) or {}).get("inputs") or []
        standing = [context.names.key(str(row.get("key"))) for row in inputs if row.get("stands_out")][:3]
        name = context.names.metal(metal)
        if standing:
            sentences.append(
                say.rich("{metal}: most of the spread follows {inputs}.", metal=capital(name), inputs=say.listed(standing))
            )
        elif inputs:
            quiet.append(name)
    if quiet:
        sentences.append(
            say.rich(
                "No single input stands out of chance for {metals}: with {n} draws, that needs a very strong cause.",
                metals=say.listed(quiet),
                n=len(set(context.run.draw_of.tolist())),
            )
        )
    if not sentences:
        sentences.append(Markup("{}").format(no_decision(context)))
    return tuple(sentences)


def _holds(context: Context) -> tuple[Markup, ...]:
    """Metals that the same things hold back, in one sentence each."""
    say, alike = context.say, dict[tuple[str, str], list[str]]()
    links = links_by_metal(context) if context.run.has("flows") else {}
    for metal in context.headline:
        worst = losses_of(context, links[metal, context.year])[:1] if (metal, context.year) in links else ()
        often = binding(context, metal)
        if worst or often:
            lost = context.names.stage(worst[0][0]) if worst else ""
            alike.setdefault((lost, context.names.resource(often.resource) if often else ""), []).append(_plain(context, metal))
    sentences = []
    for (lost, resource), metals in alike.items():
        told = {"metals": capital(say.listed(metals)), "stage": lost, "resource": resource}
        if lost and resource:
            sentences.append(
                say.rich("{metals}: most is lost in {stage}; a little more of this would bring most: {resource}.", **told)
            )
        elif lost:
            sentences.append(say.rich("{metals}: most is lost in {stage}.", **told))
        else:
            sentences.append(say.rich("{metals}: a little more of this would bring most: {resource}.", **told))
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
