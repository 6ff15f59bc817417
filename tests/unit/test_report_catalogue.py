"""Catalogues are fresh, whole, and say the same places in both languages."""

from __future__ import annotations

import re

import pytest

from tests.fixtures import report_catalogue as catalogue

PLACE = re.compile(r"\{(\w+)\}")


def ids(found):
    return {message.id if isinstance(message.id, str) else tuple(message.id) for message in found if message.id}


@pytest.mark.parametrize("code", catalogue.LANGUAGES)
def test_sources_hold_exactly_what_is_said(code):
    assert ids(catalogue.current(code)) == ids(catalogue.extracted())


@pytest.mark.parametrize("code", catalogue.LANGUAGES)
def test_sources_and_compiled_files_are_fresh(code):
    source = catalogue.source(code)
    assert source.read_bytes() == catalogue.written(catalogue.updated(code)), "run python tests/fixtures/report_catalogue.py"
    assert source.with_suffix(".mo").read_bytes() == catalogue.compiled(code), "run python tests/fixtures/report_catalogue.py"


@pytest.mark.parametrize("code", catalogue.LANGUAGES)
def test_every_sentence_is_translated_with_the_same_places(code):
    messages = [message for message in catalogue.current(code) if message.id]
    assert len(messages) > 300
    for message in messages:
        assert not message.fuzzy
        forms = [message.string] if isinstance(message.string, str) else list(message.string)
        origins = [message.id] if isinstance(message.id, str) else list(message.id)
        assert all(forms), f"not translated: {message.id}"
        for form in forms:
            assert set(PLACE.findall(form)) == set(PLACE.findall(origins[-1])), message.id


def test_japanese_is_japanese():
    plain = {"p10, p50, p90", "km per t"}  # symbols that Japanese writes alike
    for message in catalogue.current("ja"):
        if message.id and isinstance(message.string, str) and message.id not in plain:
            assert re.search(r"[\u3040-\u30ff\u4e00-\u9fff]", message.string) or not re.search(
                r"[A-Za-z]{4,}", PLACE.sub("", message.id)
            ), message.id
