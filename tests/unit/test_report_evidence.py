"""Every assumption is told, with its source, and nothing but web addresses becomes a link."""

from __future__ import annotations

import pytest

from sim.report.evidence import Assumption, condensed, gather, topic_of, web
from sim.report.reading import Run
from tests.fixtures.synthetic_run import write_run
from tests.fixtures.synthetic_tables import Shape, evidence_rows


@pytest.mark.parametrize(
    ("key", "topic"),
    [
        ("countries.JPN.arisings.base_year_kt", "arisings"),
        ("countries.JPN.channels.drop_box.coverage_share", "collection"),
        ("countries.JPN.name_en", "arisings"),
        ("processes.cu_smelter.transfer.board.refined_metal.Au", "processes"),
        ('plants."St. X".capacity_t_per_year', "plants"),
        ("border_rules.a.consent_days", "borders"),
        ("market.demand.JPN.Nd.t_per_year", "market"),
        ("something.new", "run"),
    ],
)
def test_keys_find_their_topic(key, topic):
    assert topic_of(key) == topic


@pytest.mark.parametrize(
    ("address", "links"),
    [
        ("https://a.example/x?y=1", ("https://a.example/x?y=1",)),
        ("https://a.example ; http://b.example", ("https://a.example", "http://b.example")),
        ("javascript:alert(1)", ()),
        ('<a href="https://evil.example">x</a>', ()),
        ("data:text/html,x", ()),
        ("see https://a.example (table 3)", ("https://a.example",)),
        ("", ()),
    ],
)
def test_only_web_addresses_are_links(address, links):
    assert web(address) == links


def test_nothing_is_lost_when_rows_are_put_together():
    rows = [Assumption(f"zones.Z{i}.population", str(i), "", "count", "A", 1) for i in range(50)]
    rows += [Assumption("zones.Z1.port", "X", "", "text", "A", 2), Assumption("zones.Z9.area_km2", "7", "5 – 9", "km2", "C", 3)]
    told = condensed(rows)
    assert [row.key for row in told] == ["zones.*.population", "zones.Z1.port", "zones.Z9.area_km2"]
    assert told[0].value == "0 … 49 (50)"
    assert [key for key, _ in told[0].members] == [f"zones.Z{i}.population" for i in range(50)]


def test_evidence_of_a_run_is_the_table(tmp_path):
    evidence = gather(Run.open(write_run(tmp_path / "r", Shape(end=2025, replications=1))))
    rows = evidence_rows()
    assert evidence.inputs == len(rows)
    assert sum(evidence.graded(grade) for grade in "ABCD") == len(rows)
    told = {row.key: row for topic in evidence.topics for row in topic.rows}
    chosen = told["countries.JPN.behaviour.patience_days"]
    assert (chosen.value, chosen.spread, chosen.grade) == ("14", "3 – 90", "D")
    assert evidence.sources[chosen.source - 1].derivation == "no measurement found: two weeks"
    assert len(evidence.sources) == len({(r["source"], r["address"], r["derivation"]) for r in rows})


def test_a_run_without_assumptions_has_no_evidence(tmp_path):
    evidence = gather(Run.open(write_run(tmp_path / "r", Shape(end=2025, replications=1, empty=frozenset({"assumptions"})))))
    assert evidence.inputs == 0
    assert evidence.sources == ()
