"""One writer at a time: a lock file that ends with its process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from sim.core.errors import BusyError


@contextmanager
def locked(path: Path, seconds: float, busy: str) -> Iterator[None]:
    """Hold a lock file, waiting for it up to `seconds`.

    Raises
    ------
    BusyError
        With the words `busy`, if another process holds it.
    """
    lock = FileLock(path)
    try:
        lock.acquire(timeout=seconds)
    except Timeout:
        raise BusyError(busy) from None
    try:
        yield
    finally:
        lock.release()
