"""Full yards in a circle: named, and no false alarm where there is a way out."""

from types import SimpleNamespace

import pytest

from sim.cli import main
from sim.core.errors import DeadlockError
from sim.simulate.deadlock import Circles

CIRCLE = """
extends = "baseline"
name = "Two plants in a circle"
[time]
start = 2025
end = 2025
[run]
replications = 1
[fractions.paste]
name_en = "Paste"
name_ja = "ペースト"
hazardous = false
[fractions.powder]
name_en = "Powder"
name_ja = "粉末"
hazardous = false
[processes.grinding]
transfer.phone = { paste = { "*" = 1.0 } }
transfer.powder = { paste = { "*" = 1.0 } }
FIGURES
[processes.pressing]
transfer.lamp = { powder = { "*" = 1.0 } }
transfer.paste = { powder = { "*" = 1.0 } }
FIGURES
[[plants]]
name = "Mill"
process = "grinding"
SIZE
[[plants]]
name = "Press"
process = "pressing"
SIZE
"""
FIGURES = """stage = "treatment"
residence_days = 45
batch_t = 0
batch_age_limit_days = 1
hours_per_day = 8
days_per_year = 250
mean_days_between_breakdowns = 0
repair_days = 0
energy_kwh_per_t = 0
co2_kg_per_t = 0
opex_usd_per_t = 0
labour_hours_per_t = 0
capex_usd_per_t_per_year = 0"""
SIZE = """country = "JPN"
capacity_t_per_year = 50
background_feed_t_per_year = 0
status = "operating"
yard_limit_days = 5
store_limit_days = 5"""


def route(name, material, to):
    return (
        f'[[routes]]\nname = "{name}"\norigin = "{name[:3] if " " in name else "*"}"\nmaterial = "{material}"\nfallback = "wait"\n'
        f'destinations = [{{ to = "{to}", share = 1 }}]\n'
    )


def test_full_yards_in_a_circle_end_the_run_with_exit_1_and_a_name(tmp_path, capsys):
    file = tmp_path / "circle.toml"
    routes = [route("JPN phone", "phone", "Mill"), route("JPN lamp", "lamp", "Press")]
    routes += [route("paste", "paste", "Press"), route("powder", "powder", "Mill")]
    file.write_text(CIRCLE.replace("FIGURES", FIGURES).replace("SIZE", SIZE) + "".join(routes), encoding="utf-8")
    assert main(["run", str(file), "--out", str(tmp_path / "results"), "--workers", "0", "--no-report"]) == 1
    told = capsys.readouterr().err
    assert "wait for each other in a circle: Mill -> Press -> Mill" in told
    assert "Traceback" not in told
    assert not (tmp_path / "results" / "two-plants-in-a-circle").exists() or not [
        each for each in (tmp_path / "results" / "two-plants-in-a-circle").iterdir() if not each.name.startswith(".")
    ]


class Stuck:
    """A plant as `Circles` sees it: blocked with one output in store."""

    def __init__(self, name, output, room_kg=0.0, *, blocked=True):
        self.name, self.country, self.blocked = name, "JPN", blocked
        self.spec = SimpleNamespace(store_limit_days=1.0)
        self._output, self._room_kg = output, room_kg

    def held_back(self):
        return [self._output]

    def space_kg(self, material=""):
        return self._room_kg


def watch(plants, ways, fallback=None):
    """`ways`: material -> names of destinations; a name that is no plant is an outside account."""
    routes = {
        ("JPN", material): SimpleNamespace(
            fallback=fallback, options=[SimpleNamespace(receiver=SimpleNamespace(name=name)) for name in names]
        )
        for material, names in ways.items()
    }
    return Circles({plant.name: plant for plant in plants}, SimpleNamespace(routes=routes))


WAYS = {"a": ["B"], "b": ["C"], "c": ["A"]}


def test_a_circle_of_three_is_named_in_order_and_who_only_waits_for_it_is_not():
    plants = [Stuck("A", "a"), Stuck("B", "b"), Stuck("C", "c"), Stuck("Aa", "d")]
    with pytest.raises(DeadlockError, match=r"day 9: .*: A -> B -> C -> A\."):
        watch(plants, {**WAYS, "d": ["A"]}).require_none(9.0)


@pytest.mark.parametrize(
    ("plants", "ways", "fallback"),
    [
        ([Stuck("A", "a"), Stuck("B", "b"), Stuck("C", "c", room_kg=1.0)], WAYS, None),
        ([Stuck("A", "a"), Stuck("B", "b"), Stuck("C", "c", blocked=False)], WAYS, None),
        ([Stuck("A", "a"), Stuck("B", "b"), Stuck("C", "c")], {**WAYS, "c": ["A", "landfill"]}, None),
        ([Stuck("A", "a"), Stuck("B", "b"), Stuck("C", "c")], WAYS, "landfill"),
        ([Stuck("A", "a"), Stuck("B", "b")], {"a": ["B"], "b": ["C"]}, None),
    ],
    ids=["room", "one works", "a sink", "a fallback", "no circle"],
)
def test_a_way_out_is_no_deadlock(plants, ways, fallback):
    watch(plants, ways, fallback).require_none(9.0)
    closed = [Stuck("A", "a"), Stuck("B", "b"), Stuck("C", "c")]
    with pytest.raises(DeadlockError):  # the same three without the way out
        watch(closed, WAYS).require_none(9.0)
