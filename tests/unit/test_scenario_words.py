"""What a scenario is called: translations belong to the text they translate."""

from __future__ import annotations

import pytest

from sim.scenario import extends


def words(folder, text):
    """Title and question of a scenario that extends the baseline, in both languages, from its chain of layers."""
    file = folder / "mine.toml"
    file.write_text(f'extends = "baseline"\n{text}', encoding="utf-8")
    layers, _ = extends.chain(file)
    told = {}
    for layer in layers:
        told |= {key: layer.tree[key] for key in ("name", "title_ja", "question", "question_ja") if key in layer.tree}
    return told


@pytest.mark.parametrize(
    ("text", "title", "question"),
    [
        ("", "現状維持", True),
        ('name = "My plan"\n', None, True),
        ('name = "My plan"\ntitle_ja = "私の計画"\n', "私の計画", True),
        ('question = "What then?"\n', "現状維持", False),
    ],
)
def test_a_translation_goes_with_the_text_it_translates(tmp_path, text, title, question):
    told = words(tmp_path, text)
    assert told.get("title_ja") == title
    assert ("question_ja" in told) is question
