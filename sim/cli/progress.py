"""How far a long command is: a bar with time left on a terminal, else a line every 30 s."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from sim.cli.common import Output

LINE_SECONDS = 30.0


class Progress(Protocol):
    """Told how many of all are done, and how many of these failed where that is counted."""

    def __call__(self, done: int, count: int, failed: int | None = None) -> None:
        """Show it."""
        ...


@contextmanager
def progress_of(out: Output, what: str = "replications") -> Iterator[Progress]:
    """Give what shows progress; nothing with `-q`. what : of which so many are done."""
    if out.quiet:
        yield lambda done, count, failed=None: None
    elif sys.stderr.isatty():
        with _bar(out, what) as progress:
            yield progress
    else:
        yield Lines(out.say, time.monotonic, what)


@contextmanager
def _bar(out: Output, what: str) -> Iterator[Progress]:
    from rich.console import Console  # noqa: PLC0415 - start-up time
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    columns: tuple[Any, ...] = (
        what,
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        "left",
        TimeRemainingColumn(),
    )
    began = time.monotonic()
    with Bar(*columns, console=Console(stderr=True, no_color=not out.color), transient=True) as bar:
        task = bar.add_task(what, total=None, rate="")

        def update(done: int, count: int, failed: int | None = None) -> None:
            bar.update(task, completed=done, total=count, rate=rate(done, failed, time.monotonic() - began))

        yield update


def rate(done: int, failed: int | None, seconds: float) -> str:
    """Runs per second and failures in words; empty where failures are not counted: these are few and long."""
    if failed is None:
        return ""
    per_second = done / seconds if seconds > 0.0 else 0.0
    return f"{per_second:.2g} runs/s, {failed} failed"


class Lines:
    """Progress in a log: a line every 30 s."""

    def __init__(self, say: Callable[[str], None], clock: Callable[[], float], what: str = "replications") -> None:
        self._say, self._clock, self._what = say, clock, what
        self._began = self._last = clock()

    def __call__(self, done: int, count: int, failed: int | None = None) -> None:
        """Say how far it is, if it is time to."""
        now = self._clock()
        if now - self._last < LINE_SECONDS or done == count:
            return
        self._last, passed = now, now - self._began
        told = rate(done, failed, passed)
        left = f", about {passed * (count - done) / done:.0f} s left" if done else ""
        self._say(f"{done} of {count} {self._what} after {passed:.0f} s{f' ({told})' if told else ''}{left}")
