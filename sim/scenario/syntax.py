"""TOML text to a plain tree; what the parser refuses is said in words a person can act on."""

from __future__ import annotations

import re
import tomllib
from typing import NamedTuple

from sim.core.errors import Fault, ScenarioError
from sim.scenario import mistakes
from sim.scenario.keys import Tree
from sim.scenario.positions import Positions
from sim.scenario.wording import FILES, SYNTAX, say

MAX_LEVELS = 32
MAX_FAULTS = 50
_AT = re.compile(r"\(at line (\d+), column (\d+)\)")
_TOKEN = re.compile(r'"""|\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*|[\[\]{}]')
_LONG_KEY = re.compile(r"(?<![\w\"'.-])(?:(?:[\w-]+|\"[^\"\n]*\"|'[^'\n]*')[ \t]*\.[ \t]*){" + str(MAX_LEVELS) + "}")
_LONG_NUMBER = re.compile(r"(?<![\w.])[+-]?\d[\d_]{999,}")


class Scan(NamedTuple):
    """Brackets and long texts of a text: those still open at its end, with their lines, and the deepest nesting."""

    open_brackets: tuple[tuple[str, int], ...]
    open_text_line: int
    deepest: int
    deepest_line: int


def scan(text: str) -> Scan:
    """Follow brackets through a text, outside of quotes and comments."""
    stack: list[tuple[str, int]] = []
    deepest = deepest_line = at = counted = 0
    line = 1
    while (match := _TOKEN.search(text, at)) is not None:
        mark, at = match[0], match.end()
        line += text.count("\n", counted, match.start())
        counted = match.start()
        if mark in {'"""', "'''"}:
            end = text.find(mark, at)
            if end < 0:
                return Scan(tuple(stack), line, deepest, deepest_line)
            at = end + 3
        elif mark in "[{":
            stack.append((mark, line))
            if len(stack) > deepest:
                deepest, deepest_line = len(stack), line
        elif mark in "]}" and stack:
            stack.pop()
    return Scan(tuple(stack), 0, deepest, deepest_line)


def parse(text: str, label: str) -> Tree:
    """Read TOML 1.0; raises ScenarioError with every fault that can be told apart line by line."""
    _refuse_extremes(text, label)
    faults: list[Fault] = []
    lines = text.split("\n")
    while len(faults) < MAX_FAULTS:
        try:
            tree = tomllib.loads("\n".join(lines))
        except tomllib.TOMLDecodeError as error:
            fault, is_local = _diagnose(str(error), lines, label)
            faults.append(fault)
            if not is_local:
                break
            lines[fault.line - 1] = ""  # what follows is read as if this line were right
        except RecursionError:
            raise _deep(label, scan(text).deepest_line) from None
        except ValueError:  # a number too long for the interpreter; `_refuse_extremes` has seen the plain ones
            faults.append(Fault(label, 0, "", *say(SYNTAX, "other")))
            break
        else:
            break
    if faults:
        raise ScenarioError(faults)
    return tree


def _refuse_extremes(text: str, label: str) -> None:
    found = scan(text)
    if found.deepest > MAX_LEVELS:
        raise _deep(label, found.deepest_line)
    for pattern in (_LONG_KEY, _LONG_NUMBER):
        match = pattern.search(text)
        if match is None:
            continue
        line = text.count("\n", 0, match.start()) + 1
        masked = mistakes.mask(text.split("\n")[line - 1])
        if not pattern.search(masked):  # inside a text or a comment
            continue
        if pattern is _LONG_KEY:
            raise _deep(label, line)
        raise ScenarioError([Fault(label, line, "", *say(SYNTAX, "huge_number", digits=len(match[0])))])


def _deep(label: str, line: int) -> ScenarioError:
    return ScenarioError([Fault(label, line, "", *say(FILES, "too_deep", limit=MAX_LEVELS))])


def _diagnose(error: str, lines: list[str], label: str) -> tuple[Fault, bool]:
    """The fault behind a parser message, and whether it lies within its line."""
    match = _AT.search(error)
    line = min(int(match[1]), len(lines)) if match else len(lines)
    text = "\n".join(lines)
    if "twice" in error or "Cannot" in error or "Duplicate" in error:
        return _written_twice(error, text, line, label), False
    known = mistakes.find(lines[line - 1])
    if known is not None and not (match is None or "Unterminated" in error):
        # without its header a section cannot be read on; any other line can be left out
        return Fault(label, line, "", *known), not lines[line - 1].lstrip().startswith("[")
    found = scan(text if match is None else "\n".join(lines[:line]))
    if found.open_text_line:
        return Fault(label, found.open_text_line, "", *say(SYNTAX, "open_long_text")), False
    if found.open_brackets:
        return _open_bracket(found, lines, line, label), False
    if known is not None:
        return Fault(label, line, "", *known), True
    return Fault(label, line, "", *say(SYNTAX, "not_a_date" if "date" in error else "other", written=_tail(lines[line - 1]))), True


def _open_bracket(found: Scan, lines: list[str], line: int, label: str) -> Fault:
    bracket, opened = found.open_brackets[-1]
    if bracket == "[":
        code = "open_bracket" if scan("\n".join(lines)).open_brackets else "unfinished_list"
        return Fault(label, opened, "", *say(SYNTAX, code, bracket="[", closing="]"))
    key = lines[opened - 1].split("=")[0].strip()
    goes_on = opened < len(lines) and "}" not in mistakes.mask(lines[opened - 1])
    code = "table_lines" if opened < line or goes_on else "open_bracket"
    return Fault(label, opened, "", *say(SYNTAX, code, bracket="{", closing="}", key=key))


def _written_twice(error: str, text: str, line: int, label: str) -> Fault:
    """A key or header written before: which, where first, and what to do."""
    positions = Positions(text)
    lines = text.split("\n")
    header = re.match(r"\s*\[+\s*([^\]]+?)\s*\]", lines[line - 1])
    again = next(((path, row) for path, row in positions.again if row == line), None)
    if again is None and header is None and positions.again:
        again = positions.again[0]
    if again is None:
        key = header[1] if header else lines[line - 1].split("=")[0].strip()
        return Fault(label, line, "", *say(SYNTAX, "array_or_table" if header else "table_closed", key=key))
    path, row = again
    first = positions.line[path]
    if header is None:
        return Fault(label, row, "", *say(SYNTAX, "twice", key=path[-1], first=first))
    code = "table_twice" if lines[first - 1].lstrip().startswith("[") else "table_closed"
    return Fault(label, row, "", *say(SYNTAX, code, key=".".join(path), first=first))


def _tail(line: str) -> str:
    return line.split("=", 1)[-1].strip()[:60]
