"""The documentation: links lead somewhere, commands exist and run, pages build without a warning."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest

from sim.cli import cli

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
TUTORIALS = [ROOT / "docs" / "tutorials" / name for name in ("policy.md", "policy.ja.md", "modelers.md", "contributors.md")]
STARTS = ("urban-mine ", ".venv/bin/python -m sim ")
TESTED = {path.name for path in (ROOT / "tests").iterdir() if path.is_dir()}
SHORT = {"run": ["--set", "time.end=2025", "--replications", "2", "--workers", "1"]}


def commands(page: Path) -> list[list[str]]:
    """Commands of ours in code blocks and in backquotes, without comments."""
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    lines += [line.strip() for line in text.splitlines() if line.startswith("    ")]
    lines += re.findall(r"`([^`\n]+)`", text)
    return [shlex.split(line.removeprefix(start), comments=True) for line in lines for start in STARTS if line.startswith(start)]


def python_blocks(page: Path) -> list[str]:
    return re.findall(r"```python\n(import sim\n.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not target.startswith(("http", "#", "mailto:")):
            assert (page.parent / target.partition("#")[0]).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_are_written_as_the_program_takes_them(page):
    """Names and options are parsed, nothing is run; files and folders of an example need not be there."""
    for words in commands(page):
        command = cli.get_command(click.Context(cli), words[0])
        if words[0] == "COMMAND" or any("$" in word for word in words):
            continue
        assert command is not None, words
        if len(words) > 1 and "..." not in words:
            with contextlib.suppress(click.BadParameter):
                command.make_context(words[0], words[1:])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_tests_named_on_a_page_are_there(page):
    """Files of tests in backquotes, with the function after `::`; `bad/` are the wrong scenario files."""
    text = page.read_text(encoding="utf-8")
    for folder, name, function in re.findall(r"`(?:tests/)?(\w+)/(\w+\.py)(?:::(\w+))?`", text):
        if folder in TESTED:
            file = ROOT / "tests" / folder / name
            assert file.exists(), file
            assert f"def {function}(" in file.read_text(encoding="utf-8") or not function, f"{name}::{function}"
    for name in re.findall(r"`bad/(\w+\.toml)`", text):
        assert (ROOT / "tests" / "unit" / "bad_scenarios" / name).exists(), name


def test_there_are_commands_to_check():
    assert sum(len(commands(page)) for page in PAGES) > 25
    assert sum(len(python_blocks(page)) for page in PAGES) >= 3


def run(arguments, cwd):
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (arguments, done.stderr[-2000:])
    return done.stdout


@pytest.mark.slow
def test_the_policy_tutorial_runs_as_written(tmp_path):
    """Every command in order, with a short horizon, and the block of settings it tells to add."""
    page = TUTORIALS[0].read_text(encoding="utf-8")
    settings = re.search(r"```toml\n(.*?)```", page, re.DOTALL)[1]
    block = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    assert re.findall(r"```(?:sh|toml)\n.*?```", TUTORIALS[1].read_text(encoding="utf-8"), re.DOTALL) == re.findall(
        r"```(?:sh|toml)\n.*?```", page, re.DOTALL
    )
    for line in "".join(block).splitlines():
        words = shlex.split(line.removeprefix("urban-mine "))
        folders = [
            sorted(str(p.relative_to(tmp_path)) for p in tmp_path.glob(word) if p.name[0] != ".") if "*" in word else [word]
            for word in words
        ]
        words = [each for folder in folders for each in folder]
        run(["-m", "sim", *words, *SHORT.get(words[0], [])], tmp_path)
        if words[0] == "new":
            with (tmp_path / "trucks.toml").open("a", encoding="utf-8") as file:
                file.write("\n" + settings)
    assert list(tmp_path.glob("plan/trucks/*/report.ja.html"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "number"),
    [(page, number) for page in (ROOT / "README.md", TUTORIALS[2]) for number in range(len(python_blocks(page)))],
    ids=lambda part: getattr(part, "name", part),
)
def test_python_in_the_pages_runs(page, number, tmp_path):
    """As written, but for the horizon and replications of the README."""
    block = python_blocks(page)[number].replace('"scenarios/baseline.toml")', '"baseline").with_set("time.end=2025")')
    script = tmp_path / "block.py"
    script.write_text(block, encoding="utf-8")
    assert run([str(script)], tmp_path).strip()


@pytest.mark.slow
def test_pages_build_without_a_warning(tmp_path):
    pytest.importorskip("sphinx")
    pytest.importorskip("myst_parser")
    pytest.importorskip("furo")
    run(["-m", "sphinx", "-q", "-W", "--keep-going", str(ROOT / "docs"), str(tmp_path)], ROOT)
    assert (tmp_path / "index.html").exists()
    assert "load_scenario" in (tmp_path / "reference" / "python.html").read_text(encoding="utf-8")
