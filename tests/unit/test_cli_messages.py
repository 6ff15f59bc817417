"""Messages of commands in Japanese: one for each English one in use, with the same blanks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from sim.cli.messages import JAPANESE, told

ROOT = Path(__file__).parents[2]
BLANK = re.compile(r"\{\w+\}")
LETTER = re.compile(r"[ぁ-んァ-ン一-龥]")


def test_every_message_has_a_japanese_one_with_the_same_blanks_and_is_used():
    code = "\n".join(
        (ROOT / "sim" / "cli" / f"{name}.py").read_text(encoding="utf-8") for name in ("run", "report", "compare", "sweep")
    )
    for english, japanese in JAPANESE.items():
        assert sorted(BLANK.findall(english)) == sorted(BLANK.findall(japanese)), english
        assert LETTER.search(japanese), english
        assert f'"{english}"' in code, english
    for message in re.findall(r'told\(\s*"([^"]+)"', code):
        assert message in JAPANESE, message


@pytest.mark.parametrize(("language", "text"), [("ja_JP.UTF-8", "out/{x}に書き込みました"), ("C.UTF-8", "Wrote out/{x}")])
def test_the_environment_says_the_language_and_braces_of_users_stay(monkeypatch, language, text):
    monkeypatch.setenv("LC_ALL", language)
    assert told("Wrote {file}", file="out/{x}") == text
