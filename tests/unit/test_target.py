"""Goal seek: planted optima of toy chains are found, answers keep their promise, what cannot be done is said with the reason."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest

import sim.cli.target
from sim.cli import main
from sim.core.errors import UsageError
from sim.study.target import Goal, _Runs, quantile, rerun_half_width, target
from sim.study.target_dials import Dial, dials_of
from sim.study.target_search import Outcome, search
from tests.fixtures.toy_chain import DISMANTLER, SMELTER, TRUCKS, toy

YEAR = 2027
PARTICIPATION, COVERAGE = f"{TRUCKS}.participation_share", f"{TRUCKS}.coverage_share"
LINE = f"plants.{DISMANTLER}.capacity_t_per_year"
GOLD_SHARE = "processes.cu_smelter.transfer.board.refined_metal.Au"
# 100 kg of gold are discarded a year; half of what is handed over gets into boards, 95 % of that becomes metal
FULL_KG = 47.5
LINE_KG_PER_T = 0.0095 * 365.0 / 365.25


def ask(folder, kg, using, *assignments, year=YEAR, **said):
    return target(toy(folder, *assignments), "Au", kg, year, using, workers=0, **said)


def least_way(kg):
    """The smallest change of participation (0.4 to 1) and coverage (0.5 to 1) with which participation x coverage suffices."""
    participation = np.linspace(0.4, 1.0, 600_001)
    coverage = kg / FULL_KG / participation
    way = np.hypot((participation - 0.4) / 0.6, (coverage - 0.5) / 0.5)
    return participation[way.argmin()], coverage[way.argmin()]


PROBLEMS = {
    "one dial": (15.0, PARTICIPATION, (), {}, (15.0 / (FULL_KG * 0.5),)),
    "two that multiply": (25.0, f"{PARTICIPATION},{COVERAGE}", (), {}, least_way(25.0)),
    "a line that is full": (5.0, f"{LINE}=1000", (f"{LINE}=200.0",), {}, (5.0 / LINE_KG_PER_T,)),
    "two that both are short": (
        8.0, f"{PARTICIPATION},{LINE}=1500", (f"{PARTICIPATION}=0.1", f"{LINE}=260.0"), {},
        (8.0 / (FULL_KG * 0.5), 8.0 / LINE_KG_PER_T),
    ),
    # a better smelter costs nothing here, so it comes first
    "cheapest": (12.0, f"{PARTICIPATION},{GOLD_SHARE}", (), {"aim": "cheapest"}, (12.0 / (100.0 * 0.5 * 0.5), 1.0)),
}  # fmt: skip


@pytest.mark.parametrize("problem", PROBLEMS)
def test_planted_optima_are_found_within_two_per_cent(tmp_path, problem):
    kg, using, assignments, said, planted = PROBLEMS[problem]
    found = ask(tmp_path, kg, using, *assignments, **said)
    assert found.status == "found"
    assert found.promised_kg == pytest.approx(kg, rel=2e-3)
    assert [dial.after for dial in found.dials] == pytest.approx(planted, rel=0.02)


def test_an_answer_keeps_its_promise_with_another_seed(tmp_path):
    """Numbers that nobody knows are drawn; the answer is run again with other draws."""
    uncertain = "run.uncertain_inputs=true"
    found = ask(tmp_path, 9.0, PARTICIPATION, uncertain, replications=6, probability=0.7, year=2025)
    assert found.status == "found"
    assert found.met >= 4
    assert found.low < found.promised_kg < found.high
    (dial,) = found.dials
    for seed in (11, 12):
        again = ask(
            tmp_path,
            1e-3,
            f"{PARTICIPATION}=0.99",
            uncertain,
            found.assignments[0],
            replications=6,
            probability=0.7,
            seed=seed,
            year=2025,
        )
        assert again.status == "already"
        assert again.promised_kg != found.promised_kg
        assert found.low <= again.promised_kg <= found.high
    assert dial.before == 0.4


def test_a_higher_probability_takes_more(tmp_path):
    uncertain = "run.uncertain_inputs=true"
    even, surely = (ask(tmp_path, 10.0, PARTICIPATION, uncertain, replications=3, probability=p, year=2025) for p in (0.4, 0.7))
    assert surely.dials[0].after > even.dials[0].after


def test_what_cannot_be_done_is_said_with_what_holds_it_back(tmp_path):
    found = ask(tmp_path, 20.0, f"{PARTICIPATION},{COVERAGE}", f"{LINE}=700.0")
    assert found.status == "infeasible"
    assert found.promised_kg < 20.0
    assert (found.binding[0].resource, found.binding[0].place) == ("line", DISMANTLER)
    assert found.scenarios_run == 2
    found = ask(tmp_path, 60.0, PARTICIPATION)
    assert (found.status, found.binding[0].resource, found.binding[0].place) == ("infeasible", "collection", "THA")


def test_a_dial_that_does_not_move_is_unchanged_and_is_not_set(tmp_path):
    """The line has room for all."""
    found = ask(tmp_path, 12.0, f"{PARTICIPATION},{LINE}=2e6")
    assert found.dials[1].position == 0.0
    assert [each.partition("=")[0] for each in found.assignments] == [PARTICIPATION]
    lines = list(sim.cli.target._lines(found, "toy.toml", (), None))
    assert f"  {LINE}: unchanged at 1,000,000" in lines
    assert not any(LINE in line for line in lines if "--set" in line)


@pytest.mark.parametrize(("drawn", "stated", "needed"), [(False, False, 0), (True, True, 0), (True, False, 1)])
def test_a_dial_that_stays_is_set_only_where_it_would_be_drawn(drawn, stated, needed):
    """The answer was found with its number held: without `--set` the run would be another."""
    run = SimpleNamespace(uncertain_inputs=drawn)
    scenario = SimpleNamespace(spec=SimpleNamespace(run=run), stated_keys={("time", "end"), *([("a", "b")] if stated else [])})
    runs = _Runs(scenario, (Dial("a.b", "", 1.0, 2.0),), Goal("Au", 1.0, YEAR), 1, 1, 0, None, None)
    assert len(runs._needed(np.zeros(1))) == needed
    assert runs._needed(np.ones(1)) == ("a.b=2.0",)


def test_what_is_met_already_needs_one_scenario(tmp_path):
    found = ask(tmp_path, 5.0, PARTICIPATION)
    assert (found.status, found.scenarios_run, found.change) == ("already", 1, 0.0)


@pytest.mark.parametrize(
    ("metal", "kg", "year", "using", "words"),
    [
        ("Aus", 1.0, YEAR, PARTICIPATION, "Did you mean Au"),
        ("Au", -1.0, YEAR, PARTICIPATION, "above 0"),
        ("Au", 1.0, 2020, PARTICIPATION, "from 2025"),
        ("Au", 1.0, YEAR, f"{TRUCKS}.participation_shar", "Did you mean"),
        ("Au", 1.0, YEAR, f"plants.{SMELTER}.capacity_t_per_year", "say how far"),
        ("Au", 1.0, YEAR, f"{PARTICIPATION}=1.5", "from 0 to 1"),
        ("Au", 1.0, YEAR, f"{PARTICIPATION}=0.4", "already"),
        ("Au", 1.0, YEAR, f"{PARTICIPATION},{PARTICIPATION}", "twice"),
        ("Au", 1.0, YEAR, f"{TRUCKS}.vehicle", "no number"),
        ("Au", 1.0, YEAR, "", "1 to 6 dials"),
    ],
)
def test_questions_that_make_no_sense_are_refused_with_the_remedy(tmp_path, metal, kg, year, using, words):
    with pytest.raises(UsageError, match=words):
        target(toy(tmp_path), metal, kg, year, using, workers=0)


def test_dials_move_paths_and_ranges_as_a_whole(tmp_path):
    path = "{ 2025 = 0.2, 2030 = { low = 0.2, mode = 0.4, high = 0.6 } }"
    (dial,) = dials_of(toy(tmp_path, f"{PARTICIPATION}={path}"), PARTICIPATION)
    assert dial.at(0.5)["2025"] == pytest.approx(0.6)
    assert dial.at(0.5)["2030"] == pytest.approx({"low": 0.6, "mode": 0.7, "high": 0.8})
    assert dial.at(1.0) == {"2025": 1.0, "2030": 1.0}


def test_search_beyond_concave_returns_still_meets_the_goal():
    """Rising returns (a square): the answer meets the goal, whether or not it is the least."""

    def measure(positions):
        return [Outcome(float(100.0 * x[0] ** 2 * (0.3 + x[1])), 0.0) for x in positions]

    found = search(measure, 2, 20.0)
    assert found.status == "found"
    assert found.outcome.result >= 20.0 * 0.998


def test_quantiles_by_hand():
    assert quantile(np.array([3.0, 1.0, 2.0]), 0.5) == pytest.approx(2.0)
    assert quantile(np.array([7.0]), 0.2) == 7.0
    assert np.isnan(rerun_half_width(np.array([7.0]), 0.5))
    rng = np.random.default_rng(1)
    samples = rng.normal(0.0, 1.0, (2, 400, 12))
    inside = [
        abs(quantile(one, 0.2) - quantile(other, 0.2)) <= rerun_half_width(one, 0.2) for one, other in zip(*samples, strict=True)
    ]
    assert 0.8 < np.mean(inside) < 0.97  # a jackknife on twelve samples is a little short of 90 %


def test_command_tells_the_plan_first_and_the_answer_in_words_and_json(tmp_path, capsys, monkeypatch):
    made = toy(tmp_path)
    monkeypatch.setattr("sim.scenario.load.load_scenario", lambda file: made)
    call = ["target", "toy.toml", "--metal", "Au", "--in", str(YEAR), "--using", PARTICIPATION, "--workers", "0"]
    assert main([*call, "--kg", "15"]) == 0
    told = capsys.readouterr()
    assert "scenarios of 1 replications to 2027" in told.err.splitlines()[0]
    assert "Feasible: 15 kg of Au refined in 2027" in told.out
    assert f"{PARTICIPATION}: 0.632 instead of 0.4" in told.out
    assert "collection (THA): 1 % more devices handed over would add 0.15 kg in the year" in told.out
    assert "each t handed over more, 9.5 g" in told.out
    assert main([*call, "--kg", "60", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "infeasible"
    assert main([*call, "--kg", "60"]) == 0
    assert "Not feasible with these dials" in capsys.readouterr().out
    assert main([*call, "--kg", "60", "--probability", "2"]) == 2
    assert set(sim.cli.target.RESOURCES) >= {"collection", "line", "trucks"}
