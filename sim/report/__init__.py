"""Reports people read: pages made from run folders. `sim.report(folder)` writes the report of a run."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType


class _Report(ModuleType):
    """The package, which can be called as the public face has it."""

    def __call__(
        self, folder: str | Path, languages: Sequence[str] = ("en", "ja"), figures: str | Path | None = None
    ) -> list[Path]:
        """Write the report of run folder `folder` in each language; returns the files written.

        figures : folder for the charts as pictures (needs the extra `[images]`).
        """
        from sim.report.page import write_report  # noqa: PLC0415 - start-up time

        return write_report(Path(folder), languages, None if figures is None else Path(figures))


sys.modules[__name__].__class__ = _Report
