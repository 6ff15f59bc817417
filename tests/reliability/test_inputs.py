"""Files that parsers take in silence or choke on, and what of them is right after all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sim.core.errors import ScenarioError
from sim.scenario.load import load_scenario
from tests.fixtures.tiny_tree import TinyLibrary

GOOD = 'extends = "baseline"\nname = "Mine"\n[time]\nstart = 2026\nend = 2030\n'
SHARE = 'extends = "baseline"\nname = "Mine"\n[countries.JPN.channels.delivery_truck]\ncoverage_share = '


def faults(path):
    with pytest.raises(ScenarioError) as caught:
        load_scenario(path, library=TinyLibrary())
    return caught.value.faults


def test_a_byte_order_mark_is_no_fault(tmp_path):
    """Editors of Windows write one."""
    plain, marked = tmp_path / "plain.toml", tmp_path / "marked.toml"
    plain.write_text(GOOD, encoding="utf-8")
    marked.write_text(GOOD, encoding="utf-8-sig")
    one, other = (load_scenario(path, library=TinyLibrary()) for path in (plain, marked))
    assert one.spec == other.spec


def test_line_ends_of_windows_are_no_fault_and_lines_are_counted_right(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_bytes(GOOD.replace("\n", "\r\n").encode())
    assert load_scenario(file, library=TinyLibrary()).spec.time.end == 2030
    file.write_bytes((SHARE + "1.5\n").replace("\n", "\r\n").encode())
    assert [fault.line for fault in faults(file)] == [4]


@pytest.mark.parametrize("number", ["nan", "-nan", "+nan", "inf", "-inf", "1e999", "-1e999", "1e308", "-1e308", "5e-324"])
def test_numbers_the_parser_takes_but_nobody_means(tmp_path, number):
    """As a share and as a mass, alone, in a range and in a path; 5e-324 is a share and right."""
    file = tmp_path / "mine.toml"
    for written in (number, f"{{ low = 0.1, mode = 0.2, high = {number} }}", f"{{ 2026 = {number}, 2030 = 0.2 }}"):
        file.write_text(SHARE + written + "\n", encoding="utf-8")
        if number == "5e-324" and "low" not in written:
            load_scenario(file, library=TinyLibrary())
            continue
        found = faults(file)
        assert [fault.line for fault in found] == [4], (written, found)
        assert found[0].message


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs POSIX")
def test_pipes_and_devices_are_refused_and_never_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    command = [sys.executable, "-m", "sim", "validate", str(tmp_path / "pipe.toml"), "/dev/zero"]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 3
    assert done.stderr.count("a device or pipe") == 2
    (tmp_path / "mine.toml").write_text('extends = "pipe"\nname = "Mine"\n', encoding="utf-8")
    assert faults(tmp_path / "mine.toml")[0].message
