"""Do the tests notice changes of the code they test? A sample of mutants in bounded runs, all of them before a release."""

import os

import pytest

from tests.reliability.mutation import mutants, score

SAMPLE = 20 if os.environ.get("URBAN_MINE_SLOW") == "bounded" else None
LEAST_SHARE = 0.9


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX")
@pytest.mark.parametrize("module", ["ledger", "transfer"])
def test_nine_of_ten_changes_are_noticed(module):
    tried, left = score(module, SAMPLE)
    told = [f"line {mutant.line}: {mutant.what}" for mutant in left]
    allowed = (1.0 - LEAST_SHARE) * tried + (1 if SAMPLE else 0)  # a sample may meet one more by chance
    assert len(left) <= allowed, told


def test_changes_are_made_one_at_a_time_and_texts_left_alone():
    source = 'def f(x: int = 1) -> int:\n    """Doc 3."""\n    if x > 2:\n        g("t")\n    return x + 1\n'
    made = list(mutants(source))
    assert [mutant.line for mutant in made] == [1, 3, 3, 3, 4, 5, 5, 5]
    assert len({mutant.what for mutant in made}) >= 6
    assert not any("Doc" in mutant.what or "'t' changed" in mutant.what for mutant in made)
