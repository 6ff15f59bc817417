"""Mutation testing: change one thing in a module, run its tests, and see whether they notice.

python -m tests.reliability.mutation ledger [--sample 40]

Every mutant runs in a forked process in which the module is compiled from the changed tree, so nothing is written. Texts,
annotations and docstrings are left alone. Prints the share of mutants killed and every survivor.
"""

from __future__ import annotations

import argparse
import ast
import copy
import importlib
import importlib.util
import os
import random
import resource
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
LONGEST_SECONDS, LONGEST_CPU_SECONDS, MOST_BYTES = 1800, 60, 2**31
SHARED = ("numpy", "pandas", "pyarrow.parquet", "pytest")  # imported once: forks share what is there already
PLAIN = ("-x", "-q", "-o", "addopts=", "--import-mode=importlib", "-m", "not slow and not speed", "-p", "no:cacheprovider")
MODULES = {  # module -> its tests
    "ledger": (
        "sim.engine.ledger",
        ("tests/unit/test_ledger_edges.py", "tests/unit/test_engine_ledger.py", "tests/property/test_ledger.py"),
    ),
    "transfer": ("sim.core.transfer", ("tests/unit/test_transfer_edges.py", "tests/unit/test_transfer.py")),
    "store": (
        "sim.results.store",
        (
            *("tests/reliability/test_store_edges.py", "tests/reliability/test_store.py", "tests/reliability/test_failing_disk.py"),
            *("-k", "not flipped and not killed_while and not pages_are and not sweep and not export"),  # long, or of others
        ),
    ),
}
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Is: ast.IsNot,
    ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div,
    ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.And: ast.Or,
    ast.Or: ast.And,
}  # fmt: skip
UNSEEN = {"annotation", "returns", "decorator_list", "bases"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed tree and what was changed."""

    line: int
    what: str
    tree: ast.Module


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a module, one change each."""
    tree = ast.parse(source)
    for number, node in enumerate(_nodes(tree)):
        if _change(copy.copy(node)):
            changed = copy.deepcopy(tree)
            what = _change(_nodes(changed)[number])
            yield Mutant(getattr(node, "lineno", 0), what, ast.fix_missing_locations(changed))


def _nodes(node: ast.AST) -> list[ast.AST]:
    """A node and all below it that may change: no annotation and no text."""
    found = [node]
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if name not in UNSEEN and isinstance(child, ast.AST) and not isinstance(child, ast.JoinedStr):
                found += _nodes(child)
    return found


def _change(node: ast.AST) -> str:
    """Change a node in place; return what was done, nothing where there is nothing to change."""
    match node:
        case ast.Compare(ops=[operator, *rest]) if type(operator) in SWAPS:
            node.ops = [SWAPS[type(operator)](), *rest]
            return f"{type(operator).__name__} to {type(node.ops[0]).__name__}"
        case ast.BinOp(op=operator) | ast.AugAssign(op=operator) | ast.BoolOp(op=operator) if type(operator) in SWAPS:
            node.op = SWAPS[type(operator)]()
            return f"{type(operator).__name__} to {type(node.op).__name__}"
        case ast.Constant(value=bool(value)):
            node.value = not value
        case ast.Constant(value=int(value) | float(value)):
            node.value = value + 1 if isinstance(value, int) or value == 0.0 else value * 2.0
        case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
            value, node.test = "condition", ast.UnaryOp(ast.Not(), test)
        case ast.Return(value=ast.AST() as value) | ast.Expr(value=ast.Call() as value):
            node.value = ast.Constant(None)
        case _:
            return ""
    return f"{ast.unparse(value) if isinstance(value, ast.AST) else value} changed"


def survives(name: str, path: Path, tree: ast.Module, tests: tuple[str, ...]) -> bool:
    """Whether the tests pass with the module as changed."""
    child = os.fork()
    if child == 0:
        signal.alarm(LONGEST_SECONDS)  # the machine may be busy: what runs for ever is known by the time it computes
        resource.setrlimit(resource.RLIMIT_CPU, (LONGEST_CPU_SECONDS, LONGEST_CPU_SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
        os._exit(_tested(name, path, tree, tests))
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _tested(name: str, path: Path, tree: ast.Module, tests: tuple[str, ...]) -> int:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    import pytest

    try:
        spec = importlib.util.find_spec(name)
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        exec(compile(tree, str(path), "exec"), module.__dict__)
        parent, _, last = name.rpartition(".")
        setattr(sys.modules[parent], last, module)
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # none is needed, and each costs time for every mutant
        return int(pytest.main([*PLAIN, *tests]))
    except BaseException:  # a module that cannot be imported is noticed
        return 1


def score(key: str, sample: int | None = None, seed: int = 1) -> tuple[int, list[Mutant]]:
    """Number of mutants tried and those that survived; of a random `sample` if one is asked for."""
    name, tests = MODULES[key]
    path = ROOT / (name.replace(".", "/") + ".py")
    source = path.read_text(encoding="utf-8")
    for shared in SHARED:
        importlib.import_module(shared)
    if not survives(name, path, ast.parse(source), tests):
        raise RuntimeError(f"the tests of {name} do not pass as it stands")
    made = list(mutants(source))
    chosen = made if sample is None or sample >= len(made) else random.Random(seed).sample(made, sample)
    left = []
    for number, mutant in enumerate(chosen, 1):
        if survives(name, path, mutant.tree, tests):
            left.append(mutant)
            sys.stderr.write(f"{number}: line {mutant.line}: {mutant.what}\n")
    return len(chosen), left


def main() -> None:
    """Print the score of one module and its survivors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("module", choices=MODULES)
    parser.add_argument("--sample", type=int)
    given = parser.parse_args()
    tried, left = score(given.module, given.sample)
    sys.stdout.write(f"{given.module}: {tried - len(left)} of {tried} killed, {100 * (1 - len(left) / tried):.1f} %\n")
    for mutant in left:
        sys.stdout.write(f"  line {mutant.line}: {mutant.what}\n")


if __name__ == "__main__":
    main()
