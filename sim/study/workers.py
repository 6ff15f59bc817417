"""Work spread over processes that die with their parent, stop at once when told to, and never change a result.

Kept apart from what it is used for, so that sweeps can use it as replications do. Imports nothing heavy: workers load it.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import connection
from typing import Any

from sim.core.errors import UrbanMineError

TICK_SECONDS = 0.5
STOP_SECONDS = 2.0
# numeric libraries that split a sum over threads would make the last bits depend on the machine
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1")

Task = Callable[[int], Any]
Link = Any  # a connection: its class differs by system


@dataclass(frozen=True, slots=True)
class Failure:
    """A task that raised: the message for people, the documented exit code, and where it happened."""

    message: str
    exit_code: int
    trace: str


class WorkerError(UrbanMineError):
    """A worker process ended by itself: out of memory, killed, or it could not start."""


def default_workers() -> int:
    """Number of processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)  # not on every system
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def spread(task: Task, numbers: Sequence[int], workers: int, tick: Callable[[], None]) -> Generator[tuple[int, Any], None, None]:
    """Yield (number, outcome of `task(number)`) as they are done; the outcome of a task that raised is a `Failure`.

    Parameters
    ----------
    task : a picklable callable; it is sent to each worker once.
    workers : number of processes (started by spawn); 0 works in this process, for debuggers.
    tick : called at least every half second while waiting.

    Raises
    ------
    WorkerError
        If a worker dies.
    """
    if workers == 0:
        for number in numbers:
            yield number, attempted(task, number)
            tick()
        return
    with _started(task, min(workers, len(numbers))) as staff:
        yield from _dispatched(staff, list(numbers), tick)


def attempted(task: Task, number: int) -> Any:
    """Outcome of a task, or its `Failure`."""
    try:
        return task(number)
    except Exception as error:
        code = error.exit_code if isinstance(error, UrbanMineError) else UrbanMineError.exit_code
        message = str(error) if isinstance(error, UrbanMineError) else f"{type(error).__name__}: {error}"
        return Failure(message, code, traceback.format_exc())


def _dispatched(staff: Mapping[Link, Any], numbers: list[int], tick: Callable[[], None]) -> Generator[tuple[int, Any], None, None]:
    waiting = numbers[::-1]
    busy: dict[Link, Any] = {}
    for link, process in staff.items():
        with _worker_alive(process):
            link.send(waiting.pop())
        busy[link] = process
    while busy:
        ready: list[Link] = list(connection.wait(list(busy), TICK_SECONDS))
        for link in ready:
            process = busy.pop(link)
            with _worker_alive(process):
                outcome: tuple[int, Any] = link.recv()
                if waiting:
                    link.send(waiting.pop())
                    busy[link] = process
            yield outcome
        tick()


@contextmanager
def _worker_alive(process: Any) -> Iterator[None]:
    try:
        yield
    except (EOFError, OSError):
        process.join(STOP_SECONDS)
        raise WorkerError(
            f"a worker process ended by itself (exit code {process.exitcode}): out of memory, or killed. In a script, "
            'calls that start workers belong under `if __name__ == "__main__":`'
        ) from None


@contextmanager
def _started(task: Task, workers: int) -> Iterator[dict[Link, Any]]:
    """Start workers; end them whatever happens."""
    context = multiprocessing.get_context("spawn")
    staff: dict[Link, Any] = {}
    try:
        with _quiet_start():
            for _ in range(workers):
                ours, theirs = context.Pipe()
                process = context.Process(target=_serve, args=(theirs, task), daemon=True)
                process.start()
                theirs.close()
                staff[ours] = process
        yield staff
    finally:
        for process in staff.values():
            process.terminate()
        for process in staff.values():
            process.join(STOP_SECONDS)
            if process.is_alive():
                process.kill()


@contextmanager
def _quiet_start() -> Iterator[None]:
    """Let children inherit that Ctrl-C is not theirs to handle, and that numeric libraries use one thread."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN) if threading.current_thread() is threading.main_thread() else None
    os.environ.update(_ONE_THREAD)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
        if handler is not None:
            signal.signal(signal.SIGINT, handler)


def _serve(link: Link, task: Task) -> None:
    """Life of a worker: do what comes through the link until it closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    while True:
        try:
            number = link.recv()
        except EOFError:
            return
        link.send((number, attempted(task, number)))


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        connection.wait([parent.sentinel])
        os._exit(1)
