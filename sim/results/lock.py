"""One writer at a time: a lock file that ends with its process, and beside it who holds it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from sim.core.errors import BusyError, StorageError


@contextmanager
def locked(path: Path, seconds: float, busy: str) -> Iterator[None]:
    """Hold a lock file, waiting for it up to `seconds`. The lock of a process that was killed is free at once.

    Raises
    ------
    BusyError
        With the words `busy` and who it is, if another process holds it.
    StorageError
        If the lock file cannot be written.
    """
    lock, holder = FileLock(path), path.with_name(f".by{path.name}")
    try:
        lock.acquire(timeout=seconds)
    except Timeout:
        raise BusyError(f"{busy}{_said(holder)}") from None
    except OSError as error:
        raise StorageError(f"{path}: {error.strerror or error}") from error
    try:
        with suppress(OSError):  # it only says who; whoever cannot write it cannot write results either
            holder.write_text(f"process {os.getpid()} since {datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC", encoding="utf-8")
        yield
    finally:
        with suppress(OSError):
            holder.unlink()
        lock.release()


def _said(holder: Path) -> str:
    try:
        return f" ({holder.read_text(encoding='utf-8')[:80]})"
    except (OSError, ValueError):  # just released, or damaged
        return ""
