"""Mistakes people make in one line of TOML, named with the line as it should be."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache

from sim.scenario.wording import SYNTAX, say

Finding = tuple[str, str]
_STRING = re.compile(r'"""|\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*')
_LOOK_ALIKES = (('"', "“”„‟″«»「」"), ("'", "‘’‚‛′"), ("-", "−–—‐‑"), (",", "、"), (".", "。"))
_PLAIN = {wide: plain for plain, wides in _LOOK_ALIKES for wide in wides}
_END = r"(?=\s*(?:,|\}|\]|$))"
_NUMBER = r"[+-]?\d[\d_]*(?:\.\d+)?"


def mask(line: str) -> str:
    """The line with what stands inside quotes and comments blanked, so that only its grammar is left."""

    def blank(match: re.Match[str]) -> str:
        token = match[0]
        if token[0] == "#":
            return " " * len(token)
        return token if len(token) < 2 or token in {'"""', "'''"} else token[0] + "_" * (len(token) - 2) + token[-1]

    return _STRING.sub(blank, line)


def find(line: str) -> Finding | None:
    """Message and hint for the first known mistake in a line, or None."""
    code = mask(line)
    for look in _looks():
        found = look(line, code)
        if found is not None:
            return found
    return None


def _say(code: str, **values: object) -> Finding:
    return say(SYNTAX, code, **{key: _short(str(value)) for key, value in values.items()})


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= 80 else text[:77] + "..."


def _characters(line: str, code: str) -> Finding | None:
    for at, character in enumerate(code):
        if " " <= character <= "~" or character == "\t":
            continue
        kind, name = unicodedata.category(character), unicodedata.name(character, f"U+{ord(character):04X}").lower()
        if kind == "Cc":
            return _say("control", name=f"U+{ord(character):04X}")
        if kind == "Cf":
            return _say("invisible", name=name)
        plain = _PLAIN.get(character) or unicodedata.normalize("NFKC", character)
        if kind == "Zs" and character != "\u3000":
            return _say("other_space", name=f"a {name}")
        if plain.isascii():
            fixed = "".join(_ascii(line[i]) if code[i] == line[i] else line[i] for i in range(len(line)))
            return _say("wide_character", name=f"'{line[at]}' ({name})", plain=f"'{plain}'", fixed=fixed)
    return None


def _ascii(character: str) -> str:
    plain = _PLAIN.get(character) or unicodedata.normalize("NFKC", character)
    return plain if plain.isascii() else character


def _substitution(code: str, pattern: str, fix: Callable[[re.Match[str]], str]) -> Callable[[str, str], Finding | None]:
    """A look for a value that matches `pattern` after an equals sign; group 1 is what was written."""
    compiled = re.compile(r"=\s*(" + pattern + ")" + _END)

    def look(line: str, masked: str) -> Finding | None:
        matches = list(compiled.finditer(masked))
        if not matches:
            return None
        fixed = line[: len(masked.rstrip())]
        for match in reversed(matches):
            fixed = fixed[: match.start(1)] + fix(match) + fixed[match.end(1) :]
        return _say(code, written=matches[0][1], fixed=fixed)

    return look


def _percent(match: re.Match[str]) -> str:
    text = re.sub(r"[%_ ]", "", match[1])
    return f"{float(text.replace(',', '' if '.' in text else '.')) / 100:.6g}"


def _word(match: re.Match[str]) -> str:
    return "true" if match[1].casefold() in {"yes", "on", "true", "y"} else "false"


def _range(match: re.Match[str]) -> str:
    low, high = (float(part) for part in re.findall(r"\d+(?:\.\d+)?", match[1])[:2])
    return f"{{ low = {low:.6g}, mode = {(low + high) / 2:.6g}, high = {high:.6g} }}"


def _date(match: re.Match[str]) -> str:
    numbers = [int(part) for part in re.findall(r"\d+", match[1])]
    if len(numbers) == 2:
        numbers.append(1)
    if numbers[0] < 1000:
        numbers.reverse()
    return f"{numbers[0]:04d}-{numbers[1]:02d}-{numbers[2]:02d}"


