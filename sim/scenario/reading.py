"""Bytes of a scenario file as text: encodings, sizes and kinds of file, each refused in words."""

from __future__ import annotations

import stat
from pathlib import Path

from sim.core.errors import Fault, ScenarioError
from sim.scenario.wording import FILES, UNIT_WORDS, fill, say

LIMIT_MB = 10
_JAPANESE = ((0x3040, 0x30FF), (0x4E00, 0x9FFF), (0xFF61, 0xFF9F))


def refuse(file: str, line: int, path: str, code: str, **values: object) -> ScenarioError:
    """The error for one wording of `FILES`."""
    return ScenarioError([Fault(file, line, path, *say(FILES, code, **values))])


def read_bytes(path: Path, label: str) -> bytes:
    """Content of a regular file of at most 10 MB; raises ScenarioError for anything else."""
    try:
        found = path.stat()
        if stat.S_ISDIR(found.st_mode):
            raise refuse(label, 0, "", "not_regular", what="a folder")
        if not stat.S_ISREG(found.st_mode):
            raise refuse(label, 0, "", "not_regular", what="a device or pipe")
        if found.st_size > LIMIT_MB * 1_000_000:
            raise refuse(label, 0, "", "too_big", mb=f"{found.st_size / 1e6:.0f}", limit=LIMIT_MB)
        return path.read_bytes()
    except FileNotFoundError:
        raise refuse(label, 0, "", "no_file", hint=_similar(path)) from None
    except OSError as error:
        raise refuse(label, 0, "", "unreadable", why=error.strerror or "error") from None
    except ValueError:  # a NUL in the name
        raise refuse(label.replace("\0", "?"), 0, "", "no_file", hint="") from None


def decode(raw: bytes, label: str) -> str:
    """Text of UTF-8 with or without byte order mark; raises ScenarioError that names the encoding it sees."""
    save = FILES["save_as_utf8"][0]
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or _looks_utf16(raw):
        raise refuse(label, 1, "", "utf16", save=save)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        if _looks_japanese(raw):
            raise refuse(label, line, "", "shift_jis", save=save) from None
        raise refuse(label, line, "", "other_encoding", byte=f"0x{raw[error.start]:02X}", save=save) from None
    if "\r" in text and "\n" not in text:
        raise refuse(label, 1, "", "cr_only")
    return text.replace("\r\n", "\n")


def _looks_utf16(raw: bytes) -> bool:
    head = raw[:200]
    return len(head) >= 4 and (head[1::2].count(0) > len(head) // 3 or head[::2].count(0) > len(head) // 3)


def _looks_japanese(raw: bytes) -> bool:
    try:
        text = raw.decode("cp932")
    except UnicodeDecodeError:
        return False
    beyond = [ord(character) for character in text if ord(character) > 127]
    japanese = sum(any(low <= code <= high for low, high in _JAPANESE) for code in beyond)
    return bool(beyond) and japanese >= 0.7 * len(beyond)


def _similar(path: Path) -> str:
    from sim.scenario.keys import nearest  # noqa: PLC0415 - only on a miss

    try:
        names = sorted(other.name for other in path.parent.iterdir() if other.suffix == ".toml")
    except OSError:
        return f"The folder {path.parent} cannot be read."
    near = nearest(path.name, names)
    return fill(UNIT_WORDS["did_you_mean"], {"right": near}) if near else fill(UNIT_WORDS["check_path"], {})
