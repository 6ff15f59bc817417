"""The house stands as designed: imports, sizes, names, and nothing heavy behind a light command."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "sim").rglob("*.py"))
FUNCTION_LINES, FILE_LINES = 50, 400
BANNED = {"random", "pickle", "marshal", "shelve", "yaml", "cloudpickle", "dill"}
BANNED_CALLS = {"eval", "exec", "compile", "__import__"}
HEAVY = {"numpy", "pandas", "scipy", "plotly", "pyarrow", "simpy"}


def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def name_of(path):
    return path.relative_to(ROOT).as_posix()


def test_import_contracts_hold():
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def body_lines(function):
    """Lines of a function without its docstring."""
    doc = function.body[0] if ast.get_docstring(function) is not None else None
    return function.end_lineno - function.lineno + 1 - (doc.end_lineno - doc.lineno + 1 if doc else 0)


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_files_and_functions_fit_in_a_sitting(path):
    text = path.read_text(encoding="utf-8")
    assert text.count("\n") <= FILE_LINES
    long = {
        node.name: body_lines(node)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and body_lines(node) > FUNCTION_LINES
    }
    assert long == {}


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_nothing_that_runs_text_or_draws_in_secret(path):
    found = []
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in BANNED]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found += [node.module] if node.module.split(".")[0] in BANNED else []
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BANNED_CALLS:
            found.append(f"{node.func.id}() in line {node.lineno}")
        elif isinstance(node, ast.Attribute) and ast.unparse(node) in {
            "np.random.seed",
            "np.random.default_rng",
            "numpy.random.seed",
        }:
            found.append(f"{ast.unparse(node)} in line {node.lineno}: streams come from the world")
    assert found == []


def test_only_the_clock_imports_simpy():
    direct = [
        name_of(path)
        for path in SOURCES
        for node in ast.walk(parsed(path))
        if (isinstance(node, ast.Import) and any(alias.name.split(".")[0] == "simpy" for alias in node.names))
        or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "simpy")
    ]
    assert set(direct) == {"sim/engine/clock.py"}


def test_every_folder_of_the_package_is_a_room_of_the_design():
    rooms = {path.parent.name for path in (ROOT / "sim").glob("*/__init__.py")}
    designed = {
        "cli",
        "core",
        "data",
        "engine",
        "nodes",
        "policy",
        "report",
        "results",
        "scenario",
        "simulate",
        "study",
        "trade",
        "transport",
    }
    assert rooms == designed


# start-up


def loaded_by(tmp_path, *args):
    """Heavy packages in memory after a command, and its exit code."""
    code = f"""
import json, sys
from sim.cli import main
exit_code = main({list(args)!r})
print("\\n" + json.dumps([exit_code, sorted({HEAVY!r} & set(sys.modules))]))
"""
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout.splitlines()[-1])


def test_help_and_version_load_nothing_heavy(tmp_path):
    assert loaded_by(tmp_path, "--help") == [0, []]
    assert loaded_by(tmp_path, "--version") == [0, []]


def test_new_validate_and_data_load_nothing_heavy(tmp_path):
    assert loaded_by(tmp_path, "new", "mine") == [0, []]
    assert loaded_by(tmp_path, "validate", "mine.toml") == [0, []]
    assert loaded_by(tmp_path, "data", "sources") == [0, []]


def test_validate_splits_no_table_and_looks_for_no_plugins(tmp_path):
    code = """
import sys
from sim.cli import main
code = main(["validate", "baseline"])
sys.exit(code or " ".join({"sim.scenario.tables", "importlib.metadata", "tree_sitter"} & set(sys.modules)) or None)
"""
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(ROOT), "PATH": ""}, capture_output=True, check=False
    )
    assert (run.returncode, run.stderr) == (0, b"")


def test_the_help_of_every_command_loads_nothing_heavy(tmp_path):
    from sim.cli import COMMANDS

    assert {"run", "validate", "new", "report", "export", "explain", "schema", "data", "doctor"} <= set(COMMANDS)
    for name in COMMANDS:
        assert loaded_by(tmp_path, name, "--help") == [0, []], name


# text

# written so that this file does not name them itself
MACHINE = re.compile(
    r"(?<![\w.:/])/(?:wor[k]|far[m]|roo[t]|hom[e]|tm[p]|User[s])/|[A-Z]:\\User[s]|\.pyen[v]|\bsubagen[t]s?\b|farm-(?:studio|bench)"
)
TEXTS = {".py", ".toml", ".md", ".txt", ".json", ".cff", ".csv", ".sh", ".po", ".j2", ".html", ".css", ".js", ".yml", ".yaml", ""}


def texts():
    for top in ("sim", "scenarios", "tests", "docs", ".ci"):
        yield from (
            path for path in (ROOT / top).rglob("*") if path.is_file() and path.suffix in TEXTS and "__pycache__" not in path.parts
        )
    yield from (path for path in ROOT.glob("*") if path.is_file() and path.suffix in TEXTS)


def test_no_file_names_a_machine():
    found = []
    for path in texts():
        if path.stat().st_size > 3_000_000:
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if MACHINE.search(line):
                found.append(f"{name_of(path)}:{number}: {line.strip()[:100]}")
    assert found == []


def test_no_unfinished_work_is_marked():
    words = re.compile(r"\b(TOD[O]|FIXM[E]|XX[X]|HAC[K])\b|NotImplemented" + "Error")
    found = [
        name_of(path)
        for path in texts()
        if path.suffix == ".py" and words.search(path.read_text(encoding="utf-8", errors="replace"))
    ]
    assert found == []
