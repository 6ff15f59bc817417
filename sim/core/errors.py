"""Every failure a user or a modeler can meet, each with its documented exit code."""

from __future__ import annotations

from typing import NamedTuple


class UrbanMineError(Exception):
    """A failure with a message for people; `exit_code` is what the command line returns."""

    exit_code = 1


class UsageError(UrbanMineError):
    """The command was called wrongly."""

    exit_code = 2


class Fault(NamedTuple):
    """One thing wrong in one file: where, what was written, what is allowed, nearest right name."""

    file: str
    line: int
    path: str
    message: str
    hint: str = ""

    def __str__(self) -> str:
        """Read as `file:line: key path: message Hint`."""
        where = f"{self.file}:{self.line}" if self.line else self.file
        return " ".join(part for part in (f"{where}:", f"{self.path}:" if self.path else "", self.message, self.hint) if part)


class ScenarioError(UrbanMineError):
    """The scenario is not valid; `faults` lists every one (of thousands the first), sorted by file and line."""

    exit_code = 3

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = sorted(faults)
        super().__init__("\n".join(map(str, self.faults)))


class WiringError(ScenarioError):
    """Valid by itself, but it names something that does not exist or does not fit."""


class ResultsError(UrbanMineError):
    """Results are missing, damaged or of an unknown format."""

    exit_code = 4


class SweepFailedError(UrbanMineError):
    """A sweep ended with failed points."""

    exit_code = 5


class ConservationError(UrbanMineError):
    """Mass was made or lost: names stage, substance, day and size."""


class DeadlockError(UrbanMineError):
    """Places wait for each other in a circle and none of them can ever go on; names the circle."""


class OutputError(UrbanMineError):
    """Output cannot be created (read-only, exists)."""

    exit_code = 73


class StorageError(UrbanMineError):
    """Reading or writing failed, or the disk is full."""

    exit_code = 74


class BusyError(UrbanMineError):
    """Another run uses this folder."""

    exit_code = 75
