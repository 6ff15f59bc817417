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
LOCKS = ("requirements.txt", "requirements-test.txt", "requirements-interop.txt")


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


def audited(requirements):
    """What pip-audit says of a file: its exit code and its words. Strict: what cannot be checked counts as a fault."""
    command = [sys.executable, "-m", "pip_audit", "--strict", "--disable-pip", "--no-deps", "-r", str(requirements)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("pip_audit") is None, reason="SUPPLY CHAIN NOT AUDITED: pip-audit is not installed")
def test_no_known_weakness(tmp_path):
    """Silence counts only from a service that knows the weaknesses of a release known to have some; else it is skipped, loudly."""
    old = tmp_path / "old.txt"
    old.write_text("jinja2==2.4.1\n", encoding="utf-8")
    code, said = audited(old)
    if code == 0 or not re.search(r"PYSEC-|CVE-|GHSA-", said):
        pytest.skip(f"SUPPLY CHAIN NOT AUDITED: no advisory service answers ({said.strip().splitlines()[-1]})")
    for lock in LOCKS:
        code, said = audited(ROOT / ".ci" / lock)
        assert code == 0, said
