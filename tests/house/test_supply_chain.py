"""What is taken from others: pinned by hash, maps with source and sum, no known weakness where an advisory service answers."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GEO = ROOT / "sim" / "data" / "geo"
LOCKS = ("requirements.txt", "requirements-test.txt")


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_pinned_by_hash_and_names_no_address(lock):
    text = (ROOT / ".ci" / lock).read_text(encoding="utf-8")
    assert "://" not in text
    entries = [entry for entry in re.split(r"\n(?=\S)", text) if entry.strip() and not entry.startswith("#")]
    for entry in entries:
        assert re.match(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==", entry), entry
        assert "--hash=sha256:" in entry, entry


def test_map_files_have_source_licence_sum_and_recipe():
    told = (GEO / "SOURCES.md").read_text(encoding="utf-8")
    files = sorted(GEO.glob("*.geojson"))
    assert files
    for file in files:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        assert f"| {file.name} | {digest} | public domain |" in told, file.name
    assert "Natural Earth" in told
    assert "Recipe:" in told


def test_the_security_page_says_how_to_report_and_by_when():
    page = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert "within seven days" in page
    assert "privately" in page


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("pip_audit") is None, reason="pip-audit is not installed")
@pytest.mark.parametrize("lock", LOCKS)
def test_no_known_weakness(lock):
    """Strict: a package that cannot be checked counts as a fault; skipped where no advisory service answers."""
    command = [sys.executable, "-m", "pip_audit", "--strict", "--disable-pip", "--no-deps", "-r", str(ROOT / ".ci" / lock)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if re.search(r"ConnectionError|ServiceError|Max retries|Name or service|Proxy|403|404", done.stderr):
        pytest.skip("no advisory service answers")
    assert done.returncode == 0, done.stdout + done.stderr
