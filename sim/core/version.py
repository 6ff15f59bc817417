"""Version of the program."""

from __future__ import annotations

CLONE = "0.1.0"


def program_version() -> str:
    """Version of the installed package; in a clone that is not installed, the one it is written for."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - costs more than the rest of `--help`

    try:
        return version("urban-mine")
    except PackageNotFoundError:
        return CLONE