def _point(match: re.Match[str]) -> str:
    text = match[1]
    text = re.sub(r"^([+-]?)\.", r"\g<1>0.", text)
    return text + "0" if text.endswith(".") else text


def _pair(line: str, code: str) -> Finding | None:
    match = re.match(r"\s*([^=\[{]*?)\s*=(.*)$", code)
    if match is None or code.lstrip().startswith("["):
        return None
    key, value, right = match[1], match[2].strip(), line.split("=", 1)[1].strip()
    found = None
    if value.startswith("="):
        found = _say("double_equals", fixed=f"{key} = {right.lstrip('=').strip()}")
    elif not value:
        found = _say("no_value", key=key or "this line")
    elif not key:
        found = _say("no_key", fixed=f"... = {right}")
    elif not key.isascii():
        found = _say("key_letters", key=key, fixed=f'"{key}" = {right}')
    elif re.search(r"[\w-]\s+[\w-]", key):
        found = _say("key_space", key=key, fixed=f"{re.sub(chr(92) + 's+', '_', key)} = {right}")
    return found


def _two(line: str, code: str) -> Finding | None:
    match = re.match(r"\s*([\w.\"'-]+\s*=\s*(?:\S+|\"[^\"]*\"))\s*[,;]?\s+([\w.\"'-]+\s*=\s*[^=\s].*)$", code)
    if match is None or "{" in code[: match.start(2)] or "[" in code[: match.start(2)]:
        return None
    first, second = line[match.start(1) : match.end(1)].rstrip(",;"), line[match.start(2) :].strip()
    return _say("two_settings", fixed=f"{first} and {second}")


def _line_end(line: str, code: str) -> Finding | None:
    body = code.rstrip()
    if body.endswith((";", ",")) and "=" in body and body.count("[") == body.count("]") and body.count("{") == body.count("}"):
        return _say("line_end_mark", mark="a semicolon" if body[-1] == ";" else "a comma", fixed=line[: len(body) - 1].strip())
    return None


def _comment(line: str, code: str) -> Finding | None:
    match = re.search(r"(?<![:\w])(//|/\*|--)\s*(.*)$", code) or re.match(r"\s*(;)(.*)$", code)
    if match is None:
        return None
    return _say("other_comment", fixed=f"{line[: match.start(1)]}# {line[match.start(2) :].replace('*/', '')}".strip())


def _marks(line: str, code: str) -> Finding | None:
    return _say("merge_mark") if re.match(r"(<{7}|={7}|>{7})", code) else None


def _colon(line: str, code: str) -> Finding | None:
    match = re.match(r"\s*[\"']?([\w-]+)[\"']?\s*:(?!:)\s*(.*)$", code)
    if match is None or "=" in code.split(":", 1)[0]:
        return None
    return _say("colon", fixed=f"{match[1]} = {line.split(':', 1)[1].strip() or '...'}".rstrip(","))


def _header(line: str, code: str) -> Finding | None:
    body = code.strip()
    if not body.startswith("["):
        return None
    name = line.strip().strip("[]").split("]")[0].strip()
    opened, closed = len(body) - len(body.lstrip("[")), body.count("]")
    found = None
    if re.match(r"\[+[^\[\]=]*\]+\s*[^\]\s]", body):
        found = _say("header_more")
    elif "=" in body:
        found = None
    elif not name or name.startswith(".") or name.endswith(".") or ".." in name:
        found = _say("header_empty")
    elif opened != closed or "] ]" in body:
        found = _say("header_brackets", fixed=f"[[{name}]]" if max(opened, closed) >= 2 else f"[{name}]")
    elif re.search(r"[\w-]\s+[\w-]", name) or not name.isascii():
        before, dot, last = name.rpartition(".")
        found = _say("key_space", key=name, fixed=f'{"[" * opened}{before}{dot}"{last}"{"]" * opened}')
    return found


def _no_equals(line: str, code: str) -> Finding | None:
    match = re.match(r"\s*([A-Za-z][\w.-]*)\s+(\S.*)$", code)
    if match is None or "=" in code:
        return None
    return _say("no_equals", fixed=f"{match[1]} = {line[match.start(2) :].strip()}")


