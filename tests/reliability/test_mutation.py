"""Do the tests notice changes of the code they test? A sample of mutants in bounded runs, all of them before a release."""

import os
import re
import subprocess
import sys

import pytest

from tests.reliability.mutation import ROOT, mutants

SAMPLE = 20 if os.environ.get("URBAN_MINE_SLOW") == "bounded" else None
LEAST_SHARE = 0.9


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX")
@pytest.mark.parametrize("module", ["ledger", "transfer", "store"])
def test_nine_of_ten_changes_are_noticed(module):
    """In a process of its own: mutants are forks with little memory, and a test process may hold much already."""
    command = [sys.executable, "-m", "tests.reliability.mutation", module, *(["--sample", str(SAMPLE)] if SAMPLE else [])]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    killed, tried = map(int, re.search(r"(\d+) of (\d+) killed", done.stdout).groups())
    allowed = (1.0 - LEAST_SHARE) * tried + (1 if SAMPLE else 0)  # a sample may meet one more by chance
    assert tried - killed <= allowed, done.stdout


def test_changes_are_made_one_at_a_time_and_texts_left_alone():
    source = 'def f(x: int = 1) -> int:\n    """Doc 3."""\n    if x > 2:\n        g("t")\n    return x + 1\n'
    made = list(mutants(source))
    assert [mutant.line for mutant in made] == [1, 3, 3, 3, 4, 5, 5, 5]
    assert len({mutant.what for mutant in made}) >= 6
    assert not any("Doc" in mutant.what or "'t' changed" in mutant.what for mutant in made)
