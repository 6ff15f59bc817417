"""Messages about scenario files in English and Japanese."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sim.core.errors import ScenarioError
from sim.scenario import fields, wording
from sim.scenario.load import load_scenario
from sim.scenario.wording_ja import JAPANESE
from tests.fixtures.tiny_tree import TinyLibrary

BRACES = re.compile(r"{\w+}")
GROUPS = (wording.FILES, wording.SYNTAX, wording.VALUES, wording.CHECKS)
SENTENCES = {
    *(part for group in GROUPS for pair in group.values() for part in pair),
    *wording.UNIT_WORDS.values(),
    *wording.PATTERNS.values(),
    *fields.WORDS.values(),
}
BAD = sorted((Path(__file__).parent / "bad_scenarios").glob("*.toml"))
JAPANESE_LETTER = re.compile(r"[ぁ-んァ-ヶ一-龠]")
MOST_IN_ENGLISH = 0.08  # what rooms below the scenario say of routes, rules, supply and shocks is English still
OURS = re.compile(r"[A-Za-z]{2,}")


def test_every_sentence_has_a_japanese_one_with_the_same_blanks():
    wanted = {sentence for sentence in SENTENCES if OURS.search(BRACES.sub("", sentence))}
    assert wanted == set(JAPANESE), wanted ^ set(JAPANESE)
    for english, japanese in JAPANESE.items():
        assert sorted(BRACES.findall(english)) == sorted(BRACES.findall(japanese)), english
        assert JAPANESE_LETTER.search(japanese), english


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        ({"LANG": "ja_JP.UTF-8"}, True),
        ({"LANG": "ja"}, True),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "C.UTF-8"}, False),
        ({"LANG": "C", "LC_MESSAGES": "ja_JP.eucJP"}, True),
        ({"LANG": "jam"}, False),
    ],
)
def test_the_environment_chooses(monkeypatch, environment, expected):
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert wording.japanese() is expected


def test_no_english_stands_inside_a_japanese_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8")
    with pytest.raises(ScenarioError) as missing:
        load_scenario(tmp_path / "nowhere.toml", library=TinyLibrary())
    assert [fault.hint for fault in missing.value.faults] == ["パスを確かめてください。"]
    assert wording.listed("abc", 2) == "a, b、ほか1件"


def faults_of(file):
    try:
        load_scenario(file, library=TinyLibrary())
    except ScenarioError as error:
        return error.faults
    return []


def test_bad_files_are_told_in_japanese_at_the_same_places(monkeypatch):
    """Same faults, lines and keys in both languages, and nearly all messages in Japanese."""
    english_only = []
    for file in BAD:
        monkeypatch.setenv("LC_ALL", "C.UTF-8")
        english = faults_of(file)
        monkeypatch.setenv("LC_ALL", "ja_JP.UTF-8")
        japanese = faults_of(file)
        assert sorted((f.file, f.line, f.path) for f in english) == sorted((f.file, f.line, f.path) for f in japanese)
        if not all(JAPANESE_LETTER.search(fault.message + fault.hint) for fault in japanese):
            english_only.append(file.stem)
    assert len(BAD) > 100
    assert len(english_only) <= MOST_IN_ENGLISH * len(BAD), english_only