def _open_text(line: str, code: str) -> Finding | None:
    rest = code.replace('"""', "").replace("'''", "")
    return _say("open_text") if rest.count('"') % 2 or ('"' not in rest and rest.count("'") % 2) else None


def _backslash(line: str, code: str) -> Finding | None:
    for match in re.finditer(r'(?<!")"((?:\\.|[^"\\])*)"(?!")', line):
        wrong = re.search(r'(?:[^\\]|^)(?:\\\\)*\\([^btnfr"\\uU])', match[1])
        if wrong:
            return _say("backslash", character=wrong[1])
        if re.search(r"\\u(?![0-9A-Fa-f]{4})|\\u[dD][89A-Fa-f]|\\U(?!0{0,4}[0-9A-Fa-f]{4,8})", match[1]):
            return _say("escape")
    return None


def _commas(line: str, code: str) -> Finding | None:
    if re.search(r",\s*\}", code):
        return _say("table_comma")
    if re.search(r",\s*,", code):
        return _say("two_commas")
    if "[" in code and re.search(r"[\"'][ \t]+[\"']", code):
        return _say("no_comma")
    return None


def _impossible_day(line: str, code: str) -> Finding | None:
    for match in re.finditer(r"=\s*(\d{4}-\d\d-\d\d)", code):
        try:
            date.fromisoformat(match[1])
        except ValueError:
            return _say("not_a_date", written=match[1])
    return None


@cache  # two dozen patterns, which a right file never needs
def _looks() -> tuple[Callable[[str, str], Finding | None], ...]:
    return tuple(_made())


def _made() -> Iterator[Callable[[str, str], Finding | None]]:
    yield from (_marks, _characters, _backslash, _open_text, _header, _colon, _comment)
    yield _substitution("percent", rf"{_NUMBER}(?:,\d+)?\s*%", _percent)
    yield _substitution(
        "other_date", r"\d{4}[/.]\d{1,2}[/.]\d{1,2}|\d{1,2}[/.]\d{1,2}[/.]\d{4}|\d{4}-\d-\d{1,2}|\d{4}-\d\d-\d|\d{4}-\d{1,2}", _date
    )
    yield _impossible_day
    yield _substitution("thousands_comma", r"[+-]?[1-9]\d{0,2}(?:\.\d{3}){2,}", lambda match: match[1].replace(".", ""))
    yield _substitution("thousands_comma", r"[+-]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?", lambda match: match[1].replace(",", ""))
    yield _substitution("decimal_comma", r"[+-]?\d+,\d+", lambda match: match[1].replace(",", "."))
    yield _substitution("boolean_word", r"(?!true\b|false\b)(?i:yes|no|on|off|true|false)", _word)
    yield _substitution("none_word", r"(?i:none|null|nil|n/?a|-|\?)", lambda match: match[1])
    yield _substitution("range_dash", r"\d+(?:\.\d+)?\s*(?:-|\.\.|to|~)\s*\d+(?:\.\d+)?", _range)
    yield _substitution("leading_zero", r"[+-]?0\d[\d_]*(?:\.\d+)?", lambda match: re.sub(r"^([+-]?)0+(?=\d)", r"\1", match[1]))
    yield _substitution("bare_point", r"[+-]?\.\d+|[+-]?\d+\.", _point)
    yield _substitution("money_sign", r"[$¥€£]\s*" + _NUMBER, lambda match: match[1].lstrip("$¥€£ "))
    yield _substitution(
        "unit_after_number",
        _NUMBER + r"\s*(?!e[+-]?\d)[A-Za-z³²µ$¥€£][\w/³²*. -]*?",
        lambda match: re.findall(_NUMBER, match[1])[0],
    )
    yield from (_two, _commas, _pair, _line_end)
    yield _substitution("bare_text", r"(?!(?:true|false|inf|nan)\b)[A-Za-z_][\w .()&/-]*?", lambda match: f'"{match[1]}"')
    yield _no_equals
